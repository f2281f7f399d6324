r"""brat standoff: a folder with annotation.conf and, for each article, NAME.txt, NAME.ann and NAME.json.

A claim and target is a text-bound "Claim" with the attributes Stance, Speaker, Quotation and Target, and its note as
an AnnotatorNotes; its source and cue are text-bounds that the relations Said-by and Reported-by lead to. NAME.json is
ours, brat leaves it alone: it says what was exported, and which claim each id is.

brat counts code points. It has no line end or tab within an annotation's text: a span that holds one is written in
fragments around it ("0 5;6 10"), as brat itself does, and read as one span again. Of a note, what would break its line
is written as in JSON (\n, \t, \\).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from annotate.errors import Problem
from annotate.exchange.pages import (
    NO_BOUNDS,
    FileNames,
    Line,
    Page,
    View,
    bounds_of,
    lines_of,
    matched,
    same_words,
    sealed,
    unsealed,
    write_text,
)
from annotate.merging import Bounds
from annotate.records import QUOTATIONS, STANCES, Article, Claim, DecidedField

BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
"""What brat, or Python's `splitlines`, takes for the end of a line or a field."""

ATTRIBUTES: dict[str, DecidedField] = {"Stance": "stance", "Speaker": "speaker", "Quotation": "quotation"}
RELATIONS: dict[str, DecidedField] = {"Said-by": "source", "Reported-by": "cue"}
TYPES = {"source": "Source", "cue": "Cue"}


def export(out: Path, view: View) -> int:
    """Write the folder; how many claims."""
    out.mkdir(parents=True)
    write_text(out / "annotation.conf", _config(view))
    names, count = FileNames(), 0
    for article, claims in view:
        name = names.of(article.id)
        annotations, ids = _annotations(article, claims)
        write_text(out / f"{name}.txt", article.text)
        write_text(out / f"{name}.ann", annotations)
        write_text(out / f"{name}.json", json.dumps({"ids": ids, "exported": sealed(article, claims)}, indent=1) + "\n")
        count += len(claims)
    return count


def _config(view: View) -> str:
    values = {"Stance": STANCES, "Speaker": view.speakers, "Quotation": QUOTATIONS, "Target": view.targets}
    attributes = "".join(f"{name} Arg:Claim, Value:{'|'.join(legal)}\n" for name, legal in values.items())
    relations = "".join(f"{name} Arg1:Claim, Arg2:{TYPES[kind]}\n" for name, kind in RELATIONS.items())
    return f"[entities]\nClaim\nSource\nCue\n\n[relations]\n{relations}\n[events]\n\n[attributes]\n{attributes}"


def _annotations(article: Article, claims: list[Claim]) -> tuple[str, dict[str, str]]:
    """The .ann file, and which claim each text-bound is."""
    rows: list[str] = []
    counts: dict[str, int] = defaultdict(int)
    ids: dict[str, str] = {}
    drawn: dict[tuple[str, str], str] = {}

    def row(letter: str, body: str) -> str:
        counts[letter] += 1
        id = f"{letter}{counts[letter]}"
        rows.append(f"{id}\t{body}\n")
        return id

    def draw(kind: str, span: str) -> str:
        pieces = fragments(article.text, *bounds_of(span))
        places = ";".join(f"{start} {end}" for start, end in pieces)
        return row("T", f"{kind} {places}\t{_reference(article.text, pieces)}")

    for line in lines_of(claims):
        claim = draw("Claim", line.values["span"])
        ids[claim] = line.id
        for name, value in {name: line.values[of] for name, of in ATTRIBUTES.items()}.items():
            row("A", f"{name} {claim} {value}")
        row("A", f"Target {claim} {line.target}")
        for name, kind in RELATIONS.items():
            if (span := line.values[kind]) != NO_BOUNDS:
                other = drawn.get((kind, span)) or draw(TYPES[kind], span)
                drawn[kind, span] = other
                row("R", f"{name} Arg1:{claim} Arg2:{other}")
        if line.values["note"]:
            row("#", f"AnnotatorNotes {claim}\t{escaped(line.values['note'])}")
    return "".join(rows), ids


def fragments(text: str, start: int, end: int) -> list[Bounds]:
    """The parts of a span that brat can write: what stands between line ends and tabs."""
    found = [(start + m.start(), start + m.end()) for m in re.finditer(f"[^{BREAKS}]+", text[start:end])]
    return found or [(start, end)]


def _reference(text: str, pieces: list[Bounds]) -> str:
    return re.sub(f"[{BREAKS}]", " ", " ".join(text[start:end] for start, end in pieces))


def escaped(note: str) -> str:
    """A note on one line."""
    special = {"\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return "".join(special.get(c) or (f"\\u{ord(c):04x}" if c in BREAKS else c) for c in note)


def unescaped(note: str) -> str:
    """A note as it was before `escaped`; what is no escape stays."""
    special = {"\\\\": "\\", "\\n": "\n", "\\t": "\t"}
    return re.sub(r"\\u[0-9a-f]{4}|\\[\\nt]", lambda m: special.get(m[0]) or _char(m[0]), note)


def _char(escape: str) -> str:
    return chr(int(escape.removeprefix("\\u"), base=16))


def read(path: Path, view: View) -> Iterator[Page | Problem]:
    """What the .ann files of a folder say."""
    if not path.is_dir():
        yield Problem(str(path), "no folder", "name the folder that annotate export wrote")
        return
    for file in sorted(path.glob("*.ann")):
        if not file.with_suffix(".json").exists():
            yield Problem(str(file), "no .json beside it", "it comes with the export: copy it back")
    pages = sorted(path.glob("*.json"))
    if not pages:
        yield Problem(str(path), "no file of ours in it", "name the folder that annotate export wrote")
    for page in pages:
        yield from _page(page, view)


def _page(page: Path, view: View) -> Iterator[Page | Problem]:
    try:
        beside = json.loads(page.read_text(encoding="utf-8-sig"))
        ids, seal = dict(beside["ids"]), beside["exported"]
    except (ValueError, KeyError, TypeError):
        ids, seal = {}, None
    held = unsealed(seal, view, str(page), 0)
    if isinstance(held, Problem):
        yield held
        return
    article, exported = held
    file, text = page.with_suffix(".ann"), page.with_suffix(".txt")
    if text.exists() and text.read_bytes() != article.text.encode():
        yield Problem(str(text), "the text is not the article's", "it must come back as it was exported")
        return
    try:
        rows = file.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        yield Problem(str(file), f"cannot be read: {error}", "restore it; it is empty where every claim was deleted")
        return
    reader = _Annotations(article, str(file))
    for number, row in enumerate(rows, 1):
        if row.strip():
            reader.hear(row.removesuffix("\r"), number)
    said = matched(reader.lines(ids), exported)
    yield from reader.problems
    yield Page(str(file), 0, article.id, exported, [_as_written(line, exported, article) for line in said])


def _as_written(line: Line, exported: list[Line], article: Article) -> Line:
    """The line with its spans as they were, where only the line ends at their edges were left out."""
    old = next((one for one in exported if one.id == line.id), None)
    values = dict(line.values)
    names: tuple[DecidedField, ...] = ("span", "source", "cue")
    for name in names if old else ():
        assert old is not None
        if (was := old.values[name]) != NO_BOUNDS and _around(fragments(article.text, *bounds_of(was))) == values[name]:
            values[name] = was
    return replace(line, values=values)


def _around(pieces: list[Bounds]) -> str:
    return f"{pieces[0][0]}:{pieces[-1][1]}"


class _Annotations:
    """One .ann file, row by row."""

    def __init__(self, article: Article, file: str) -> None:
        self._article, self._file = article, file
        self._drawn: dict[str, tuple[str, str, int]] = {}
        """T… → its type, span and row."""
        self._said: dict[str, dict[str, str]] = defaultdict(dict)
        self._pointed: list[tuple[str, str, str, int]] = []
        self.problems: list[Problem] = []

    def hear(self, row: str, number: int) -> None:
        id, _, body = row.partition("\t")
        head, _, rest = body.partition("\t")
        words = head.split(" ")
        if re.fullmatch(r"T\d+", id):
            self._draw(id, words[0], head.partition(" ")[2], rest, number)
        elif re.fullmatch(r"[AM]\d+", id) and len(words) == 3 and words[0] in (*ATTRIBUTES, "Target"):
            self._say(words[1], words[0], words[2], number)
        elif re.fullmatch(r"R\d+", id) and len(words) == 3 and words[0] in RELATIONS:
            ends = dict(word.partition(":")[::2] for word in words[1:])
            self._pointed.append((words[0], ends.get("Arg1", ""), ends.get("Arg2", ""), number))
        elif re.fullmatch(r"#\d+", id) and len(words) == 2 and words[0] == "AnnotatorNotes":
            self._say(words[1], "note", unescaped(rest), number)
        else:
            what = f"{row[:40]!r} is no annotation of ours"
            self._tell(number, what, "annotation.conf lists what there is; take the line out", "")

    def _draw(self, id: str, kind: str, places: str, quote: str, number: int) -> None:
        if kind not in ("Claim", *TYPES.values()):
            self._tell(number, f"{kind!r} is no type of ours", f"one of Claim, {', '.join(TYPES.values())}", "type")
        elif not re.fullmatch(r"\d+ \d+(;\d+ \d+)*", places):
            self._tell(number, f"{places!r} are no offsets", "restore them", "offsets")
        else:
            pieces = [bounds_of(piece.replace(" ", ":")) for piece in places.split(";")]
            if problem := self._wrong(pieces, quote):
                self._tell(number, problem, "draw it again", "offsets")
            else:
                self._drawn[id] = (kind, _around(pieces), number)

    def _wrong(self, pieces: list[Bounds], quote: str) -> str:
        """What is wrong with the fragments of a span, if anything is."""
        text = self._article.text
        if any(start >= end or end > len(text) for start, end in pieces):
            return f"{pieces} lies outside the article, which has {len(text)} characters"
        if any(text[a[1] : b[0]].strip() or a[1] > b[0] for a, b in pairwise(pieces)):
            return "the span leaves words out, and a claim is in one piece"
        if not same_words(quote, there := _reference(text, pieces)):
            return f"the article has {there[:40]!r} there, not {quote[:40]!r}"
        return ""

    def _say(self, id: str, name: str, value: str, number: int) -> None:
        if self._said[id].setdefault(name, value) != value:
            self._tell(number, f"{id} has two values: {self._said[id][name]!r} and {value!r}", "keep one", name)

    def lines(self, ids: Mapping[str, Any]) -> list[Line]:
        """A line for each claim; `ids` says which one each text-bound was."""
        for id in self._said.keys() - {id for id, (kind, *_) in self._drawn.items() if kind == "Claim"}:
            self._tell(0, f"{id} has attributes or a note, and is no claim that can be read", "take them out", id)
        spans = self._spans()
        found: list[Line] = []
        for id, (kind, span, number) in self._drawn.items():
            if kind != "Claim":
                continue
            said = self._said[id]
            if missing := [name for name in ("Stance", "Target") if not said.get(name)]:
                self._tell(number, f"{id} has no {missing[0]}", "give it one, or delete it", missing[0])
                continue
            values = {of: said.get(name, "") for name, of in ATTRIBUTES.items() if name in said or of == "speaker"}
            values |= {**spans[id], "span": span, "note": said.get("note", "")}
            found.append(Line(str(ids.get(id, "")), said["Target"], values, number))
        return found

    def _spans(self) -> dict[str, dict[DecidedField, str]]:
        """Claim → the spans of its source and cue."""
        found: dict[str, dict[DecidedField, str]] = defaultdict(lambda: {"source": NO_BOUNDS, "cue": NO_BOUNDS})
        for name, claim, other, number in self._pointed:
            of, (kind, span, _) = RELATIONS[name], self._drawn.get(other, ("", "", 0))
            if self._drawn.get(claim, ("",))[0] != "Claim" or kind != TYPES[of]:
                self._tell(number, f"no claim and {of} that can be read", "delete the relation", name)
            elif found[claim][of] not in (NO_BOUNDS, span):
                self._tell(number, f"{claim} has two of these", "delete one", name)
            else:
                found[claim][of] = span
        return found

    def _tell(self, number: int, message: str, remedy: str, name: str) -> None:
        self.problems.append(Problem(self._file, message, remedy, number, name))
