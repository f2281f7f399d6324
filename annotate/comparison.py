"""Two files of claims compared by id: what is new, gone or different; the order of lines counts for nothing.

Memory is a few dozen bytes a claim, however long the lines and however many of them differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from annotate import wire
from annotate.errors import CorpusError, Problem
from annotate.records import Claim


class Difference(NamedTuple):
    """One claim that differs: `old` is None where it is new, `new` where it is gone.

    `line` is that of the newer file, 0 for a claim that is gone. Both are None for a line that cannot be read.
    """

    line: int
    old: Claim | None
    new: Claim | None


class _Line(NamedTuple):
    """A line's number, where it begins in the file, and what it holds."""

    number: int
    place: int
    claim: Claim | list[Problem]


def compare(old: Path, new: Path) -> Iterator[Difference]:
    """Every difference, in the order of the newer file; claims that are gone come last.

    The order of keys, and how numbers are written, count for nothing either.
    """
    known: dict[str, bytes] = {}
    for _, place, claim in _lines(old):
        if isinstance(claim, Claim):
            known[claim.id] = _digest(claim) + place.to_bytes(8)
    with old.open("rb") as older:
        for line, _, claim in _lines(new):
            if isinstance(claim, list):
                yield Difference(line, None, None)
            elif (there := known.pop(claim.id, None)) is None:
                yield Difference(line, None, claim)
            elif there[:-8] != _digest(claim):
                yield Difference(line, _at(older, there), claim)
        for there in known.values():
            yield Difference(0, _at(older, there), None)


def _lines(path: Path) -> Iterator[_Line]:
    """Every line that is not blank."""
    place = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _Line(number, place, wire.parse(raw, Claim, number, path.name))
            place += len(raw)


def _at(file: BinaryIO, known: bytes) -> Claim:
    """The claim on the line that begins at the place in the last eight bytes, which was read before."""
    file.seek(int.from_bytes(known[-8:]))
    claim = wire.parse(file.readline(), Claim, 1, file.name)
    if isinstance(claim, list):
        raise CorpusError(f"{file.name}: changed while it was read; run the command again")
    return claim


def _digest(claim: Claim) -> bytes:
    return hashlib.blake2b(wire.dump(claim).encode(), digest_size=16).digest()
