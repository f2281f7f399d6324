"""Figures with their 95 % intervals: the bootstrap, and the exact interval of a share. Knows nothing of claims.

A statistic is a function of sums over units, (..., k) to (...): so the units that a resample draws need only be
summed, and all resamples are one matrix. Units are what is drawn: claims, or articles with all of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotate.errors import UsageError

SEED = 1
RESAMPLES = 1000
LEVEL = 0.95

Numbers = NDArray[np.float64]
Statistic = Callable[[Numbers], Numbers]


class Figure(NamedTuple):
    """A value and its 95 % interval; the ends are None where one unit alone tells nothing of it."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@contextmanager
def measure_extra() -> Iterator[None]:
    """UsageError, with what to install, where a library of the extra `measure` is imported and is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'annotate-stance[measure]'") from None


def bootstrapped(parts: Sequence[Sequence[float]] | Numbers, statistic: Statistic) -> Figure | None:
    """The statistic of all units, its interval by percentiles of resamples (Efron 1979); None where it is undefined.

    `parts` is (units, k). Resamples in which the statistic is undefined are left out of the interval.
    """
    units = np.asarray(parts, dtype=np.float64)
    if not len(units):
        return None
    value = float(statistic(units.sum(0)))
    if math.isnan(value):
        return None
    if len(units) == 1:
        return Figure(value)
    low, high = np.nanpercentile([value, *statistic(resampled(units))], [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Figure(value, float(low), float(high))


def resampled(units: Numbers) -> Numbers:
    """Sums over as many units as there are, drawn with replacement: (units, k) to (RESAMPLES, k)."""
    random, count = np.random.default_rng(SEED), len(units)
    draws = (np.bincount(random.integers(0, count, count), minlength=count) for _ in range(RESAMPLES))
    return np.stack([draw @ units for draw in draws])


def grouped(parts: Numbers, groups: Sequence[int], number: int) -> Numbers:
    """Sums of the rows of each of `number` groups: (rows, k) to (number, k)."""
    sums = np.zeros((number, parts.shape[1]))
    np.add.at(sums, np.asarray(groups, dtype=np.int64), parts)
    return sums


def ratio(part: Any, whole: Any) -> Numbers:
    """A share, NaN where there is nothing to have a share of."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.divide(part, whole), dtype=np.float64)


def exact(share: float, number: float) -> Figure:
    """A share of `number` cases with its interval by Clopper and Pearson (1934).

    `number` may be an effective one, no whole number, as in Korn and Graubard (1998), "Confidence intervals for
    proportions with small expected number of positive counts estimated from survey data"; infinite for a share that
    is known.
    """
    if math.isinf(number):
        return Figure(share, share, share)
    with measure_extra():
        from statsmodels.stats.proportion import proportion_confint
    low, high = proportion_confint(share * number, number, alpha=1 - LEVEL, method="beta")
    return Figure(share, float(low), float(high))


def plain(value: Any) -> Any:
    """What `dataclasses.asdict` gives, for JSON: figures and other named tuples as objects, whatever they are in."""
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
