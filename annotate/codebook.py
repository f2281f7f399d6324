"""What is annotated: targets, hypotheses, listed speakers and guidance, read from one TOML file.

A file is read whole before anything is refused: `CodebookError.problems` lists all its mistakes.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import textwrap
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Strict, TypeAdapter, ValidationError, with_config
from pydantic_core import ErrorDetails, PydanticCustomError

from annotate.errors import CodebookError, Problem
from annotate.records import NARRATOR, UNKNOWN, Id, Probability, Text, digest
from annotate.toml_lines import Place, lines_of

SPEAKERLESS = "the text"
"""What stands for {speaker} where nobody is named: in narrator claims and those of an unknown speaker."""


def slug(name: str) -> str:
    """An id made from a name: "Côte d'Ivoire" gives "cote-d-ivoire"; whatever is no letter or digit, a hyphen.

    Letters that have no ASCII form are left out; a name of nothing else gets "x-" and a digest.
    """
    folded = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    words = re.sub(r"[\W_]+", "-", bare).encode("ascii", "ignore").decode()
    made = re.sub(r"-+", "-", words).strip("-")
    if not made:
        return digest(name.encode(errors="replace").decode(), letter="x-", size=8)
    return made if made[0].isalpha() else f"x-{made}"


# ---- Checks of one value. Each returns it, or raises what `_mistake` turns into a problem. ----


def _wrong(message: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("codebook", "{message}", {"message": message, "remedy": remedy})


def _one_line(text: str) -> str:
    if not text.strip():
        raise _wrong("is empty", "write something between the quotation marks, or leave the key out")
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in text):
        raise _wrong("has a line break or another control character in it", "write it on one line")
    if text != text.strip():
        raise _wrong("has white space around it", f"write {_quoted(text.strip())}")
    return text


_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_LEGAL = {"{speaker}", "{target}", "{{", "}}"}


def _template(text: str) -> str:
    illegal = [found for found in _BRACES.findall(text) if found not in _LEGAL]
    if not illegal:
        return text
    what = ", ".join(f"`{found}`" for found in dict.fromkeys(illegal))
    placeholders = "the placeholders are {speaker} and {target}; a brace itself is written {{ or }}"
    raise _wrong(f"{what} is no placeholder" if len(illegal) == 1 else f"{what} are no placeholders", placeholders)


def _unreserved(id: str) -> str:
    if id.casefold() in {NARRATOR, UNKNOWN}:
        raise _wrong(f"`{id}` is reserved for claims that no listed speaker made", "give this speaker another `id`")
    return id


_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)


def _semantic_version(text: str) -> str:
    if not _SEMVER.fullmatch(text):
        raise _wrong(f"{_quoted(text)} is no version", 'write MAJOR.MINOR.PATCH, such as "1.0.0"')
    return text


def _language_code(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise _wrong(f"{_quoted(text)} is no language code", 'write its code of two or three letters, such as "en"')
    return text


def _some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not items:
        raise _wrong("is an empty list", "put at least one in, or leave the key out if it has a default")
    return items


def _with_id(table: object) -> object:
    """The table with an id made from its name, where it has none. That there is a name is checked elsewhere."""
    return {"id": slug(str(table.get("name", ""))), **table} if isinstance(table, dict) else table


Line = Annotated[str, Strict(), AfterValidator(_one_line)]
Template = Annotated[Line, AfterValidator(_template)]
Templates = Annotated[tuple[Template, ...], AfterValidator(_some)]
_SHUT = with_config({"extra": "forbid"})


# ---- The values ----


@_SHUT
@dataclass(frozen=True, slots=True)
class Hypotheses:
    """Sentences that say that a speaker is for or against; the scores of several are averaged.

    In a codebook they are templates over {speaker} and {target}; `Target.hypotheses_for` fills them in.
    """

    favor: Templates = ("{speaker} supports {target}.",)
    against: Templates = ("{speaker} opposes {target}.",)


@_SHUT
@dataclass(frozen=True, slots=True)
class Target:
    """What stances are about."""

    id: Id
    name: Line
    description: Text = ""
    hypotheses: Hypotheses = Hypotheses()

    def hypotheses_for(self, speaker_name: str) -> Hypotheses:
        """The hypotheses with both names filled in.

        Without a speaker's name ("") they say "the text" for {speaker}: "The text supports …".
        """
        who = speaker_name or SPEAKERLESS
        return Hypotheses(
            tuple(_filled(template, who, self.name) for template in self.hypotheses.favor),
            tuple(_filled(template, who, self.name) for template in self.hypotheses.against),
        )


def _filled(template: str, speaker: str, target: str) -> str:
    """The template with its placeholders replaced once, none looked for in names; a first word gets its capital."""

    def replacement(found: re.Match[str]) -> str:
        name = {"{speaker}": speaker, "{target}": target, "{{": "{", "}}": "}"}[found[0]]
        opens_sentence = found.start() == 0 and found[0] == "{speaker}"
        return name[:1].upper() + name[1:] if opens_sentence else name

    return _BRACES.sub(replacement, _template(template))


@_SHUT
@dataclass(frozen=True, slots=True)
class ListedSpeaker:
    """Somebody the codebook names, so that every spelling of the name leads to one id."""

    id: Annotated[Id, AfterValidator(_unreserved)]
    name: Line
    aliases: tuple[Line, ...] = ()
    role: Text = ""
    pronouns: Literal["he", "she", "they", ""] = ""
    group: Annotated[bool, Strict()] = False


@dataclass(frozen=True, slots=True)
class Codebook:
    """A checked codebook, and in `source` the TOML text that it was read from."""

    id: str
    version: str
    language: str
    guidance: str
    targets: tuple[Target, ...]
    speakers: tuple[ListedSpeaker, ...]
    min_confidence: float
    source: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file's bytes."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Codebook:
        """The codebook in the file `path`. Errors: CodebookError, with all that is wrong."""
        file = os.fspath(path)
        return cls.parse(_decoded(_bytes(Path(file)), file), file)

    @classmethod
    def parse(cls, toml: str, file: str = "codebook.toml") -> Codebook:
        """The codebook that `toml` holds; `file` is named in the problems. Errors: CodebookError."""
        raw = _loaded(toml, file)
        mistakes = list(_repetitions(raw))
        try:
            tables = _shape().validate_python(raw)
        except ValidationError as error:
            mistakes += map(_mistake, error.errors(include_url=False))
        if mistakes:
            raise _refusal(file, _located(mistakes, toml, file))
        head = tables.codebook
        return cls(
            id=head.id or tables.targets[0].id,
            version=head.version,
            language=head.language,
            guidance=head.guidance,
            targets=tables.targets,
            speakers=tables.speakers,
            min_confidence=tables.review.min_confidence,
            source=toml,
        )


def template() -> str:
    """The commented codebook that `annotate init` writes."""
    return resources.files("annotate").joinpath("template.toml").read_text(encoding="utf-8")


# ---- The file's tables ----


@_SHUT
@dataclass(frozen=True, slots=True)
class _Head:
    id: Id = ""
    version: Annotated[Text, AfterValidator(_semantic_version)] = "0.1.0"
    language: Annotated[Text, AfterValidator(_language_code)] = "en"
    guidance: Text = ""


@_SHUT
@dataclass(frozen=True, slots=True)
class _Review:
    min_confidence: Probability = 0.6


@_SHUT
@dataclass(frozen=True, slots=True)
class _Tables:
    targets: Annotated[tuple[Annotated[Target, BeforeValidator(_with_id)], ...], AfterValidator(_some)]
    codebook: _Head = _Head()
    speakers: tuple[Annotated[ListedSpeaker, BeforeValidator(_with_id)], ...] = ()
    review: _Review = _Review()


_KEYS: dict[Place, list[str]] = {
    place: [field.name for field in fields(table)]
    for place, table in {
        (): _Tables,
        ("codebook",): _Head,
        ("targets",): Target,
        ("targets", "hypotheses"): Hypotheses,
        ("speakers",): ListedSpeaker,
        ("review",): _Review,
    }.items()
}


@cache
def _shape() -> TypeAdapter[_Tables]:
    return TypeAdapter(_Tables)


# ---- From a path to TOML's values ----


def _refusal(file: str, problems: Iterable[Problem]) -> CodebookError:
    listed = sorted(problems, key=lambda problem: problem.line)
    count = "a mistake" if len(listed) == 1 else f"{len(listed)} mistakes"
    return CodebookError(f"the codebook {file} has {count}", listed)


def _bytes(path: Path) -> bytes:
    file = str(path)
    if path.is_dir():
        inside = "codebook.toml" if (path / "codebook.toml").is_file() else "CODEBOOK.toml"
        raise _refusal(file, [Problem(file, "is a folder", f"name the file, such as {path / inside}")])
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _refusal(file, [Problem(file, "no such file", f"`annotate init {file}` writes one to fill in")]) from None
    except (OSError, ValueError) as error:
        problem = Problem(file, f"cannot be read: {error}", "check its name and that you may read it")
        raise _refusal(file, [problem]) from None


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(file, "is not UTF-8", "save it with the encoding UTF-8 in your editor", line)
        raise _refusal(file, [problem]) from None


_TOML_REMEDIES = {
    "Invalid value": 'write a text in straight quotation marks, such as name = "…"',
    "Invalid statement": 'write key = "text"; a comment begins with #',
    "Expected '='": 'write key = "text"; a comment begins with #',
    "Expected newline": r"write one key to a line; a quotation mark inside a text is written \"",
    "Expected ']'": "close the header's bracket",
    "Unclosed": "close the bracket",
    "Unterminated": "close the quotation marks",
    "Expected \"'": "close the quotation marks",
    "Illegal character": 'close the quotation marks; a text of several lines stands between """ and """',
    r"Unescaped '\'": r"write \\ for a backslash, or put the text in 'single quotation marks'",
    "Cannot overwrite": "a key stands once in its table: remove one, or begin another [[targets]] or [[speakers]]",
    "Cannot declare": "a table stands once: remove one, or write [[targets]] and [[speakers]] with two brackets",
}
"""What to do about what tomllib says."""


def _loaded(toml: str, file: str) -> dict[str, Any]:
    """What the TOML text says; a byte order mark is passed over."""
    try:
        toml.encode()
        return tomllib.loads(toml.removeprefix("\ufeff"))
    except UnicodeEncodeError as error:
        line, message = toml.count("\n", 0, error.start) + 1, "holds half a surrogate pair, which UTF-8 cannot say"
    except RecursionError:
        line, message = 0, "is nested too deeply"
    except ValueError as error:
        found = re.fullmatch(r"(.*?)(?: \(at (?:line (\d+), column \d+|end of document)\))?", str(error), re.DOTALL)
        said, number = found.groups() if found else (str(error), None)
        line, message = int(number or toml.rstrip().count("\n") + 1), f"is not TOML here: {said}"
    remedy = next((remedy for said, remedy in _TOML_REMEDIES.items() if said in message), "see https://toml.io")
    raise _refusal(file, [Problem(file, message, remedy, line)])


# ---- Mistakes ----


class _Mistake(NamedTuple):
    place: Place
    message: str
    remedy: str


_KINDS = {
    "string_type": ("a text", "put it in quotation marks"),
    "bool_type": ("true or false", "write true or false, without quotation marks"),
    "float_type": ("a number", "write a number without quotation marks, such as 0.6"),
    "tuple_type": ("a list", 'put it in brackets: ["…"]'),
}


def _mistake(error: ErrorDetails) -> _Mistake:
    """What pydantic found, in our words."""
    place, value, context = error["loc"], error["input"], error.get("ctx", {})
    match error["type"]:
        case "codebook":
            said = context["message"], context["remedy"]
        case "unexpected_keyword_argument":
            said = _unknown_key(*place)
        case "missing" if place == ("targets",):
            said = "there is no target", 'write [[targets]], and under it name = "…"'
        case "missing":
            said = "is missing", f'write {place[-1]} = "…" under {_header(place)}'
        case "string_pattern_mismatch":
            said = f"{_quoted(value)} is no id", _id_remedy(value)
        case "literal_error":
            said = f"{_shown(value)} is not known here", f"write {context['expected']}"
        case "greater_than_equal" | "less_than_equal" | "finite_number":
            said = f"{_shown(value)} is not from 0 to 1", "write a number from 0 to 1, such as 0.6"
        case "dataclass_type":
            said = f"must be a table, not {_shown(value)}", f"write {_header(place)}, and its keys below"
        case "tuple_type" if _names(place) in _KEYS:
            said = f"must be a list of tables, not {_shown(value)}", f"write {_header(place)}, with two brackets"
        case kind:
            wanted, remedy = _KINDS.get(kind, (f"something else ({error['msg']})", "`annotate init` writes an example"))
            said = f"must be {wanted}, not {_shown(value)}", remedy
    return _Mistake(place, *said)


def _unknown_key(*place: str | int) -> tuple[str, str]:
    """Message and remedy for a key that its table does not have: misspelt, or of another table."""
    key, here = str(place[-1]), _names(place[:-1])
    message = f"there is no such key {f'under {_header(here)}' if here else 'in a codebook'}"
    homes = [home for home, keys in _KEYS.items() if home and key in keys]
    if near := difflib.get_close_matches(key.lower(), _KEYS[here], n=1):
        return message, f"did you mean `{near[0]}`?"
    if homes:
        above = f", above {_header(here)}" if here[:-1] in homes else ""
        return message, f"move it under {' or '.join(map(_header, homes))}{above}"
    return message, f"the keys here are {', '.join(_KEYS[here])}"


def _id_remedy(value: str) -> str:
    offer = f", such as {_quoted(slug(value))}" if value.strip() else ", or leave the key out"
    return f"write letters, digits and . _ - and begin with a letter{offer}"


def _repetitions(raw: dict[str, Any]) -> Iterator[_Mistake]:
    """What stands twice and may not, in whatever of the tables has its right shape."""
    yield from _repeats(_ids(raw, "targets"), "give one of the two another `id`")
    yield from _repeats(_ids(raw, "speakers"), "give one of the two another `id`, or join them if they are one person")
    yield from _repeats(_speaker_names(raw), "one name leads to one speaker: remove it from one of them")
    for n, target in _tables(raw, "targets"):
        yield from _repeats(_hypotheses(n, target), "remove one of the two")


def _repeats(found: Iterable[tuple[Place, str]], remedy: str) -> Iterator[_Mistake]:
    first: dict[str, Place] = {}
    for place, text in found:
        before = first.setdefault(_folded(text), place)
        if before != place:
            yield _Mistake(place, f"{_quoted(text)} is also {_dotted(before)}", remedy)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _tables(raw: dict[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    listed = raw.get(key)
    yield from ((n, t) for n, t in enumerate(listed if isinstance(listed, list) else []) if isinstance(t, dict))


def _texts(place: Place, value: object) -> Iterator[tuple[Place, str]]:
    """The texts of a value that should be a text or a list of them."""
    if isinstance(value, str) and value.strip():
        yield place, value
    elif isinstance(value, list):
        yield from (((*place, n), item) for n, item in enumerate(value) if isinstance(item, str) and item.strip())


def _ids(raw: dict[str, Any], key: str) -> Iterator[tuple[Place, str]]:
    """Ids, given or made from a name."""
    for n, table in _tables(raw, key):
        name = table.get("name")
        yield from _texts((key, n, "id"), table.get("id", slug(name) if isinstance(name, str) else ""))


def _speaker_names(raw: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Names and aliases; one that a speaker has twice is given once."""
    for n, table in _tables(raw, "speakers"):
        own: dict[str, tuple[Place, str]] = {}
        for key in ("name", "aliases"):
            for place, text in _texts(("speakers", n, key), table.get(key)):
                own.setdefault(_folded(text), (place, text))
        yield from own.values()


def _hypotheses(n: int, target: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The hypotheses of the n-th target, defaults included: one may not be for and against."""
    table = target.get("hypotheses")
    if isinstance(table, dict):
        for key in ("favor", "against"):
            default = list(getattr(Hypotheses(), key))
            yield from _texts(("targets", n, "hypotheses", key), table.get(key, default))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _shown(value: object) -> str:
    match value:
        case str():
            return _quoted(value)
        case bool():
            return str(value).lower()
        case list() | dict():
            return "a list" if isinstance(value, list) else "a table"
        case _:
            return textwrap.shorten(str(value), 40, placeholder="…")


def _names(place: Place) -> Place:
    return tuple(part for part in place if isinstance(part, str))


def _header(place: Place) -> str:
    """The line that begins the table that a place is in, or is."""
    names = _names(place)
    table = next((names[:size] for size in range(len(names), 0, -1) if names[:size] in _KEYS), names)
    name = ".".join(map(str, table))
    return f"[[{name}]]" if name in {"targets", "speakers"} else f"[{name}]"


def _dotted(place: Place) -> str:
    """`targets[1].hypotheses.favor[0]`"""
    return "".join(
        f"[{part}]" if isinstance(part, int) else "." + (part if re.fullmatch(r"[\w-]+", part) else _quoted(part))
        for part in place
    ).removeprefix(".")


def _located(mistakes: Iterable[_Mistake], toml: str, file: str) -> Iterator[Problem]:
    lines = lines_of(toml.removeprefix("\ufeff"))
    for place, message, remedy in mistakes:
        known = next((place[:size] for size in range(len(place), 0, -1) if place[:size] in lines), ())
        yield Problem(file, message, remedy, lines.get(known, 0), _dotted(place))
