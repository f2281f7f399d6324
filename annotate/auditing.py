"""The audit: a random sample of claims, judged without the models' labels, that tells how often those are wrong.

The sample is stratified by target and predicted stance. Within a stratum claims come in the order of a hash of
their ids: as good as chance, the same on every machine, and none moves when others are added or taken away. Every
stratum gets LEAST claims first, so that rare labels can be judged at all, then each its share of the claims.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from annotate.records import Claim

LEAST = 5
"""How many claims of each stratum are in the sample, where it has them, before the larger strata get more."""


class Stratum(NamedTuple):
    """Claims for which the models' labels are alike."""

    target: str
    stance: str
    """What the models predicted."""

    @classmethod
    def of(cls, claim: Claim) -> Stratum:
        return cls(claim.target, claim.prediction.stance)


def is_audited(claim: Claim) -> bool:
    """Whether a claim can be in the sample: one in two parts counts once, and one that a person added is no model's."""
    return bool(claim.prediction.stance) and not claim.continues


def strata(claims: Iterable[Claim]) -> dict[Stratum, list[str]]:
    """The ids of the claims of each stratum, in the order in which they are audited."""
    found: dict[Stratum, list[str]] = defaultdict(list)
    for claim in filter(is_audited, claims):
        found[Stratum.of(claim)].append(claim.id)
    return {stratum: sorted(found[stratum], key=_chance) for stratum in sorted(found)}


def audit_order(claims: Iterable[Claim]) -> list[str]:
    """The ids of claims in the order in which they are audited: the sample of size n is the first n.

    After the first LEAST of each stratum, places are dealt as seats are by Sainte-Laguë's method, in proportion to
    the strata's sizes.
    """
    places: list[tuple[int, float, str, str]] = []
    for ids in strata(claims).values():
        for rank, id in enumerate(ids):
            places.append((min(rank, LEAST), (rank + 0.5) / len(ids), _chance(id), id))
    return [id for *_, id in sorted(places)]


def _chance(id: str) -> str:
    return hashlib.sha256(f"audit\x1f{id}".encode()).hexdigest()
