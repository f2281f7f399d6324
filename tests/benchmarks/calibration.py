"""Whether scores mean what they say: calibration error, reliability, and what another temperature would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import metrics
import numpy as np
from metrics import Figure
from numpy.typing import NDArray

from annotate.entailment import Classifier, Judgement
from annotate.records import Scores


class Tempered:
    """A classifier whose logits are divided by `temperature` once more; 1 leaves them as they are."""

    def __init__(self, inner: Classifier, temperature: float) -> None:
        self.inner, self.name, self.two_way, self.temperature = inner, inner.name, inner.two_way, temperature
        self.shortcut = inner.shortcut and inner.shortcut._replace(judge=partial(self._tempered, inner.shortcut.judge))

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """What the classifier within says: dividing logits raises their softmax to a power, made to sum to 1."""
        return self._tempered(self.inner.judge, pairs)

    def _tempered(
        self, judge: Callable[[Sequence[tuple[str, str]]], list[Judgement]], pairs: Sequence[tuple[str, str]]
    ) -> list[Judgement]:
        said = judge(pairs)
        shares = np.array([judgement[:3] for judgement in said], dtype=np.float64).reshape(-1, 3)
        powers = shares ** (1 / self.temperature)
        rows = (powers / powers.sum(1, keepdims=True)).tolist()
        return [Judgement(*row, judgement.truncated) for row, judgement in zip(rows, said, strict=True)]


def confidence(scores: Scores) -> float:
    """The highest score."""
    return max(scores.favor, scores.neutral, scores.against)


def ece(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> Figure:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017): how far confidence is from accuracy.

    Bins are of equal width. The interval is by resampling rows, which adds noise of its own: it leans upward.
    """
    gaps = np.zeros((len(right), bins))
    gaps[np.arange(len(right)), _bins(confidences, bins)] = np.array(confidences) - np.array(right, dtype=np.float64)
    drawn = np.random.default_rng(metrics.SEED).multinomial(
        len(right), np.full(len(right), 1 / len(right)), metrics.RESAMPLES
    )
    return metrics.figure(np.abs(gaps.sum(0)).sum() / len(right), np.abs(drawn @ gaps).sum(1) / len(right))


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[list[Any]]:
    """Per bin that has any: its bounds, how many rows, their mean confidence, and their accuracy."""
    inside = _bins(confidences, bins)
    rows = []
    for number in range(bins):
        mine = [i for i, bin in enumerate(inside) if bin == number]
        if mine:
            bounds = f"{number / bins:.2f}–{(number + 1) / bins:.2f}"
            accuracy = metrics.accuracy([right[i] for i in mine])
            rows.append([bounds, len(mine), float(np.mean([confidences[i] for i in mine])), accuracy])
    return rows


def _bins(confidences: Sequence[float], bins: int) -> NDArray[np.int64]:
    """The bin of each confidence, upper bounds within."""
    return np.clip(np.ceil(np.array(confidences) * bins).astype(np.int64) - 1, 0, bins - 1)
