"""Articles and claims in one file each or in many: where their lines lie, how they are read, how they are cut.

A path such as `CORPUS/claims.jsonl` stands for the lines of the claims wherever they lie: in that file, or in shards
beside it, `claims-00000-of-00016.jsonl` and so on, which are read one after the other as if they were one file.
Article i of n is written into shard ⌊i·N/n⌋ of N, so that equal corpora have equal shards whatever machine made them,
and a claim into the shard of its article. People may edit any of them; a shard may be empty.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from annotate import wire
from annotate.errors import CorpusError, Problem, UsageError
from annotate.storage import STATE, file_sha256

MOST = 99_999
"""Shards that their names can count."""

_SHARD = re.compile(r"(.+)-[0-9]{5}-of-(?!0{5})([0-9]{5})")


class Line(NamedTuple):
    """A line that is not blank: its file, its number there, and the byte at which it begins in all files together."""

    file: Path
    number: int
    place: int
    raw: bytes


class Place(NamedTuple):
    """Where a line stands."""

    file: str
    line: int


def shard_name(name: str, number: int, count: int) -> str:
    """`claims-00003-of-00016.jsonl`."""
    path = Path(name)
    return f"{path.stem}-{number:05d}-of-{count:05d}{path.suffix}"


def pattern(path: Path) -> str:
    """The name that stands for all the files of `path`, such as `claims-*-of-00016.jsonl`."""
    counts = {_count_of(file) for file in files(path)} - {0}
    return f"{path.stem}-*-of-{max(counts):05d}{path.suffix}" if counts else path.name


def pattern_of(name: str, count: int) -> str:
    """The name that stands for all the files that `name` is kept in."""
    path = Path(name)
    return name if count < 2 else f"{path.stem}-*-of-{count:05d}{path.suffix}"


def shards_of(name: str, names: Iterable[str]) -> list[str]:
    """Those of these names that are shards of `name`, in order."""
    stem, suffix = Path(name).stem, Path(name).suffix
    found = ((other, _SHARD.fullmatch(Path(other).stem)) for other in names if other.endswith(suffix))
    return sorted(other for other, match in found if match and match[1] == stem)


def files(path: Path) -> list[Path]:
    """Every file that holds lines of `path`, in order, whether they fit together or not."""
    found = (file.name for file in path.parent.glob(f"{path.stem}-*-of-*{path.suffix}") if file.is_file())
    return [path] * path.is_file() + [path.with_name(name) for name in shards_of(path.name, found)]


def parts(path: Path) -> list[Path]:
    """The files that hold the lines of `path`, in order, none where there are none; CorpusError for a mixture."""
    found = files(path)
    if problem := _mixture(path, found):
        raise CorpusError(f"{path.parent}: is not whole", [problem])
    return found


def shape(*paths: Path) -> int:
    """How many files each of these is kept in, 0 where none of them is there; CorpusError for a mixture."""
    counts = {path: len(parts(path)) for path in paths}
    some, *others = {count: path for path, count in counts.items() if count} or {0: Path()}
    if others:
        told = " and ".join(f"{path.name} in {count}" for path, count in counts.items())
        remedy = "both are kept in as many files: restore what was moved, renamed or joined"
        problem = Problem(str(paths[0].parent), f"holds {told} files", remedy)
        raise CorpusError(f"{paths[0].parent}: is not whole", [problem])
    return some


def sha256(path: Path) -> str:
    """The hex SHA-256 of the lines as if they stood in one file, "" where there is none."""
    found = parts(path)
    if len(found) < 2:
        return file_sha256(path if not found else found[0])
    digest = hashlib.sha256()
    for part in found:
        with part.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


class Lines:
    """The lines of `path`, to be gone through in order, and to be read again by their places."""

    def __init__(self, path: Path) -> None:
        """CorpusError where the files do not fit together; FileNotFoundError, on reading, where there is none."""
        self.files = parts(path) or [path]
        sizes = (file.stat().st_size for file in self.files[:-1])
        self._starts = list(itertools.accumulate(sizes, initial=0))

    def __iter__(self) -> Iterator[Line]:
        for file, place in zip(self.files, self._starts, strict=True):
            with file.open("rb") as lines:
                for number, raw in enumerate(lines, 1):
                    if raw.strip():
                        yield Line(file, number, place, raw)
                    place += len(raw)  # noqa: PLW2901

    def part(self, place: int) -> int:
        """Which of the files holds the line at this place."""
        return bisect_right(self._starts, place) - 1

    @contextmanager
    def reader(self) -> Iterator[Callable[[int], bytes]]:
        """What reads the line at a place; one file is open at a time."""
        with ExitStack() as held:
            opened: dict[int, BinaryIO] = {}

            def line(place: int) -> bytes:
                part = self.part(place)
                if part not in opened:
                    held.close()
                    opened.clear()
                    opened[part] = held.enter_context(self.files[part].open("rb"))
                opened[part].seek(place - self._starts[part])
                return opened[part].readline()

            yield line


def read(path: Path, kind: type[wire.Record]) -> Iterator[tuple[Place, wire.Record | list[Problem]]]:
    """Where it stands, and the record or what is wrong with the line, for every line that is not blank."""
    for file in parts(path) or [path]:
        name = str(file)
        for number, record in wire.read(file, kind, name):
            yield Place(name, number), record


def legal_count(count: int) -> None:
    """UsageError for a number of shards that cannot be."""
    if not 1 <= count <= MOST:
        raise UsageError(f"--shards {count}: a number from 1 to {MOST}; 1 keeps articles and claims in one file each")


def cut_articles(path: Path, count: int) -> dict[str, int]:
    """Cut the file of articles that the software wrote into shards; in which one each article stands now."""
    with path.open("rb") as lines:
        total = sum(1 for _ in lines)
    where: dict[str, int] = {}
    numbers = itertools.count()

    def shard(raw: bytes) -> int:
        where[wire.ids(raw)[0]] = number = next(numbers) * count // total
        return number

    _cut(path, count, shard)
    return where


def cut_claims(path: Path, count: int, where: Callable[[str], int | None]) -> None:
    """Cut the file of claims that the software wrote into shards; `where` tells that of an article.

    A claim of no article goes where the one before it went.
    """
    last = 0

    def shard(raw: bytes) -> int:
        nonlocal last
        there = where(wire.ids(raw)[1])
        last = last if there is None else there
        return last

    _cut(path, count, shard)


def _cut(path: Path, count: int, shard: Callable[[bytes], int]) -> None:
    """Deal the lines of a file out to shards, each in the order in which they come; the file is gone then."""
    out = [path.with_name(shard_name(path.name, number, count)) for number in range(count)]
    for file in out:
        file.touch()
    with path.open("rb") as lines:
        for number, run in itertools.groupby(lines, shard):
            with out[number].open("ab") as more:
                more.writelines(run)
    path.unlink()


def _count_of(file: Path) -> int:
    """How many shards a file's name speaks of, 0 for a file that is no shard."""
    match = _SHARD.fullmatch(file.stem)
    return int(match[2]) if match else 0


def _mixture(path: Path, found: list[Path]) -> Problem | None:
    """What does not fit together among the files of `path`."""
    counts = sorted({_count_of(file) for file in found})
    if len(counts) > 1:
        forms = [[file.name for file in found if _count_of(file) == count] for count in counts]
        told = ", beside ".join(f"{names[0]} and {len(names) - 1} more" if names[1:] else names[0] for names in forms)
        remedy = "they are one corpus twice, or a half-made copy: move all but one of these forms out of the folder"
        return Problem(str(path.parent), f"holds {told}", remedy)
    names = {shard_name(path.name, number, count) for count in counts if count for number in range(count)}
    for file in found if names else ():
        if file.name not in names:
            return Problem(str(file), f"there are {counts[0]} shards, counted from 0", "move it out of the folder")
    if missing := sorted(names - {file.name for file in found}):
        told = f"{len(missing)} of {counts[0]} shards are missing" if missing[1:] else "is missing"
        remedy = f"restore it from a copy, or from {STATE}/base as it was last written; a shard may be empty"
        return Problem(str(path.with_name(missing[0])), told, remedy)
    return None
