"""Articles whose text changed: the new texts, and what the corpus holds of them carried over.

Every span is placed anew by quote, context and position. What nobody decided and has no place in the new text goes;
where a person decided or added such a claim, nothing may be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from annotate import wire
from annotate.anchoring import Bounds, reanchor, words_of
from annotate.articles import read_articles
from annotate.decisions import Log
from annotate.errors import ArticleError, CorpusError, Problem, did_you_mean
from annotate.merging import Change
from annotate.moving import Move
from annotate.records import NO_PREDICTION, Article, Claim
from annotate.revising import Revision
from annotate.texts import ArticleIndex
from annotate.writing import Writer

SUGGESTED = 20
"""Unknown ids that are compared with all known ones: a wrong folder may hold thousands."""


class Retexting:
    """The texts that were given anew for articles of the corpus; `problems` tells of those that were rejected."""

    def __init__(self, revision: Revision, writer: Writer, inputs: Sequence[str | Path], language: str) -> None:
        self._revision, self._writer = revision, writer
        self.problems: list[Problem] = []
        self.changed: set[str] = set()
        """Articles that get another text."""
        self.spans = 0
        """How many spans were placed in new texts."""
        kept = revision.change.scratch("new-texts.jsonl")
        wire.write(kept, self._fitting(inputs, language))
        self._texts = ArticleIndex(kept)
        if self.changed:
            self._refuse_lost()

    def _fitting(self, inputs: Sequence[str | Path], language: str) -> Iterator[Article]:
        """The articles among the inputs that are to be changed; ArticleError where none is one of the corpus."""
        fit = not inputs
        for given in read_articles(inputs, language=language) if inputs else ():
            problem = given if isinstance(given, Problem) else self._unfit(given)
            if problem or isinstance(given, Problem):
                self.problems += [problem] if problem else []
                continue
            fit = True
            if given.sha256 != self._writer.known[given.id]:
                self.changed.add(given.id)
                yield given
        if not fit:
            folder = self._revision.corpus.folder
            raise ArticleError(
                f"{folder}: no text was given for an article it holds; nothing was written", self.problems
            )

    def _unfit(self, given: Article) -> Problem | None:
        """Why this is no new text of an article of the corpus, if it is none."""
        known = self._writer.known
        if down := self._writer.taken_down(given):
            return down
        if given.id not in known:
            near = did_you_mean(given.id, known) if len(self.problems) < SUGGESTED else ""
            remedy = "annotate label adds it" + (f"; {near}" if near else "")
            return Problem(given.id, "the corpus holds no article of this id", remedy)
        return self._writer.copy_of_another(given)

    def text(self, there: Article) -> Article:
        """The article with its new text, or as it is; what the new one does not tell of itself stays."""
        new = self._texts.get(there.id)
        if new is None:
            return there
        names = ("title", "outlet", "author", "date", "url")
        return replace(new, **{name: getattr(new, name) or getattr(there, name) for name in names})

    def claims(self, there: Article, article: Article) -> list[Claim]:
        """The claims that the corpus holds of an article, by its new text; the log and the writer hear of it."""
        old = self._writer.claims_of(there.id)
        if there.id not in self.changed:
            return old
        gone, version = self._writer.deleted(there.id), self._revision.corpus.version
        move = self._move(there, article, old)
        self.spans += move.count
        placed = {claim.id for claim in (*old, *gone) if _is_placeable(move, claim)}  # before the log hears of it
        for claim in (*old, *gone):
            if claim.id in move.log:
                self._revision.decide(move.said_again(claim.id, version, claim.id in placed))
        self._writer.carry(there.id, old, [move.moved(claim) for claim in gone if claim.id in placed])
        for claim in old:
            now = move.moved(claim) if claim.id in placed else None
            self._writer.changes += _told(claim, now, _is_decided(claim, move.log))
        return [move.moved(claim) for claim in old if claim.id in placed]

    def _move(self, there: Article, article: Article, old: Sequence[Claim]) -> Move:
        log = self._revision.log
        spans = {span for claim in old for span in _places(claim, log)}
        spans |= {span for claim in self._writer.deleted(there.id) for span in log.places(claim.id)}
        return Move(article, reanchor(there.text, article.text, spans), log)

    def _refuse_lost(self) -> None:
        """CorpusError where people decided claims that have no place in the new texts."""
        log, lost = self._revision.log, []
        for there in self._revision.articles():
            if there.id in self.changed and there.text:
                old = self._writer.claims_of(there.id)
                move = self._move(there, self.text(there), old)
                lost += [c for c in old if _is_decided(c, log) and not _is_placeable(move, c)]
        if lost:
            message = f"{len(lost)} claims that people decided have no place in the new text; nothing was written"
            raise CorpusError(f"{self._revision.corpus.folder}: {message}", map(_lost, lost))


def _places(claim: Claim, log: Log) -> Iterator[Bounds]:
    """Every span of the claim and of what was said of it."""
    yield from _needed(claim)
    for part in (claim.source, claim.cue):
        yield from [(part.start, part.end)] if part.end else []
    yield from log.places(claim.id)


def _needed(claim: Claim) -> Iterator[Bounds]:
    """The spans without which there is no claim; sources and cues that nobody decided are the models' to find anew."""
    yield claim.start, claim.end
    if claim.prediction != NO_PREDICTION:
        yield claim.prediction.start, claim.prediction.end


def _is_placeable(move: Move, claim: Claim) -> bool:
    return move.placeable(claim.id, _needed(claim))


def _is_decided(claim: Claim, log: Log) -> bool:
    return claim.prediction == NO_PREDICTION or log.decided(claim.id)


def _lost(claim: Claim) -> Problem:
    who = f"decided by {claim.annotator}" if claim.annotator else "decided"
    remedy = "give the new text an id of its own with annotate label, or delete these claims and adopt that first"
    return Problem(claim.id, f"{claim.text!r}, {who}, is not in the new text of {claim.article}", remedy)


def _told(claim: Claim, now: Claim | None, decided: bool) -> Iterator[Change]:
    """What is to be said of a claim on its way: that it is gone, or that a decided one reads otherwise now."""
    if now is None:
        yield Change("gone", claim.article, claim.id, claim.text)
    elif decided:
        parts = (("text", claim, now), ("source", claim.source, now.source), ("cue", claim.cue, now.cue))
        for name, before, after in parts:
            if words_of(before.text).keys != words_of(after.text).keys:
                yield Change("reworded", claim.article, claim.id, now.text, name, before.text, after.text)
