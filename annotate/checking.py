"""Every invariant of a corpus folder, and every place where it does not hold."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

from annotate import wire
from annotate.codebook import Codebook
from annotate.corpus import ARTICLES, CLAIMS, SPEAKERS, Corpus
from annotate.errors import CodebookError, Problem
from annotate.records import NARRATOR, NO_PREDICTION, NO_SPAN, UNKNOWN, Article, Claim, Span, Speaker, text_digest

TEXTS_AT_HAND = 64
"""How many articles' texts are kept in memory while the claims stream by."""


def check(corpus: Corpus) -> Iterator[Problem]:
    """Every problem of the corpus, file by file."""
    try:
        codebook: Codebook | None = corpus.codebook
    except CodebookError as error:
        codebook = None
        yield from error.problems
    index = _ArticleIndex(corpus.folder / ARTICLES)
    yield from index.problems
    speakers: set[str] = {NARRATOR, UNKNOWN}
    yield from _check_speakers(corpus.folder / SPEAKERS, codebook, speakers)
    yield from _Claims(corpus.folder / CLAIMS, index, speakers, codebook).problems()


def check_article(article: Article) -> Iterator[tuple[str, str, str]]:
    """Field, message and remedy of what is wrong with one article; a stand-off article has no text."""
    if not article.text and article.length:
        return
    if len(article.text) != article.length:
        yield "length", f"{article.length}, but the text has {len(article.text)} code points", "the text must stay as it was read"
    elif hashlib.sha256(article.text.encode()).hexdigest() != article.sha256:
        yield "sha256", "is not the text's", "the text must stay as it was read: restore it"


def check_claim(claim: Claim, article: Article) -> Iterator[tuple[str, str, str]]:
    """Field, message and remedy of what is wrong with one claim, given its article."""
    yield from _check_span("", Span(claim.start, claim.end, claim.text), article)
    if claim.start == claim.end:
        yield "end", "the claim is empty", "delete the line, or give start and end"
    for name, span in (("source", claim.source), ("cue", claim.cue)):
        if span != NO_SPAN:
            yield from _check_span(f"{name}.", span, article)
    moved = (claim.start, claim.end) != (claim.prediction.start, claim.prediction.end)
    if claim.text and not moved and claim.digest != text_digest(claim.text):
        yield "digest", "is not the text's digest", "only the software writes it: restore it"
    yield from _check_prediction(claim)


def _check_span(prefix: str, span: Span, article: Article) -> Iterator[tuple[str, str, str]]:
    if span.start > span.end or span.end > article.length:
        yield f"{prefix}end", f"[{span.start}, {span.end}) is no span of an article of length {article.length}", ""
    elif article.text and article.text[span.start : span.end] != span.text:
        there = article.text[span.start : span.end]
        at = article.text.find(span.text) if span.text else -1
        remedy = f"the text stands at [{at}, {at + len(span.text)})" if at >= 0 else "copy the text from the article"
        yield f"{prefix}text", f"the article has {there[:40]!r} at [{span.start}, {span.end})", remedy


def _check_prediction(claim: Claim) -> Iterator[tuple[str, str, str]]:
    prediction = claim.prediction
    if prediction == NO_PREDICTION:
        return
    if prediction.seal != prediction.seal_for(claim.id):
        yield "prediction.seal", "the prediction was edited", "restore it; labels are corrected in stance and speaker"
    scores = (prediction.scores.favor, prediction.scores.neutral, prediction.scores.against)
    if not math.isclose(sum(scores), 1.0, abs_tol=1e-6):
        yield "prediction.scores", f"sum to {sum(scores):g}, not 1", "restore them"


class _ArticleIndex:
    """Articles by id, read from the file when asked for, the last few kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        self._texts: OrderedDict[str, Article] = OrderedDict()
        self.problems = list(self._scan())

    def _scan(self) -> Iterator[Problem]:
        name, place = str(self._path), 0
        with self._path.open("rb") as lines:
            lengths = (len(line) for line in lines)
            for (number, article), size in zip(wire.read(self._path, Article, name), lengths, strict=True):
                if isinstance(article, list):
                    yield from article
                elif article.id in self._places:
                    yield Problem(name, f"{article.id!r} stands twice", "keep one", number, "id")
                else:
                    self._places[article.id] = place
                    for field, message, remedy in check_article(article):
                        yield Problem(name, message, remedy, number, field)
                place += size

    def get(self, article_id: str) -> Article | None:
        if article_id in self._texts:
            self._texts.move_to_end(article_id)
        elif article_id in self._places:
            with self._path.open("rb") as file:
                file.seek(self._places[article_id])
                line = file.readline().decode().removeprefix(wire.BOM)
            self._texts[article_id] = wire.load(line, Article)
            if len(self._texts) > TEXTS_AT_HAND:
                self._texts.popitem(last=False)
        return self._texts.get(article_id)

    def nearest(self, article_id: str) -> str:
        return _did_you_mean(article_id, self._places)


class _Claims:
    """The checks of `claims.jsonl`, line by line and between lines."""

    def __init__(self, path: Path, articles: _ArticleIndex, speakers: set[str], codebook: Codebook | None) -> None:
        self._path, self._articles, self._speakers = path, articles, speakers
        self._targets = {t.id for t in codebook.targets} if codebook else None
        self._ids: set[str] = set()
        self._continued: list[tuple[int, str]] = []
        self._spans: dict[tuple[str, str], list[tuple[int, int, int]]] = {}

    def problems(self) -> Iterator[Problem]:
        name = str(self._path)
        for line, claim in wire.read(self._path, Claim, name):
            if isinstance(claim, list):
                yield from claim
            else:
                for field, message, remedy in self._check(claim, line):
                    yield Problem(name, message, remedy, line, field)
        for line, claim_id in self._continued:
            if claim_id not in self._ids:
                yield Problem(name, f"no claim has the id {claim_id!r}", "", line, "continues")
        for spans in self._spans.values():
            for (_, end, _), (start, _, line) in itertools.pairwise(sorted(spans)):
                if start < end:
                    yield Problem(name, "overlaps another claim of the article", "claims never overlap", line, "start")

    def _check(self, claim: Claim, line: int) -> Iterator[tuple[str, str, str]]:
        if claim.id in self._ids:
            yield "id", f"{claim.id!r} stands twice", 'keep one; a claim of your own has the id ""'
        if claim.id:
            self._ids.add(claim.id)
        if claim.continues:
            self._continued.append((line, claim.continues))
        if claim.speaker not in self._speakers:
            yield "speaker", f"{claim.speaker!r} is in no line of speakers.jsonl", _did_you_mean(claim.speaker, self._speakers)
        if self._targets is not None and claim.target not in self._targets:
            yield "target", f"{claim.target!r} is no target of the codebook", _did_you_mean(claim.target, self._targets)
        self._spans.setdefault((claim.article, claim.target), []).append((claim.start, claim.end, line))
        article = self._articles.get(claim.article)
        if article is None:
            yield "article", f"no article has the id {claim.article!r}", self._articles.nearest(claim.article)
        else:
            yield from check_claim(claim, article)


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


def _did_you_mean(word: str, choices: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(choices), 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else ""
