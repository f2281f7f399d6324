"""Who speaks, end to end: the share of gold claims that are found and have the right speaker.

`speakers.jsonl`, beside this file, resolves the sources of 40 articles of attribution/dev to people, as offsets: a line
is an article (the sha256 of its text) with, per attribution and in their order, `kind` (person, group, joint, unknown,
author) and `name`, the spans of the words that name the speaker most fully, none where nobody is named or in doubt.

A gold claim is the part of a content in one sentence, of three words or more, that lies in no other content and whose
speaker is a person or group. It is right if the draft that overlaps it most covers half of what the two cover, and its
speaker's name, or one that was seen, is the gold name, "the", titles and case aside; for a person the last name and any
first name that both have must agree, for a group one name may hold the other or be its initials. A claim that was
missed is wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import metrics
from bench import Run, attributor
from metrics import Span, Table, read, sample

from annotate.attribution import Attributor
from annotate.cast import Cast
from annotate.claims import drafts
from annotate.codebook import Codebook
from annotate.descriptions import TITLES
from annotate.measure.matching import overlap
from annotate.sentences import sentences
from annotate.speakers import resolve

GOLD = Path(__file__).parent / "speakers.jsonl"
NOBODY = Codebook.parse('[[targets]]\nname = "anything"\n')
KINDS = ("person", "group", "joint")


class Unit(NamedTuple):
    """A gold claim: its span, and who speaks."""

    span: Span
    kind: str
    name: str


class Heard(NamedTuple):
    """What became of a gold claim: whether it was found, who speaks it, and by which rule."""

    unit: Unit
    found: bool
    right: bool
    reason: str
    names: tuple[str, ...]


class Spoken(NamedTuple):
    """A claim that was found: whether the article itself makes it, its speaker's names, and the rule that gave them."""

    span: Span
    narrated: bool
    reason: str
    names: tuple[str, ...]


def gold() -> dict[str, dict[str, Any]]:
    """The resolved articles, by the sha256 of their text."""
    return {row["sha256"]: row for row in read(GOLD)}


def units(row: dict[str, Any], resolved: dict[str, Any]) -> Iterator[Unit]:
    """The gold claims of an article of the attribution set."""
    text = row["text"]
    bounds = sentences(text)
    contents = [[(start, end) for start, end in a["content"]] for a in row["attributions"]]
    for number, (parts, speaker) in enumerate(zip(contents, resolved["attributions"], strict=True)):
        others = [part for other, those in enumerate(contents) if other != number for part in those]
        if speaker["kind"] not in KINDS:
            continue
        name = " and ".join(text[slice(*span)] for span in speaker["name"])
        for start, end in parts:
            if not any(s <= start and end <= e and (s, e) != (start, end) for s, e in others):
                for first, last in bounds:
                    span = max(start, first), min(end, last)
                    if len(re.findall(r"\w+", text[slice(*span)] if span[0] < span[1] else "")) >= 3:
                        yield Unit(span, speaker["kind"], name)


def heard(row: dict[str, Any], resolved: dict[str, Any], model: Attributor) -> list[Heard]:
    """What became of every gold claim of an article."""
    text = row["text"]
    if sha256(text) != resolved["sha256"]:
        raise ValueError(f"{resolved['sha256']}: another text than the one that was resolved")
    found = spoken(text, model)
    told = []
    for unit in units(row, resolved):
        best = max(found, key=lambda claim, span=unit.span: overlap(claim.span, span), default=None)
        if best is None or overlap(best.span, unit.span) < 0.5:
            told.append(Heard(unit, False, False, "", ()))
        else:
            told.append(Heard(unit, True, any(same(unit, name) for name in best.names), best.reason, best.names))
    return told


def spoken(text: str, model: Attributor) -> list[Spoken]:
    """The claims of a text; the codebook lists nobody."""
    bounds = sentences(text)
    found = drafts(text, bounds, model.roles(text))
    cast = Cast(NOBODY, "a", text)
    speakers = resolve(cast, found, bounds)
    names = {speaker.id: (speaker.name, *speaker.aliases) for speaker in cast.speakers()}
    return [
        Spoken((draft.start, draft.end), draft.narrated, who.reason, names.get(who.speaker, (who.speaker,)))
        for draft, who in zip(found, speakers, strict=True)
    ]


def same(unit: Unit, name: str) -> bool:
    """Whether a name is the gold speaker's."""
    wanted, given = _words(unit.name), _words(name)
    if not wanted or not given:
        return False
    if unit.kind == "person":
        return wanted[-len(given) :] == given or (wanted[-1] == given[-1] and wanted[0] == given[0])
    initials = "".join(word[0] for word in wanted if word not in ("of", "for"))
    return set(wanted) <= set(given) or set(given) <= set(wanted) or given == [initials]


def _words(name: str) -> list[str]:
    words = re.findall(r"[\w’'-]+", re.sub(r"[’']s\b", "", name.casefold()))
    return [word for word in words if word not in TITLES and word not in ("the", "a", "an", "and", "jr", "sr")]


def speakers(run: Run) -> list[Table]:
    """The share of gold claims that are found and have the right speaker, and where the others are lost."""
    resolved, model = gold(), attributor(run)
    rows = [r for r in read(run.data / "attribution" / "dev.jsonl.gz") if sha256(r["text"]) in resolved]
    articles = [heard(row, resolved[sha256(row["text"])], model) for row in sample(rows, run.limit)]
    groups: dict[str, Callable[[Heard], bool]] = {"all": lambda _: True}
    groups |= {kind: lambda h, kind=kind: h.unit.kind == kind for kind in KINDS}
    groups["of the claims found"] = lambda h: h.found
    rules = {h.reason for article in articles for h in article if h.found}
    by_rule = {rule: lambda h, rule=rule: h.found and h.reason == rule for rule in sorted(rules)}
    note = "A gold claim that was missed counts as wrong; `tests/benchmarks/speaking.py` says when a speaker is right."
    return [
        Table("Speakers, end to end", ["gold speaker", "right", "n"], _shares(articles, groups), note),
        Table("By rule", ["reason", "right", "n"], _shares(articles, by_rule)),
    ]


def _shares(articles: list[list[Heard]], groups: dict[str, Callable[[Heard], bool]]) -> list[list[Any]]:
    """Per group of gold claims, the share that is right."""
    rows = []
    for name, belongs in groups.items():
        counts = [(sum(h.right for h in mine), len(mine)) for a in articles if (mine := [h for h in a if belongs(h)])]
        rows.append([name, metrics.share(counts or [(0, 0)]), sum(n for _, n in counts)])
    return rows


def sha256(text: str) -> str:
    """What the resolved articles are known by."""
    return hashlib.sha256(text.encode()).hexdigest()
