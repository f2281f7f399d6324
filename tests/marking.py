"""Articles with inline marks: `[s:Jane Doe] [c:said] that [k:the drills were a mistake].`"""

from __future__ import annotations

import re
from typing import NamedTuple

from annotate.attribution import Part, Roles
from annotate.cast import Cast
from annotate.claims import Draft, drafts
from annotate.codebook import Codebook
from annotate.sentences import sentences
from annotate.speakers import Resolution, resolve

TARGET = '[[targets]]\nname = "the drills"\n'
_MARK = re.compile(r"\[([sck]):|\]")


class Marked(NamedTuple):
    """A text and the roles that its marks gave."""

    text: str
    roles: Roles

    @property
    def drafts(self) -> list[Draft]:
        return drafts(self.text, sentences(self.text), self.roles)

    def claims(self) -> list[str]:
        """The text of every draft."""
        return [self.text[draft.start : draft.end] for draft in self.drafts]

    def attributed(self) -> list[str]:
        """The text of every draft that is not the narrator's."""
        return [self.text[draft.start : draft.end] for draft in self.drafts if not draft.narrated]


def marked(article: str) -> Marked:
    """The article without its marks, which may be nested, and the spans that they enclose."""
    text, reached = "", 0
    opened: list[tuple[str, int]] = []
    parts: dict[str, list[Part]] = {"s": [], "c": [], "k": []}
    for match in _MARK.finditer(article):
        text += article[reached : match.start()]
        reached = match.end()
        if match[1]:
            opened.append((match[1], len(text)))
        else:
            role, start = opened.pop()
            parts[role].append(Part(start, len(text), 1.0))
    return Marked(text + article[reached:], Roles(*(sorted(parts[role]) for role in "sck")))


class Said(NamedTuple):
    """Who speaks the claims of an article that are not the narrator's."""

    resolutions: list[Resolution]
    names: list[str]
    """The speakers' names; ids of `unknown` and `narrator` as they are."""
    cast: Cast

    @property
    def reasons(self) -> list[str]:
        return [resolution.reason for resolution in self.resolutions]


def said(article: str, speakers: str = "", article_id: str = "a1") -> Said:
    """Who speaks in a marked article; `speakers` is TOML of the codebook."""
    page = marked(article)
    cast = Cast(Codebook.parse(TARGET + speakers), article_id, page.text)
    found = page.drafts
    resolved = resolve(cast, found, sentences(page.text))
    spoken = [who for draft, who in zip(found, resolved, strict=True) if not draft.narrated]
    names = {speaker.id: speaker.name for speaker in cast.speakers()}
    return Said(spoken, [names.get(who.speaker, who.speaker) for who in spoken], cast)
