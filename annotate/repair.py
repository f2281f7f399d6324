"""Mend the one damage that has only one remedy: a last line that a crash or a full disk cut short."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO

from annotate import shards, wire
from annotate.corpus import ANCHORS, ARTICLES, CLAIMS, DECISIONS, REMOVALS, SPEAKERS, Corpus
from annotate.errors import Problem
from annotate.revising import exclusively, hashes, staged
from annotate.storage import STATE, Transaction

TORN = f"{STATE}/torn.txt"
"""Where torn ends of lines are kept, so that nothing is thrown away."""

MENDED = (ARTICLES, CLAIMS, SPEAKERS, DECISIONS, REMOVALS, ANCHORS)
"""Every file of lines; the last three need not be there."""

BLOCK = 1 << 16
"""Bytes that are read at a time, from a file's end backwards, to find where its last line begins."""


def repair(folder: Path) -> list[Problem]:
    """Set the torn last line of each file aside; one remark for each. All other lines stay byte for byte.

    CorpusError where there is no corpus.
    """
    Corpus.open(folder)  # before the lock, which would make a folder where there is none
    mended: list[Problem] = []
    with exclusively(folder) as corpus, staged(corpus, hashes(corpus)) as change:
        for name in MENDED:
            for file in shards.files(folder / name):
                start, torn = _torn(file, wire.KINDS[Path(name).stem])
                if torn:
                    _shorten(change, file.name, start)
                    _set_aside(change, torn)
                    mended.append(Problem(str(file), f"the torn last line is now in {TORN}"))
        if not mended:
            change.abandon()
    return mended


def _torn(path: Path, kind: type[Any]) -> tuple[int, bytes]:
    """At which byte the file's torn last line begins, and the line; empty where none is torn."""
    with path.open("rb") as file:
        start = _start_of_last_line(file)
        file.seek(start)
        last = file.read()
    number = 2 if start else 1  # all that parsing asks of it: the first line may have a byte order mark
    parsed = wire.parse(last, kind, number, path.name) if last.strip() else []
    torn = isinstance(parsed, list) and any(problem.message == wire.TORN for problem in parsed)
    return start, last if torn else b""


def _start_of_last_line(file: BinaryIO) -> int:
    """The byte behind the last line end: the file's size where it ends in one, 0 where there is none."""
    at = file.seek(0, os.SEEK_END)
    while at:
        size = min(BLOCK, at)
        at = file.seek(at - size)
        found = file.read(size).rfind(b"\n")
        if found >= 0:
            return at + found + 1
    return 0


def _shorten(change: Transaction, name: str, size: int) -> None:
    """Keep the first `size` bytes of a file."""
    path = change.path(name)
    shutil.copyfile(change.folder / name, path)
    os.truncate(path, size)


def _set_aside(change: Transaction, torn: bytes) -> None:
    """Add a line to those that were set aside before."""
    before, kept = change.folder / TORN, change.writes(TORN)
    path = change.path(TORN)
    if before.exists() and not kept:
        shutil.copyfile(before, path)
    with path.open("ab") as file:
        file.write(torn + b"\n")
