"""A stand-off corpus with its texts put back, from copies of the articles that the reader has.

- A copy whose sha256 is the article's gives back what was stripped, byte for byte; a title, where the copy has one.
- For any other article, the copy is sought that holds most of its claims, told by `anchors.jsonl`; at least half of
  them must be there. Every span is then placed anew in it, the prediction is sealed anew, ids stay, and what people
  decided of spans is said again in the log, in their names and with the mode "reanchor".
- A claim that cannot be placed, with its source, its cue and every span that people's words on it speak of, is left
  out of `claims.jsonl`, stands in `unplaced.jsonl` as it was, and is named. An article without a copy stays as it was.
"""

from __future__ import annotations

import shutil
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from annotate import wire
from annotate.anchoring import LONG, Placed, Wanted, place, words_of
from annotate.articles import read_articles
from annotate.corpus import ANCHORS, ARTICLES, CLAIMS, DECISIONS, REMOVALS, SPEAKERS, UNPLACED, Corpus
from annotate.decisions import Log, filled, folded, spans_of
from annotate.errors import ArticleError, Problem
from annotate.founding import founding, source, write_prose
from annotate.moving import Move
from annotate.records import Anchor, Article, Claim, Decision
from annotate.revising import Revision, append
from annotate.texts import ArticleIndex

TELLING = 12
"""Claims of an article by which its copies are sought."""
ENOUGH = 0.5
"""The share of an article's longer spans that a copy must hold."""


@dataclass(slots=True)
class Hydrated:
    """What was put back: articles to the letter, articles whose spans were placed anew, and what is not there."""

    exact: int = 0
    moved: int = 0
    missing: list[str] = field(default_factory=list)
    claims: int = 0
    unplaced: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.missing or self.unplaced)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        said = f"{self.claims} claims; {self.exact} articles to the letter, {self.moved} with spans placed anew"
        said += f"; {len(self.unplaced)} claims could not be placed" if self.unplaced else ""
        return said + (f"; {len(self.missing)} articles have no copy and no text" if self.missing else "")


def hydrate(folder: Path, out: Path, inputs: Iterable[str | Path]) -> Hydrated:
    """Write the corpus with the texts of `inputs` (whatever `read_articles` reads) into `out`, new or empty.

    Raises ArticleError where no article could be read at all, CorpusError where the corpus has problems.
    """
    with source(folder) as (corpus, log), founding(out, corpus.shards) as revision:
        copies = _Copies(corpus, revision.change.scratch("copies.jsonl"), inputs)
        done = Hydrated(problems=copies.problems)
        _Hydration(corpus, log, revision, copies, done).write(out)
        revision.close()
    return done


class _Found(NamedTuple):
    """The copy of an article; `spans` is empty where it is the article to the letter."""

    copy: str
    spans: array[int]


class _Copies:
    """The reader's copies, each found for an article or left aside."""

    def __init__(self, corpus: Corpus, kept: Path, inputs: Iterable[str | Path]) -> None:
        self.lacking = {one.id: one.sha256 for one in corpus.articles() if one.length > len(one.text)}
        self.problems: list[Problem] = []
        self.found: dict[str, _Found] = {}
        self.anchors = _Anchors(corpus.folder / ANCHORS)
        votes = self._read(inputs, kept)
        self._texts = ArticleIndex(kept)
        self._choose(votes)

    def of(self, article: str) -> Article | None:
        """The copy found for an article."""
        return self._texts.get(self.found[article].copy) if article in self.found else None

    def moved(self, article: str) -> bool:
        return article in self.found and bool(self.found[article].spans)

    def spans(self, article: str) -> Placed:
        """Where the spans of a moved article stand in its copy."""
        return _unpacked(self.found[article].spans)

    def _read(self, inputs: Iterable[str | Path], kept: Path) -> dict[str, Counter[str]]:
        """Keep the copies that may be of use; for each article that has none to the letter, those that tell of it."""
        exact: dict[str, list[str]] = defaultdict(list)
        for id, sha256 in self.lacking.items():
            exact[sha256].append(id)
        telling, wanted = self.anchors.telling(self.lacking)
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        read = 0
        with kept.open("w", encoding="utf-8", newline="\n") as file:
            for copy in read_articles(inputs):
                if isinstance(copy, Problem):
                    self.problems.append(copy)
                    continue
                read += 1
                owners = exact.get(copy.sha256, [])
                self.found |= {id: _Found(copy.id, array("q")) for id in owners}
                told = [] if owners else [id for one in wanted.find(words_of(copy.text)) for id in telling[one]]
                for id in told:
                    votes[id][copy.id] += 1
                if owners or told:
                    file.write(wire.dump(copy) + "\n")
        if not read:
            raise ArticleError("no article could be read; nothing was written", self.problems)
        return votes

    def _choose(self, votes: dict[str, Counter[str]]) -> None:
        """For each article the copy that holds most of its spans, each copy for one article."""
        able: list[tuple[int, str, str, array[int]]] = []
        for id in sorted(votes.keys() - self.found.keys()):
            anchors = self.anchors.of(id)
            for copy, _ in votes[id].most_common(3):
                article = self._texts.get(copy)
                assert article is not None
                placed = place(anchors, article.text)
                long = [placed[one.start, one.end] for one in anchors if one.words >= LONG]
                there = len(long) - long.count(None)
                if there >= ENOUGH * len(long):
                    able.append((-there, id, copy, _packed(placed)))
        used = {found.copy for found in self.found.values()}
        for _, id, copy, spans in sorted(able, key=lambda one: one[:3]):
            if id not in self.found and copy not in used:
                used.add(copy)
                self.found[id] = _Found(copy, spans)


class _Anchors:
    """The lines of `anchors.jsonl`, none where there is no such file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self._lengths: Counter[int] = Counter()
        for at, one in self._lines():
            self._places[one.article].append(at)
            self._lengths[one.words] += 1

    def _lines(self) -> Iterator[tuple[int, Anchor]]:
        if not self._path.exists():
            return
        at = 0
        with self._path.open("rb") as lines:
            for raw in lines:
                if raw.strip():
                    yield at, _anchor(raw)
                at += len(raw)

    def of(self, article: str) -> list[Anchor]:
        if article not in self._places:
            return []
        anchors = []
        with self._path.open("rb") as file:
            for at in self._places[article]:
                file.seek(at)
                anchors.append(_anchor(file.readline()))
        return anchors

    def telling(self, articles: Iterable[str]) -> tuple[dict[str, list[str]], Wanted]:
        """Digests to look for in copies, and the articles that each tells of.

        Of each article those few of its spans whose number of words is the most usual, so that a copy is gone
        through a few times, not once for every length that a claim has.
        """
        telling: dict[str, list[str]] = defaultdict(list)
        wanted: dict[str, Anchor] = {}
        for id in articles:
            long = {one.digest: one for one in self.of(id) if one.words >= LONG}
            usual = sorted(long.values(), key=lambda one: (-self._lengths[one.words], one.words, one.digest))
            for one in usual[:TELLING]:
                telling[one.digest].append(id)
                wanted[one.digest] = one
        return telling, Wanted(wanted.values())

    def remaining(self, articles: set[str]) -> Iterator[Anchor]:
        return (one for _, one in self._lines() if one.article in articles)


class _Hydration:
    """The corpus on its way from without to with its texts."""

    def __init__(self, corpus: Corpus, log: Log, revision: Revision, copies: _Copies, done: Hydrated) -> None:
        self._corpus, self._log, self._revision = corpus, log, revision
        self._copies, self._done = copies, done
        self._move = lru_cache(maxsize=16)(self._moving)
        self._unplaced: set[str] = set()

    def write(self, out: Path) -> None:
        """Stage every file."""
        change = self._revision.change
        self._revision.write_articles(map(self._article, self._corpus.articles()))
        beside = change.scratch("unplaced")
        if wire.write(beside, self._left_out(out)):
            beside.replace(change.path(UNPLACED))
        self._write_log()
        claims = (self._whole(claim) for claim in self._corpus.claims() if claim.id not in self._unplaced)
        log = Log.read(change.path(DECISIONS))
        self._done.claims = wire.write(change.path(CLAIMS), folded(claims, log, self._texts.get))
        if missing := set(self._done.missing):
            wire.write(change.path(ANCHORS), self._copies.anchors.remaining(missing))
        self._copy_others()

    @cached_property
    def _texts(self) -> ArticleIndex:
        """The articles with their texts, once they were written."""
        return ArticleIndex(self._revision.change.path(ARTICLES))

    def _moving(self, article: str) -> Move:
        whole = self._texts.get(article)
        assert whole is not None
        return Move(whole, self._copies.spans(article), self._log)

    def _article(self, article: Article) -> Article:
        if article.id not in self._copies.lacking:
            return article
        copy = self._copies.of(article.id)
        if copy is None:
            self._done.missing.append(article.id)
            where = f" of {article.url}" if article.url else ""
            problem = Problem(article.id, f"no copy{where} was found", "its claims stay without text")
            self._done.problems.append(problem)
            return article
        if self._copies.moved(article.id):
            self._done.moved += 1
        else:
            self._done.exact += 1
        url = copy.url if copy.url.startswith(article.url) else article.url
        return replace(article, title=copy.title, url=url, sha256=copy.sha256, length=copy.length, text=copy.text)

    def _left_out(self, out: Path) -> Iterator[Claim]:
        """The claims that cannot be placed."""
        for claim in self._corpus.claims():
            if self._is_moved(claim) and not self._move(claim.article).placeable(claim.id, spans_of(claim)):
                self._unplaced.add(claim.id)
                self._done.unplaced.append(claim.id)
                copy = self._copies.found[claim.article].copy
                message = f"claim {claim.id} of {claim.article} could not be placed in the copy {copy}"
                line = len(self._done.unplaced)
                self._done.problems.append(Problem(str(out / UNPLACED), message, "it is left out", line))
                yield claim

    def _is_moved(self, claim: Claim) -> bool:
        return self._copies.moved(claim.article)

    def _whole(self, claim: Claim) -> Claim:
        """The claim with its texts, in its place."""
        if claim.article not in self._copies.found:
            return claim
        claim = replace(claim, continues="" if claim.continues in self._unplaced else claim.continues)
        if self._is_moved(claim):
            return self._move(claim.article).moved(claim)
        article = self._texts.get(claim.article)
        assert article is not None
        return filled(claim, article)

    def _write_log(self) -> None:
        """The log as it was, and what people decided of spans said again of the copies."""
        append(self._corpus.folder / DECISIONS, self._revision.change.path(DECISIONS), self._decisions())

    def _decisions(self) -> Iterator[Decision]:
        for claim in self._corpus.claims():
            if claim.id in self._log and self._is_moved(claim) and claim.id not in self._unplaced:
                yield from self._move(claim.article).said_again(claim.id, self._corpus.version)
        for id, line in self._log.lines():
            if self._log.is_gone(id) and self._is_moved(line):
                yield from self._move(line.article).said_again(id, self._corpus.version)

    def _copy_others(self) -> None:
        for name in (SPEAKERS, REMOVALS):
            if (self._corpus.folder / name).exists():
                shutil.copyfile(self._corpus.folder / name, self._revision.change.path(name))
        write_prose(self._corpus, self._revision)


def _anchor(raw: bytes) -> Anchor:
    return wire.load(raw.decode().removeprefix(wire.BOM), Anchor)


def _packed(placed: Placed) -> array[int]:
    """Four numbers a span, since there are many: where it stood and where it stands, -1 where that is not clear."""
    return array("q", (number for old, new in placed.items() for number in (*old, *(new or (-1, -1)))))


def _unpacked(numbers: array[int]) -> Placed:
    four = [iter(numbers)] * 4
    return {(a, b): (c, d) if c >= 0 else None for a, b, c, d in zip(*four, strict=True)}
