"""What the formats of other tools have in common: a page is one article, a line what is said of one claim and target.

Every exported page carries, out of its reader's way, what was exported of it (`sealed`). An import compares what the
page says now with that, so that only what a person changed counts, whatever became of the corpus meanwhile.

Offsets are code points here. brat and the Web Annotation model count code points too; so does Label Studio's editor
since 2022, while older ones counted UTF-16 code units, as doccano does where graphemes are not counted: a quotation
that comes with the offsets tells which.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from annotate import wire
from annotate.checking import whereabouts
from annotate.corpus import ARTICLES, CLAIMS, Corpus
from annotate.decisions import value_of
from annotate.errors import Problem
from annotate.merging import Bounds, pair
from annotate.records import NARRATOR, UNKNOWN, Article, Claim, DecidedField, Span, digest
from annotate.shards import Lines
from annotate.texts import ArticleIndex

FIELDS: tuple[DecidedField, ...] = ("stance", "speaker", "span", "source", "cue", "quotation", "note")
NO_BOUNDS = "0:0"
"""The absent span, as the log writes it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a file says of one claim and target, field by field as the log writes it.

    `values` holds only the fields that the format can say. `id` is that of any claim on the same span, "" where the
    tool does not tell; `confirmed` says that a person judged the claim, changed or not.
    """

    id: str
    target: str
    values: dict[DecidedField, str]
    line: int = 0
    annotator: str = ""
    confirmed: bool = False

    @property
    def bounds(self) -> Bounds:
        return bounds_of(self.values["span"])


@dataclass(frozen=True, slots=True)
class Page:
    """What a file says of one article: the lines that were exported, and those that stand there now.

    A line that was exported and is not said any more was deleted, unless the page is not the `whole` of what is said.
    """

    file: str
    line: int
    article: str
    exported: list[Line]
    said: list[Line]
    whole: bool = True


class View:
    """A corpus article by article, in constant memory."""

    def __init__(self, corpus: Corpus) -> None:
        self.folder, self.codebook = corpus.folder, corpus.codebook
        self.names = {speaker.id: speaker.name for speaker in self.codebook.speakers}
        self.names |= {speaker.id: speaker.name for speaker in corpus.speakers().values()}
        self.articles = ArticleIndex(corpus.folder / ARTICLES)
        self._corpus = corpus
        self._lines = Lines(corpus.folder / CLAIMS)

    @property
    def speakers(self) -> list[str]:
        """The ids of everybody who may speak."""
        return [*sorted(self.names), NARRATOR, UNKNOWN]

    @property
    def targets(self) -> list[str]:
        return [target.id for target in self.codebook.targets]

    def __iter__(self) -> Iterator[tuple[Article, list[Claim]]]:
        for article in self._corpus.articles():
            yield article, self.claims_of(article.id)

    def claims_of(self, article: str) -> list[Claim]:
        """The claims of one article, in text order."""
        with self._lines.reader() as line_at:
            claims = [_claim(line_at(place)) for place in self._places.get(article, ())]
        return sorted(claims, key=lambda claim: (claim.start, claim.end, claim.target))

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Where each article's lines begin in the claims."""
        places: dict[str, list[int]] = defaultdict(list)
        for line in self._lines:
            places[_claim(line.raw).article].append(line.place)
        return places


def _claim(raw: bytes) -> Claim:
    return wire.load(raw.decode().removeprefix(wire.BOM), Claim)


def bounds_of(value: str) -> Bounds:
    """The span that the log writes as "start:end"."""
    start, end = map(int, value.split(":"))
    return start, end


def lines_of(claims: Iterable[Claim], fields: Sequence[DecidedField] = FIELDS) -> list[Line]:
    """The lines of claims as the corpus has them."""
    return [
        Line(claim.id, claim.target, {name: value_of(claim, name) for name in fields}, 0, claim.annotator)
        for claim in claims
    ]


def places_of(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Lines by their span: what siblings of other targets have in common."""
    places: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        places[line.values["span"]].append(line)
    return dict(places)


def sealed(article: Article, claims: Iterable[Claim]) -> str:
    """What is exported of an article, as one line of JSON for the way there and back."""
    lines = [{"id": line.id, "target": line.target, "annotator": line.annotator} | line.values
             for line in lines_of(claims)]  # fmt: skip
    return json.dumps({"article": article.id, "sha256": article.sha256, "claims": lines}, ensure_ascii=True)


def unsealed(text: object, view: View, file: str, line: int) -> tuple[Article, list[Line]] | Problem:
    """The article that was exported, and its lines then; or why this cannot be imported."""
    try:
        held = json.loads(str(text))
        article_id, sha256 = str(held["article"]), str(held["sha256"])
        lines = [_line(one) for one in held["claims"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        remedy = "import what annotate export wrote, after another tool changed it; this part must come back as it was"
        return Problem(file, "does not say what was exported", remedy, line, "exported")
    article = view.articles.get(article_id)
    if article is None:
        return Problem(
            file, f"no article has the id {article_id!r}", "is it an export of this corpus?", line, "article"
        )
    if article.sha256 != sha256:
        remedy = "import it into the copy that it was exported from, then: annotate import … --format corpus"
        return Problem(file, f"the text of {article_id!r} has changed since the export", remedy, line, "sha256")
    return article, lines


def _line(one: dict[str, str]) -> Line:
    values: dict[DecidedField, str] = {name: one[name] for name in FIELDS}
    if not all(isinstance(value, str) for value in one.values()):
        raise TypeError
    for name in ("span", "source", "cue"):
        bounds_of(one[name])
    return Line(one["id"], one["target"], values, 0, one["annotator"])


def matched(said: Iterable[Line], exported: Sequence[Line]) -> list[Line]:
    """The lines with the ids that they were exported under; "" for a claim that a person added.

    A tool that keeps no ids is matched by spans: equal ones, then those that overlap by half.
    """
    base, siblings = {line.id: line for line in exported}, places_of(exported)
    ids = {(span, line.target): line.id for span, lines in siblings.items() for line in lines}
    used: set[str] = set()
    done: list[Line] = []
    for line in said:
        anchor = base.get(line.id)
        id = ids.get((anchor.values["span"], line.target), "") if anchor else ""
        done.append(replace(line, id="" if id in used else id))
        used.add(id)
    there = {line.bounds: line.values["span"] for line in exported if line.id not in used}
    rest = {line.bounds for line in done if not line.id}
    pairs = {now: there[then] for then, now in pair(list(there), list(rest))}
    for at, line in enumerate(done):
        if not line.id and line.bounds in pairs:
            id = ids.get((pairs[line.bounds], line.target), "")
            done[at] = replace(line, id="" if id in used else id)
            used.add(id)
    return done


def units(text: str) -> list[int]:
    """Where each code point begins, counted in UTF-16 code units; the last one is the length of the text."""
    return list(accumulate((1 + (char > "\uffff") for char in text), initial=0))


def to_utf16(text: str, offset: int, table: Sequence[int] = ()) -> int:
    """An offset in code points as one in UTF-16 code units; `table` is `units(text)`."""
    return (table or units(text))[offset]


def from_utf16(text: str, offset: int, table: Sequence[int] = ()) -> int:
    """An offset in UTF-16 code units as one in code points; ValueError outside the text or within a code point."""
    table = table or units(text)
    at = bisect_left(table, offset)
    if at == len(table) or table[at] != offset:
        raise ValueError(f"{offset} is no boundary of a text of {table[-1]} UTF-16 code units")
    return at


def quoted(article: Article, start: Any, end: Any, quote: str | None) -> Span | str:
    """The span at these offsets, or what is wrong with it.

    Where a quotation comes with them it must stand there; offsets that count UTF-16 code units are told by it.
    """
    if not (type(start) is int and type(end) is int and 0 <= start < end):
        return f"[{start}, {end}) is no span"
    if end <= article.length:
        text = article.text[start:end]
        if quote is None or same_words(quote, text):
            return Span(start, end, text)
    try:
        first, last = (from_utf16(article.text, offset) for offset in (start, end))
        if quote is not None and same_words(quote, article.text[first:last]):
            return Span(first, last, article.text[first:last])
    except ValueError:
        pass
    if end > article.length:
        return f"[{start}, {end}) lies outside the article, which has {article.length} characters"
    there = article.text[start:end]
    where = whereabouts(Span(start, end, quote or ""), article.text)
    return f"the article has {there[:40]!r} at [{start}, {end}), not {(quote or '')[:40]!r}: {where}"


def same_words(quote: str, text: str) -> bool:
    """Whether a quotation is the text, but for what tools do to white space."""
    return quote == text or re.sub(r"\s|\\n", "", quote) == re.sub(r"\s|\\n", "", text)


@dataclass(slots=True)
class FileNames:
    """A file name for each article: its id, where every file system can hold that and tell it from the others."""

    _taken: set[str] = field(default_factory=set)

    def of(self, article: str) -> str:
        reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|annotation|.*\.", article)
        name = digest(article, letter="a") if reserved or len(article) > 100 else article
        if name.lower() in self._taken:
            name = digest(article, letter="a")
        self._taken.add(name.lower())
        return name


def write_text(path: Path, text: str) -> None:
    """Write UTF-8, line ends as they are."""
    path.write_bytes(text.encode())


def json_items(path: Path) -> Iterator[Any]:
    """The items of a file that is one JSON array, read one at a time; ValueError where it is none."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8-sig") as file:
        buffer, ended = file.read(1 << 16).lstrip(), False
        if not buffer.startswith("["):
            raise ValueError("not a JSON array")
        buffer = buffer[1:]
        while True:
            buffer = buffer.lstrip(" \t\r\n,")
            if buffer.startswith("]"):
                if (buffer[1:] + file.read()).strip():
                    raise ValueError("more than one JSON array")
                return
            try:
                item, end = decoder.raw_decode(buffer)
            except ValueError:
                if ended:
                    raise
            else:
                yield item
                buffer = buffer[end:]
                continue
            more = file.read(max(1 << 16, len(buffer)))
            buffer, ended = buffer + more, not more
