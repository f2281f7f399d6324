"""What people changed in `claims.jsonl` since the software last wrote it.

An edit is told by comparison with the base snapshot; where that is gone, with the sealed prediction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from annotate import wire
from annotate.errors import Problem
from annotate.records import NO_PREDICTION, Claim, text_digest
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


def pending_edits(claims: Path, base: Path) -> list[Edit]:
    """Every difference that a person made between `base` and `claims`, in line order, deletions last."""
    if file_sha256(claims) == file_sha256(base):
        return []
    found = _against_base(claims, base) if base.exists() else _against_predictions(claims)
    return sorted(found, key=lambda edit: (edit.kind == "deleted", edit.line))


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
                yield from _changes(old.id, line, _flat(asdict(old)), _flat(asdict(new)))
    yield from (Edit("deleted", claim_id, 0) for claim_id in digests)


def _against_predictions(claims: Path) -> Iterator[Edit]:
    """Differences from what the models said, as far as the line itself tells it."""
    for line, claim in wire.read(claims, Claim):
        if isinstance(claim, list):
            yield Edit("unreadable", "", line)
            continue
        said = claim.prediction
        if said == NO_PREDICTION:
            yield Edit("added", claim.id, line)
            continue
        before = {"start": said.start, "end": said.end, "speaker": said.speaker, "stance": said.stance}
        before |= {"annotator": "", "note": "", "prediction.seal": said.seal_for(claim.id)}
        yield from _changes(claim.id, line, before, _flat(asdict(claim)))
        if (
            claim.text
            and claim.digest != text_digest(claim.text)
            and (claim.start, claim.end) == (said.start, said.end)
        ):
            yield Edit("changed", claim.id, line, "text", "another text", claim.text)


def _changes(claim: str, line: int, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Edit]:
    for field, value in before.items():
        if value != after[field]:
            yield Edit("changed", claim, line, field, str(value), str(after[field]))


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted path, `source.start` and so on."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _digest(claim: Claim) -> bytes:
    return hashlib.blake2b(wire.dump(claim).encode(), digest_size=16).digest()
