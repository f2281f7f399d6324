"""The claims whose stance people decided, as examples that a stance model can learn from.

A claim counts where its stance stands decided in the log: what was adjudicated, else what all who decided agree on; or
where a person added it, stance and all. Each is read as labelling reads it: the parts of a claim that its cue splits
joined and counted once, its speaker named unless it is the narrator's or by somebody unknown, and the hypotheses those
of the codebook.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, cast

from annotate import wire
from annotate.codebook import Target
from annotate.corpus import Corpus
from annotate.decisions import GONE, Log
from annotate.errors import ArticleError
from annotate.records import NARRATOR, UNKNOWN, Claim, Stance
from annotate.stance import premise

Pair = tuple[str, str]
"""Premise and hypothesis."""


class Example(NamedTuple):
    """A decided claim. `passage` is the same for the lines of one claim on several targets."""

    claim: str
    article: str
    passage: str
    target: str
    stance: Stance
    favor: tuple[Pair, ...]
    """The pairs of the hypotheses that say that the speaker is in favor."""
    against: tuple[Pair, ...]


class Decided(NamedTuple):
    """The examples of a corpus, in the order of its lines, and how many claims were left out."""

    examples: list[Example]
    disputed: int
    """Claims of which annotators differ and nobody has ruled."""
    lost: int
    """Decided claims on a target that the codebook does not have."""


def decided(corpus: Corpus, log: Log, target: str = "") -> Decided:
    """Everything that was decided of stance, of one target or ("") of all; ArticleError for a corpus without text."""
    targets = {t.id: t for t in corpus.codebook.targets}
    names = {id: speaker.name for id, speaker in corpus.speakers().items()}
    found = Decided([], 0, 0)
    for head, parts in _wholes(corpus.claims()):
        if target not in ("", head.target):
            continue
        stance = next((said for claim in (head, *parts) if (said := _stance(claim, log))), None)
        if stance is None:
            disputed = any(log.disputed(claim.id, "stance") for claim in (head, *parts))
            found = found._replace(disputed=found.disputed + disputed)
        elif head.target not in targets:
            found = found._replace(lost=found.lost + 1)
        else:
            found.examples.append(_example(head, parts, targets[head.target], stance, names, log))
    return found


def _wholes(claims: Iterable[Claim]) -> list[tuple[Claim, list[Claim]]]:
    """Every claim with its later parts."""
    heads: dict[str, Claim] = {}
    later: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.continues:
            later[claim.continues].append(claim)
        else:
            heads[claim.id] = claim
    return [(head, sorted(later[id], key=lambda part: part.start)) for id, head in heads.items()]


def _stance(claim: Claim, log: Log) -> Stance | None:
    """The stance that stands decided, or that the person who added the claim gave it."""
    if force := log.in_force(claim.id, "stance"):
        return cast(Stance, force.value)
    added = log.in_force(claim.id, "claim") if not claim.prediction.stance else None
    if added is None or added.value == GONE or log.disputed(claim.id, "stance"):
        return None
    return wire.load(added.value, Claim).stance


def _example(
    head: Claim, parts: list[Claim], target: Target, stance: Stance, names: dict[str, str], log: Log
) -> Example:
    if not head.text:
        raise ArticleError(f"article {head.article} has no text here; annotate hydrate puts it back")
    speaker = log.shown(head, "speaker")
    name = "" if speaker in (NARRATOR, UNKNOWN) else names.get(speaker, "")
    said = premise(" ".join(part.text for part in (head, *parts)), name)
    hypotheses = target.hypotheses_for(name)
    favor, against = (tuple((said, h) for h in side) for side in (hypotheses.favor, hypotheses.against))
    place = f"{head.article}:{head.prediction.start or head.start}:{head.prediction.end or head.end}"
    return Example(head.id, head.article, place, target.id, stance, favor, against)
