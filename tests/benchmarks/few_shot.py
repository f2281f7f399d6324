"""What a user's decisions bring: ways of learning from 16, 64 and 256 of them, against the model as it is.

    python tests/benchmarks/few_shot.py [--model FOLDER] [--sizes 16,64,256] [--users 4] [--threads 2]

A user is simulated by claims of our own on targets that the stance model was not trained on, of the splits `news`
(claims of ordinary articles) and `dev` (written to be hard): two targets for 16 decisions, three for 64, as many as it
takes for 256. That many are drawn as decided, and all others of the same targets are tested on. Figures are points of
macro-F1 gained over the model as it is: mean over users, and standard deviation. Needs the extra `[train]`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from annotate.codebook import Target
from annotate.embedded import Embedded, folder
from annotate.records import STANCES
from annotate.stance import premise
from annotate.teach.examples import Example
from annotate.teach.heldout import answers
from annotate.teach.trainable import Trainable, trainable
from annotate.teach.tuning import Plan, fine_tune

DATA = Path(__file__).parents[2] / "models" / "stance-minilm" / "data"
TARGETS = {16: 2, 64: 3, 256: 9}
KEPT = (0.0, 0.5)
TEMPERATURE = float(Embedded(folder("stance-minilm")).config["temperature"])
"""What logits are divided by before the two hypotheses are put together."""


class User(NamedTuple):
    """Who decided some claims, by the split that they are of; the others are what is labelled for them."""

    split: str
    decided: list[Example]
    others: list[Example]


def read(split: str) -> dict[str, list[Example]]:
    """Our own judgements of a split as examples, by target."""
    rows = map(json.loads, (DATA / "targets.jsonl").read_text(encoding="utf-8").splitlines())
    targets = {row["id"]: Target(row["id"], row["name"]) for row in rows if row["split"] == split}
    found: dict[str, list[Example]] = defaultdict(list)
    for line in (DATA / "claims.jsonl").read_text(encoding="utf-8").splitlines():
        claim = json.loads(line)
        for id, stance in claim["stances"].items():
            if id in targets:
                said = premise(claim["text"], claim["speaker"])
                sides = targets[id].hypotheses_for(claim["speaker"])
                pairs = [tuple((said, h) for h in side) for side in (sides.favor, sides.against)]
                found[id].append(Example(claim["id"], claim["id"], claim["id"], id, stance, *pairs))
    return found


def users(split: str, size: int, most: int) -> Iterator[User]:
    """Simulated users of a split with `size` decisions each; the same ones every time."""
    found, made, seed = read(split), 0, 0
    while made < most and seed < 50:
        rng = random.Random(f"{split}/{size}/{seed}")
        names, seed = sorted(found), seed + 1
        rng.shuffle(names)
        for start in range(0, len(names) - TARGETS[size] + 1, TARGETS[size]):
            claims = [example for name in names[start : start + TARGETS[size]] for example in found[name]]
            rng.shuffle(claims)
            if made < most and len(claims) >= size + 40:
                made += 1
                yield User(split, claims[:size], claims[size:])


def macro_f1(user: User, predicted: Sequence[str]) -> float:
    gold = [example.stance for example in user.others]
    there = [stance for stance in STANCES if stance in gold]
    return 100 * float(f1_score(gold, predicted, labels=there, average="macro", zero_division=0))


def judged(model: Trainable, user: User) -> list[str]:
    return [answer.scores().stance for answer in answers(user.others, model.classifier())]


# ---- The ways ----


def fine_tuned(model: str, user: User, plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """All layers, and the weights none or half of the way back."""
    form = trainable(model)
    before = {name: value.clone() for name, value in form.network.state_dict().items()}
    fine_tune(form, user.decided, plan)
    after = {name: value.clone() for name, value in form.network.state_dict().items()}
    for kept in KEPT:
        mixed = {k: v.lerp(before[k], kept) if v.is_floating_point() else v for k, v in after.items()}
        form.network.load_state_dict(mixed)
        yield f"all layers, {kept:.0%} of the old weights", judged(form, user)


def features(form: Trainable, examples: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """What the last layer reads of the first hypothesis for and against, (examples, 2, width), and its logits."""
    seen: list[torch.Tensor] = []
    hook = form.network.classifier.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.inference_mode():
        logits = [form.network(**form.inputs([e.favor[0], e.against[0]])).logits.numpy() for e in examples]
    hook.remove()
    return np.stack([s.numpy() for s in seen]), np.stack(logits)


def last_layer(form: Trainable, user: User, read: Any, others: Any, rate: float) -> list[str]:
    """The last layer alone, held to its old weights by a penalty on the square of the difference."""
    old = [p.detach() for p in form.network.classifier.parameters()]
    new = [p.clone().requires_grad_() for p in old]
    favor = {"favor": 0, "neutral": 1, "against": 2}
    labels = torch.tensor([side for e in user.decided for side in (favor[e.stance], 2 - favor[e.stance])])
    given = torch.tensor(read).reshape(-1, read.shape[-1])
    optimizer = torch.optim.LBFGS(new, max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(given @ new[0].T + new[1], labels)
        loss = loss + rate * sum(((n - o) ** 2).sum() for n, o in zip(new, old, strict=True))
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        said = ((torch.tensor(others) @ new[0].T + new[1]) / TEMPERATURE).softmax(-1)
    favor_side, against = said[:, 0], said[:, 1]
    scores = torch.stack([favor_side[:, i] + against[:, 2 - i] for i in range(3)], 1)
    return [STANCES[i] for i in scores.argmax(1).tolist()]


def frozen(model: str, user: User) -> Iterator[tuple[str, list[str]]]:
    """Ways that leave the encoder as it is."""
    form = trainable(model)
    (read, logits), (others, their) = features(form, user.decided), features(form, user.others)
    for rate in (1.0, 0.1, 0.01):
        yield f"last layer, penalty {rate}", last_layer(form, user, read, others, rate)
    gold = [example.stance for example in user.decided]
    for name, one, other in (("logits", logits, their), ("representations and logits", read, others)):
        x = np.hstack([one.reshape(len(one), -1), logits.reshape(len(one), -1)])
        y = np.hstack([other.reshape(len(other), -1), their.reshape(len(other), -1)])
        yield f"logistic regression on {name}", list(LogisticRegression(C=0.1, max_iter=2000).fit(x, gold).predict(y))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="")
    parser.add_argument("--sizes", default="16,64,256")
    parser.add_argument("--users", type=int, default=4, help="of either split, for each size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=Plan.rate)
    parser.add_argument("--epochs", type=int, default=Plan.epochs)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    plan = Plan(kept=0.0, rate=arguments.rate, epochs=arguments.epochs)
    print("| decisions | way | news | sd | hard | sd |\n|---|---|---|---|---|---|", flush=True)
    for size in map(int, arguments.sizes.split(",")):
        began, gains = time.perf_counter(), defaultdict(lambda: defaultdict(list))
        everybody = [user for split in ("news", "dev") for user in users(split, size, arguments.users)]
        for user in everybody:
            before = macro_f1(user, judged(trainable(arguments.model), user))
            gains["as it is (macro-F1)"][user.split].append(before)
            for way in (fine_tuned(arguments.model, user, plan), frozen(arguments.model, user)):
                for name, predicted in way:
                    gains[name][user.split].append(macro_f1(user, predicted) - before)
        for name, by_split in gains.items():
            cells = [f"{statistics.mean(g):+.1f} | {statistics.pstdev(g):.1f}" for g in by_split.values()]
            print(f"| {size} | {name} | {' | '.join(cells)} |", flush=True)
        print(f"{len(everybody)} users, {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
