"""A claim, and what people said of its place, carried over into another text of its article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from annotate import wire
from annotate.anchoring import Bounds, Placed
from annotate.decisions import GONE, Log, filled, remembered
from annotate.records import NO_PREDICTION, NO_SPAN, Article, Claim, DecidedField, Decision, Span


class Move:
    """One article: `article` has the new text, `where` tells of each span of the old one where it stands now."""

    def __init__(self, article: Article, where: Placed, log: Log) -> None:
        self.article, self.log = article, log
        self._where = where

    @property
    def count(self) -> int:
        """How many spans have a place."""
        return sum(found is not None for span, found in self._where.items() if span != (0, 0))

    def placeable(self, claim: str, spans: Iterable[Bounds] = ()) -> bool:
        """Whether these spans, and every one that people's words on the claim speak of, have a place."""
        return all(self._where.get(span) for span in (*spans, *self.log.places(claim)))

    def moved(self, claim: Claim) -> Claim:
        """The claim by the offsets of the new text, sealed anew, with its texts; its id stays.

        The claim and the models' span of it have a place. A source or cue that has none is absent.
        """
        said = claim.prediction
        start, end = self._at((claim.start, claim.end))
        if said != NO_PREDICTION:
            begin, finish = self._at((said.start, said.end))
            said = replace(said, start=begin, end=finish).sealed(claim.id)
        source, cue = self._span(claim.source), self._span(claim.cue)
        return filled(replace(claim, start=start, end=end, source=source, cue=cue, prediction=said), self.article)

    def said_again(self, claim: str, version: str, there: bool = True) -> Iterator[Decision]:
        """What was said of a claim's place, by the offsets of the new text; the caller logs it.

        A claim that has no place there (the caller may know that already) is remembered no longer: there is nothing
        to bring back.
        """
        there = there and self.placeable(claim)

        def move(name: DecidedField, value: str) -> str:
            if value == GONE or (name != "claim" and not there):
                return value
            if name == "claim":
                return remembered(self.moved(wire.load(value, Claim))) if there else GONE
            start, end = self._at(_bounds(value))
            return f"{start}:{end}"

        return self.log.transcribed(claim, move, version)

    def _at(self, span: Bounds) -> Bounds:
        found = self._where[span] if span != (0, 0) else span
        assert found is not None
        return found

    def _span(self, span: Span) -> Span:
        found = self._where.get((span.start, span.end)) if span.end else None
        return Span(*found, "") if found else NO_SPAN


def _bounds(value: str) -> Bounds:
    start, end = map(int, value.split(":"))
    return start, end
