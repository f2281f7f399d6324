"""Every invariant of a corpus folder, and every place where it does not hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from annotate import shards, wire
from annotate.codebook import Codebook
from annotate.corpus import ANCHORS, ARTICLES, CLAIMS, DECISIONS, REMOVALS, SPEAKERS, Corpus
from annotate.decisions import Log, faults
from annotate.errors import CodebookError, CorpusError, Problem, did_you_mean
from annotate.records import (
    NARRATOR,
    NO_PREDICTION,
    NO_SPAN,
    UNKNOWN,
    Anchor,
    Article,
    Claim,
    Decision,
    Removal,
    Span,
    Speaker,
    text_digest,
)
from annotate.revising import base_claims, check_log
from annotate.shards import Place
from annotate.texts import ArticleIndex

NOWHERE = Place("", 0)


def check(corpus: Corpus) -> Iterator[Problem]:
    """Every problem of the corpus, file by file."""
    try:
        codebook: Codebook | None = corpus.codebook
    except CodebookError as error:
        codebook = None
        yield from error.problems
    index = ArticleIndex(corpus.folder / ARTICLES)
    yield from index.problems
    speakers: set[str] = {NARRATOR, UNKNOWN}
    yield from _check_speakers(corpus.folder / SPEAKERS, codebook, speakers)
    yield from _Claims(corpus, index, speakers, codebook).problems()
    if (corpus.folder / ANCHORS).exists():
        yield from _check_anchors(corpus.folder / ANCHORS, index)
    yield from _check_decisions(corpus.folder / DECISIONS)
    yield from _check_removals(corpus.folder / REMOVALS)


def refuse_problems(
    corpus: Corpus, outcome: str, more: Iterable[Problem] = (), *, by_another_codebook: bool = False
) -> None:
    """CorpusError with every problem of the corpus and `more`; `outcome` says what was therefore not done.

    Where it is about to be labelled by another codebook, targets that this one lacks are no problem.
    """
    problems = [*check(corpus), *more, *check_log(corpus)]
    if by_another_codebook:
        problems = [one for one in problems if one.field != "target"]
    if problems:
        raise CorpusError(f"{corpus.folder}: {len(problems)} problems; {outcome}", problems)


def check_claim(claim: Claim, article: Article) -> Iterator[tuple[str, str, str]]:
    """Field, message and remedy of what is wrong with one claim, given its article.

    A claim without text is checked by its digest where the article's text is there, else not at all.
    """
    if claim.start == claim.end:
        yield "end", "the claim is empty", "delete the line, or give start and end"
    elif claim.text or claim.digest != text_digest(article.text[claim.start : claim.end]):
        yield from _check_span("", Span(claim.start, claim.end, claim.text), article)
        yield from _check_digest(claim, article)
    for name, span in (("source.", claim.source), ("cue.", claim.cue)):
        if span.text or (claim.text and span != NO_SPAN):
            yield from _check_span(name, span, article)
    yield from _check_prediction(claim)


def _check_span(prefix: str, span: Span, article: Article) -> Iterator[tuple[str, str, str]]:
    if span.start > span.end or span.end > article.length:
        message = f"[{span.start}, {span.end}) is no span of an article of length {article.length}"
        yield f"{prefix}end", message, whereabouts(span, article.text)
    elif article.text and article.text[span.start : span.end] != span.text:
        there = article.text[span.start : span.end]
        shown = there if len(there) <= 40 else f"{there[:39]}…"
        yield (
            f"{prefix}text",
            f"the article has {shown!r} at [{span.start}, {span.end})",
            whereabouts(span, article.text),
        )


def whereabouts(span: Span, text: str) -> str:
    """Where the span's text stands, nearest to where it should; else what to do without."""
    before, after = text.rfind(span.text, 0, span.start + len(span.text)), text.find(span.text, span.start)
    places = [at for at in (before, after) if at >= 0 and span.text]
    if not places:
        return "copy the text from the article"
    at = min(places, key=lambda place: abs(place - span.start))
    return f"the text stands at [{at}, {at + len(span.text)})"


def _check_digest(claim: Claim, article: Article) -> Iterator[tuple[str, str, str]]:
    """The digest is the software's: a span moved by hand, or text that is reported already, leaves it behind."""
    moved = (claim.start, claim.end) != (claim.prediction.start, claim.prediction.end)
    broken = article.text and article.text[claim.start : claim.end] != claim.text
    if not moved and not broken and claim.text and claim.digest != text_digest(claim.text):
        yield "digest", "is not the text's digest", f"only the software writes it: {text_digest(claim.text)!r}"


def _check_prediction(claim: Claim) -> Iterator[tuple[str, str, str]]:
    prediction = claim.prediction
    scores = (prediction.scores.favor, prediction.scores.neutral, prediction.scores.against)
    if prediction == NO_PREDICTION:
        return
    if not claim.id:
        yield (
            "prediction",
            "the models did not say this of a claim that a person added",
            'every string "", every number 0',
        )
    elif prediction.seal != prediction.seal_for(claim.id):
        yield "prediction.seal", "the prediction was edited", "restore it; labels are corrected in stance and speaker"
    elif not math.isclose(sum(scores), 1.0, abs_tol=1e-6):
        yield "prediction.scores", f"sum to {sum(scores):g}, not 1", "restore them"


class _Claims:
    """The checks of `claims.jsonl`, line by line and between lines."""

    def __init__(self, corpus: Corpus, articles: ArticleIndex, speakers: set[str], codebook: Codebook | None) -> None:
        self._corpus, self._path = corpus, corpus.folder / CLAIMS
        self._articles, self._speakers = articles, speakers
        self._targets = [t.id for t in codebook.targets] if codebook else None
        self._ids: set[str] = set()
        self._continued: list[tuple[Place, str]] = []
        self._spans: dict[tuple[str, str], list[tuple[int, int, Place]]] = {}

    def problems(self) -> Iterator[Problem]:
        for place, claim in shards.read(self._path, Claim):
            if isinstance(claim, list):
                yield from claim
            else:
                for field, message, remedy in self._check(claim, place):
                    yield Problem(place.file, message, remedy, place.line, field)
        lost = [(place, claim_id) for place, claim_id in self._continued if claim_id not in self._ids]
        deleted = _deleted(self._corpus, {claim_id for _, claim_id in lost}) if lost else set()
        for (name, line), claim_id in lost:
            if claim_id not in deleted:
                remedy = did_you_mean(claim_id, self._ids) or "restore that line, or delete this one too"
                yield Problem(name, f"no claim has the id {claim_id!r}", remedy, line, "continues")
        for (name, line), other in sorted(itertools.chain.from_iterable(map(_overlaps, self._spans.values()))):
            where = f"line {other.line}" if other.file == name else f"{other.file}:{other.line}"
            yield Problem(
                name, f"overlaps the claim of {where}", "claims never overlap: move or delete one", line, "start"
            )

    def _check(self, claim: Claim, line: Place) -> Iterator[tuple[str, str, str]]:
        if claim.id in self._ids:
            yield "id", f"{claim.id!r} stands twice", 'keep one; a claim of your own has the id ""'
            return
        if claim.id:
            self._ids.add(claim.id)
        if claim.continues:
            self._continued.append((line, claim.continues))
        if claim.speaker not in self._speakers:
            remedy = did_you_mean(claim.speaker, self._speakers) or "add a line for this speaker there"
            yield "speaker", f"{claim.speaker!r} is in no line of speakers.jsonl", remedy
        if self._targets is not None and claim.target not in self._targets:
            remedy = did_you_mean(claim.target, self._targets) or f"one of {', '.join(self._targets)}"
            yield "target", f"{claim.target!r} is no target of the codebook", remedy
        article = self._articles.get(claim.article)
        if article is None:
            yield "article", f"no article has the id {claim.article!r}", self._articles.nearest(claim.article)
        else:
            self._spans.setdefault((claim.article, claim.target), []).append((claim.start, claim.end, line))
            yield from check_claim(claim, article)


def _deleted(corpus: Corpus, ids: set[str]) -> set[str]:
    """Those of these claims that are not in the file since a person deleted them, as the log or the snapshot tells."""
    try:
        log = corpus.log()
    except CorpusError:
        log = Log()  # its own check tells of every bad line
    base = base_claims(corpus)
    there = shards.read(base, Claim) if shards.files(base) else iter(())
    return {id for id in ids if log.is_gone(id)} | {c.id for _, c in there if isinstance(c, Claim) and c.id in ids}


def _overlaps(spans: list[tuple[int, int, Place]]) -> Iterator[tuple[Place, Place]]:
    """Lines of claims that begin before another one has ended, and that one's line. Spans are start, end, line."""
    reach, reached_by = 0, NOWHERE
    for start, end, line in sorted(spans):
        if start < min(reach, end):
            yield line, reached_by
        if end > reach:
            reach, reached_by = end, line


def _check_anchors(path: Path, articles: ArticleIndex) -> Iterator[Problem]:
    """The problems of `anchors.jsonl`, which stands in a corpus without texts."""
    for line, anchor in wire.read(path, Anchor, str(path)):
        if isinstance(anchor, list):
            yield from anchor
        elif (article := articles.get(anchor.article)) is None:
            message = f"no article has the id {anchor.article!r}"
            yield Problem(str(path), message, articles.nearest(anchor.article), line, "article")
        elif not anchor.start <= anchor.end <= article.length:
            message = f"[{anchor.start}, {anchor.end}) is no span of an article of length {article.length}"
            yield Problem(str(path), message, "delete the line", line, "end")


def _check_decisions(path: Path) -> Iterator[Problem]:
    for line, decision in wire.read(path, Decision, str(path)) if path.exists() else ():
        yield from decision if isinstance(decision, list) else (bad.at(str(path), line) for bad in faults(decision))


def _check_removals(path: Path) -> Iterator[Problem]:
    for _, removal in wire.read(path, Removal, str(path)) if path.exists() else ():
        yield from removal if isinstance(removal, list) else ()


def _check_speakers(path: Path, codebook: Codebook | None, ids: set[str]) -> Iterator[Problem]:
    """The problems of `speakers.jsonl`; fills `ids`."""
    for line, speaker in wire.read(path, Speaker, str(path)):
        if isinstance(speaker, list):
            yield from speaker
        elif speaker.id in ids:
            yield Problem(str(path), f"{speaker.id!r} stands twice", "keep one", line, "id")
        else:
            ids.add(speaker.id)
    for listed in codebook.speakers if codebook else ():
        ids.add(listed.id)
