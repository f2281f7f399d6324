"""What people changed in `claims.jsonl` since the software last wrote it.

An edit is told by comparison with the base snapshot; where that is gone, or a line's sealed prediction is
another run's, with that prediction and the log of decisions. What the log says is no edit: a copy of the log and
of the view may come from somebody else, by git or by mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from dataclasses import field as left_out
from pathlib import Path
from typing import Any, Literal

from annotate import shards
from annotate.comparison import Difference, compare
from annotate.decisions import ArticleOf, Log, filled, linked
from annotate.errors import Problem
from annotate.records import NO_PREDICTION, Claim, text_digest

EDITABLE = frozenset(
    "start end text digest quotation source.start source.end source.text cue.start cue.end cue.text speaker stance "
    "annotator note".split()
)
"""The fields, by dotted path, that a person may change in the file. `digest` is put right by the software."""

NAMES = tuple(field.name for field in fields(Claim))
NOWHERE: ArticleOf = lambda _: None  # noqa: E731
ANOTHER_TEXT = "another text"


@dataclass(frozen=True, slots=True)
class Edit:
    """One hand edit; `field` is "" for a whole line, `line` 0 for one that is gone."""

    kind: Literal["changed", "added", "deleted", "unreadable"]
    claim: str
    line: int
    field: str = ""
    before: str = ""
    after: str = ""
    file: str = left_out(default="", compare=False)

    @property
    def legal(self) -> bool:
        """Whether a person may change this by hand."""
        return self.kind != "changed" or self.field in EDITABLE

    @property
    def problem(self) -> Problem:
        messages = {
            "changed": f"changed by hand from {self.before!r} to {self.after!r}",
            "added": "a claim added by hand",
            "deleted": f"claim {self.claim} was deleted by hand",
            "unreadable": "not a readable claim, so perhaps edited by hand",
        }
        remedy = "" if self.legal else "restore it; to say it of another claim, delete this line and add one"
        return Problem(self.file, messages[self.kind], remedy, self.line, self.field)


def pending_edits(claims: Path, base: Path, log: Log | None = None, article_of: ArticleOf = NOWHERE) -> list[Edit]:
    """Every difference that a person made between `base` and `claims`, in line order, deletions last."""
    found = [edit for one in differences(claims, base, log, article_of) for edit in edits_of(one)]
    return sorted(found, key=lambda edit: (edit.kind == "deleted", edit.file, edit.line))


def differences(
    claims: Path, base: Path, log: Log | None = None, article_of: ArticleOf = NOWHERE
) -> Iterator[Difference]:
    """Every claim that a person changed, added or deleted."""
    log = log or Log()
    if shards.sha256(claims) == shards.sha256(base):
        return
    if not shards.files(base):
        yield from _without_base(claims, log, article_of)
        return
    for one in compare(base, claims):
        if one.old and one.new and _is_another_run(one.old, one.new):
            left = _by_itself(one, one.new, log, article_of)
        else:
            left = _undecided(one, log, article_of) if log.count else one
        if left:
            yield left


def edits_of(difference: Difference) -> Iterator[Edit]:
    """A difference, one field at a time."""
    line, old, new, file = difference
    if old is None and new is None:
        yield Edit("unreadable", "", line, file=file)
    elif old is None:
        assert new is not None
        yield Edit("added", new.id, line, file=file)
    elif new is None:
        yield Edit("deleted", old.id, 0, file=file)
    else:
        for name, before, after in _differing(old, new):
            yield Edit("changed", new.id, line, name, str(before), str(after), file)


def _without_base(claims: Path, log: Log, article_of: ArticleOf) -> Iterator[Difference]:
    """Differences from what the models said and people decided, as far as the line itself tells it."""
    for (file, line), claim in shards.read(claims, Claim):
        there = Difference(line, None, None, file)
        if isinstance(claim, list):
            yield there
        elif left := _by_itself(there, claim, log, article_of):
            yield left


def _by_itself(there: Difference, claim: Claim, log: Log, article_of: ArticleOf) -> Difference | None:
    """How the claim that stands `there` differs from what its own prediction and the log say; None for not at all."""
    expected = log.apply(_as_predicted(claim), article_of)
    if expected is None or (claim.prediction == NO_PREDICTION and claim.id not in log):
        return there._replace(old=None, new=claim)
    same_place = (expected.start, expected.end) == (claim.start, claim.end)
    text = claim.text
    if same_place and text and claim.digest != text_digest(text):
        text = ANOTHER_TEXT
    expected = replace(expected, text=text, digest=claim.digest)
    return there._replace(old=expected, new=claim) if expected != claim else None


def _is_another_run(old: Claim, new: Claim) -> bool:
    """Whether the models said otherwise of the claim in another copy: nobody makes a seal by hand."""
    said = new.prediction
    return said not in (old.prediction, NO_PREDICTION) and said.seal == said.seal_for(new.id)


def _undecided(one: Difference, log: Log, article_of: ArticleOf) -> Difference | None:
    """What is left of a difference once all that the log has in force is taken from it; None for nothing."""
    old, new = one.old, one.new
    if new is None:
        return None if old and log.is_gone(old.id) else one
    before = old or log.line(new.id)
    shown = log.apply(before, article_of) if before and new.id in log else None
    if before is None or shown is None:
        return one
    shown = linked(shown, log, article_of)
    if old is None:
        article = article_of(new.article)
        known = filled(shown, article) if article else shown
    else:
        told = {name: getattr(new, name) for name in NAMES if getattr(new, name) == getattr(shown, name)}
        known = replace(old, **told)
    return None if known == new else one._replace(old=known)


def _as_predicted(claim: Claim) -> Claim:
    """The claim as it was before anybody decided, as far as its own line tells."""
    said = claim.prediction
    claim = replace(claim, annotator="", note="")
    if said == NO_PREDICTION:
        return claim
    stance = said.stance or claim.stance
    return replace(
        claim, start=said.start, end=said.end, speaker=said.speaker, stance=stance, prediction=said.sealed(claim.id)
    )


def _differing(old: Any, new: Any, prefix: str = "") -> Iterator[tuple[str, object, object]]:
    """Dotted path, `source.start` and so on, and both values, of what differs between two records of one class."""
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        if is_dataclass(before):
            yield from _differing(before, after, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, before, after
