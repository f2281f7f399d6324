"""A corpus that an earlier version wrote, brought to today's form by named steps, in order, in one transaction.

A corpus of a newer schema than this software knows is refused when it is opened (`corpus.refuse_newer`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from annotate.corpus import BASE, DECISIONS, SPEAKERS
from annotate.revising import Revision, revising


class Step(NamedTuple):
    """One migration. Its name begins with its number: 0001-…, 0002-…; a step that was released never changes."""

    name: str
    needed: Callable[[Revision], bool]
    apply: Callable[[Revision], None]


def _lacks_log(revision: Revision) -> bool:
    folder = revision.corpus.folder
    return not (folder / DECISIONS).exists() or not (folder / BASE / SPEAKERS).exists()


def _write_all(revision: Revision) -> None:
    """Write view, speakers and card anew: the revision adds the log, and snapshots of what it writes."""
    revision.fold(revision.claims())
    revision.write_speakers(revision.speakers())
    revision.write_card(revision.corpus.codebook)


STEPS = (Step("0001-decisions", _lacks_log, _write_all),)
"""0001: the log of decisions, the snapshot of speakers.jsonl, and the schema in the card (since 0.2.0)."""


def migrate(folder: Path, steps: Sequence[Step] = STEPS) -> list[str]:
    """Apply every step that the corpus needs; their names, in order."""
    refuse_disorder(steps)
    applied = []
    with revising(folder) as revision:
        for step in steps:
            if step.needed(revision):
                step.apply(revision)
                applied.append(step.name)
        if not applied:
            revision.change.abandon()
    return applied


def refuse_disorder(steps: Sequence[Step]) -> None:
    """ValueError where two steps share a number, or they do not stand in order."""
    numbers = [int(step.name.partition("-")[0]) for step in steps]
    if numbers != list(range(1, len(steps) + 1)):
        raise ValueError(f"migration steps must be numbered 1, 2, 3 …: {', '.join(step.name for step in steps)}")
