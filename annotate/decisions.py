"""What people decided: the log, and what follows from it for each claim.

The log, `decisions.jsonl`, is only ever appended to, and is the truth; `claims.jsonl` is the view. Of
one field of one claim the view shows

1. what was adjudicated last, else
2. what the annotators who decided it agree on, else
3. what the models predicted: the field is disputed, or nobody decided it.

Each annotator counts by the last decision that was not withdrawn. Last is what the decisions' times say, the
order of lines where they are equal: when two copies of a corpus are merged, what one of them adds to the other's
log may be older than what stands there. A claim is gone from the view while "" stands in force for its field
"claim".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from annotate import wire
from annotate.errors import CorpusError, Problem
from annotate.records import (
    NO_PREDICTION,
    NO_SPAN,
    QUOTATIONS,
    SCHEMA_VERSION,
    STANCES,
    Article,
    Claim,
    DecidedField,
    Decision,
    Mode,
    Span,
    text_digest,
)

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"

GONE = ""
"""The value of the field "claim" where there is no such line."""

SHARED: tuple[DecidedField, ...] = ("speaker", "span", "source", "cue", "quotation")
"""What is decided for a span whatever the target: equal on all its siblings."""

WHOLE: tuple[DecidedField, ...] = ("stance", *SHARED)
"""What a decision on a line as a whole says."""

ArticleOf = Callable[[str], Article | None]


class InForce(NamedTuple):
    """A value that stands decided, and who decided it."""

    value: str
    annotators: tuple[str, ...]


class Word(NamedTuple):
    """An annotator's last word on a field: None where it was withdrawn; `ruled` is when they ruled on it, or ""."""

    value: str | None
    time: str
    ruled: str
    withdrawn: str


@dataclass(slots=True)
class Opinions:
    """What was said of one field of one claim; `original` is what stood there before anybody decided."""

    original: str
    first: str
    """When the earliest decision was made."""
    anchored: str = ""
    """When the field was last transcribed into another text; `original` is by that text."""
    words: dict[str, Word] = field(default_factory=dict)

    def hear(self, decision: Decision) -> None:
        """Take a decision into account, in whatever order decisions of different times come."""
        who, time = decision.annotator, decision.time
        if decision.mode == "reanchor" and time >= self.anchored:
            self.anchored, self.original = time, decision.from_
        elif time < self.first:
            self.first, self.original = time, self.original if self.anchored else decision.from_
        last = self.words.get(who, Word(None, "", "", ""))
        ruled = max(last.ruled, time) if decision.mode == "adjudicate" else last.ruled
        withdrawn = max(last.withdrawn, time) if decision.mode == "withdraw" else last.withdrawn
        value = last.value
        if time >= last.time:
            silent = decision.mode == "withdraw" or (decision.mode == "reanchor" and last.value is None)
            value = None if silent else decision.to
        self.words[who] = Word(value, max(time, last.time), ruled, withdrawn)

    @property
    def said(self) -> dict[str, str]:
        """Who says what, whoever spoke last at the end."""
        spoken = sorted(self.words.items(), key=lambda item: item[1].time)
        return {who: word.value for who, word in spoken if word.value is not None}

    @property
    def ruled_by(self) -> str:
        """The last adjudicator, whose value decides, "" where nobody has ruled."""
        ruled = [(word.ruled, who) for who, word in self.words.items() if word.ruled > word.withdrawn]
        return max(ruled)[1] if ruled else ""

    @property
    def in_force(self) -> InForce | None:
        """What stands decided; None where nothing does, or annotators differ."""
        said = self.said
        if ruler := self.ruled_by:
            return InForce(said[ruler], (ruler,))
        values = set(said.values())
        return InForce(values.pop(), tuple(said)) if len(values) == 1 else None

    @property
    def disputed(self) -> bool:
        return bool(self.said) and self.in_force is None

    @property
    def personal(self) -> bool:
        """Whether anybody but the software ever spoke of the field."""
        return any(word.value is not None or word.withdrawn for word in self.words.values())


class Dispute(NamedTuple):
    """Annotators who differ: who says what of one field of one claim."""

    claim: str
    field: DecidedField
    said: dict[str, str]

    def __str__(self) -> str:
        shown = {who: repr(value) for who, value in self.said.items()}
        if self.field == "claim":
            shown = _lines_apart(self.said)
        sides = ", ".join(f"{who} says {value}" for who, value in shown.items())
        return f"{self.claim}: {self.field} is disputed: {sides}"


def _lines_apart(said: dict[str, str]) -> dict[str, str]:
    """What each says of a line as a whole: to delete it, or to keep it, and as what where two say so otherwise."""
    lines = {who: wire.load(value, Claim) for who, value in said.items() if value != GONE}
    apart = [name for name in WHOLE if len({value_of(line, name) for line in lines.values()}) > 1]
    kept = {who: ", ".join(["keep", *(f"{n} {value_of(line, n)!r}" for n in apart)]) for who, line in lines.items()}
    return {who: kept.get(who, "delete") for who in said}


class Log:
    """Everything that was decided, by claim and field."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._opinions: dict[str, dict[DecidedField, Opinions]] = {}
        self.count = 0
        self._latest = ""
        for decision in decisions:
            self.hear(decision)

    @classmethod
    def read(cls, path: Path) -> Log:
        """The log in `path`, empty where there is no such file; CorpusError names every bad line."""
        return cls(read_decisions(path))

    def hear(self, decision: Decision) -> None:
        """Take one more decision into account."""
        fields = self._opinions.setdefault(decision.claim, {})
        fields.setdefault(decision.field, Opinions(decision.from_, decision.time)).hear(decision)
        self.count += 1
        self._latest = max(self._latest, decision.time)

    def now(self) -> str:
        """The time for a decision that counts after all that were made, even where a clock was ahead."""
        time = now()
        if time > self._latest:
            return time
        return _written(datetime.strptime(self._latest, _TIME).replace(tzinfo=UTC) + timedelta(microseconds=1))

    def __contains__(self, claim: str) -> bool:
        return claim in self._opinions

    def in_force(self, claim: str, name: DecidedField) -> InForce | None:
        """What stands decided of a field, if anything does."""
        opinions = self._opinions.get(claim, {}).get(name)
        return opinions.in_force if opinions else None

    def shown(self, claim: Claim, name: DecidedField) -> str:
        """What the view shows of a field of a claim, as far as the log and the prediction tell; else what it has."""
        if opinions := self._opinions.get(claim.id, {}).get(name):
            force = opinions.in_force
            return force.value if force else _undecided(claim, name, opinions.original)
        return _undecided(claim, name, "" if name == "note" else value_of(claim, name))

    def said(self, claim: str, name: DecidedField) -> dict[str, str]:
        """Who says what of a field."""
        opinions = self._opinions.get(claim, {}).get(name)
        return dict(opinions.said) if opinions else {}

    def decided(self, claim: str) -> bool:
        """Whether any person's word on the claim stands, disputed or not."""
        return any(opinions.said for opinions in self._opinions.get(claim, {}).values())

    def is_gone(self, claim: str) -> bool:
        """Whether the claim stands deleted, or its addition was withdrawn."""
        opinions = self._opinions.get(claim, {}).get("claim")
        if opinions is None:
            return False
        force = opinions.in_force
        if force:
            return force.value == GONE
        return opinions.original == GONE and not opinions.said

    def disputed(self, claim: str, name: DecidedField) -> bool:
        """Whether annotators differ on a field and nobody has ruled."""
        opinions = self._opinions.get(claim, {}).get(name)
        return opinions is not None and opinions.disputed

    def disputes(self) -> Iterator[Dispute]:
        """Every field on which annotators differ and nobody has ruled."""
        for claim, fields in self._opinions.items():
            for name, opinions in fields.items():
                if opinions.disputed:
                    yield Dispute(claim, name, dict(opinions.said))

    def lines(self) -> Iterator[tuple[str, Claim]]:
        """Claims that a person added, deleted or restored, each with a line that the log remembers."""
        for claim, fields in self._opinions.items():
            if "claim" in fields and fields["claim"].personal and (line := self.line(claim)):
                yield claim, line

    def line(self, claim: str) -> Claim | None:
        """The line that the log remembers of a claim that a person added, deleted or restored.

        It is the one in force, else what was said first.
        """
        opinions = self._opinions.get(claim, {}).get("claim")
        if opinions is None:
            return None
        force = opinions.in_force
        lines = [value for value in (force.value if force else "", *opinions.said.values(), opinions.original) if value]
        return wire.load(lines[0], Claim) if lines else None

    def head_of(self, claim: Claim) -> str:
        """The first part that the log remembers of a claim that its cue splits, as these models found it, else ""."""
        line = self.line(claim.id)
        return line.continues if line and line.prediction == claim.prediction else ""

    def transcribed(
        self, claim: str, move: Callable[[DecidedField, str], str], version: str, software: str = "annotate"
    ) -> Iterator[Decision]:
        """What was said of a claim's place, said again of a text that changed; the caller logs it.

        `move` gives a value of the field ("start:end", or a remembered line) by the new text. Where nobody's word
        stands, a decision in the name of `software` keeps what stood there before anybody decided.
        """
        names: tuple[DecidedField, ...] = ("claim", "span", "source", "cue")
        for name in names:
            if opinions := self._opinions.get(claim, {}).get(name):
                before, time = move(name, opinions.original), self.now()
                for who, value in opinions.said.items() or ((software, opinions.original),):
                    after = move(name, value)
                    if (before, after) != (opinions.original, value):
                        yield decide(who, claim, name, before, after, "reanchor", version, time)

    def places(self, claim: str) -> Iterator[tuple[int, int]]:
        """Every span that people's words on a claim speak of."""
        for name, opinions in self._opinions.get(claim, {}).items():
            for value in {opinions.original, *opinions.said.values()} - {""}:
                if name in ("span", "source", "cue"):
                    start, end = map(int, value.split(":"))
                    yield from [(start, end)] if end else []
                elif name == "claim":
                    yield from spans_of(wire.load(value, Claim))

    def apply(self, claim: Claim, article_of: ArticleOf) -> Claim | None:
        """The claim as the view shows it: decided values in force, the models' elsewhere; None where it is gone."""
        fields = self._opinions.get(claim.id)
        if fields is None:
            return claim
        if self.is_gone(claim.id):
            return None
        if claim.prediction == NO_PREDICTION and (added := self.line(claim.id)):
            for name in WHOLE:
                claim = with_value(claim, name, value_of(added, name), article_of)
        deciders: dict[str, None] = {}
        for name, opinions in fields.items():
            force = opinions.in_force
            if force:
                deciders.update(dict.fromkeys(force.annotators))
            if name != "claim":
                claim = with_value(claim, name, self.shown(claim, name), article_of)
        return replace(claim, annotator="+".join(sorted(deciders)))


def read_decisions(path: Path) -> Iterator[Decision]:
    """The decisions of a log, in order; CorpusError names every bad line, after the good ones before it."""
    problems: list[Problem] = []
    for line, decision in wire.read(path, Decision, str(path)) if path.exists() else ():
        if isinstance(decision, list):
            problems += decision
        elif bad := [one.at(str(path), line) for one in faults(decision)]:
            problems += bad
        elif not problems:
            yield decision
    if problems:
        raise CorpusError(f"{path}: the log of decisions is damaged; restore it from a copy", problems)


def faults(decision: Decision) -> Iterator[wire.BadLine]:
    """What is wrong with the values of a decision, which its type does not tell."""
    values = {"from": decision.from_} | ({"to": decision.to} if decision.mode != "withdraw" else {})
    for key, value in values.items():
        if not _is_legal(decision.field, value):
            yield wire.BadLine(f"{value[:40]!r} is no {decision.field}", "restore the log from a copy", key)


def _is_legal(name: DecidedField, value: str) -> bool:
    if name in ("span", "source", "cue"):
        return re.fullmatch(r"[0-9]{1,18}:[0-9]{1,18}", value) is not None
    if name in ("stance", "quotation"):
        return value in (STANCES if name == "stance" else QUOTATIONS)
    try:
        return name != "claim" or value == GONE or bool(wire.load(value, Claim))
    except wire.BadLines:
        return False


def folded(claims: Iterable[Claim], log: Log, article_of: ArticleOf) -> Iterator[Claim]:
    """The view: every claim as the log has it, then those that the log restores or adds."""
    absent = {claim_id: line for claim_id, line in log.lines() if not log.is_gone(claim_id)}
    heads, there = {line.continues for line in absent.values()}, {""}
    for claim in claims:
        absent.pop(claim.id, None)
        there |= {claim.id} & heads
        shown = log.apply(claim, article_of)
        if shown:
            yield linked(shown, log, article_of)
    back = {claim_id: line for claim_id, line in absent.items() if _is_placed(line, article_of)}
    for line in back.values():
        article = article_of(line.article)
        shown = log.apply(filled(line, article) if article else line, article_of)
        if shown:
            shown = linked(shown, log, article_of)
            yield shown if shown.continues in there | back.keys() else replace(shown, continues="")


def linked(claim: Claim, log: Log, article_of: ArticleOf) -> Claim:
    """A later part of a split claim continues none while its first part is deleted, and continues it again after."""
    if claim.continues:
        return replace(claim, continues="") if log.is_gone(claim.continues) else claim
    head = log.head_of(claim)
    line = log.line(head) if head and not log.is_gone(head) else None
    return replace(claim, continues=head) if line and _is_placed(line, article_of) else claim


def _is_placed(line: Claim, article_of: ArticleOf) -> bool:
    """Whether a remembered line can be shown: its article was not taken down, and its words are in the text still."""
    article = article_of(line.article)
    return article is not None and (not article.text or filled(line, article).digest == line.digest)


def value_of(claim: Claim, name: DecidedField) -> str:
    """A field of a claim as the log writes it."""
    if name == "claim":
        return remembered(claim)
    if name == "span":
        return f"{claim.start}:{claim.end}"
    value = getattr(claim, name)
    return f"{value.start}:{value.end}" if isinstance(value, Span) else str(value)


def with_value(claim: Claim, name: DecidedField, value: str, article_of: ArticleOf) -> Claim:
    """The claim with a field set to what the log says of it."""
    if value_of(claim, name) == value:
        moved_by_hand = name == "span" and claim.text
        return replace(claim, digest=text_digest(claim.text)) if moved_by_hand else claim
    if name not in ("span", "source", "cue"):
        return replace(claim, **{name: value})  # type: ignore[arg-type]
    start, end = map(int, value.split(":"))
    article = article_of(claim.article)
    text = article.text[start:end] if article else ""
    if name != "span":
        return replace(claim, **{name: Span(start, end, text) if end else NO_SPAN})  # type: ignore[arg-type]
    return replace(claim, start=start, end=end, text=text, digest=text_digest(text) if text else claim.digest)


def _undecided(claim: Claim, name: DecidedField, original: str) -> str:
    """What a field shows while nothing about it stands decided."""
    said = claim.prediction
    if said == NO_PREDICTION or name not in ("stance", "speaker", "span"):
        return original
    return {"stance": said.stance, "speaker": said.speaker, "span": f"{said.start}:{said.end}"}[name]


def spans_of(claim: Claim) -> Iterator[tuple[int, int]]:
    """Where the claim, its source and cue stand, and where the models found it, those that are there."""
    said = claim.prediction
    parts = ((claim.start, claim.end), (claim.source.start, claim.source.end), (claim.cue.start, claim.cue.end))
    yield from dict.fromkeys(part for part in (*parts, (said.start, said.end)) if part != (0, 0))


def remembered(claim: Claim) -> str:
    """A claim's line without its texts, from which the log can bring it back."""
    source, cue = replace(claim.source, text=""), replace(claim.cue, text="")
    return wire.dump(replace(claim, text="", source=source, cue=cue, annotator="", note=""))


def filled(claim: Claim, article: Article) -> Claim:
    """The claim with the texts of its spans, as the article has them."""
    text = article.text[claim.start : claim.end]
    source, cue = (
        replace(span, text=article.text[span.start : span.end]) if span.end else NO_SPAN
        for span in (claim.source, claim.cue)
    )
    return replace(claim, text=text, source=source, cue=cue, digest=text_digest(text) if text else claim.digest)


def now() -> str:
    """The time as decisions carry it."""
    return _written(datetime.now(UTC))


def _written(time: datetime) -> str:
    return time.strftime(_TIME)


def decide(
    annotator: str, claim: str, name: DecidedField, before: str, after: str, mode: Mode, version: str, time: str = ""
) -> Decision:
    """A decision, made now unless `time` says when."""
    return Decision(SCHEMA_VERSION, time or now(), annotator, claim, name, before, after, mode, version)
