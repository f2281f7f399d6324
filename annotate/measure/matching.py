"""Spans of two annotations of one text, paired one to one by how much they overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator

Place = tuple[int, int]
"""A span, half-open."""


def overlap(one: Place, other: Place) -> float:
    """Characters in both spans as a share of the characters in either; the Jaccard index."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    return common / (max(one[1], other[1]) - min(one[0], other[0])) if common > 0 else 0.0


def matched(ones: Collection[Place], others: Collection[Place], least: float) -> dict[Place, Place]:
    """Pairs that overlap by `least` (above 0) or more: the best first, each span in one pair at most."""
    pairs: dict[Place, Place] = {}
    taken: set[Place] = set()
    for _, one, other in sorted((-share, one, other) for share, one, other in _options(ones, others) if share >= least):
        if one not in pairs and other not in taken:
            pairs[one] = other
            taken.add(other)
    return pairs


def _options(ones: Collection[Place], others: Collection[Place]) -> Iterator[tuple[float, Place, Place]]:
    """Every pair that overlaps at all, and by how much; no others are looked at, since articles may be long."""
    ordered = sorted(set(others))
    starts = [start for start, _ in ordered]
    longest = max((end - start for start, end in ordered), default=0)
    for one in set(ones):
        last = bisect_right(starts, one[1] - 1)
        for other in ordered[bisect_right(starts, one[0] - longest) : last]:
            if (share := overlap(one, other)) > 0:
                yield share, one, other
