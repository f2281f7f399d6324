"""Two files of claims compared by id: what is new, gone or different; the order of lines counts for nothing.

Memory is a few dozen bytes a claim, however long the lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from annotate import wire
from annotate.records import Claim


class Difference(NamedTuple):
    """One claim that differs: `old` is None where it is new, `new` where it is gone.

    `line` is that of the newer file, 0 for a claim that is gone. Both are None for a line that cannot be read.
    """

    line: int
    old: Claim | None
    new: Claim | None


def compare(old: Path, new: Path) -> Iterator[Difference]:
    """Every difference; claims that are gone come last, those that changed before them.

    The order of keys, and how numbers are written, count for nothing either.
    """
    digests = {claim.id: _digest(claim) for _, claim in wire.read(old, Claim) if isinstance(claim, Claim)}
    changed: dict[str, tuple[int, Claim]] = {}
    for line, claim in wire.read(new, Claim):
        if isinstance(claim, list):
            yield Difference(line, None, None)
        elif claim.id not in digests:
            yield Difference(line, None, claim)
        elif digests.pop(claim.id) != _digest(claim):
            changed[claim.id] = (line, claim)
    if changed or digests:
        gone = []
        for _, before in wire.read(old, Claim):
            if not isinstance(before, Claim):
                continue
            if before.id in changed:
                line, after = changed.pop(before.id)
                yield Difference(line, before, after)
            elif digests.pop(before.id, None):
                gone.append(before)
        yield from (Difference(0, before, None) for before in gone)


def _digest(claim: Claim) -> bytes:
    return hashlib.blake2b(wire.dump(claim).encode(), digest_size=16).digest()
