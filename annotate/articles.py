"""Articles from files, folders and standard input: each becomes one frozen text, or the problem that kept it out.

inputs → sources (files) → rows (what an article is made of) → articles

A file of a document format (.txt, .md, .html) is one article; each row of a table (.jsonl, .csv, .parquet)
is one. Text from .txt and from tables is taken code point by code point; .md and .html are turned into
plain text once, here. From then on every offset points into that text, and nothing changes it.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import glob
import gzip
import html
import io
import json
import math
import re
import sys
import unicodedata
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jsonlines

from annotate import urls
from annotate.errors import Problem
from annotate.records import Article, digest

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_LENGTH = 1_000_000
"""The longest article that is read unless the caller says otherwise, in code points."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns of a table (.jsonl, .csv, .parquet); only `text` has to be there."""

    text: str = "text"
    id: str = "id"
    title: str = "title"
    outlet: str = "outlet"
    author: str = "author"
    date: str = "date"
    url: str = "url"


_FIELDS = tuple(field.name for field in fields(Columns))
_METADATA = ("title", "outlet", "author", "date", "url")


def read_articles(
    inputs: Iterable[str | Path],
    columns: Columns = Columns(),
    *,
    language: str = "en",
    max_length: int = MAX_LENGTH,
) -> Iterator[Article | Problem]:
    """The articles of files, folders, patterns, URLs and "-" (standard input, plain text), and a problem for each
    that is rejected.

    Streams, in the order of `inputs`; a folder is walked in sorted order, hidden files and the companions
    of a saved page (pictures, scripts, styles) left out. Nothing is raised for bad input, and none of it
    costs another article its place. `language` is noted on every article; `max_length` is in code points.

    The id is the one given in a table (see `legal_id`), the name of a document's file, its path below a
    folder that was given, or else made from the text. An id or a text that came before is a problem.
    """
    how = _How(columns, language, max_length)
    gate = _Gate(how)
    for source in _sources([inputs] if isinstance(inputs, str) else inputs):
        if isinstance(source, Problem):
            yield source
        else:
            yield from (gate.judge(source, row) for row in _rows(source, how))


def counted(inputs: Iterable[str | Path]) -> int:
    """How many articles the inputs seem to hold, 0 where only reading them tells: for a progress bar."""
    inputs = [inputs] if isinstance(inputs, str) else list(inputs)
    if any(urls.is_url(str(item)) for item in inputs):  # counting would fetch everything twice
        return 0
    counts = [_count(source.path) for source in _sources(inputs) if isinstance(source, _Source)]
    return sum(counts) if all(counts) else 0


def legal_id(name: str) -> str:
    """`name` where it is a legal id, else one made from it, the same each time.

    Accents are dropped, every run of other characters becomes "-", and "a-" goes in front unless a letter
    is there. Where letters or digits had to go that have no ASCII form, a hash of the name is added, so
    that names in other scripts stay apart.
    """
    if _LEGAL_ID.fullmatch(name):
        return name
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    legal = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-")
    if not legal or any(c.isalnum() and not c.isascii() for c in plain):
        legal = f"{legal}-{digest(name, letter='h', size=8)}".strip("-")
    return legal if legal[0].isalpha() else f"a-{legal}"


_LEGAL_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")  # records.Id; a test keeps the two equal


class _Rejected(Exception):
    """Why something is no article: raised where a file ends with it, yielded where the next row goes on."""

    def __init__(self, message: str, remedy: str, *, line: int = 0, field: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.line, self.field = message, remedy, line, field


@dataclass(frozen=True, slots=True)
class _How:
    """What `read_articles` was asked for."""

    columns: Columns
    language: str
    max_length: int


@dataclass(frozen=True, slots=True)
class _Row:
    """What one article is made of, unchecked: values by field of `Columns`; `line` is 0 for a document."""

    values: Mapping[str, object]
    line: int = 0


# Inputs → sources


@dataclass(frozen=True, slots=True)
class _Source:
    """One file to read: `name` as problems call it, no `path` for standard input, `id` for a document in it.

    Of a file elsewhere `url` says where it is, and `path` only what it is called.
    """

    name: str
    path: Path | None
    id: str = ""
    url: str = ""

    def open(self) -> AbstractContextManager[io.BufferedIOBase]:
        if self.url:
            return urls.opened(self.url)
        if self.path is None:
            return nullcontext(cast(io.BufferedIOBase, sys.stdin.buffer))
        return self.path.open("rb")


def _sources(inputs: Iterable[str | Path]) -> Iterator[_Source | Problem]:
    given: set[str | Path] = set()
    for item in map(str, inputs):
        place = item if item == "-" or urls.is_url(item) else Path(item).absolute()
        if place in given:
            yield Problem(_shown(item), "this input is given twice", "it was read the first time; name it once")
        else:
            given.add(place)
            yield from _sources_of(item)


def _sources_of(item: str) -> Iterator[_Source | Problem]:
    path = Path(item)
    if item == "-":
        yield _Source("<stdin>", None)
    elif not item:  # Path("") would be the working directory
        yield Problem("''", "the path is empty", "name a file, a folder, or - for standard input")
    elif urls.is_url(item):
        yield from _elsewhere(item)
    elif _is_folder(path):
        yield from _folder(path)
    elif any(character in item for character in "*?[") and not path.exists():
        yield from _matches(item)
    else:
        yield _Source(_shown(path), path, _slug(path, path.parent))


def _matches(pattern: str) -> Iterator[_Source | Problem]:
    """The files and folders that a pattern names, where the shell has not seen to that."""
    found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 — Path.glob takes no absolute pattern
    if not found:
        yield Problem(_shown(pattern), "nothing is called so", "check the pattern")
    for path in map(Path, found):
        yield from _folder(path) if _is_folder(path) else [_Source(_shown(path), path, _slug(path, path.parent))]


def _elsewhere(url: str) -> Iterator[_Source | Problem]:
    name = _shown(urls.shown(url))
    try:
        found = urls.files(url)
    except ImportError as error:
        yield Problem(name, f"what reads such URLs is not installed: {error}", "install it with pip")
        return
    except Exception as error:  # noqa: BLE001 — every store has errors of its own
        yield Problem(
            name, f"cannot be read: {str(error) or type(error).__name__}", "check the URL and your access to it"
        )
        return
    wanted = [(file, path) for file, path in found if not any(map(_is_passed_over, path.parts))]
    if not wanted:
        yield Problem(name, "no articles in this folder, or nothing is called so", f"known are {_known()}")
    for file, path in wanted:
        yield _Source(_shown(urls.shown(file)), Path(urls.named(file)), _slug(Path(path), Path()), file)


# A browser saves these beside a page and a file manager leaves these behind: no one means them as articles.
_COMPANIONS = frozenset({
    ".avif", ".bmp", ".css", ".db", ".eot", ".gif", ".ico", ".ini", ".jpeg", ".jpg", ".js", ".mjs", ".mp3", ".mp4",
    ".ogg", ".otf", ".png", ".svg", ".tif", ".tiff", ".ttf", ".webm", ".webp", ".woff", ".woff2",
})  # fmt: skip


def _folder(folder: Path) -> Iterator[_Source | Problem]:
    empty = True
    for path in _walk(folder):
        empty = False
        yield path if isinstance(path, Problem) else _Source(_shown(path), path, _slug(path, folder))
    if empty:
        yield Problem(_shown(folder), "no articles in this folder", f"known are {_known()}")


def _walk(folder: Path) -> Iterator[Path | Problem]:
    """The files below `folder`, by name; links to folders are not followed, as they may lead back."""
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        yield Problem(_shown(folder), f"the folder cannot be read: {error.strerror}", "check its permissions")
        return
    for path in entries:
        if _is_passed_over(path.name):
            continue
        if not _is_folder(path):
            yield path
        elif path.is_symlink():
            yield Problem(_shown(path), "a link to a folder is not followed", "name that folder as an input too")
        else:
            yield from _walk(path)


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or Path(name).suffix.lower() in _COMPANIONS


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no permission to look, before Python 3.12: opening it will say so
        return False


def _slug(path: Path, folder: Path) -> str:
    relative = _shown(path.relative_to(folder).as_posix())
    return legal_id(relative[: len(relative) - len(_suffix(path))])


def _suffix(path: Path) -> str:
    """The suffix that tells the format, in small letters: ".txt", ".jsonl.gz", or ""."""
    ends = path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:]
    return "".join(ends).lower()


def _shown(path: str | Path) -> str:
    """A path that can be printed: names need not be valid Unicode on Linux."""
    return str(path).encode("utf-8", "backslashreplace").decode()


# Sources → rows


def _rows(source: _Source, how: _How) -> Iterator[_Row | _Rejected]:
    empty = True
    try:
        with source.open() as file:
            for row in _reader(source.path)(file, how):
                empty = False
                yield row
        if empty:
            yield _Rejected("no articles in this file", "check that it was saved in full")
    except _Rejected as rejected:
        yield rejected
    except FileNotFoundError:
        yield _Rejected("no such file or folder", "check the path")
    except (OSError, ValueError) as error:
        yield _Rejected(f"cannot be read: {error}", "check the file and its permissions")
    except Exception as error:
        if not source.url:
            raise
        yield _Rejected(f"cannot be read: {error!r}", "check the URL and your access to it")


def _reader(path: Path | None) -> _Reader:
    if path is None:
        return _text_rows
    try:
        return READERS[_suffix(path)]
    except KeyError:
        kind = f"files that end in {_suffix(path)!r}" if _suffix(path) else "files without a suffix"
        raise _Rejected(f"{kind} cannot be read", f"known are {_known()}") from None


def _text_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row]:
    """The whole file as it is; a short first line with a blank line below it is the title as well."""
    text = _decoded(_whole(file, how.max_length))
    first = _FIRST_LINE.match(text)
    yield _Row({"text": text, "title": first[1].strip() if first else ""})


_FIRST_LINE = re.compile(r"([^\r\n]{1,199})(?>\r\n|\r|\n)[ \t]*[\r\n]")  # atomic: \r\n is not a blank line


def _html_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row]:
    """The main text of a page, a blank line between paragraphs, and what the page says about itself."""
    page = _decoded_page(_whole(file, how.max_length))
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    try:
        # Dates only where the page states them: the extensive search guesses, from the day of the run too.
        found = bare_extraction(
            page,
            favor_precision=True,  # a menu taken for text would become claims
            include_comments=False,
            with_metadata=True,
            date_extraction_params={"original_date": True, "extensive_search": False},
        )
    except Exception as error:  # whatever it makes of a hostile page, the next one is read
        raise _Rejected(f"the page cannot be parsed: {error!r}", "save the article's text as .txt") from error
    paragraphs = (found.text or "").split("\n") if isinstance(found, Document) else []
    text = "\n\n".join(stripped for paragraph in paragraphs if (stripped := paragraph.strip()))
    if not isinstance(found, Document) or not text:
        raise _Rejected("no main text was found on this page", "save the article's text as .txt", field="text")
    yield _Row({"text": text, "title": found.title, "outlet": found.sitename, "author": found.author,
                "date": found.date, "url": found.url})  # fmt: skip


def _markdown_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row]:
    """The words of a Markdown file, a blank line between blocks; the title is the front matter's or a first `#`."""
    from markdown_it import MarkdownIt

    matter, body = _front_matter(_decoded(_whole(file, how.max_length)))
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    blocks = [_block(token) for token in tokens]
    title = blocks[1] if tokens and tokens[0].tag == "h1" else ""
    yield _Row({"title": title} | matter | {"text": "\n\n".join(filter(None, blocks))})


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The simple `key: value` lines between a first `---` and the next that we know, and the text below."""
    matter = _FRONT_MATTER.match(text)
    if matter is None:
        return {}, text
    pairs = (line.partition(":") for line in matter[1].splitlines())
    known = {key.strip().lower(): value.strip() for key, _, value in pairs}
    simple = {key: _unquoted(value) for key, value in known.items() if key in _METADATA and value[:1] not in "[{|>&*"}
    return simple, text[matter.end() :]


# A first line after "---" that is no `key:` means that "---" is a rule between paragraphs.
_FRONT_MATTER = re.compile(
    r"---[ \t]*\r?\n(?=[\w-]+[ \t]*:)(.*?)^(?:---|\.\.\.)[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE
)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _block(token: Token) -> str:
    match token.type:
        case "inline":
            text = "".join(map(_inline, token.children or ()))
        case "fence" | "code_block":
            text = token.content
        case "html_block":
            text = html.unescape(_TAG.sub("", token.content))
        case _:
            text = ""
    return text.strip(" \t\n")


def _inline(token: Token) -> str:
    match token.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "html_inline" | "image":  # a picture's description is not what the article says
            return ""
        case _:
            return token.content


# What is opened and never closed runs to the end, as in CommonMark: no input makes this slow.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|</?[a-z!?][^<>]*>", re.DOTALL | re.IGNORECASE
)  # fmt: skip


def _json_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row | _Rejected]:
    """One object a line; an invalid line costs itself only. Lines without text are told at the end, together."""
    names: dict[str, None] = {}  # an ordered set
    without_text = []
    for number, line in _lines(file, _most_bytes(how.max_length)):
        try:
            values = _json_object(line)
        except _Rejected as rejected:
            yield _Rejected(rejected.message, rejected.remedy, line=number)
            continue
        names.update(dict.fromkeys(values))
        if how.columns.text in values:
            yield _Row(_picked(values, how.columns), number)
        else:
            without_text.append(number)
    if not names:
        return
    yield from _missing(how.columns, names)
    if how.columns.text in names:
        for number in without_text:
            yield _Rejected(
                f"no {how.columns.text!r} on this line", "give it a text", line=number, field=how.columns.text
            )


def _json_object(line: bytes | None) -> dict[str, object]:
    if line is None:
        raise _Rejected("the line is longer than any article may be", "split it, or raise --max-length")
    try:
        # The standard parser whatever else is installed: others differ on NaN and lone surrogates.
        return jsonlines.Reader([line], loads=json.loads).read(type=dict)
    except jsonlines.InvalidLineError as error:
        raise _Rejected(error.message.removesuffix(" (line 1)"), "each line must be one JSON object") from error
    except RecursionError:
        raise _Rejected("the JSON is nested too deeply", "each line must be one flat JSON object") from None


def _lines(file: io.BufferedIOBase, most: int) -> Iterator[tuple[int, bytes | None]]:
    """The lines that are not blank, numbered from 1; None for one of more than `most` bytes, never held in memory."""
    number = 0
    while line := file.readline(most):
        number += 1
        if number == 1 and line.startswith(_UTF16_BOMS):
            raise _Rejected("the file is UTF-16, JSON Lines are UTF-8", "convert it: iconv -f UTF-16 -t UTF-8")
        if len(line) == most and not line.endswith(b"\n"):
            while (rest := file.readline(most)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif line.strip():
            yield number, line


def _gzip_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row | _Rejected]:
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield from _json_rows(unpacked, how)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"the gzip data is cut off or damaged, nothing after it was read: {error}"
        raise _Rejected(message, "copy or download the file again") from error


def _csv_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row | _Rejected]:
    """Comma-separated, with a header. A ragged or undecodable row costs itself only.

    Broken quoting ends the file: where the next row begins can no longer be known, and a guess would put
    wrongly cut text into the corpus.
    """
    records = _csv_records(file)
    header = next(records, (1, []))[1]
    if header:
        yield from _missing(how.columns, header)
    for line, cells in records if how.columns.text in header else ():
        if undecodable := _ESCAPED_BYTE.search("\n".join(cells)):
            message = f"byte 0x{ord(undecodable[0]) - 0xDC00:02X} is not UTF-8"
            yield _Rejected(message, _ICONV, line=line)
        elif len(cells) != len(header):
            message = f"{len(cells)} cells in this row, {len(header)} in the header"
            yield _Rejected(message, "put cells that contain commas or line ends in quotation marks", line=line)
        else:
            yield _Row(_picked(dict(zip(header, cells, strict=True)), how.columns), line)


def _csv_records(file: io.BufferedIOBase) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, with the line where each starts; CRLF inside a cell stays."""
    csv.field_size_limit(2**31 - 1)  # the largest that Windows takes; `max_length` is checked on the text
    utf16 = file.read(2).startswith(_UTF16_BOMS)
    file.seek(0)
    # Bytes that are not UTF-8 travel as lone surrogates, so that they cost their own row only.
    encoding, errors = ("utf-16", "strict") if utf16 else ("utf-8-sig", "surrogateescape")
    with io.TextIOWrapper(file, encoding, errors, newline="") as text:  # type: ignore[type-var]
        reader = csv.reader(text, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except (csv.Error, UnicodeDecodeError) as error:
                message = f"the row that starts here is broken, it and all below were not read: {error}"
                raise _Rejected(message, 'close every quotation, and double a " inside it', line=line) from error
            if cells is None:
                return
            if cells:
                yield line, cells


_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


def _parquet_rows(file: io.BufferedIOBase, how: _How) -> Iterator[_Row | _Rejected]:
    """The rows of a Parquet file; `line` is the number of the row, from 1."""
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    try:
        table = ParquetFile(file)
        names = table.schema_arrow.names
        yield from _missing(how.columns, names)
        wanted = [name for name in {getattr(how.columns, field) for field in _FIELDS} if name in names]
        number = 0
        # Few rows at a time: articles are long, and the default of 65,536 would hold them all.
        for batch in table.iter_batches(batch_size=256, columns=wanted) if how.columns.text in names else ():
            for index in range(batch.num_rows):
                number += 1
                yield _parquet_row({name: batch.column(name)[index] for name in wanted}, how.columns, number)
    except pyarrow.ArrowException as error:
        raise _Rejected(f"this is no sound Parquet file: {error}", "write or download it again") from error


def _count(path: Path | None) -> int:
    """How many articles a file seems to hold, 0 where only reading it tells."""
    try:
        if path is None or _suffix(path) in (".csv", ".jsonl.gz"):
            return 0
        if _suffix(path) == ".parquet":
            import pyarrow.parquet

            return int(pyarrow.parquet.read_metadata(path).num_rows)
        if _suffix(path) == ".jsonl":
            with path.open("rb") as lines:
                return sum(1 for line in lines if line.strip())
    except (OSError, ValueError):
        return 0
    return 1


def _parquet_row(scalars: Mapping[str, Any], columns: Columns, number: int) -> _Row | _Rejected:
    try:
        return _Row(_picked({name: scalar.as_py() for name, scalar in scalars.items()}, columns), number)
    except ValueError as error:  # bytes that are not UTF-8, times finer than a microsecond
        return _Rejected(f"a value cannot be read: {error}", "correct it where the file is made", line=number)


_Reader = Callable[[io.BufferedIOBase, _How], Iterator[_Row | _Rejected]]

READERS: Mapping[str, _Reader] = {
    ".txt": _text_rows,
    ".text": _text_rows,
    ".md": _markdown_rows,
    ".markdown": _markdown_rows,
    ".html": _html_rows,
    ".htm": _html_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".jsonl.gz": _gzip_rows,
    ".ndjson.gz": _gzip_rows,
    ".csv": _csv_rows,
    ".parquet": _parquet_rows,
}
"""How a file is read, by its suffix: (file, columns, longest article) → rows."""


def _known() -> str:
    return ", ".join(READERS)


# Bytes → text

_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ICONV = "convert the file, from the encoding it has: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"


def _most_bytes(max_length: int) -> int:
    """More bytes than an article of `max_length` code points takes: a page has markup, JSON may escape all."""
    return max(12 * max_length, 20_000_000)


def _whole(file: io.BufferedIOBase, max_length: int) -> bytes:
    most = _most_bytes(max_length)
    data = file.read(most + 1)
    if len(data) > most:
        message = f"more than {most:,} bytes, where an article may have {max_length:,} characters"
        raise _Rejected(message, "split it, or raise --max-length")
    return data


def _decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 that says so with a byte order mark; line ends stay what they are."""
    utf16 = data.startswith(_UTF16_BOMS)
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if utf16:
            message = f"the UTF-16 is broken: {error.reason} at byte offset {error.start}"
            raise _Rejected(message, "save it again, as UTF-8", field="text") from None
        if b"\0" in data:
            raise _binary() from None
        # Python counts from behind the byte order mark.
        offset = error.start + len(codecs.BOM_UTF8) * data.startswith(codecs.BOM_UTF8)
        message = f"byte 0x{data[offset]:02X} at byte offset {offset} is not UTF-8"
        raise _Rejected(message, _ICONV, field="text") from None
    if "\0" in text:
        raise _binary()
    return text


def _binary() -> _Rejected:
    return _Rejected("it holds NUL characters: is it a binary file?", "save it as plain text", field="text")


def _decoded_page(data: bytes) -> str:
    """As `_decoded`, or in the encoding that the page itself declares: old pages are often not UTF-8."""
    try:
        return _decoded(data)
    except _Rejected:
        declared = re.search(rb"charset=[\"']?\s*([\w-]+)", data[:1024], re.IGNORECASE)
        if declared is None:
            raise
        name = declared[1].decode("ascii", "replace").lower()
        try:
            return data.decode(_AS_BROWSERS.get(name, name))
        except (LookupError, ValueError):
            pass
        raise


_AS_BROWSERS = dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "windows-1252")  # WHATWG


# Columns


def _picked(values: Mapping[str, object], columns: Columns) -> dict[str, object]:
    return {field: values.get(getattr(columns, field)) for field in _FIELDS}


def _missing(columns: Columns, names: Collection[str]) -> Iterator[_Rejected]:
    """A rejection per column that should be there: `text`, and those that the caller named differently."""
    there = ", ".join(map(repr, list(names)[:30])) or "none"
    by_lower = {name.lower(): name for name in names}
    for field in _FIELDS:
        column = getattr(columns, field)
        if column in names or (field != "text" and column == field):
            continue
        near = difflib.get_close_matches(column.lower(), by_lower, n=1)
        remedy = f"did you mean {by_lower[near[0]]!r}?" if near else f"say which column holds the {field}"
        yield _Rejected(f"no column {column!r}; there are {there}", remedy, field=column)


# Rows → articles


class _Gate:
    """Lets an article in if it is sound and neither its id nor its text came before; keeps a line of memory each."""

    def __init__(self, how: _How) -> None:
        self._how = how
        self._place_of_id: dict[str, str] = {}
        self._id_of_text: dict[str, str] = {}

    def judge(self, source: _Source, row: _Row | _Rejected) -> Article | Problem:
        try:
            if isinstance(row, _Rejected):
                raise row
            return self._admitted(self._article(source, row), source, row)
        except _Rejected as rejected:
            # A row's fields are known to its author by the names of the columns.
            field = rejected.field
            if isinstance(row, _Row) and row.line and field:
                field = getattr(self._how.columns, field)
            return Problem(source.name, rejected.message, rejected.remedy, row.line, field)

    def _article(self, source: _Source, row: _Row) -> Article:
        text = _article_text(row.values["text"], self._how.max_length)
        strings = {field: _string(row.values.get(field), field) for field in ("id", *_METADATA)}
        given = strings.pop("id")
        return Article.of(text, legal_id(given) if given.strip() else _document_id(source, row), **strings,
                          language=self._how.language)  # fmt: skip

    def _admitted(self, article: Article, source: _Source, row: _Row) -> Article:
        place = f"{source.name}:{row.line}" if row.line else source.name
        if first := self._id_of_text.get(article.sha256):
            message = f"duplicate of {first} ({self._place_of_id[first]}): the text is the same"
            raise _Rejected(message, "keep one of the two", field="text")
        if taken := self._place_of_id.get(article.id):
            message = f"the id {article.id} is already that of another text, in {taken}"
            raise _Rejected(message, "give it an id of its own" if row.line else "rename one of the files", field="id")
        self._id_of_text[article.sha256] = article.id
        self._place_of_id[article.id] = place
        return article


def _document_id(source: _Source, row: _Row) -> str:
    return "" if row.line else source.id


def _article_text(value: object, max_length: int) -> str:
    if not isinstance(value, str) and not _is_absent(value):
        message = f"the text must be a string, not {type(value).__name__}"
        raise _Rejected(message, "name the column that holds the article's text", field="text")
    text = _string(value, "text")
    if not text.strip():
        raise _Rejected("the text is empty", "leave it out, or give it its text", field="text")
    if len(text) > max_length:
        message = f"the text has {len(text):,} characters, the limit is {max_length:,}"
        raise _Rejected(message, "split it, or raise --max-length", field="text")
    return text


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _string(value: object, field: str) -> str:
    """A cell as a string that every file can hold: "" for what is absent, lists joined by commas."""
    match value:
        case str():
            return _sound(value, field)
        case _ if _is_absent(value):
            return ""
        case int() | float() | Decimal():
            return str(value)
        case date() | time():
            return value.isoformat()
        case list():
            return ", ".join(filter(None, (_string(item, field) for item in value)))
        case _:
            raise _Rejected(f"must be a string, not {type(value).__name__}", "write it as a string", field=field)


def _sound(string: str, field: str) -> str:
    if half := _SURROGATE.search(string):
        message = f"half a character, U+{ord(half[0]):04X}, at character {half.start()}"
        raise _Rejected(message, "write that character again, or leave it out", field=field)
    if "\0" in string:
        raise _Rejected("it holds NUL characters: is it binary data?", "leave them out", field=field)
    return string


_SURROGATE = re.compile("[\ud800-\udfff]")
