"""Records to JSON lines and back: the one module that knows how a line is written.

Reading is forgiving where editors and data frames differ in form (order of keys, `12.0` for `12`,
CRLF, blank lines, a byte-order mark) and strict in everything else.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import jsonlines
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from annotate.errors import Problem
from annotate.records import SCHEMA_VERSION, Anchor, Article, Claim, Decision, Removal, Speaker

Record = TypeVar("Record", Article, Claim, Speaker, Decision, Removal, Anchor)

KINDS: dict[str, type[Any]] = {
    "articles": Article,
    "claims": Claim,
    "speakers": Speaker,
    "decisions": Decision,
    "removals": Removal,
    "anchors": Anchor,
}
"""File stem → the class of its lines."""

BOM = "\ufeff"

TORN = "the last line is torn: a write was cut short"

_LINE_ENDS = str.maketrans({"\u2028": r"\u2028", "\u2029": r"\u2029", "\x85": r"\u0085"})
"""What JSON allows as it is, and editors and `str.splitlines` take for the end of a line."""


class BadLine(ValueError):
    """One thing that is wrong with a line; `field` is "" where the line as a whole is at fault."""

    def __init__(self, message: str, remedy: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.field = message, remedy, field

    def at(self, file: str, line: int) -> Problem:
        return Problem(file, self.message, self.remedy, line, self.field)


class NotJSON(BadLine):
    """The line is not one JSON value."""


class BadLines(ValueError):
    """Everything that is wrong with one line."""

    def __init__(self, bad: list[BadLine]) -> None:
        super().__init__("; ".join(b.message for b in bad))
        self.bad = bad


def dump(record: Article | Claim | Speaker | Decision | Removal | Anchor) -> str:
    """The record as one line, without its line end."""
    return _adapter(type(record)).dump_json(record, by_alias=True).decode().translate(_LINE_ENDS)


def write(path: Path, records: Iterable[Article | Claim | Speaker | Decision | Removal | Anchor]) -> int:
    """Write records to a new file, line by line; the number of lines."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file, jsonlines.Writer(file, dumps=dump) as writer:
        for record in records:
            writer.write(record)
            count += 1
    return count


def read(path: Path, kind: type[Record], name: str = "") -> Iterator[tuple[int, Record | list[Problem]]]:
    """Line number, and the record or what is wrong with the line, for every line that is not blank.

    `name` is what problems call the file.
    """
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if raw.strip():
                yield number, parse(raw, kind, number, name or path.name)


def parse(raw: bytes, kind: type[Record], number: int, name: str) -> Record | list[Problem]:
    """What line `number` of the file `name` holds, or what is wrong with it.

    A line without a line end that is no JSON is reported as torn: a write was cut short there.
    """
    if (record := _quickly(raw, kind)) is not None:
        return record
    try:
        text = raw.decode("utf-8")
        return load(text.removeprefix(BOM) if number == 1 else text, kind)
    except UnicodeDecodeError as error:
        torn = error.end == len(raw)
        bad: list[BadLine] = [BadLine(f"not UTF-8 at byte {error.start} of the line", "save the file as UTF-8")]
    except BadLines as error:
        torn = isinstance(error.bad[0], NotJSON)
        bad = error.bad
    if torn and not raw.endswith(b"\n"):
        bad = [BadLine(TORN, "annotate check --repair sets it aside")]
    return [one.at(name, number) for one in bad]


def _quickly(raw: bytes, kind: type[Record]) -> Record | None:
    """The record of a line as this module writes it; None where anything is out of the ordinary, for `load` to tell.

    pydantic's own JSON parser is five times as fast, and passes over a key that stands twice: so keys are counted.
    """
    if raw.count(b'":') != _key_count(kind):
        return None
    try:
        return _adapter(kind).validate_json(raw)  # type: ignore[no-any-return]
    except ValidationError:
        return None


_KEY_COUNTS: dict[type[Any], int] = {}


def _key_count(kind: type[Any]) -> int:
    """How many keys stand on a line, those of nested objects included."""
    if kind not in _KEY_COUNTS:
        hints = get_type_hints(kind)
        values = [hints[field.name] for field in fields(kind)]
        nested = [hint for hint in values if is_dataclass(hint) and isinstance(hint, type)]
        _KEY_COUNTS[kind] = len(values) + sum(map(_key_count, nested))
    return _KEY_COUNTS[kind]


_IDS = re.compile(rb'\{"schema_version":"[^"]*","id":"([^"]*)"(?:,"article":"([^"]*)")?')


def ids(raw: bytes) -> tuple[str, str]:
    """The id, and that of the article ("" for none), of a line of articles or claims that `dump` made."""
    found = _IDS.match(raw)
    assert found is not None
    return found[1].decode(), (found[2] or b"").decode()


def load(line: str, kind: type[Record]) -> Record:
    """The record that a line holds; raises BadLines."""
    try:
        return _adapter(kind).validate_python(_object(line))  # type: ignore[no-any-return]
    except BadLine as bad:
        raise BadLines([bad]) from None
    except ValidationError as error:
        raise BadLines([_bad_line(detail) for detail in error.errors()]) from None


def _object(line: str) -> dict[str, Any]:
    """The JSON object on a line, of our schema version; raises BadLine."""
    try:
        value = json.loads(line, parse_float=_number, object_pairs_hook=_object_without_twins)
    except BadLine:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJSON(f"not JSON: {error}", "one JSON object a line") from None
    if not isinstance(value, dict):
        raise BadLine("not a JSON object", "one JSON object a line")
    if "\\u" in line:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise BadLine("holds half of a surrogate pair, which UTF-8 cannot say", "remove it") from None
    version = value.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, str) and version != SCHEMA_VERSION and re.fullmatch("v[0-9]{1,9}", version):
        newer = int(version[1:]) > int(SCHEMA_VERSION[1:])
        remedy = "install a newer annotate-stance" if newer else "annotate migrate"
        raise BadLine(f"schema {version}, this software writes {SCHEMA_VERSION}", remedy, "schema_version")
    return value


def schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the class's lines."""
    body = _adapter(kind).json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{kind.__name__} {SCHEMA_VERSION}",
        "description": (kind.__doc__ or "").strip().split("\n")[0],
    }
    return head | {key: value for key, value in body.items() if key not in head}


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _number(literal: str) -> int | float:
    """A data frame may have written 12 as 12.0; a score of 1.0 is as good as 1."""
    value = float(literal)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise BadLine("the key stands twice on the line", "keep one", twin)
    return value


_SPAN = '{"start":0,"end":0,"text":""}'
_SCORE = ("a number from 0 to 1", "restore it")

_KINDS = {
    "string_type": ("a string", 'put it in quotation marks; an absent one is ""'),
    "string_pattern_mismatch": ("an id", "a letter first, then letters, digits, dots, hyphens and underscores"),
    "int_type": ("a whole number", "write it without quotation marks"),
    "greater_than_equal": ("in range", "nothing is less than 0"),
    "less_than_equal": _SCORE,
    "finite_number": _SCORE,
    "float_type": _SCORE,
    "bool_type": ("true or false", "write it without quotation marks"),
    "tuple_type": ("a list", 'write ["…"]'),
    "dataclass_type": ("a JSON object", f"an absent span is {_SPAN}; a prediction is left as it was"),
}
"""What pydantic calls an error → what the value should be, and what to do."""


def _bad_line(detail: ErrorDetails) -> BadLine:
    field = ".".join(map(str, detail["loc"]))
    if detail["type"] == "missing":
        return BadLine("the key is missing", "every key stands on every line", field)
    if detail["type"] == "unexpected_keyword_argument":
        return BadLine("no such key", "remove it, or keep it in a file of your own", field)
    given = detail["input"]
    shown = repr(given) if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
    shown = shown if len(shown) < 60 else f"{shown[:59]}…"
    if detail["type"] == "literal_error":
        legal = re.findall("'([^']+)'", detail["ctx"]["expected"])
        close = difflib.get_close_matches(str(given).lower(), legal, 1, 0.5)
        remedy = f"did you mean {close[0]!r}?" if close else f"one of {', '.join(legal)}"
        return BadLine(f"{shown} is not allowed", remedy, field)
    wanted, remedy = _KINDS.get(detail["type"], (f"right: {detail['msg']}", "restore it"))
    return BadLine(f"{shown} is not {wanted}", remedy, field)
