"""Which requests are in the log already, so that one that is sent again after a crash is not a second decision.

A receipt is written before the lines it is for, and counts only when the log holds them where it says: a crash between
the two leaves a receipt for nothing. The file is machine state, safe to delete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from annotate.storage import STATE

FILE = f"{STATE}/review.jsonl"
MANY = 2000
"""Receipts that are kept."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A request's key, the claim it was about, what it undid if it was to undo, and where its lines are in the log."""

    key: str
    claim: str
    undone: dict[str, str] = field(default_factory=dict)
    at: int = 0
    bytes: int = 0
    sha256: str = ""


class Receipts:
    """The receipts of a corpus, by key."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._found = {receipt.key: receipt for receipt in _read(self._path)}
        if len(self._found) > MANY:
            kept = list(self._found.values())[-MANY // 2 :]
            self._path.write_text("".join(map(_line, kept)), encoding="utf-8")

    def get(self, key: str, log: Path) -> Receipt | None:
        """The receipt of a request whose lines are in the log."""
        receipt = self._found.get(key)
        if receipt is None or not log.exists():
            return None
        with log.open("rb") as file:
            file.seek(receipt.at)
            there = hashlib.sha256(file.read(receipt.bytes)).hexdigest()
        return receipt if there == receipt.sha256 else None

    def add(self, receipt: Receipt, at: int, raw: bytes) -> None:
        """Write the receipt of a request whose lines, `raw`, will stand at that byte of the log."""
        whole = Receipt(receipt.key, receipt.claim, receipt.undone, at, len(raw), hashlib.sha256(raw).hexdigest())
        self._found[whole.key] = whole
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line(whole))


def _line(receipt: Receipt) -> str:
    return json.dumps(asdict(receipt)) + "\n"


def _read(path: Path) -> Iterator[Receipt]:
    """The receipts in a file; a line that is none is passed over, since at worst a request is refused as outdated."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            value: Any = json.loads(line)
            yield Receipt(**value)
        except (ValueError, TypeError):
            continue
