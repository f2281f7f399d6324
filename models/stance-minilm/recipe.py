"""Make the stance model from nothing: NLI first, then stance with NLI, then runs on the domain.

    python models/stance-minilm/recipe.py nli    --data DATA --work WORK
    python models/stance-minilm/recipe.py stance --data DATA --work WORK
    python models/stance-minilm/recipe.py RUN    --data DATA --work WORK    (for each of RUNS below)
    python models/stance-minilm/recipe.py export --data DATA --work WORK

DATA is the folder of `nli/` and `stance/`, WORK keeps checkpoints and the finished stages. Every
stage resumes where it was interrupted. Two CPU cores suffice. The claims of `data/`, beside this
file, are split by target: a claim that is judged for any target held out is never trained on.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from operators import (
    COUNTRIES,
    Example,
    contracted,
    expanded,
    indirect,
    moved,
    negated,
    other_target,
    quoted_by,
    spoken_by,
    with_aside,
)
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from annotate.embedded import CLS, SEP, Embedded, load_tokenizer
from annotate.exporting import export
from annotate.models import EmbeddedClassifier
from annotate.records import STANCES
from annotate.stance import premise
from annotate.training import Schedule, base_encoder, read_rows, train

HERE = Path(__file__).parent
VERSION = "1.2.1"
LABELS = ("entailment", "neutral", "contradiction")
MAX_TOKENS = 160
SURE = 0.7
"""The probability from which the favor hypotheses decide a stance without the against hypotheses."""
Row = tuple[str, str, int]
"""Premise, hypothesis, index of the label."""


@dataclass(frozen=True)
class Run:
    """One training on our own claims: what it starts from, what it sees, and its share of the weights in the end."""

    before: str
    writers: str
    """A pattern of the ids of the claims that there were."""
    schedule: Schedule
    altered: float
    """How many judgements an operator is tried on; many cannot be altered with a certain label."""
    neutral: float
    """How much of the neutral judgements an epoch sees."""
    share: float


RUNS = {
    "hard": Run("stance", "[A-R][0-9]", Schedule(20, 2048, 1.5e-4, average=0.99), 0.0, 1.0, 0.5),
    "ordinary": Run("stance", "[A-Z][0-9]|A[A-D]", Schedule(8, 2048, 1.5e-4, average=0.99), 0.0, 1.0, 0.0),
    "refined": Run("ordinary", "", Schedule(5, 1024, 1.5e-4, average=0.995, seed=2), 0.4, 0.7, 0.5),
}
"""The trainings whose weights are averaged (Wortsman et al. 2022, "Model soups")."""

ASIDES = [
    "he told reporters",
    "she added on Tuesday",
    "according to a transcript of the meeting",
    "in an interview broadcast on Monday evening",
    "speaking at the end of a two-day visit",
    "as the session entered its third hour",
]
"""Remarks that value nothing."""

SHARES = {
    "vast": 1.0,
    "semeval2016": 1.0,
    "directed-sentiment": 0.6,
    "newsmtsc": 0.6,
    "ruw": 0.4,
    "pstance": 0.35,
    "ibm30k": 0.35,
    "plover": 1.0,
}
"""How much of each public stance set an epoch of the stance stage sees."""

WORDINGS = {
    "favor": [
        "{who} supports {target}.",
        "{who} is in favor of {target}.",
        "{who} is positive about {target}.",
        "{who} welcomes {target}.",
        "{who} speaks up for {target}.",
    ],
    "against": [
        "{who} opposes {target}.",
        "{who} is against {target}.",
        "{who} is negative about {target}.",
        "{who} rejects {target}.",
        "{who} speaks out against {target}.",
    ],
}
"""Hypotheses for the public stance sets, whose rows name no wording of their own."""


class Pair(NamedTuple):
    """Token ids of premise and hypothesis with special tokens, the premise's share, the label."""

    ids: list[int]
    first: int
    label: int


class Encoder:
    """Tokenises pairs; the premise is cut where a pair would pass MAX_TOKENS."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = load_tokenizer(folder / "tokenizer.json")

    def pairs(self, rows: list[tuple[str, str, int]]) -> list[Pair]:
        premises = self.tokenizer.encode_batch_fast([r[0] for r in rows], add_special_tokens=False)
        hypotheses = self.tokenizer.encode_batch_fast([r[1] for r in rows], add_special_tokens=False)
        pairs = []
        for said, hypothesis, row in zip(premises, hypotheses, rows, strict=True):
            room = MAX_TOKENS - 3 - len(hypothesis.ids)
            first = [CLS, *said.ids[:room], SEP]
            pairs.append(Pair([*first, *hypothesis.ids, SEP], len(first), row[2]))
        return pairs


def collate(batch: list[Pair]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Padded input tensors, (batch, longest), and labels, (batch,)."""
    longest = max(len(pair.ids) for pair in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    types = torch.zeros_like(ids)
    mask = torch.zeros_like(ids)
    for row, pair in enumerate(batch):
        ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
        types[row, pair.first : len(pair.ids)] = 1
        mask[row, : len(pair.ids)] = 1
    labels = torch.tensor([pair.label for pair in batch])
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}, labels


def loss(model: PreTrainedModel, batch: list[Pair]) -> torch.Tensor:
    inputs, labels = collate(batch)
    return torch.nn.functional.cross_entropy(model(**inputs).logits.float(), labels, label_smoothing=0.05)


def label_of(stance: str, direction: str) -> int:
    """The NLI label of a hypothesis of a direction, given the stance."""
    return 1 if stance == "neutral" else (0 if stance == direction else 2)


def public_rows(data: Path, share: float, rng: random.Random) -> Iterator[Row]:
    """A sample of the public stance sets, each row with one hypothesis."""
    for row in read_rows(data / "stance" / "train.jsonl.gz"):
        if rng.random() < SHARES[row["dataset"]] * share:
            direction = rng.choice(["favor", "against"])
            who = row["holder"] or rng.choice(["The text", "The text", "The author"])
            wording = rng.choice(WORDINGS[direction])
            hypothesis = wording.format(who=who, target=row["target"])
            yield row["text"], hypothesis, label_of(row["label"], direction)


def own_claims(split: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Claim, target and stance of our own judgements for the targets of a split.

    What the two annotators judged differently is not trained on; the dev split keeps the first one's label.
    """
    targets = {t["id"]: t for t in read_rows(HERE / "data" / "targets.jsonl")}
    doubtful = {(row["claim"], row["target"]) for row in read_rows(HERE / "data" / "disagreements.jsonl")}
    for claim in read_rows(HERE / "data" / "claims.jsonl"):
        held_out = any(targets[t]["split"] != "train" for t in claim["stances"])
        for target, stance in claim["stances"].items():
            if targets[target]["split"] != split or held_out != (split != "train"):
                continue
            if held_out or (claim["id"], target) not in doubtful:
                yield claim, targets[target], stance


def own_rows(rng: random.Random, run: Run) -> Iterator[Row]:
    """The training judgements that a run sees, some of them altered, in one direction and in a wording chosen anew."""
    claims = [one for one in own_claims("train") if re.match(run.writers, one[0]["id"])]
    others = Others(
        sorted({claim["speaker"] for claim, _, _ in claims} - {""}), sorted({target["name"] for _, target, _ in claims})
    )
    for claim, target, stance in claims:
        if stance == "neutral" and rng.random() >= run.neutral:
            continue
        told = Example(claim["text"], claim["speaker"], target["name"], stance)
        if rng.random() < run.altered:
            told = altered(told, others, rng)
        direction = rng.choice(("favor", "against"))
        general = [wording.replace("{who}", "{speaker}") for wording in WORDINGS[direction]]
        pool = [*(target[direction] if told.target == target["name"] else ()), *general]
        wording = rng.choice(pool) if rng.random() < 0.6 else general[0]
        hypothesis = wording.replace("{speaker}", told.speaker or "The text").replace("{target}", told.target)
        named = rng.random() < 0.95
        yield premise(told.text, told.speaker if named else ""), hypothesis, label_of(told.stance, direction)


class Others(NamedTuple):
    """Speakers and targets to choose from where an example is altered."""

    speakers: list[str]
    targets: list[str]


def altered(example: Example, others: Others, rng: random.Random) -> Example:
    """Another example that one of the operators makes of it; itself where its label would not be certain."""
    old, new = rng.sample(COUNTRIES, 2)
    old = next((country for country in COUNTRIES if country.name in f"{example.text} {example.target}"), old)
    makers: list[Callable[[], Example | None]] = [
        lambda: moved(example, old, new),
        lambda: spoken_by(example, rng.choice(others.speakers)),
        lambda: quoted_by(example, rng.choice(others.speakers)),
        lambda: other_target(example, rng.choice(others.targets)),
        lambda: with_aside(example, rng.choice(ASIDES)),
        lambda: contracted(example),
        lambda: expanded(example),
        lambda: indirect(example),
        lambda: negated(example),
    ]
    return rng.choice(makers)() or example


def nli_rows(data: Path, part: str) -> list[Row]:
    rows = read_rows(data / "nli" / f"{part}.jsonl.gz")
    return [(r["premise"], r["hypothesis"], LABELS.index(r["label"])) for r in rows]


def accuracy(model: PreTrainedModel, pairs: list[Pair]) -> float:
    right = 0
    order = sorted(pairs, key=lambda pair: len(pair.ids))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(order), 64):
            inputs, labels = collate(order[start : start + 64])
            right += int((model(**inputs).logits.argmax(-1) == labels).sum())
    return right / len(pairs)


def nli_stage(data: Path, work: Path) -> None:
    encoder = Encoder(base_encoder())
    model = _model(base_encoder())
    pairs = encoder.pairs(nli_rows(data, "train"))
    schedule = Schedule(epochs=3, batch_tokens=2048, rate=1.5e-4)
    train(model, lambda _: pairs, lambda p: len(p.ids), loss, schedule, work / "nli.checkpoint")
    _finish(model, encoder, data, work / "nli")


def stance_stage(data: Path, work: Path) -> None:
    """Public stance sets and our own claims, with NLI so that it is not forgotten."""
    encoder, model = Encoder(base_encoder()), _model(work / "nli")
    nli = nli_rows(data, "train")

    def rows(rng: random.Random) -> list[Pair]:
        own = [row for _ in range(4) for row in own_rows(rng, RUNS["hard"])]
        mixed = [*rng.sample(nli, 30_000), *public_rows(data, 0.7, rng), *own]
        print(len(mixed), "pairs")
        return encoder.pairs(mixed)

    schedule = Schedule(epochs=1, batch_tokens=2048, rate=1e-4)
    train(model, rows, lambda p: len(p.ids), loss, schedule, work / "stance.checkpoint")
    _finish(model, encoder, data, work / "stance")


def domain_run(name: str, data: Path, work: Path) -> None:
    """Mostly our own claims, with some of everything before."""
    run = RUNS[name]
    encoder, model = Encoder(base_encoder()), _model(work / run.before)
    nli = nli_rows(data, "train")

    def rows(rng: random.Random) -> list[Pair]:
        return encoder.pairs([*rng.sample(nli, 4_000), *public_rows(data, 0.04, rng), *own_rows(rng, run)])

    train(model, rows, lambda p: len(p.ids), loss, run.schedule, work / f"{name}.checkpoint")
    _finish(model, encoder, data, work / name)


def export_stage(_: Path, work: Path) -> None:
    """The files that the package carries, with the temperature that makes scores mean what they say."""
    export(blended(work).eval(), HERE / "model.onnx")
    shutil.copy(base_encoder() / "tokenizer.json", HERE / "tokenizer.json")
    _configure(1.0)
    _configure(fitted_temperature())


def _configure(temperature: float) -> None:
    config = {
        "version": VERSION,
        "languages": ["en"],
        "max_tokens": 256,
        "id2label": dict(enumerate(LABELS)),
        "temperature": temperature,
        "sure": SURE,
    }
    (HERE / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def blended(work: Path) -> PreTrainedModel:
    """The runs' weights averaged by their shares."""
    shares = {name: run.share for name, run in RUNS.items() if run.share}
    states = {name: _model(work / name).state_dict() for name in shares}
    model = _model(work / next(iter(shares)))
    mean = {
        key: sum(share * states[name][key] for name, share in shares.items()) if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    model.load_state_dict(mean)
    return model


def fitted_temperature() -> float:
    """The temperature of the least calibration error on half of our own held-out claims; prints the other half's error.

    Guo et al. 2017, on the scores that `annotate.stance` makes of what the exported model computes. The half is of the
    claims whose number is even; the expected calibration error that is printed is that of the others.
    """
    held_out = [*own_claims("dev"), *own_claims("news")]
    model = Embedded(HERE)
    rows = EmbeddedClassifier(model).rows([(row[0], row[1]) for one in held_out for row in default_pairs(*one)])
    logits = torch.tensor(np.array(model.logits(rows.ids, rows.firsts, precise=True)))
    gold = torch.tensor([STANCES.index(stance) for _, _, stance in held_out])
    even = torch.tensor([int(claim["id"][-1]) % 2 == 0 for claim, _, _ in held_out])

    def scores(temperature: float) -> torch.Tensor:
        favor, against = (part.softmax(-1) for part in (logits[::2] / temperature, logits[1::2] / temperature))
        sure = favor.max(1, keepdim=True).values >= SURE
        return torch.where(sure, favor, (favor + against.flip(1)) / 2)

    best = min((step / 10 for step in range(5, 50)), key=lambda t: calibration_error(scores(t)[even], gold[even]))
    for temperature in (1.0, best):
        error = calibration_error(scores(temperature)[~even], gold[~even])
        print(f"temperature {temperature}: expected calibration error {error:.3f} on the other half")
    return best


def calibration_error(scores: torch.Tensor, gold: torch.Tensor, bins: int = 10) -> float:
    """Expected calibration error: how far confidence is from accuracy, in bins of equal width."""
    confidence, predicted = scores.max(1)
    inside = (confidence * bins).ceil().long()
    error = 0.0
    for number in range(1, bins + 1):
        mine = inside == number
        if mine.any():
            gap = confidence[mine].mean() - (predicted[mine] == gold[mine]).float().mean()
            error += float(mine.float().mean() * gap.abs())
    return error


def default_pairs(claim: dict[str, Any], target: dict[str, Any], stance: str) -> list[Row]:
    """A judgement of our own as two rows: the default hypothesis for favor, and for against."""
    said, who = premise(claim["text"], claim["speaker"]), claim["speaker"] or "The text"
    verbs = (("favor", "supports"), ("against", "opposes"))
    return [(said, f"{who} {verb} {target['name']}.", label_of(stance, direction)) for direction, verb in verbs]


def _model(folder: Path) -> PreTrainedModel:
    """A classifier on the weights in `folder`; eager attention, without dropout of its own, is fastest on a CPU."""
    labels = dict(enumerate(LABELS))
    return AutoModelForSequenceClassification.from_pretrained(
        folder,
        num_labels=3,
        id2label=labels,
        label2id={v: k for k, v in labels.items()},
        attn_implementation="eager",
        attention_probs_dropout_prob=0.0,
    )


def _finish(model: PreTrainedModel, encoder: Encoder, data: Path, folder: Path) -> None:
    model.save_pretrained(folder)
    rows = [row for one in own_claims("dev") for row in default_pairs(*one)]
    print("nli dev accuracy", accuracy(model, encoder.pairs(nli_rows(data, "dev"))))
    print("own dev pair accuracy", accuracy(model, encoder.pairs(rows)))


STAGES = {"nli": nli_stage, "stance": stance_stage, "export": export_stage}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=[*STAGES, *RUNS])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.stage in RUNS:
        domain_run(arguments.stage, arguments.data, arguments.work)
    else:
        STAGES[arguments.stage](arguments.data, arguments.work)


if __name__ == "__main__":
    main()
