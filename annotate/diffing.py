"""What differs between two corpora, working copies or releases: counts first, every single change on request.

Of claims, lines are counted: one a claim and target. A claim counts

- as re-anchored where it was carried over into another text of its article, at another place;
- as decided by people where the newer log has them in force, or where its stance, speaker or span moved though what
  the models say of it did not (a hand edit that nobody has adopted, a decision that was withdrawn);
- as confirmed where somebody decided it and nothing else of it changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from annotate import wire
from annotate.codebook import Codebook
from annotate.comparison import compare
from annotate.corpus import CLAIMS, DECISIONS, RELEASES, SPEAKERS, Corpus
from annotate.decisions import GONE, Log, read_decisions, value_of
from annotate.errors import UsageError, did_you_mean
from annotate.records import NO_PREDICTION, Article, Claim, DecidedField, Decision, Prediction, Speaker

T = TypeVar("T")

Kind = Literal[
    "added", "removed", "re-anchored", "span", "stance", "speaker", "quotation", "source", "cue", "note", "confirmed",
    "unconfirmed", "prediction", "identity", "text", "other",
]  # fmt: skip
"""What a change is: an end of the claim, a field that people decide, or what only the software writes.

`identity` is an id that now means another article or target; `text` words that were stripped or put back.
"""

SAID: dict[Kind, str] = {
    "added": "added",
    "removed": "removed",
    "re-anchored": "re-anchored in a text that changed",
    "span": "with a corrected span",
    "stance": "with another stance",
    "speaker": "with another speaker",
    "quotation": "with another kind of quotation",
    "source": "with another source",
    "cue": "with another cue",
    "note": "with another note",
    "confirmed": "confirmed unchanged",
    "unconfirmed": "with other annotators, labels unchanged",
    "prediction": "predicted anew",
    "identity": "whose id means another article or target",
    "text": "whose words were stripped or put back",
    "other": "different in form only",
}
"""What is said of claims of each kind, in this order."""

KINDS: dict[DecidedField, Kind] = {
    "span": "span",
    "stance": "stance",
    "speaker": "speaker",
    "quotation": "quotation",
    "source": "source",
    "cue": "cue",
    "note": "note",
}
"""Fields that people decide → what a change of them is."""
FIELDS = tuple(KINDS)
PLACES = {"span", "source", "cue"}
"""Fields that say where something stands in the text."""
PREDICTED = {"span", "stance", "speaker"}
"""Fields of which the prediction keeps what the models said."""
MODELS = ("attribution_model", "stance_model")

SOMEBODY = "?"
"""A person whom no log names."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one claim; `by` names the people who decided it, "" where the software did."""

    kind: Kind
    claim: str
    article: str
    text: str
    before: str = ""
    after: str = ""
    by: str = ""

    def as_dict(self) -> dict[str, str]:
        """The change for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        text = self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
        values = f": {self.before!r} → {self.after!r}" if self.before or self.after else ""
        who = f" by {'people' if self.by == SOMEBODY else self.by}" if self.by else ""
        return f"{self.kind} {self.article} {self.claim}{values}{who} — {text}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many changes of one kind: by the software, and by people."""

    software: int = 0
    people: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.software + sum(self.people.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines of a file are new, gone, or different under the same id."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return self != Tally()


@dataclass(frozen=True, slots=True)
class Switch:
    """A model that gave way to another one, on so many claims."""

    role: str
    before: str
    after: str
    claims: int


@dataclass(frozen=True, slots=True)
class Book:
    """Which codebook it is."""

    id: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.id} {self.version}"


@dataclass(frozen=True, slots=True)
class CodebookChange:
    """Both codebooks, and which targets are new, gone, or described in other words."""

    before: Book
    after: Book
    added: tuple[str, ...]
    removed: tuple[str, ...]
    redefined: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.before == self.after

    @property
    def breaks(self) -> bool:
        """Whether labels mean something else now, by the targets or by what the codebook's own version says."""
        other = self.before.id != self.after.id or _major(self.before.version) != _major(self.after.version)
        return other or bool(self.removed or self.redefined)

    def __str__(self) -> str:
        parts = (("added", self.added), ("removed", self.removed), ("in other words", self.redefined))
        targets = "; ".join(f"targets {what}: {', '.join(ids)}" for what, ids in parts if ids)
        return f"codebook {self.before} → {self.after}" + (f" ({targets})" if targets else "")


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs, in numbers; kinds without a change are left out."""

    old: str
    new: str
    claims: dict[Kind, Count]
    articles: Tally
    texts: int
    """Articles with another text under the same id; they are among `articles.changed`."""
    speakers: Tally
    decisions: Tally
    codebook: CodebookChange
    models: tuple[Switch, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.claims or self.articles or self.speakers or self.decisions) and self.codebook.same

    def count(self, kind: Kind) -> Count:
        """How many changes of this kind."""
        return self.claims.get(kind, Count())

    def as_dict(self) -> dict[str, Any]:
        """The numbers for JSON."""
        return {"empty": self.empty, **asdict(self)}

    def sentences(self) -> Iterator[str]:
        """The numbers, one sentence each."""
        for kind in self.claims:
            yield f"{many(self.count(kind).total, 'claim')} {SAID[kind]}{_by_whom(kind, self.count(kind))}"
        for noun, tally in (("article", self.articles), ("speaker", self.speakers), ("decision", self.decisions)):
            if tally:
                yield f"{noun}s: {_parts(tally)}"
        if self.texts:
            yield f"{many(self.texts, 'article')} with another text"
        for switch in self.models:
            role = switch.role.replace("_", " ")
            yield f"{role} {switch.before or 'none'} → {switch.after or 'none'} on {many(switch.claims, 'claim')}"
        if not self.codebook.same:
            yield str(self.codebook)

    def __str__(self) -> str:
        said = list(self.sentences()) or ["no difference"]
        return "\n".join([f"{self.old} → {self.new}", *(f"  {sentence}" for sentence in said)])


def opened(name: str) -> Corpus:
    """The corpus that a command line names: a folder, a release's folder, or `CORPUS@1.0.0`.

    Raises UsageError where the corpus has no such release, CorpusError where there is no corpus.
    """
    corpus, at, version = name.rpartition("@")
    if not at or Path(name).exists():
        return Corpus.open(name)
    releases = Corpus.open(corpus).releases()
    if version not in releases:
        there = f"there are {', '.join(releases)}" if releases else f"annotate release {corpus} makes the first"
        raise UsageError(f"{name}: no release {version}; {did_you_mean(version, releases) or there}")
    return Corpus.open(Path(corpus) / RELEASES / version)


def diff(old: Corpus, new: Corpus, old_name: str = "", new_name: str = "") -> Diff:
    """What differs, in numbers. Memory is a few dozen bytes a claim, article and decision.

    Raises CorpusError where a line cannot be read.
    """
    sides = _Sides(old, new)
    counted = _counted(sides.changes())
    return Diff(
        old_name or str(old.folder),
        new_name or str(new.folder),
        {kind: counted[kind] for kind in SAID if kind in counted},
        _tally(*sides.articles),
        len(sides.retexted),
        _tally(*({who.id: _hash(who) for who in side.read(SPEAKERS, Speaker)} for side in (old, new))),
        _tally(*({_hash(said): b"" for said in read_decisions(side.folder / DECISIONS)} for side in (old, new))),
        _codebooks(old.codebook, new.codebook),
        tuple(Switch(*key, count) for key, count in sorted(sides.switches.items())),
    )


def changes(old: Corpus, new: Corpus) -> Iterator[Change]:
    """Every change of every claim; claims that are gone come last. Raises CorpusError where a line cannot be read."""
    return _Sides(old, new).changes()


class _Sides:
    """The two corpora, and what is to be known of them before their claims are compared."""

    def __init__(self, old: Corpus, new: Corpus) -> None:
        self._old, self._new = old, new
        self._log = new.log() if (new.folder / DECISIONS).exists() else None
        self.articles = [{a.id: (a.sha256, _hash(a)) for a in side.articles()} for side in (old, new)]
        before, after = self.articles
        self.retexted = {id for id in before.keys() & after.keys() if before[id][0] != after[id][0]}
        self.switches: Counter[tuple[str, str, str]] = Counter()
        """(Role, before, after) of models that gave way → claims, once their changes were told."""

    def changes(self) -> Iterator[Change]:
        for _ in self._old.claims():  # `compare` passes over what it cannot read of the older file; this raises
            pass
        for _, old, new, _ in compare(self._old.folder / CLAIMS, self._new.folder / CLAIMS):
            if old and new:
                self._count_models(old.prediction, new.prediction)
                yield from _changed(old, new, self._log, new.article in self.retexted)
            elif new:
                yield _added(new, self._log)
            elif old:
                yield _removed(old, self._log)
            else:
                list(self._new.claims())  # raises, and names every bad line

    def _count_models(self, before: Prediction, after: Prediction) -> None:
        for role in MODELS if NO_PREDICTION not in (before, after) else ():
            names = getattr(before, role), getattr(after, role)
            if names[0] != names[1]:
                self.switches[role, *names] += 1


def _added(claim: Claim, log: Log | None) -> Change:
    by = _names(log, claim.id, gone=False)
    if not by and claim.prediction == NO_PREDICTION:
        by = claim.annotator or SOMEBODY
    return Change("added", claim.id, claim.article, claim.text, by=by)


def _removed(claim: Claim, log: Log | None) -> Change:
    return Change("removed", claim.id, claim.article, claim.text, by=_names(log, claim.id, gone=True))


def _names(log: Log | None, claim: str, *, gone: bool) -> str:
    """Who decided that the claim is gone, or there, "" where nobody did."""
    force = log.in_force(claim, "claim") if log else None
    return _joined(force.annotators) if force and (force.value == GONE) == gone else ""


def _changed(old: Claim, new: Claim, log: Log | None, retexted: bool) -> Iterator[Change]:
    """What became of a claim that both have."""
    found = [
        Change(kind, new.id, new.article, new.text or old.text, before, after, by)
        for kind, before, after, by in _decided(old, new, log, retexted)
    ]
    yield from found
    bare = Change("prediction", new.id, new.article, new.text or old.text)
    if _said(old, retexted) != _said(new, retexted):
        yield bare
    elif not found:
        yield replace(bare, kind="text" if _wordless(old) == _wordless(new) else "other")


def _decided(old: Claim, new: Claim, log: Log | None, retexted: bool) -> Iterator[tuple[Kind, str, str, str]]:
    """Kind, values before and after, and who, of what people decide, and of where the claim stands."""
    if (old.article, old.target) != (new.article, new.target):
        yield "identity", f"{old.article} {old.target}", f"{new.article} {new.target}", ""
    names = [name for name in FIELDS if value_of(old, name) != value_of(new, name)]
    if retexted and set(names) & PLACES:
        yield "re-anchored", value_of(old, "span"), value_of(new, "span"), ""
        names = [name for name in names if name not in PLACES]
    for name in names:
        yield KINDS[name], value_of(old, name), value_of(new, name), _who(old, new, name, log)
    if not names and old.annotator != new.annotator:
        before, after = ({*claim.annotator.split("+")} - {""} for claim in (old, new))
        kind: Kind = "confirmed" if after - before else "unconfirmed"
        yield kind, old.annotator, new.annotator, _joined(after - before or before - after)


def _who(old: Claim, new: Claim, name: DecidedField, log: Log | None) -> str:
    """Who gave a field its new value: names, SOMEBODY, or "" for the models."""
    if log is None and new.annotator:
        return new.annotator
    force = log.in_force(new.id, name) if log else None
    if force and force.value == value_of(new, name):
        return _joined(force.annotators)
    if name == "note":  # no model writes notes
        return new.annotator or SOMEBODY
    if name not in PREDICTED:
        return ""
    models = _predicted(old, name), _predicted(new, name)
    return SOMEBODY if models[0] == models[1] or models[1] != value_of(new, name) else ""


def _predicted(claim: Claim, name: DecidedField) -> str:
    said = claim.prediction
    return f"{said.start}:{said.end}" if name == "span" else str(getattr(said, name))


def _said(claim: Claim, retexted: bool) -> Prediction:
    """The prediction, but for where it stands in a text that changed, and the seal that follows from that."""
    return replace(claim.prediction, start=0, end=0, seal="") if retexted else claim.prediction


def _wordless(claim: Claim) -> Claim:
    return replace(claim, text="", source=replace(claim.source, text=""), cue=replace(claim.cue, text=""))


def _counted(found: Iterable[Change]) -> dict[Kind, Count]:
    software: Counter[Kind] = Counter()
    people: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
    for change in found:
        if change.by:
            people[change.kind][change.by] += 1
        else:
            software[change.kind] += 1
    return {kind: Count(software[kind], dict(people[kind].most_common())) for kind in {*software, *people}}


def _tally(old: dict[str, T], new: dict[str, T]) -> Tally:
    changed = sum(old[key] != new[key] for key in old.keys() & new.keys())
    return Tally(len(new.keys() - old.keys()), len(old.keys() - new.keys()), changed)


def _codebooks(old: Codebook, new: Codebook) -> CodebookChange:
    before, after = ({target.id: (target.name, target.description) for target in book.targets} for book in (old, new))
    return CodebookChange(
        Book(old.id, old.version, old.sha256),
        Book(new.id, new.version, new.sha256),
        tuple(id for id in after if id not in before),
        tuple(id for id in before if id not in after),
        tuple(id for id in before if id in after and before[id] != after[id]),
    )


def _hash(record: Article | Speaker | Decision) -> str:
    return hashlib.blake2b(wire.dump(record).encode(), digest_size=16).hexdigest()


def _major(version: str) -> str:
    return version.partition(".")[0]


def _joined(names: Iterable[str]) -> str:
    return "+".join(sorted(names))


def _by_whom(kind: Kind, count: Count) -> str:
    """`: 7 by ana, 2 by models`, "" where nobody is to be named."""
    parts = [f"{number} by {'people' if who == SOMEBODY else who}" for who, number in count.people.items()]
    if count.software and kind in KINDS.values():
        parts.append(f"{count.software} by models")
    return f": {', '.join(parts)}" if parts else ""


def _parts(tally: Tally) -> str:
    numbers = ((tally.added, "added"), (tally.removed, "removed"), (tally.changed, "changed"))
    return ", ".join(f"{number} {what}" for number, what in numbers if number)


def many(number: int, noun: str) -> str:
    """`1 claim`, `2 claims`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
