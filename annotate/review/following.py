"""Files of a corpus that stays open while other processes and people write to it.

The log is read on from where it was read to, and appended to in one write that is on the disk before it counts. Of
the claims only the lines are parsed that did not stand there before.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from annotate import shards, wire
from annotate.comparison import Difference
from annotate.corpus import CLAIMS, LOG_MARK, Corpus
from annotate.decisions import ArticleOf, Log, faults
from annotate.edits import differences
from annotate.errors import CorpusError, Problem
from annotate.records import Claim, Decision
from annotate.revising import base_claims
from annotate.storage import sync

RESTORE = "the log is only ever appended to: restore it from a copy, or annotate check --repair"


class Stamp(NamedTuple):
    """What tells at a glance that a file is as it was."""

    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file, zeros where there is none."""
        try:
            found = path.stat()
        except OSError:
            return cls(0, 0, 0)
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)

    @classmethod
    def all_of(cls, path: Path) -> tuple[Stamp, ...]:
        """The stamps of the files that hold the lines of `path`, whether they fit together or not."""
        return tuple(map(cls.of, shards.files(path)))


class LogFile:
    """The log of decisions, followed from its first byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Bytes that were read; `news` reads on from there."""
        self._line = 0
        self._open = False
        """Whether the last line was read without a line end."""
        self._sha256 = hashlib.sha256()
        self._stamp = Stamp(0, 0, 0)

    @property
    def sha256(self) -> str:
        """The hex SHA-256 of what was read."""
        return self._sha256.hexdigest()

    def news(self, *, locked: bool = False) -> list[Decision] | None:
        """What was appended since the last call; None where the log no longer begins with what was read.

        A last line that is not whole is left for the next call, unless nobody else can be writing it: `locked`.
        Raises CorpusError for lines that cannot be read.
        """
        stamp = Stamp.of(self.path)
        if stamp == self._stamp:
            return []
        content = self.path.read_bytes() if stamp.size else b""
        if hashlib.sha256(content[: self.size]).digest() != self._sha256.digest():
            return None
        decisions, end = self._parsed(content[self.size :], locked=locked)
        self._take(content[self.size : self.size + end])
        self._stamp = stamp if self.size == stamp.size else Stamp(0, 0, 0)
        return decisions

    def _parsed(self, raw: bytes, *, locked: bool) -> tuple[list[Decision], int]:
        """The decisions on these lines, and how many bytes they take."""
        decisions: list[Decision] = []
        problems: list[Problem] = []
        end = 0
        for number, line in enumerate(raw.splitlines(keepends=True), self._line + 1 - self._open):
            parsed = wire.parse(line, Decision, number, str(self.path)) if line.strip() else None
            if isinstance(parsed, Decision):
                problems += [bad.at(str(self.path), number) for bad in faults(parsed)]
                decisions.append(parsed)
            elif parsed and (locked or line.endswith(b"\n")):
                problems += parsed
            elif parsed:
                break
            end += len(line)
        if problems:
            raise CorpusError(f"{self.path}: the log of decisions is damaged; {RESTORE}", problems)
        return decisions, end

    def _take(self, raw: bytes) -> None:
        """These bytes were read, or written."""
        if raw:
            self._sha256.update(raw)
            self.size += len(raw)
            self._line += raw.count(b"\n")
            self._open = not raw.endswith(b"\n")

    def written(self, decisions: Iterable[Decision]) -> bytes:
        """What `append` is to write for these decisions."""
        lines = "".join(f"{wire.dump(decision)}\n" for decision in decisions)
        return (b"\n" if self._open else b"") + lines.encode()

    def append(self, raw: bytes) -> None:
        """Write at the end, whole or not at all, and return when it is on the disk. The caller holds the lock.

        Raises OSError where the disk is full or fails; the log is then as it was.
        """
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _write(handle, raw)
            self._take(raw)
            if new:
                sync(self.path.parent)
        finally:
            os.close(handle)
        self._stamp = Stamp.of(self.path)


def _write(handle: int, raw: bytes) -> None:
    """One write, then fsync; the file's old length again where either fails."""
    size = os.fstat(handle).st_size
    try:
        if os.write(handle, raw) != len(raw):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, size)
        raise


class ClaimsFile:
    """The claims, in one file or in shards, read again whenever they changed."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus, self._path = corpus, corpus.folder / CLAIMS
        self._known: dict[bytes, Claim] = {}
        """Digest of a line → the claim on it."""
        self._stamps: tuple[Stamp, ...] = ()

    def changed(self) -> bool:
        """Whether the file, or what was noted when it was written, changed since this was asked last."""
        stamps = (*Stamp.all_of(self._path), Stamp.of(self._corpus.folder / LOG_MARK))
        same, self._stamps = stamps == self._stamps, stamps
        return not same

    def again(self) -> None:
        """Let the file count as changed, since it could not be read."""
        self._stamps = ()

    def read(self) -> list[Claim]:
        """The claims that have an id; CorpusError lists every bad line, and ids that stand twice."""
        known: dict[bytes, Claim] = {}
        problems: list[Problem] = []
        ids: set[str] = set()
        for line, digest in _lines(self._path):
            claim = self._known.get(digest) or wire.parse(line.raw, Claim, line.number, str(line.file))
            if isinstance(claim, list):
                problems += claim
            elif claim.id in ids:
                problems.append(Problem(str(line.file), f"{claim.id!r} stands twice", "keep one", line.number, "id"))
            else:
                known[digest] = claim
                ids |= {claim.id} - {""}
        if problems:
            raise CorpusError(f"{self._path}: {len(problems)} problems; annotate check tells them all", problems)
        self._known = known
        return [claim for claim in known.values() if claim.id]

    def edits(self, log: Log, article_of: ArticleOf) -> list[Difference]:
        """What people changed by hand since the software wrote the file; line numbers count for nothing."""
        base = base_claims(self._corpus)
        if shards.sha256(self._path) == shards.sha256(base):
            return []
        if not shards.files(base):
            return list(differences(self._path, base, log, article_of))
        with tempfile.TemporaryDirectory() as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            _copy_lines_not_in(self._path, base, new)
            _copy_lines_not_in(base, self._path, old)
            return list(differences(new, old, log, article_of))


def _lines(path: Path) -> Iterator[tuple[shards.Line, bytes]]:
    """Every line that is not blank, and its digest."""
    for line in shards.Lines(path):
        yield line, hashlib.blake2b(line.raw, digest_size=12).digest()


def _copy_lines_not_in(source: Path, other: Path, out: Path) -> None:
    there = {digest for _, digest in _lines(other)}
    with out.open("wb") as file:
        for line, digest in _lines(source):
            if digest not in there:
                file.write(line.raw.removeprefix(wire.BOM.encode()).rstrip(b"\r\n") + b"\n")
