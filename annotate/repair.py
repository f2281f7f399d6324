"""Mend the one damage that has only one remedy: a last line that a crash or a full disk cut short."""

from __future__ import annotations

from pathlib import Path

from annotate import wire
from annotate.corpus import ARTICLES, CLAIMS, SPEAKERS, Corpus
from annotate.errors import Problem
from annotate.storage import STATE, Transaction, locked

TORN = f"{STATE}/torn.txt"
"""Where torn ends of lines are kept, so that nothing is thrown away."""


def repair(folder: Path) -> list[Problem]:
    """Set the torn last line of each file aside; one remark for each. All other lines stay byte for byte.

    CorpusError where there is no corpus.
    """
    Corpus.open(folder)  # before the lock, which would make a folder where there is none
    mended: list[Problem] = []
    with locked(folder), Transaction(folder) as change:
        aside = b""
        for name in (ARTICLES, CLAIMS, SPEAKERS):
            whole, torn = _split(folder / name)
            if torn:
                change.path(name).write_bytes(whole)
                aside += torn + b"\n"
                mended.append(Problem(str(folder / name), f"the torn last line is now in {TORN}"))
        if aside:
            before = folder / TORN
            change.path(TORN).write_bytes((before.read_bytes() if before.exists() else b"") + aside)
    return mended


def _split(path: Path) -> tuple[bytes, bytes]:
    """The file without its torn last line, and that line, empty where none is torn."""
    content = path.read_bytes()
    whole, end, last = content.rpartition(b"\n")
    parsed = wire.parse(last, wire.KINDS[path.stem], 2, path.name) if last.strip() else []
    torn = isinstance(parsed, list) and any(problem.message == wire.TORN for problem in parsed)
    return (whole + end, last) if torn else (content, b"")
