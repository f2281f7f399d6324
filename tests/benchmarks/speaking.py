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
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from metrics import Span, overlap, read

from annotate.attribution import Attributor
from annotate.claims import drafts
from annotate.codebook import Codebook
from annotate.names import TITLES
from annotate.sentences import sentences
from annotate.speakers import Cast, resolve

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


def heard(row: dict[str, Any], resolved: dict[str, Any], attributor: Attributor) -> list[Heard]:
    """What became of every gold claim of an article."""
    text = row["text"]
    if hashlib.sha256(text.encode()).hexdigest() != resolved["sha256"]:
        raise ValueError(f"{resolved['sha256']}: another text than the one that was resolved")
    bounds = sentences(text)
    found = drafts(text, bounds, attributor.roles(text))
    cast = Cast(NOBODY, "a", text)
    speakers = resolve(cast, found, bounds)
    names = {speaker.id: (speaker.name, *speaker.aliases) for speaker in cast.speakers()}
    told = []
    for unit in units(row, resolved):
        best = max(range(len(found)), key=lambda i, s=unit.span: overlap((found[i].start, found[i].end), s), default=-1)
        if best < 0 or overlap((found[best].start, found[best].end), unit.span) < 0.5:
            told.append(Heard(unit, False, False, "", ()))
            continue
        who = speakers[best]
        called = names.get(who.speaker, (who.speaker,))
        told.append(Heard(unit, True, any(same(unit, name) for name in called), who.reason, called))
    return told


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
