"""Two sets of claims compared by id, each in one file or in shards: what is new, gone or different.

The order of lines counts for nothing. Memory is a few dozen bytes a claim, however long the lines and however many of
them differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from annotate import wire
from annotate.errors import CorpusError, Problem
from annotate.records import Claim
from annotate.shards import Line, Lines


class Difference(NamedTuple):
    """One claim that differs: `old` is None where it is new, `new` where it is gone.

    `line` is that of the newer `file`, 0 for a claim that is gone. Both are None for a line that cannot be read.
    """

    line: int
    old: Claim | None
    new: Claim | None
    file: str = ""


def compare(old: Path, new: Path) -> Iterator[Difference]:
    """Every difference, in the order of the newer file; claims that are gone come last.

    The order of keys, and how numbers are written, count for nothing either.
    """
    known: dict[str, bytes] = {}
    before, after = Lines(old), Lines(new)
    for line in before:
        claim = _claim(line)
        if isinstance(claim, Claim):
            known[claim.id] = _digest(claim) + line.place.to_bytes(8)
    with before.reader() as line_at:
        for line in after:
            claim, file = _claim(line), str(line.file)
            if isinstance(claim, list):
                yield Difference(line.number, None, None, file)
            elif (there := known.pop(claim.id, None)) is None:
                yield Difference(line.number, None, claim, file)
            elif there[:-8] != _digest(claim):
                yield Difference(line.number, _known(line_at(_place(there)), old), claim, file)
        twins = {file.name: str(file) for file in after.files}
        for there in known.values():
            file = twins.get(before.files[before.part(_place(there))].name, str(new))
            yield Difference(0, _known(line_at(_place(there)), old), None, file)


def _claim(line: Line) -> Claim | list[Problem]:
    return wire.parse(line.raw, Claim, line.number, line.file.name)


def _place(known: bytes) -> int:
    """Where the line begins, which the last eight bytes say."""
    return int.from_bytes(known[-8:])


def _known(raw: bytes, path: Path) -> Claim:
    """The claim on a line that was read before."""
    claim = wire.parse(raw, Claim, 1, path.name)
    if isinstance(claim, list):
        raise CorpusError(f"{path}: changed while it was read; run the command again")
    return claim


def _digest(claim: Claim) -> bytes:
    return hashlib.blake2b(wire.dump(claim).encode(), digest_size=16).digest()
