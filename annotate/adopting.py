"""Hand edits become decisions, as what other tools send back does; a decision is withdrawn by another one.

- A changed stance, speaker, note, quotation or span is a decision on that field. The annotator's own name written
  into `annotator` of a line whose stance is left as it is confirms the stance.
- What is decided of a span (itself, its source and cue, who speaks) goes to the claims of the other targets there;
  a stance, and a speaker, goes to the other parts of a claim that its cue splits.
- A line of one's own in place of a claim that is gone, on the same span, corrects that claim.
- A deleted line is a decision too. More than MANY deletions are adopted only when their number is given: a file cut
  short, or a filtered export saved over it, is no decision. Where it was the first part of a claim that its cue
  splits, the later part continues none, until the first comes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from annotate import shards, wire
from annotate.checking import refuse_problems
from annotate.comparison import Difference
from annotate.corpus import ARTICLES, BASE, CLAIMS, Corpus
from annotate.decisions import GONE, Dispute, decide, filled, remembered, value_of
from annotate.edits import differences, edits_of
from annotate.errors import CorpusError, Problem, TooManyDeletions, UsageError
from annotate.records import NO_PREDICTION, Article, Claim, DecidedField, Decision, Mode, claim_id
from annotate.revising import Revision, base_claims, remarks, revising
from annotate.texts import ArticleIndex

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
    remarks: tuple[str | Problem, ...] = ()
    nothing: str = "no hand edits to adopt"
    """What to say where there are no decisions."""

    def __str__(self) -> str:
        if not self.decisions:
            return self.nothing
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
        base = base_claims(revision.corpus)
        said = tuple(remarks(revision.corpus, revision.log))
        found = list(differences(file, base, revision.log, revision.texts.get))
        refuse_problems(revision.corpus, "nothing was adopted", illegal(revision.corpus, found))
        mode: Mode = "adjudicate" if adjudicate else "edit"
        batch = Batch(revision, annotator, mode)
        for one in found:
            batch.hear(one.file, one)
        _refuse_many(folder, batch.gone, deletions)
        decisions = batch.decisions()
        if problems := batch.problems:
            raise CorpusError(f"{folder}: {len(problems)} problems; nothing was adopted", problems)
        if not decisions:
            revision.change.abandon()
            return Adopted(remarks=said)
        revision.decide([*decisions, *partings(revision, decisions)])
        revision.fold(batch.view(file))
        _refuse_clashes(revision, decisions)
        return replace(adopted(revision, decisions), remarks=said)


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
                decide(annotator, claim, name, value, "", "withdraw", revision.corpus.version, revision.log.now())
                for name, value in said.items()
                if value is not None
            ]
        _refuse_unseen(revision, {decision.claim for decision in made if decision.field == "span"})
        revision.decide(made)
        revision.fold(revision.claims())
        _refuse_clashes(revision, made)
        return adopted(revision, made)


def _refuse_clashes(revision: Revision, made: Iterable[Decision]) -> None:
    """CorpusError where the new view would be illegal, though each decision is legal.

    A place is undecided again where annotators differ on it, or one of them takes their word back.
    """
    ids = {decision.claim for decision in made if decision.field in ("claim", "span")}
    if not ids:
        return
    articles = {claim.article for claim in revision.claims() if claim.id in ids}
    articles |= {line.article for id, line in revision.log.lines() if id in ids}
    problems = [
        Problem(one.id, f"would overlap {other.id} at [{one.start}, {one.end})", "move or delete one of them first")
        for one, other in clashes(revision, articles)
    ]
    if problems:
        folder = revision.corpus.folder
        raise CorpusError(f"{folder}: {len(problems)} claims would be left broken; nothing was written", problems)


def partings(revision: Revision, made: Iterable[Decision]) -> Iterator[Decision]:
    """What keeps, in the log, which claim the later parts continue whose first part these decisions delete."""
    gone = {decision.claim: decision for decision in made if decision.field == "claim" and decision.to == GONE}
    for claim in revision.claims() if gone else ():
        if claim.continues in gone and claim.id not in gone and claim.prediction != NO_PREDICTION:
            line, why = remembered(claim), gone[claim.continues]
            yield decide("annotate", claim.id, "claim", line, line, "reanchor", why.corpus_version, why.time)


def clashes(revision: Revision, articles: Collection[str]) -> Iterator[tuple[Claim, Claim]]:
    """Claims of these articles that overlap another one in the new view."""
    found: dict[str, list[Claim]] = {article: [] for article in articles}
    for _, claim in wire.read(revision.change.path(CLAIMS), Claim) if found else ():
        assert isinstance(claim, Claim)
        if claim.article in found:
            found[claim.article].append(claim)
    for claims in found.values():
        claims.sort(key=lambda claim: (claim.target, claim.start, claim.end))
        for one, other in pairwise(claims):
            if one.target == other.target and other.start < one.end:
                yield one, other


def _refuse_unseen(revision: Revision, claims: set[str]) -> None:
    """CorpusError where a claim's span would change and the article's text is not there for its new digest."""
    for claim in revision.claims() if claims else ():
        article = revision.texts.get(claim.article) if claim.id in claims else None
        if article and article.length > len(article.text):
            problem = Problem(claim.id, "its article has no text here", _hydrate_first(revision.corpus))
            raise CorpusError(f"{revision.corpus.folder}: a span cannot be changed; nothing was written", [problem])


def legal_annotator(name: str) -> None:
    """UsageError for a name that cannot stand in `annotator`."""
    if not (name[:1].isalpha() and name.isascii() and all(c.isalnum() or c in "._-" for c in name)):
        raise UsageError(f"--annotator {name!r}: a letter first, then letters, digits, dots, hyphens and underscores")


def illegal(corpus: Corpus, found: Iterable[Difference]) -> Iterator[Problem]:
    """Changes that are not a person's to make, where `check` does not see them by the line alone."""
    rules = Rules(corpus)
    for one in found:
        yield from rules.broken(one)


class Rules:
    """What a person may change by hand, one difference at a time."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    @cached_property
    def _texts(self) -> ArticleIndex:
        return ArticleIndex(self._corpus.folder / ARTICLES)

    def broken(self, one: Difference) -> Iterator[Problem]:
        """What of the difference is not a person's to make, and is not seen by the line alone."""
        for edit in edits_of(one):
            if not edit.legal and not edit.field.startswith("prediction."):
                yield edit.problem
        if one.old is None and one.new and one.new.prediction != NO_PREDICTION and one.new.id == "":
            message, remedy = "a claim of your own has no prediction", 'every string "", every number 0'
            yield Problem(one.file, message, remedy, one.line)
        yield from self._unseen(one)

    def _unseen(self, one: Difference) -> Iterator[Problem]:
        """A span that was changed or added where the article's text is not there to prove it."""
        if one.new and (_places(one.new) != _places(one.old) if one.old else not one.new.id):
            article = self._texts.get(one.new.article)
            if article and article.length > len(article.text):
                message = "a span was set by hand, and the article's text is not here to prove it"
                yield Problem(one.file, message, _hydrate_first(self._corpus), one.line, "start")


def _hydrate_first(corpus: Corpus) -> str:
    return f"annotate hydrate {corpus.folder} OUT --articles PATH, and correct it in OUT"


def _places(claim: Claim) -> tuple[int, ...]:
    return claim.start, claim.end, claim.source.start, claim.source.end, claim.cue.start, claim.cue.end


def _refuse_many(folder: Path, gone: list[Claim], meant: int) -> None:
    refuse_many(
        gone,
        meant,
        f"{folder}: {len(gone)} claims are gone from {CLAIMS}; nothing was adopted",
        f"restore the file, the last one written is {folder / BASE / shards.pattern(folder / CLAIMS)}",
    )


def refuse_many(gone: list[Claim], meant: int, what: str, remedy: str) -> None:
    """TooManyDeletions where more claims are gone than MANY, and their number is not the one that was meant."""
    if len(gone) > MANY and meant != len(gone):
        shown = [Problem(claim.id, f"is gone: {claim.text[:60]}") for claim in gone[:5]]
        raise TooManyDeletions(f"{what}. If a person deleted them: --deletions {len(gone)}; else {remedy}", shown)


def adopted(revision: Revision, made: list[Decision]) -> Adopted:
    claims = {decision.claim for decision in made}
    disputes = [dispute for dispute in revision.log.disputes() if dispute.claim in claims]
    return Adopted(Counter(decision.field for decision in made), len(claims), disputes)


class Batch:
    """The decisions that a set of differences amounts to, whether a person made them by hand or in another tool.

    The claims that the differences are told of are those of the revision.
    """

    def __init__(self, revision: Revision, annotator: str, mode: Mode) -> None:
        self._revision, self._annotator, self._mode = revision, annotator, mode
        self._time, self._version = revision.log.now(), revision.corpus.version
        self._values: dict[tuple[object, DecidedField], tuple[str, str, int]] = {}
        """(What a decision holds for, field) → the value, and the file and line that say it."""
        self._before: dict[tuple[str, DecidedField], str] = {}
        self._confirmed: list[tuple[str, int, Claim]] = []
        self._new: dict[str, tuple[str, int, Claim]] = {}
        """The id that an added line gets → its file and number, and what it holds."""
        self._written: set[str] = set()
        """The ids that stand on added lines, most often ""."""
        self._corrected: dict[str, Claim] = {}
        """Claims whose lines gave way to one that a person wrote at the same place."""
        self._added: dict[shards.Place, Claim] = {}
        self._made: list[Decision] = []
        self.gone: list[Claim] = []
        self.problems: list[Problem] = []

    def hear(self, file: str, one: Difference, names: Iterable[DecidedField] = ()) -> None:
        """Take a difference into account, which line `one.line` of `file` tells.

        `names` are fields that are decided even where the corpus has the same value already.
        """
        if one.old and one.new:
            self._changed(file, one.line, one.old, one.new, names)
        elif one.new:
            self._new[self._id(one.new)] = file, one.line, one.new
            self._written.add(one.new.id)
        elif one.old and one.old.id in self._new:
            self._correct(one.old)
        elif one.old:
            self.gone.append(one.old)

    def confirm(self, file: str, line: int, claim: Claim) -> None:
        """The stance is confirmed, unless it was changed for another part of a claim that its cue splits."""
        self._confirmed.append((file, line, claim))

    def decisions(self) -> list[Decision]:
        """What the differences amount to, once all of them were heard."""
        for file, line, claim in self._confirmed:
            self._values.setdefault((self._reach(claim, "stance"), "stance"), (claim.stance, file, line))
        self._refuse_taken()
        if self._values and not self.problems:
            self._spread()
        for id, (file, line, claim) in self._new.items():
            self._add(id, shards.Place(file, line), claim)
        for claim in self.gone:
            self._decide(claim.id, "claim", remembered(claim), GONE)
        return self._made

    def view(self, path: Path) -> Iterator[Claim]:
        """The claims that were edited by hand, each added one with its id."""
        for place, claim in shards.read(path, Claim):
            assert isinstance(claim, Claim)
            yield self._added.get(place, claim)

    @cached_property
    def _heads(self) -> dict[str, Place]:
        """Where the first parts of split claims stand."""
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

    def _changed(self, file: str, line: int, old: Claim, new: Claim, sure: Iterable[DecidedField]) -> None:
        names = [name for name in FIELDS if name in sure or value_of(old, name) != value_of(new, name)]
        if old.annotator != new.annotator:
            if new.annotator not in (self._annotator, f"{old.annotator}+{self._annotator}"):
                remedy = "write your own name to confirm the label, or leave the field as it was"
                message = f"{new.annotator!r}, but it is {self._annotator!r} who adopts"
                self.problems.append(Problem(file, message, remedy, line, "annotator"))
            elif not names:
                names = ["stance"]
        if self._mode == "adjudicate" and self._revision.log.disputed(new.id, "claim"):
            self._decide(new.id, "claim", remembered(old), remembered(new))
        for name in names:
            self._before[new.id, name] = value_of(old, name)
            self._values.setdefault((self._reach(new, name), name), (value_of(new, name), file, line))
            self._agree(file, line, new, name)

    def _agree(self, file: str, line: int, claim: Claim, name: DecidedField) -> None:
        """The claim must have the value that another line gives to all that it holds for."""
        value = value_of(claim, name)
        known, there, where = self._values.get((self._reach(claim, name), name), (value, file, line))
        if known != value:
            at = f"line {where}" if there == file else f"{there}:{where}"
            message = f"{value!r}, but {at} has {known!r}, and both are one {_what(name)}"
            self.problems.append(Problem(file, message, "give both the same value", line, name))

    def _spread(self) -> None:
        """A decision for every claim that a changed value holds for."""
        for file, line, claim in self._new.values():
            for name in FIELDS:
                self._agree(file, line, claim, name)
        for there in self._revision.claims():
            id = self._id(there) if there.id in self._written else there.id
            if id in self._new:
                continue
            claim = self._corrected.get(id, there)
            for name in FIELDS:
                if held := self._values.get((self._reach(claim, name), name)):
                    before = self._before.get((id, name))
                    self._decide(id, name, value_of(claim, name) if before is None else before, held[0])

    def _id(self, claim: Claim) -> str:
        """The id of an added line: its own where the models gave it, or the log knows it; else one for its place."""
        known = claim.id in self._revision.log and self._revision.log.is_gone(claim.id)
        if claim.id and (known or claim.prediction != NO_PREDICTION):
            return claim.id
        return claim_id(self._article(claim).sha256, claim.start, claim.end, claim.target)

    def _article(self, claim: Claim) -> Article:
        article = self._revision.texts.get(claim.article)
        assert article is not None  # checked before
        return article

    def _correct(self, old: Claim) -> None:
        """A line that a person wrote in place of one that is gone corrects or confirms it: the prediction stays."""
        file, line, own = self._new.pop(old.id)
        signed = own.annotator or old.annotator
        kept = replace(own, id=old.id, continues=old.continues, annotator=signed, prediction=old.prediction)
        new = self._corrected[old.id] = self._added[shards.Place(file, line)] = filled(kept, self._article(own))
        self._changed(file, line, old, new, ("stance",))

    def _refuse_taken(self) -> None:
        """A problem for each added line at a place where a claim was found that stands elsewhere now."""
        for claim in self._revision.claims() if self._new else ():
            file, line, own = self._new.get(claim.id, ("", 0, claim))
            if line and own.id != claim.id:
                message = f"{claim.id}, which stands at [{claim.start}, {claim.end}) now, was found here"
                self.problems.append(Problem(file, message, "move that one back instead of adding one", line, "start"))

    def _add(self, id: str, at: shards.Place, claim: Claim) -> None:
        added = self._added[at] = replace(filled(claim, self._article(claim)), id=id)
        self._decide(id, "claim", GONE, remembered(added))
        for name in FIELDS:
            before = self._revision.log.shown(added, name)
            if value_of(added, name) != before:
                self._decide(id, name, before, value_of(added, name))

    def _decide(self, claim: str, name: DecidedField, before: str, after: str) -> None:
        self._made.append(decide(self._annotator, claim, name, before, after, self._mode, self._version, self._time))


def place(claim: Claim) -> Place:
    """Where the models found the claim, or where the person did who added it."""
    said = claim.prediction
    start, end = (claim.start, claim.end) if said == NO_PREDICTION else (said.start, said.end)
    return claim.article, start, end


def _what(name: DecidedField) -> str:
    return "claim in two parts" if name == "stance" else "span"
