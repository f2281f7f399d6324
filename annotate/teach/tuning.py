"""Fine-tuning of a stance model on a few hundred decided claims.

Every claim is read with a hypothesis for and one against, as pairs of natural language inference. All layers but the
embeddings are trained; then the weights go half the way back to those before (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"), which keeps what the model knew of other claims: with few examples the whole way is
often worse than none. `tests/benchmarks/few_shot.py` measures this beside other ways.

The same examples, seed, machine and number of threads give the same weights.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from annotate.records import Stance
from annotate.teach.examples import Example, Pair
from annotate.teach.trainable import Trainable


@dataclass(frozen=True)
class Plan:
    """How a model is fine-tuned; `batch` counts claims."""

    rate: float = 5e-5
    epochs: int = 8
    batch: int = 8
    kept: float = 0.5
    """How much of the weights before stays."""
    most: int = 4096
    """Claims that are read in all; of many there are fewer epochs, one at least."""
    weight_decay: float = 0.01
    smoothing: float = 0.05
    seed: int = 1

    def rounds(self, examples: int) -> int:
        """The epochs over so many examples."""
        return max(1, min(self.epochs, self.most // max(1, examples)))

    def steps(self, examples: int) -> int:
        return self.rounds(examples) * math.ceil(examples / self.batch)


PLAN = Plan()


def fine_tune(
    model: Trainable, examples: Sequence[Example], plan: Plan = PLAN, advance: Callable[[], None] = lambda: None
) -> None:
    """Train the model's network in place; `advance` is called after each of `plan.steps`."""
    network, before = model.network, _copied(model.network.state_dict())
    network.get_input_embeddings().requires_grad_(False)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=plan.rate, weight_decay=plan.weight_decay, betas=(0.9, 0.98), eps=1e-6)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        network.train()
        for step, batch in enumerate(_batches(examples, plan), 1):
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * _share(step, plan.steps(len(examples)))
            _loss(model, batch, plan).backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            advance()
    network.eval()
    network.load_state_dict(
        {k: v.lerp(before[k], plan.kept) if v.is_floating_point() else v for k, v in network.state_dict().items()}
    )


def _copied(state: dict[str, Any]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}


def _share(step: int, steps: int) -> float:
    """The share of the rate: up over the first tenth, then down to a tenth."""
    warmup = max(1, steps // 10)
    return min(1.0, step / warmup) * (1 - 0.9 * max(0, step - warmup) / max(1, steps - warmup))


Row = tuple[Pair, int]
"""A pair and its label: 0 entailment, 1 neutral, 2 contradiction."""


def _batches(examples: Sequence[Example], plan: Plan) -> Iterator[list[Row]]:
    """Batches of all epochs, each example with one hypothesis of either direction, drawn anew every time."""
    rng, order = random.Random(plan.seed), list(examples)
    for _ in range(plan.rounds(len(order))):
        rng.shuffle(order)
        for start in range(0, len(order), plan.batch):
            yield [row for example in order[start : start + plan.batch] for row in _rows(example, rng)]


def _rows(example: Example, rng: random.Random) -> Iterator[Row]:
    yield rng.choice(example.favor), _label(example.stance, "favor")
    yield rng.choice(example.against), _label(example.stance, "against")


def _label(stance: Stance, direction: Stance) -> int:
    return 1 if stance == "neutral" else (0 if stance == direction else 2)


def _loss(model: Trainable, batch: list[Row], plan: Plan) -> Tensor:
    inputs = model.inputs([pair for pair, _ in batch])
    device = next(iter(inputs.values())).device
    with torch.autocast("cpu", dtype=torch.bfloat16) if _halves(device) else nullcontext():
        logits = model.network(**inputs).logits.float()
    labels = torch.tensor([model.labels[label] for _, label in batch], device=device)
    return torch.nn.functional.cross_entropy(logits, labels, label_smoothing=plan.smoothing)


def _halves(device: torch.device) -> bool:
    """Whether bfloat16 is the faster there: four times so where a processor has instructions for it."""
    return device.type == "cpu" and "AVX512" in torch.backends.cpu.get_cpu_capability()
