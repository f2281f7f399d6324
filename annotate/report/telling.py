"""The claims that show best where a speaker stands: those that people decided, then those the models are surest of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from annotate.decisions import Log
from annotate.records import Claim, Stance
from annotate.summary import is_decided

SIDES: tuple[Stance, Stance] = ("favor", "against")

Key = tuple[str, str]
"""Target and speaker."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One claim: its first part, the text of all parts, and how sure its label is."""

    claim: Claim
    parts: tuple[str, ...]
    decided_by: tuple[str, ...]
    """Who decided the stance; empty where nobody did, or a hand edit is not adopted yet."""
    decided: bool
    confidence: float
    """The models' probability of the label."""


def telling(claims: Iterable[Claim], log: Log, keys: Collection[Key], each: int = 2) -> dict[Key, list[Telling]]:
    """For each of the targets and speakers, up to `each` claims in favor, then as many against."""
    by_key: dict[tuple[Key, Stance], list[Claim]] = defaultdict(list)
    later: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        key = claim.target, claim.speaker
        if claim.continues:
            later[claim.continues].append(claim.text)
        elif key in keys and claim.stance in SIDES:
            by_key[key, claim.stance].append(claim)
    return {
        key: [
            _telling(claim, later[claim.id], log)
            for stance in SIDES
            for claim in _first(sorted(by_key[key, stance], key=lambda claim: _rank(claim, log)), each)
        ]
        for key in keys
    }


def _rank(claim: Claim, log: Log) -> tuple[bool, float]:
    return not is_decided(claim, log), -_confidence(claim)


def _confidence(claim: Claim) -> float:
    return float(getattr(claim.prediction.scores, claim.stance))


def _first(claims: Iterable[Claim], each: int) -> Iterator[Claim]:
    """The first of the claims, each wording once: a report that papers copy from one another is no better for it."""
    seen: set[str] = set()
    for claim in claims:
        if len(seen) < each and claim.digest not in seen:
            seen.add(claim.digest)
            yield claim


def _telling(claim: Claim, later: Iterable[str], log: Log) -> Telling:
    force = log.in_force(claim.id, "stance")
    by = force.annotators if force and force.value == claim.stance else ()
    return Telling(claim, (claim.text, *later), by, is_decided(claim, log), _confidence(claim))
