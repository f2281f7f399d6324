"""Scores from sums over claims: how well places, stances and confidence were told.

Each function takes an array whose last axis holds the sums, and any axes before it (resamples), and gives an array of
those; NaN where the score is undefined.
"""

from __future__ import annotations

import numpy as np

from annotate.measure.intervals import Numbers, ratio
from annotate.records import STANCES

NONE = "none"
"""What stands for a claim that is not there."""
ENDS = (*STANCES, NONE)
"""What a confusion matrix has rows (gold) and columns (compared) of."""
BINS = 10
"""Bins of equal width that scores are sorted into."""


def precision(sums: Numbers) -> Numbers:
    """From (found, predicted, gold), as recall and f1."""
    return ratio(sums[..., 0], sums[..., 1])


def recall(sums: Numbers) -> Numbers:
    return ratio(sums[..., 0], sums[..., 2])


def f1(sums: Numbers) -> Numbers:
    return ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def _table(sums: Numbers) -> Numbers:
    return sums.reshape(*sums.shape[:-1], len(ENDS), len(ENDS))


def accuracy(sums: Numbers) -> Numbers:
    """The share of claims on both sides that have the same stance, from a confusion matrix's cells."""
    both = _table(sums)[..., : len(STANCES), : len(STANCES)]
    return ratio(np.trace(both, axis1=-2, axis2=-1), both.sum((-2, -1)))


def label_f1(sums: Numbers, *, matched_only: bool) -> Numbers:
    """F1 of each stance from confusion matrices, (..., 16) to (..., 3); NaN where neither side has it."""
    size = len(STANCES) if matched_only else len(ENDS)
    cells = _table(sums)[..., :size, :size]
    right = np.diagonal(cells, axis1=-2, axis2=-1)
    return ratio(2 * right, cells.sum(-1) + cells.sum(-2))[..., : len(STANCES)]


def macro(each: Numbers, present: list[int]) -> Numbers:
    """The mean over the stances that the gold has, less those that a resample knows nothing of."""
    chosen = each[..., present]
    known = ~np.isnan(chosen)
    return ratio(np.where(known, chosen, 0.0).sum(-1), known.sum(-1))


def ece(sums: Numbers) -> Numbers:
    """The expected calibration error, from each bin's number of claims, then its scores, then its right ones."""
    claims, scores, right = (sums[..., i * BINS : (i + 1) * BINS] for i in range(3))
    return ratio(np.abs(right - scores).sum(-1), claims.sum(-1))
