"""What one annotator can undo, told from the log alone, so that it outlasts a restart.

An undo takes back the annotator's word (a decision of mode "withdraw"), and, where they had said something else
before, says that again one microsecond later: no person decides as fast, so that the log tells an undo from a new
decision. A withdrawal with nothing said right after it takes back all that was said of the field.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from annotate.decisions import decide
from annotate.records import DecidedField, Decision, Mode

UNDOABLE: tuple[Mode, ...] = ("review", "blind", "audit", "adjudicate")
"""How what can be undone was decided; a hand edit or an import is not the review's to undo."""

FIELDS: tuple[DecidedField, ...] = ("stance", "speaker", "note")

Key = tuple[str, DecidedField]


class Word(NamedTuple):
    """What the annotator says of a field of a claim, and in which mode they said it."""

    value: str
    mode: Mode


@dataclass(slots=True)
class Step:
    """One decision of the annotator: what they said before of each claim that it holds for, if anything."""

    time: str
    name: DecidedField
    value: str
    before: dict[str, Word | None] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    """The claims of which it is not undone or withdrawn."""


def just_after(time: str) -> str:
    """The time one microsecond later."""
    return (datetime.fromisoformat(time) + timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class History:
    """An annotator's decisions, the latest last, without what was undone or withdrawn."""

    def __init__(self, annotator: str, decisions: Iterable[Decision] = ()) -> None:
        self._annotator = annotator
        self._heard: list[Decision] = []
        self._known: set[Decision] = set()
        self._begin()
        for decision in decisions:
            self.hear(decision)

    def _begin(self) -> None:
        self._words: dict[Key, Word] = {}
        self._steps: list[Step] = []
        self._of: dict[Key, list[Step]] = {}
        """The steps that stand, of each field."""
        self._halves: dict[Key, tuple[str, list[Step]]] = {}
        """When a word was last withdrawn, and the steps before it, which stand again if that was half of an undo."""
        self._standing = 0

    def __len__(self) -> int:
        """How many steps can be undone."""
        return self._standing

    def hear(self, decision: Decision) -> None:
        """Take one more line of the log into account; lines older than those heard, from another copy, too.

        A line that stands twice, as after two copies were joined by hand, is one decision.
        """
        if decision.annotator != self._annotator or decision.field not in FIELDS or decision in self._known:
            return
        self._known.add(decision)
        late = bool(self._heard) and decision.time < self._heard[-1].time
        self._heard.append(decision)
        if not late:
            self._hear(decision)
            return
        self._heard.sort(key=lambda one: one.time)
        self._begin()
        for one in self._heard:
            self._hear(one)

    def _hear(self, decision: Decision) -> None:
        key = decision.claim, decision.field
        if decision.mode == "withdraw":
            self._words.pop(key, None)
            self._halves[key] = decision.time, self._drop(key)[:-1]
            return
        withdrawn, steps = self._halves.pop(key, ("", []))
        if withdrawn and decision.time == just_after(withdrawn):
            for step in steps:
                self._stand(step, decision.claim)
        elif decision.mode in UNDOABLE:
            self._stand(self._step(decision), decision.claim)
        else:
            self._drop(key)
        self._words[key] = Word(decision.to, decision.mode)

    def _step(self, decision: Decision) -> Step:
        """The step that the decision is, or is a part of: the lines of one step have one time."""
        last = self._steps[-1] if self._steps else None
        if last is None or (last.time, last.name, last.value) != (decision.time, decision.field, decision.to):
            last = Step(decision.time, decision.field, decision.to)
            self._steps.append(last)
        last.before[decision.claim] = self.word(decision.claim, decision.field)
        return last

    def _stand(self, step: Step, claim: str) -> None:
        self._standing += not step.standing
        step.standing.add(claim)
        self._of.setdefault((claim, step.name), []).append(step)

    def _drop(self, key: Key) -> list[Step]:
        """Let no step of a field stand any more; those that did."""
        steps = self._of.pop(key, [])
        for step in steps:
            step.standing.discard(key[0])
            self._standing -= not step.standing
        return steps

    def word(self, claim: str, name: DecidedField) -> Word | None:
        """What the annotator says of a field."""
        return self._words.get((claim, name))

    def last(self, there: Container[str]) -> Step | None:
        """The latest step that can be undone, of a claim that is there."""
        return next((step for step in reversed(self._steps) if any(claim in there for claim in step.standing)), None)

    def undo(self, step: Step, version: str, time: str) -> Iterator[Decision]:
        """What the log is to be told to undo a step: the withdrawals, then what was said before."""
        standing = [(claim, before) for claim, before in step.before.items() if claim in step.standing]
        for claim, _ in standing:
            yield decide(self._annotator, claim, step.name, step.value, "", "withdraw", version, time)
        after = just_after(time)
        for claim, before in standing:
            if before:
                value, mode = before
                yield decide(self._annotator, claim, step.name, step.value, value, mode, version, after)
