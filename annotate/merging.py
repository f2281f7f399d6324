"""The three-way merge of one article's claims: what stood there, what the models say now, what people decided.

- Claims of the corpus and of the new run are paired by span: equal ones first, then by the largest overlap (of at
  least half of what the two cover). A pair keeps the old id.
- What nobody decided takes the new prediction. What a person decided stays, and so does a deletion.
- A claim that a person decided or added and the models no longer find is kept as it was.
- Claims never overlap: a new claim gives way to one that a person decided, and a decided claim keeps its old
  span where the new one would run into another decided claim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from annotate.decisions import SHARED, ArticleOf, Log, decide, value_of
from annotate.records import NO_PREDICTION, Article, Claim, DecidedField, Decision, digest

OVERLAP = 0.5
"""The share of what two spans cover together that they must have in common to be the same claim."""


class Decided(NamedTuple):
    """What people decided about who speaks in an article, as far as the models must know it."""

    spans: tuple[tuple[int, int, str], ...] = ()
    """Start, end and the decided speaker's id."""
    names: tuple[tuple[str, str], ...] = ()
    """What those speakers are called, by id."""

    def speaker(self, start: int, end: int) -> str:
        """The speaker that people decided for the claim at [start, end), "" where nobody did."""
        first, last, who = max(self.spans, key=lambda one: overlap(one[:2], (start, end)), default=(0, 0, ""))
        return who if overlap((first, last), (start, end)) >= OVERLAP else ""


NOTHING_DECIDED = Decided()

Kind = Literal["new", "gone", "changed", "disagrees", "kept", "gives-way", "stays-deleted", "reworded"]


class Change(NamedTuple):
    """One thing that a merge did; `field`, `before` and `after` where a label or span is concerned."""

    kind: Kind
    article: str
    claim: str
    text: str
    field: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        what = {
            "new": "new",
            "gone": "no longer found, and nobody had decided it",
            "changed": f"{self.field}: {self.before!r} is now {self.after!r}",
            "disagrees": f"{self.field}: a person decided {self.before!r}, the models now say {self.after!r}",
            "kept": "decided by a person and no longer found: kept as it was",
            "gives-way": "found, but it runs into a claim that a person decided: left out",
            "stays-deleted": "found again, but a person deleted it: stays deleted",
            "reworded": f"{self.field}: {self.before!r} reads {self.after!r} in the new text; what was decided stays",
        }[self.kind]
        text = self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
        return f"{self.article}: {self.claim}: {what} — {text}"


@dataclass(slots=True)
class Merged:
    """The article's claims after the merge, in text order, and what was done."""

    claims: list[Claim]
    changes: list[Change] = field(default_factory=list)
    echoes: list[Decision] = field(default_factory=list)
    """Decisions on a claim that now hold for a new sibling of it too."""


def merge(old: Sequence[Claim], new: Sequence[Claim], deleted: Sequence[Claim], log: Log, article: Article) -> Merged:
    """Merge the claims of one article, whose text is the same for all of them.

    `old` is the view, `new` what the models say now, `deleted` what people deleted of it.
    """
    return _Merge(old, new, deleted, log, article).result()


@dataclass(slots=True)
class _Line:
    """A claim on its way: the line as it was, the line as it would be, and whether a person's word stands on it."""

    after: Claim
    before: Claim | None = None
    decided: bool = False

    @property
    def span(self) -> tuple[int, int]:
        return self.after.start, self.after.end


class _Merge:
    def __init__(
        self, old: Sequence[Claim], new: Sequence[Claim], deleted: Sequence[Claim], log: Log, article: Article
    ) -> None:
        self._log, self._article = log, article
        self._article_of: ArticleOf = lambda _: article
        self._gone = {claim.id for claim in deleted}
        self._old = _groups([*old, *deleted])
        self._new = _groups(new)
        self._order = {claim.target: number for number, claim in enumerate((*reversed(old), *reversed(new)))}
        """What targets are ordered by: as the new run has them."""
        self._ids: dict[str, str] = {}
        """Id that the new run minted → id that the corpus has for the same claim."""
        self._lines: list[_Line] = []
        self._merged = Merged([])

    def result(self) -> Merged:
        pairs = pair(list(self._old), list(self._new))
        for there, found in pairs:
            self._pair(self._old[there], self._new[found])
        for there in self._old.keys() - {there for there, _ in pairs}:
            self._unfound(self._old[there])
        for found in self._new.keys() - {found for _, found in pairs}:
            self._found(self._new[found])
        self._part()
        self._link()
        for line in self._lines:
            self._tell(line)
        self._merged.claims = [line.after for line in self._lines]
        self._merged.changes.sort(key=lambda change: (change.kind, change.claim))
        return self._merged

    def _pair(self, there: list[Claim], found: list[Claim]) -> None:
        """One span's claims, target by target."""
        old = {claim.target: claim for claim in there}
        for claim in found:
            before = old.pop(claim.target, None)
            if before is None:
                self._found([claim], there)
                continue
            self._ids[claim.id] = before.id
            if before.id in self._gone:
                self._say("stays-deleted", before)
                continue
            anew = replace(claim, id=before.id, prediction=claim.prediction.sealed(before.id))
            after = self._log.apply(anew, self._article_of)
            assert after is not None
            self._lines.append(_Line(after, before, self._log.decided(before.id)))
        self._unfound(list(old.values()))

    def _found(self, claims: Iterable[Claim], siblings: Sequence[Claim] = ()) -> None:
        """Claims that are not in the corpus, though others for their span may be."""
        for claim in claims:
            if self._log.is_gone(claim.id):  # where its text was another for a while, it is not among the deleted ones
                self._say("stays-deleted", claim)
            else:
                self._lines.append(self._sibling(claim, siblings) if siblings else _Line(claim))

    def _sibling(self, claim: Claim, there: Sequence[Claim]) -> _Line:
        """A claim for a new target: what was decided of its span for another one holds for it too."""
        for sibling in there:
            for name in SHARED:
                force = self._log.in_force(sibling.id, name)
                if force and value_of(claim, name) != force.value:
                    self._echo(claim, name, force.value, force.annotators)
            if any(echo.claim == claim.id for echo in self._merged.echoes):
                break
        after = self._log.apply(claim, self._article_of)
        assert after is not None
        return _Line(after, None, self._log.decided(claim.id))

    def _echo(self, claim: Claim, name: DecidedField, value: str, annotators: Iterable[str]) -> None:
        for annotator in annotators:
            echo = decide(annotator, claim.id, name, value_of(claim, name), value, "edit", "")
            self._merged.echoes.append(echo)
            self._log.hear(echo)

    def _unfound(self, claims: Iterable[Claim]) -> None:
        """Claims of the corpus that the models no longer find."""
        for claim in claims:
            if claim.id in self._gone:
                continue
            if self._log.decided(claim.id) or claim.prediction == NO_PREDICTION:
                self._lines.append(_Line(claim, claim, decided=True))
                if claim.prediction != NO_PREDICTION:
                    self._say("kept", claim)
            else:
                self._say("gone", claim)

    def _part(self) -> None:
        """Leave no two claims of a target that overlap."""
        while True:
            clash = next(self._clashes(), None)
            if clash is None:
                return
            for line in clash:
                if not line.decided:
                    self._lines.remove(line)
                    self._say("gives-way", line.after)
                    break
            else:
                back = next((line for line in clash if line.before and line.after != line.before), None)
                if back is None:
                    return  # they overlapped before: `check` names them
                assert back.before is not None
                back.after = back.before
                self._say("kept", back.before)

    def _clashes(self) -> Iterator[tuple[_Line, _Line]]:
        self._lines.sort(key=lambda line: (line.after.target, *line.span))
        reach: _Line | None = None
        for line in self._lines:
            if reach and reach.after.target == line.after.target and line.after.start < reach.after.end:
                yield line, reach
            if reach is None or reach.after.target != line.after.target or line.after.end > reach.after.end:
                reach = line

    def _link(self) -> None:
        """Text order, and `continues` by the ids that the corpus has."""
        there = {line.after.id for line in self._lines}
        for line in self._lines:
            head = self._ids.get(line.after.continues, line.after.continues)
            line.after = replace(line.after, continues=head if head in there else "")
        self._lines.sort(key=lambda line: (line.span, -self._order[line.after.target]))

    def _tell(self, line: _Line) -> None:
        after, before = line.after, line.before
        if before is None:
            self._say("new", after)
            return
        names: tuple[DecidedField, ...] = ("stance", "speaker", "span")
        for name in names:
            force = self._log.in_force(after.id, name)
            said = after.prediction
            now = {"stance": said.stance, "speaker": said.speaker, "span": f"{said.start}:{said.end}"}[name]
            if force and said != NO_PREDICTION and force.value != now:
                self._say("disagrees", after, name, force.value, now)
            elif value_of(before, name) != value_of(after, name):
                self._say("changed", after, name, value_of(before, name), value_of(after, name))

    def _say(self, kind: Kind, claim: Claim, name: str = "", before: str = "", after: str = "") -> None:
        text = claim.text or self._article.text[claim.start : claim.end]
        self._merged.changes.append(Change(kind, claim.article, claim.id, text, name, before, after))


def apart(claims: Sequence[Claim], taken: Container[str]) -> list[Claim]:
    """New claims with other ids for those that are taken.

    A claim that was carried over into another text, or paired with a span of other bounds, keeps the id that was
    minted from where it first stood; a claim that is found there later would be given the same.
    """
    if not any(claim.id in taken for claim in claims):
        return list(claims)
    ids: dict[str, str] = {}
    for claim in claims:
        id = claim.id
        while id in taken:
            id = digest(id, letter="c")
        ids[claim.id] = id
    return [
        replace(
            claim,
            id=ids[claim.id],
            continues=ids.get(claim.continues, claim.continues),
            prediction=claim.prediction.sealed(ids[claim.id]),
        )
        for claim in claims
    ]


Bounds = tuple[int, int]


def _groups(claims: Iterable[Claim]) -> dict[Bounds, list[Claim]]:
    """Siblings together, by the span that the models gave them, else their own."""
    groups: dict[Bounds, list[Claim]] = defaultdict(list)
    for claim in claims:
        said = claim.prediction
        groups[(said.start, said.end) if said != NO_PREDICTION else (claim.start, claim.end)].append(claim)
    return groups


def pair(old: Sequence[Bounds], new: Sequence[Bounds]) -> list[tuple[Bounds, Bounds]]:
    """Spans that are the same claim: equal ones, then those that overlap most, each used once."""
    same = set(old) & set(new)
    pairs = [(span, span) for span in sorted(same)]
    rest = [
        (-shared, a, b)
        for a in old
        if a not in same
        for b in new
        if b not in same and (shared := overlap(a, b)) >= OVERLAP
    ]
    used_old: set[Bounds] = set()
    used_new: set[Bounds] = set()
    for _, a, b in sorted(rest):
        if a not in used_old and b not in used_new:
            used_old.add(a)
            used_new.add(b)
            pairs.append((a, b))
    return pairs


def overlap(a: Bounds, b: Bounds) -> float:
    """What two spans have in common, as a share of what they cover together."""
    common = min(a[1], b[1]) - max(a[0], b[0])
    return max(0, common) / (max(a[1], b[1]) - min(a[0], b[0]) or 1)
