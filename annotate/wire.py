"""Records to JSON lines and back: the one module that knows how a line is written.

Reading is forgiving where editors and data frames differ in form (order of keys, `12.0` for `12`,
CRLF, a byte-order mark) and strict in everything else.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import jsonlines
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from annotate.errors import Problem
from annotate.records import SCHEMA_VERSION, Article, Claim, Speaker

Record = TypeVar("Record", Article, Claim, Speaker)

KINDS: dict[str, type[Any]] = {"articles": Article, "claims": Claim, "speakers": Speaker}
"""File stem → the class of its lines."""

BOM = "\ufeff"


class BadLine(ValueError):
    """A line that is no record; `field` is "" where the line as a whole is at fault."""

    def __init__(self, message: str, remedy: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.field = message, remedy, field

    def at(self, file: str, line: int) -> Problem:
        return Problem(file, self.message, self.remedy, line, self.field)


def dump(record: Article | Claim | Speaker) -> str:
    """The record as one line, without its line end."""
    return _adapter(type(record)).dump_json(record).decode()


def write(path: Path, records: Iterable[Article | Claim | Speaker]) -> int:
    """Write records to a new file, line by line; the number of lines."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file, jsonlines.Writer(file, dumps=dump) as writer:
        for record in records:
            writer.write(record)
            count += 1
    return count


def read(path: Path, kind: type[Record], name: str = "") -> Iterator[tuple[int, Record | list[Problem]]]:
    """Line number, and the record or what is wrong with the line, for every line of the file.

    `name` is what problems call the file. A last line without a line end that is no record is
    reported as torn: a write was cut short there.
    """
    name = name or path.name
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                yield number, [Problem(name, f"not UTF-8 at byte {error.start}", "save the file as UTF-8", number)]
                continue
            if number == 1:
                text = text.removeprefix(BOM)
            try:
                yield number, load(text, kind)
            except BadLines as error:
                if raw.endswith(b"\n"):
                    yield number, [bad.at(name, number) for bad in error.bad]
                else:
                    torn = Problem(name, "the last line is torn: a write was cut short", "annotate check --repair", number)
                    yield number, [torn]


class BadLines(ValueError):
    """Everything that is wrong with one line."""

    def __init__(self, bad: list[BadLine]) -> None:
        super().__init__("; ".join(b.message for b in bad))
        self.bad = bad


def load(line: str, kind: type[Record]) -> Record:
    """The record that a line holds; raises BadLines."""
    try:
        value = json.loads(
            line, parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_object_without_twins
        )
    except BadLine as bad:
        raise BadLines([bad]) from None
    except ValueError as error:
        raise BadLines([BadLine(f"not JSON: {error}", "one JSON object a line")]) from None
    if not isinstance(value, dict):
        raise BadLines([BadLine("not a JSON object", "one JSON object a line")])
    version = value.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, str) and version != SCHEMA_VERSION and version[1:].isdigit():
        newer = int(version[1:]) > int(SCHEMA_VERSION[1:])
        remedy = "install a newer annotate-stance" if newer else "annotate migrate"
        raise BadLines([BadLine(f"schema {version}, this software writes {SCHEMA_VERSION}", remedy, "schema_version")])
    try:
        return _adapter(kind).validate_python(value)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise BadLines([_bad_line(detail) for detail in error.errors()]) from None


def schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the class's lines."""
    body = _adapter(kind).json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{kind.__name__} {SCHEMA_VERSION}",
        "description": (kind.__doc__ or "").strip().split("\n")[0],
    }
    return head | {key: value for key, value in body.items() if key not in head}


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _number(literal: str) -> int | float:
    """A data frame may have written 12 as 12.0; a score of 1.0 is as good as 1."""
    value = float(literal)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _no_constant(name: str) -> NoReturn:
    raise BadLine(f"{name} is not a number that JSON knows", "scores are finite, from 0 to 1")


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise BadLine("the key stands twice on the line", "keep one", twin)
    return value


def _bad_line(detail: ErrorDetails) -> BadLine:
    field = ".".join(map(str, detail["loc"]))
    if detail["type"] == "missing":
        return BadLine("the key is missing", "every key stands on every line", field)
    if detail["type"] == "unexpected_keyword_argument":
        return BadLine("no such key", "remove it, or keep it in a file of your own", field)
    given = detail["input"]
    if detail["type"] == "literal_error":
        legal = [x.strip("' ") for x in detail["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        close = difflib.get_close_matches(str(given).lower(), legal, 1, 0.5)
        remedy = f"did you mean {close[0]!r}?" if close else f"one of {', '.join(legal)}"
        return BadLine(f"{given!r} is not allowed", remedy, field)
    shown = json.dumps(given, ensure_ascii=False, default=str)
    return BadLine(f"{shown[:60]}: {detail['msg'].lower()}", "", field)
