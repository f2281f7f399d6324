"""CSV and Parquet: one row per claim line, nested keys as dotted columns, and what was exported of it in `exported`.

What a person may change in `claims.jsonl` they may change here, by the same rules: a moved span takes its text along,
a new row has the id "", one's own name in `annotator` confirms the stance. The columns of `prediction`, and any that a
person adds, are not read. A cell of CSV that a spreadsheet would take for a formula (= + - @, tab, CR) has an
apostrophe in front, as has one that begins with an apostrophe; import takes one away.

A row that is gone was deleted, which is certain only while the article's claims are those that were exported; where no
row of an article is left, the file says nothing of it.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, get_type_hints

from annotate import wire
from annotate.errors import Problem
from annotate.exchange.pages import NO_BOUNDS, Line, Page, View, lines_of, quoted, unsealed
from annotate.records import Article, Claim, DecidedField, digest

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
EXPORTED = "exported"
ROWS = 2000
"""Rows that are held at a time."""

Row = dict[str, Any]


def columns(kind: type[Any] = Claim, prefix: str = "") -> dict[str, type]:
    """The dotted columns of a claim's line, and whether they hold text, whole numbers or scores."""
    found: dict[str, type] = {}
    hints = get_type_hints(kind)
    for one in fields(kind):
        hint, name = hints[one.name], prefix + one.name
        if isinstance(hint, type) and is_dataclass(hint):
            found |= columns(hint, f"{name}.")
        else:
            found[name] = hint if hint in (int, float) else str
    return found


def _rows(view: View) -> Iterator[Row]:
    for article, claims in view:
        of = _token(claim.id for claim in claims)
        for claim, line in zip(claims, lines_of(claims), strict=True):
            seal = {"id": line.id, "target": line.target, "annotator": line.annotator} | line.values
            held = {"article": article.id, "sha256": article.sha256, "claims": [seal], "of": of}
            yield _flat(json.loads(wire.dump(claim))) | {EXPORTED: json.dumps(held)}


def _token(ids: Iterable[str]) -> str:
    """What tells whether an article's claims are still those that were exported."""
    return digest(*sorted(ids), letter="t")


def _flat(record: Row, prefix: str = "") -> Row:
    flat: Row = {}
    for key, value in record.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def export_csv(out: Path, view: View) -> int:
    """Write the rows as CSV (UTF-8 with the byte-order mark that spreadsheets look for); how many."""
    count = 0
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow([*columns(), EXPORTED])
        for row in _rows(view):
            writer.writerow([safe(value) if isinstance(value, str) else value for value in row.values()])
            count += 1
    return count


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def unsafe(cell: str) -> str:
    """A cell as it was before `safe`."""
    return cell.removeprefix("'")


def export_parquet(out: Path, view: View) -> int:
    """Write the rows as Parquet, typed; how many."""
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]

    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    names = columns() | {EXPORTED: str}
    schema = pyarrow.schema([pyarrow.field(name, types[kind], nullable=False) for name, kind in names.items()])
    count = 0
    with ParquetWriter(out, schema, compression="zstd") as writer:
        for _, batch in groupby(enumerate(_rows(view)), key=lambda numbered: numbered[0] // ROWS):
            rows = [row for _, row in batch]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def read_csv(path: Path, view: View) -> Iterator[Page | Problem]:
    """What the rows of a CSV say."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",", restval=None)
            cells = ({key: unsafe(value) if isinstance(value, str) else value for key, value in row.items() if key}
                     for row in rows)  # fmt: skip
            yield from _Table(view, str(path)).pages(rows.fieldnames or [], cells)
    except (csv.Error, UnicodeDecodeError) as error:
        yield Problem(str(path), f"not CSV in UTF-8: {error}", "save it as CSV UTF-8")


def read_parquet(path: Path, view: View) -> Iterator[Page | Problem]:
    """What the rows of a Parquet file say."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as table:
            rows = (row for batch in table.iter_batches(ROWS) for row in batch.to_pylist())
            yield from _Table(view, str(path)).pages(table.schema_arrow.names, rows)
    except pyarrow.ArrowException as error:
        yield Problem(str(path), f"not Parquet: {error}", "import what annotate export wrote")


@dataclass(slots=True)
class _Seen:
    """The rows of an article so far: their ids, and the token that they carry."""

    ids: set[str] = field(default_factory=set)
    token: str = ""


class _Table:
    """Rows, a few of one article at a time."""

    def __init__(self, view: View, file: str) -> None:
        self._view, self._file = view, file
        self._seen: dict[str, _Seen] = defaultdict(_Seen)

    def pages(self, names: Iterable[str], rows: Iterable[Row]) -> Iterator[Page | Problem]:
        needed = [*(name for name in columns() if not name.startswith("prediction.")), EXPORTED]
        if missing := [name for name in needed if name not in {*names}]:
            remedy = "import what annotate export wrote, with every column"
            yield Problem(self._file, f"no column {', '.join(missing[:5])}", remedy, 1)
            return
        for number, row in enumerate(rows, 2):
            if any(value not in (None, "") for value in row.values()):  # a spreadsheet leaves empty rows behind
                yield self._page(row, number)
        for article, seen in self._seen.items():
            yield from self._gone(article, seen)

    def _page(self, row: Row, number: int) -> Page | Problem:
        exported: list[Line] = []
        if row[EXPORTED]:
            held = unsealed(row[EXPORTED], self._view, self._file, number)
            if isinstance(held, Problem):
                return held
            article, exported = held
            if row["id"] != exported[0].id or row["article"] != article.id or row["target"] != exported[0].target:
                remedy = f"restore it; a row of your own has the id and {EXPORTED} empty"
                return Problem(self._file, "is another claim's row", remedy, number, EXPORTED)
            self._seen[article.id].token = json.loads(row[EXPORTED]).get("of", "")
        elif row["id"]:
            return Problem(self._file, "no longer says what was exported", "restore the cell", number, EXPORTED)
        known = self._view.articles.get(str(row["article"]))
        if known is None:
            remedy = self._view.articles.nearest(str(row["article"]))
            return Problem(self._file, f"no article has the id {row['article']!r}", remedy, number, "article")
        if exported and exported[0].id in self._seen[known.id].ids:
            return Problem(self._file, f"{row['id']!r} stands twice", "keep one row", number, "id")
        self._seen[known.id].ids |= {line.id for line in exported}
        line = self._line(row, number, known)
        return line if isinstance(line, Problem) else Page(self._file, number, known.id, exported, [line])

    def _line(self, row: Row, number: int, article: Article) -> Line | Problem:
        values: dict[DecidedField, str] = {}
        names: tuple[DecidedField, ...] = ("stance", "speaker", "quotation", "note")
        for name in (*names, "annotator", "target"):
            if not isinstance(row[name] or "", str):
                return Problem(self._file, f"{row[name]!r} is no text", "write text", number, name)
        values |= {name: row[name] or "" for name in names}
        spans: dict[str, DecidedField] = {"": "span", "source.": "source", "cue.": "cue"}
        for prefix, name in spans.items():
            start, end = (_whole(row[prefix + edge]) for edge in ("start", "end"))
            text = row[prefix + "text"] or ""
            if name != "span" and (start, end, text) == (0, 0, ""):
                values[name] = NO_BOUNDS
                continue
            span = quoted(article, start, end, text if article.text else None)
            if isinstance(span, str):
                remedy = "change start, end and text together"
                return Problem(self._file, span, remedy, number, f"{prefix}start")
            values[name] = f"{span.start}:{span.end}"
        return Line(row["id"] or "", row["target"] or "", values, number, row["annotator"] or "")

    def _gone(self, article: str, seen: _Seen) -> Iterator[Page | Problem]:
        """What was deleted of an article; rows of a person's own count for nothing here."""
        if not seen.token or _token(seen.ids) == seen.token:
            return
        gone = [claim for claim in self._view.claims_of(article) if claim.id not in seen.ids]
        if _token({*seen.ids, *(claim.id for claim in gone)}) == seen.token:
            yield Page(self._file, 0, article, lines_of(gone), [])
        elif gone:
            message = f"rows of article {article!r} are gone, and the corpus has other claims of it since the export"
            yield Problem(self._file, message, "put the rows back, and delete the claims in claims.jsonl instead")


def _whole(value: Any) -> int | None:
    """A whole number, however a spreadsheet or data frame writes it; None where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else None
