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
    """Every difference; claims that are gone come last, those that changed before them.

    The order of keys, and how numbers are written, count for nothing either.
    """
    digests = {line.claim.id: _digest(line.claim) for line in _lines(old) if isinstance(line.claim, Claim)}
    changed: dict[str, tuple[int, int]] = {}
    """Id → number and place of its line in the newer file."""
    for line, place, claim in _lines(new):
        if isinstance(claim, list):
            yield Difference(line, None, None)
        elif claim.id not in digests:
            yield Difference(line, None, claim)
        elif digests.pop(claim.id) != _digest(claim):
            changed[claim.id] = (line, place)
    if changed or digests:
        yield from _told(old, new, changed, digests)


def _told(old: Path, new: Path, changed: dict[str, tuple[int, int]], gone: dict[str, bytes]) -> Iterator[Difference]:
    """The older lines of the claims that changed, with the newer ones, then of those that are gone."""
    places: list[int] = []
    with new.open("rb") as newer, old.open("rb") as older:
        for _, place, before in _lines(old):
            if not isinstance(before, Claim):
                continue
            if before.id in changed:
                number, there = changed.pop(before.id)
                yield Difference(number, before, _at(newer, there))
            elif gone.pop(before.id, None):
                places.append(place)
        for place in places:
            yield Difference(0, _at(older, place), None)


def _lines(path: Path) -> Iterator[_Line]:
    """Every line that is not blank."""
    place = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _Line(number, place, wire.parse(raw, Claim, number, path.name))
            place += len(raw)


def _at(file: BinaryIO, place: int) -> Claim:
    """The claim on the line that begins at `place`, which was read before."""
    file.seek(place)
    try:
        return wire.load(file.readline().decode().removeprefix(wire.BOM), Claim)
    except ValueError:
        raise CorpusError(f"{file.name}: changed while it was read; run the command again") from None


def _digest(claim: Claim) -> bytes:
    return hashlib.blake2b(wire.dump(claim).encode(), digest_size=16).digest()
