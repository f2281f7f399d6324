"""What people did in a corpus: who decided how much, in which mode, and what they changed of the models' words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotate.decisions import Log
from annotate.records import Claim, Decision, Stance
from annotate.summary import is_decided

SOFTWARE = "reanchor"
"""The mode of what the software transcribed into a text that changed: nobody's work."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one annotator did: the claims they spoke of, and how many decisions they made in each mode."""

    annotator: str
    claims: int
    modes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How much of a corpus people decided. A claim that its cue splits counts once, here as in all tables."""

    claims: int
    """Claims that there are, one for each target."""
    stance: int
    """Claims of which a person decided the stance."""
    touched: int
    """Claims of which a person decided anything."""
    added: int
    deleted: int
    speakers: int
    """Claims of which a person decided the speaker."""
    other_speaker: int
    """Of these, those of which the models said another one."""
    moved: int
    """Claims that begin or end elsewhere than the models found."""
    disputed: int
    """Claims on which annotators differ, and nobody has ruled."""
    confusion: dict[tuple[Stance, Stance], int]
    """(The models' label, the person's) → claims, of those whose stance a person decided."""
    work: list[Work]

    @property
    def judged(self) -> int:
        """Claims that a model judged and a person decided the stance of."""
        return sum(self.confusion.values())

    @property
    def changed(self) -> int:
        """Of these, those to which the person gave another label."""
        return sum(count for (before, after), count in self.confusion.items() if before != after)


def reviewed(claims: Iterable[Claim], log: Log, decisions: Iterable[Decision]) -> Reviewed:
    """What people did, by the claims as they stand and the log."""
    claims = list(claims)
    heads = [claim for claim in claims if not claim.continues]
    by_people = [claim for claim in heads if is_decided(claim, log)]
    confusion = Counter((said, claim.stance) for claim in by_people if (said := claim.prediction.stance))
    speakers = [claim for claim in heads if log.in_force(claim.id, "speaker")]
    found = [claim for claim in heads if claim.prediction.stance]
    there = {claim.id for claim in heads}
    return Reviewed(
        claims=len(heads),
        stance=len(by_people),
        touched=sum(log.decided(claim.id) or is_decided(claim, log) for claim in heads),
        added=len(heads) - len(found),
        deleted=sum(
            log.is_gone(id) and line.prediction.stance != "" and not line.continues for id, line in log.lines()
        ),
        speakers=len(speakers),
        other_speaker=sum(claim.speaker != claim.prediction.speaker for claim in speakers if claim.prediction.speaker),
        moved=sum((c.start, c.end) != (c.prediction.start, c.prediction.end) for c in found),
        disputed=len({dispute.claim for dispute in log.disputes()} & there),
        confusion=dict(confusion),
        work=_work(decisions, {claim.id: claim.continues for claim in claims if claim.continues}),
    )


def _work(decisions: Iterable[Decision], head_of: Mapping[str, str]) -> list[Work]:
    """By annotator, whoever spoke of most claims first; `head_of` tells the first part of a later one."""
    modes: dict[str, Counter[str]] = defaultdict(Counter)
    claims: dict[str, set[str]] = defaultdict(set)
    for decision in decisions:
        if decision.mode != SOFTWARE:
            modes[decision.annotator][decision.mode] += 1
            claims[decision.annotator].add(head_of.get(decision.claim, decision.claim))
    found = (Work(who, len(claims[who]), dict(sorted(counts.items()))) for who, counts in modes.items())
    return sorted(found, key=lambda work: (-work.claims, work.annotator))
