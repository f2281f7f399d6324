"""How alike two annotators cut claims.

F1 of the claims whose place either of them corrected, added or deleted, in the articles in which both decided
anything. Who said nothing of a claim's place is taken to leave it where the models found it. Claims that nobody
touched are not counted: agreement on them would be the models' with themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from annotate import wire
from annotate.decisions import GONE, Log
from annotate.measure.matching import Place, matched
from annotate.records import NO_PREDICTION, Claim, DecidedField

CLOSE = 0.8
"""The overlap from which two spans are nearly the same."""
SAYABLE: tuple[DecidedField, ...] = get_args(DecidedField)


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """How alike two annotators cut claims; the numbers are of the spans that are compared."""

    annotators: tuple[str, str]
    articles: int
    spans: tuple[int, int]
    exact: float | None
    close: float | None


def span_agreement(pair: tuple[str, str], claims: Sequence[Claim], log: Log) -> SpanAgreement:
    """What two annotators say of places, of the claims of the view and those that the log remembers."""
    lines = {claim.id: claim for _, claim in log.lines()} | {claim.id: claim for claim in claims}
    shared = _articles(pair[0], lines, log) & _articles(pair[1], lines, log)
    cut: dict[str, tuple[set[Place], set[Place]]] = defaultdict(lambda: (set(), set()))
    for id, claim in lines.items():
        said = [log.said(id, "claim"), log.said(id, "span")]
        if claim.article not in shared or not any(who in words for who in pair for words in said):
            continue
        for side, who in zip(cut[claim.article], pair, strict=True):
            side.update(_place(who, claim, *said))
    ones, others = (sum(len(sides[i]) for sides in cut.values()) for i in (0, 1))
    alike = [sum(len(matched(*sides, least)) for sides in cut.values()) for least in (1.0, CLOSE)]
    exact, close = (2 * count / (ones + others) if ones + others else None for count in alike)
    return SpanAgreement(pair, len(cut), (ones, others), exact, close)


def _articles(who: str, lines: dict[str, Claim], log: Log) -> set[str]:
    """The articles in which somebody decided anything."""
    return {claim.article for id, claim in lines.items() if any(who in log.said(id, name) for name in SAYABLE)}


def _place(who: str, claim: Claim, lines: dict[str, str], spans: dict[str, str]) -> Iterator[Place]:
    """Where an annotator says that a claim stands; nothing where they deleted it, or never saw it."""
    line, span = lines.get(who), spans.get(who)
    if line == GONE:
        return
    if span is not None:
        start, end = map(int, span.split(":"))
        yield start, end
    elif line is not None:
        added = wire.load(line, Claim)
        yield added.start, added.end
    elif claim.prediction != NO_PREDICTION:
        yield claim.prediction.start, claim.prediction.end
