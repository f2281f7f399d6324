"""Hand edits become decisions; a decision is withdrawn by another one.

- A changed stance, speaker, note, quotation or span is a decision on that field. The annotator's own name written
  into `annotator` of a line whose stance is left as it is confirms the stance.
- What is decided of a span (itself, its source and cue, who speaks) goes to the claims of the other targets there;
  a stance, and a speaker, goes to the other parts of a claim that its cue splits.
- A deleted line is a decision too. More than MANY deletions are adopted only when their number is given: a file cut
  short, or a filtered export saved over it, is no decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from annotate import wire
from annotate.checking import check
from annotate.comparison import Difference
from annotate.corpus import BASE, CLAIMS, Corpus
from annotate.decisions import GONE, Dispute, decide, filled, now, remembered, value_of
from annotate.edits import differences, edits_of
from annotate.errors import CorpusError, Problem, TooManyDeletions, UsageError
from annotate.records import NO_PREDICTION, Claim, DecidedField, Decision, Mode, claim_id
from annotate.revising import Revision, check_log, revising

MANY = 3
"""Deletions that are taken to be meant."""

FIELDS: tuple[DecidedField, ...] = ("stance", "speaker", "span", "source", "cue", "quotation", "note")
"""What a person decides by changing a line."""

Place = tuple[str, int, int]
"""An article and a span in it, as the models gave it: what siblings have in common."""


@dataclass(slots=True)
class Adopted:
    """What was adopted: decisions by field, and the disputes that they left or made."""

    decisions: Counter[str] = field(default_factory=Counter)
    claims: int = 0
    disputes: list[Dispute] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.decisions:
            return "no hand edits to adopt"
        what = ", ".join(f"{count} {name}" for name, count in self.decisions.items())
        said = f"{self.decisions.total()} decisions on {self.claims} claims ({what})"
        return said + (f"; {len(self.disputes)} fields are disputed" if self.disputes else "")


def adopt(folder: Path, annotator: str, *, adjudicate: bool = False, deletions: int = 0) -> Adopted:
    """Log every hand edit of `claims.jsonl` as a decision of `annotator`, and write the view anew.

    Raises CorpusError with every problem of the corpus before anything is adopted, TooManyDeletions where lines are
    gone and their number is not `deletions`.
    """
    legal_annotator(annotator)
    with revising(folder, adopting=True) as revision:
        file = folder / CLAIMS
        found = list(differences(file, folder / BASE / CLAIMS, revision.log, revision.texts.get))
        if problems := [*check(revision.corpus), *illegal(revision.corpus, found), *check_log(revision.corpus)]:
            raise CorpusError(f"{folder}: {len(problems)} problems; nothing was adopted", problems)
        mode: Mode = "adjudicate" if adjudicate else "edit"
        batch = _Batch(revision, annotator, mode, found)
        _refuse_many(folder, found, deletions)
        if problems := batch.problems:
            raise CorpusError(f"{folder}: {len(problems)} problems; nothing was adopted", problems)
        if not batch.decisions:
            revision.change.abandon()
            return Adopted()
        revision.decide(batch.decisions)
        revision.fold(batch.view())
        return _adopted(revision, batch.decisions)


def withdraw(folder: Path, annotator: str, claims: Iterable[str], field: str = "") -> Adopted:
    """Take back what `annotator` decided of these claims (of one field, else of all); the log keeps it and says so."""
    legal_annotator(annotator)
    names: list[DecidedField] = [name for name in ("claim", *FIELDS) if field in ("", name)]
    if not names:
        raise UsageError(f"--field {field}: one of claim, {', '.join(FIELDS)}")
    with revising(folder) as revision:
        made: list[Decision] = []
        for claim in dict.fromkeys(claims):
            said = {name: revision.log.said(claim, name).get(annotator) for name in names}
            if all(value is None for value in said.values()):
                what = f"{field} of " if field else ""
                raise UsageError(f"{annotator} has decided nothing about {what}claim {claim}")
            made += [
                decide(annotator, claim, name, value, "", "withdraw", revision.corpus.version)
                for name, value in said.items()
                if value is not None
            ]
        revision.decide(made)
        revision.fold(revision.claims())
        return _adopted(revision, made)


def legal_annotator(name: str) -> None:
    """UsageError for a name that cannot stand in `annotator`."""
    if not (name[:1].isalpha() and name.isascii() and all(c.isalnum() or c in "._-" for c in name)):
        raise UsageError(f"--annotator {name!r}: a letter first, then letters, digits, dots, hyphens and underscores")


def illegal(corpus: Corpus, found: Iterable[Difference]) -> Iterator[Problem]:
    """Changes that are not a person's to make, where `check` does not see them by the line alone."""
    file = str(corpus.folder / CLAIMS)
    for one in found:
        for edit in edits_of(one):
            if not edit.legal and not edit.field.startswith("prediction."):
                yield edit.problem(file)
        if one.old is None and one.new and one.new.prediction != NO_PREDICTION and one.new.id == "":
            yield Problem(file, "a claim of your own has no prediction", 'every string "", every number 0', one.line)


def _refuse_many(folder: Path, found: list[Difference], meant: int) -> None:
    gone = [one.old for one in found if one.new is None and one.old]
    if len(gone) > MANY and meant != len(gone):
        shown = [Problem(claim.id, f"is gone: {claim.text[:60]}") for claim in gone[:5]]
        raise TooManyDeletions(
            f"{folder}: {len(gone)} claims are gone from {CLAIMS}; nothing was adopted. If a person deleted them: "
            f"--deletions {len(gone)}; else restore the file, the last one written is {folder / BASE / CLAIMS}",
            shown,
        )


def _adopted(revision: Revision, made: list[Decision]) -> Adopted:
    claims = {decision.claim for decision in made}
    disputes = [dispute for dispute in revision.log.disputes() if dispute.claim in claims]
    return Adopted(Counter(decision.field for decision in made), len(claims), disputes)


class _Batch:
    """The decisions that a set of hand edits amounts to."""

    def __init__(self, revision: Revision, annotator: str, mode: Mode, found: list[Difference]) -> None:
        self._revision, self._annotator, self._mode = revision, annotator, mode
        self._file = revision.corpus.folder / CLAIMS
        self._time, self._version = now(), revision.corpus.version
        self._values: dict[tuple[object, DecidedField], tuple[str, int]] = {}
        """(What a decision holds for, field) → the value, and the line that says it."""
        self._before: dict[str, Claim] = {}
        self._added: dict[int, Claim] = {}
        self.problems: list[Problem] = []
        self.decisions: list[Decision] = []
        self._heads = self._places_of_heads(found)
        for one in found:
            if one.old and one.new:
                self._changed(one.line, one.old, one.new)
        if self._values:
            self._spread()
        for one in found:
            if one.new and not one.old:
                self._add(one.line, one.new)
            elif one.old and not one.new:
                self._decide(one.old.id, "claim", remembered(one.old), GONE)

    def view(self) -> Iterator[Claim]:
        """The file's claims, each added one with its id."""
        for line, claim in wire.read(self._file, Claim):
            assert isinstance(claim, Claim)
            yield self._added.get(line, claim)

    def _places_of_heads(self, found: list[Difference]) -> dict[str, Place]:
        """Where the first parts of split claims stand, if anything was changed."""
        if not any(one.old and one.new for one in found):
            return {}
        heads = {claim.continues for claim in self._revision.claims() if claim.continues}
        return {claim.id: place(claim) for claim in self._revision.claims() if claim.id in heads}

    def _reach(self, claim: Claim, name: DecidedField) -> object:
        """What a decision on a field of the claim holds for."""
        if name == "note":
            return claim.id
        if name in ("span", "source", "cue", "quotation"):
            return place(claim)
        whole = self._heads.get(claim.continues or claim.id, place(claim))
        return whole if name == "speaker" else (whole, claim.target)

    def _changed(self, line: int, old: Claim, new: Claim) -> None:
        self._before[new.id] = old
        names = [name for name in FIELDS if value_of(old, name) != value_of(new, name)]
        if old.annotator != new.annotator:
            if new.annotator not in (self._annotator, f"{old.annotator}+{self._annotator}"):
                remedy = "write your own name to confirm the label, or leave the field as it was"
                message = f"{new.annotator!r}, but it is {self._annotator!r} who adopts"
                self.problems.append(Problem(str(self._file), message, remedy, line, "annotator"))
            elif not names:
                names = ["stance"]
        for name in names:
            value, reach = value_of(new, name), self._reach(new, name)
            known, where = self._values.setdefault((reach, name), (value, line))
            if known != value:
                message = f"{value!r}, but line {where} has {known!r}, and both are one {_what(name)}"
                self.problems.append(Problem(str(self._file), message, "give both the same value", line, name))

    def _spread(self) -> None:
        """A decision for every claim that a changed value holds for."""
        for claim in self._revision.claims():
            for name in FIELDS:
                if held := self._values.get((self._reach(claim, name), name)):
                    before = self._before.get(claim.id, claim)
                    self._decide(claim.id, name, value_of(before, name), held[0])

    def _add(self, line: int, claim: Claim) -> None:
        article = self._revision.texts.get(claim.article)
        assert article is not None  # checked before
        known = claim.id in self._revision.log and self._revision.log.is_gone(claim.id)
        id = claim.id if known else claim_id(article.sha256, claim.start, claim.end, claim.target)
        self._added[line] = replace(filled(claim, article), id=id)
        self._decide(id, "claim", GONE, remembered(self._added[line]))
        if claim.note:
            self._decide(id, "note", "", claim.note)

    def _decide(self, claim: str, name: DecidedField, before: str, after: str) -> None:
        self.decisions.append(
            decide(self._annotator, claim, name, before, after, self._mode, self._version, self._time)
        )


def place(claim: Claim) -> Place:
    """Where the models found the claim, or where the person did who added it."""
    said = claim.prediction
    start, end = (claim.start, claim.end) if said == NO_PREDICTION else (said.start, said.end)
    return claim.article, start, end


def _what(name: DecidedField) -> str:
    return "claim in two parts" if name == "stance" else "span"
