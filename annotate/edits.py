"""What people changed in `claims.jsonl` since the software last wrote it.

An edit is told by comparison with the base snapshot; where that is gone, with the sealed prediction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from annotate import wire
from annotate.errors import Problem
from annotate.records import NO_PREDICTION, Claim
from annotate.storage import file_sha256


@dataclass(frozen=True, slots=True)
class Edit:
    """One hand edit; `field` is "" for a whole line, `line` 0 for one that is gone."""

    kind: Literal["changed", "added", "deleted", "unreadable"]
    claim: str
    line: int
    field: str = ""
    before: str = ""
    after: str = ""

    def problem(self, file: str) -> Problem:
        messages = {
            "changed": f"changed by hand from {self.before!r} to {self.after!r}",
            "added": "a claim added by hand",
            "deleted": f"claim {self.claim} was deleted by hand",
            "unreadable": "not a readable claim, so perhaps edited by hand",
        }
        return Problem(file, messages[self.kind], "", self.line, self.field)


EDITABLE = ("start", "end", "text", "quotation", "speaker", "stance", "annotator", "note")
"""Fields whose hand edit is reported by name; any other difference is one edit of the whole line."""


def pending_edits(claims: Path, base: Path) -> list[Edit]:
    """Every difference that a person made between `base` and `claims`, in line order, deletions last."""
    if file_sha256(claims) == file_sha256(base):
        return []
    return list(_against_base(claims, base) if base.exists() else _against_predictions(claims))


def _against_base(claims: Path, base: Path) -> Iterator[Edit]:
    """Differences by id; the order of lines and keys, and how numbers are written, count for nothing."""
    digests = {c.id: _digest(c) for _, c in wire.read(base, Claim) if isinstance(c, Claim)}
    changed: dict[str, tuple[int, Claim]] = {}
    for line, claim in wire.read(claims, Claim):
        if isinstance(claim, list):
            yield Edit("unreadable", "", line)
        elif claim.id not in digests:
            yield Edit("added", claim.id, line)
        elif digests.pop(claim.id) != _digest(claim):
            changed[claim.id] = (line, claim)
    if changed:
        for _, old in wire.read(base, Claim):
            if isinstance(old, Claim) and old.id in changed:
                line, new = changed[old.id]
                yield from _changes(old, new, line)
    yield from (Edit("deleted", claim_id, 0) for claim_id in digests)


def _against_predictions(claims: Path) -> Iterator[Edit]:
    for line, claim in wire.read(claims, Claim):
        if isinstance(claim, list):
            yield Edit("unreadable", "", line)
        elif claim.prediction == NO_PREDICTION:
            yield Edit("added", claim.id, line)
        else:
            for field, before in (("annotator", ""), ("note", "")):
                yield from _change(claim, line, field, before, getattr(claim, field))
            for field in ("start", "end", "speaker", "stance"):
                yield from _change(claim, line, field, getattr(claim.prediction, field), getattr(claim, field))


def _changes(old: Claim, new: Claim, line: int) -> Iterator[Edit]:
    found = [e for f in EDITABLE for e in _change(new, line, f, getattr(old, f), getattr(new, f))]
    yield from found or [Edit("changed", new.id, line, "", "the line as written", "another")]


def _change(claim: Claim, line: int, field: str, before: object, after: object) -> Iterator[Edit]:
    if before != after:
        yield Edit("changed", claim.id, line, field, str(before), str(after))


def _digest(claim: Claim) -> bytes:
    return hashlib.blake2b(wire.dump(claim).encode(), digest_size=16).digest()
