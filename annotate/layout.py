"""What of an article is prose, and what of the prose stands in quotation marks.

The rules, in full:

- A line of fewer than 25 words is no prose when it does not end like a sentence, or ends in ? or ! and
  each of its four or more longer words has a capital (headings), when it is "By" and names (bylines), or
  when it begins like "Related articles" or "Read more"; a quotation that is signed ("“It is late.” — Jane Doe") is
  prose all the same. A line that ends in a photo credit, a sentence or
  bracket of its own, is a caption and no prose.
- A dateline ("LONDON, May 3 (Agency) –") that opens the first line of prose is no part of its sentence.
- Double quotation marks, curly or straight, pair up within a line. A quotation that is opened and not
  closed runs to the end of its line, as is the custom where it goes on in the next paragraph.
- Low marks („ “) and guillemets, pointing either way, count as curly ones where they pair up within a line.
- Single marks, curly or straight, pair up where the line has no double ones: the opening one with no letter
  before it, the closing one with none behind it. Other single marks are apostrophes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_HEADING = 24
"""Words; a longer line is prose whatever it ends in."""

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_WORD = re.compile(r"\w+(?:[’'-]\w+)*")
_SENTENCE_END = re.compile(r"[.!?…:,;][\s\"'”’)\]]*$")
_CREDIT = re.compile(
    r"(?:^|[.!?)\]”\"]\s+|[(|/]\s*)"
    r"(?:(?:(?:file |handout )?(?:photo|photograph|picture|image)s?|courtesy|credit)\s*(?:by|:|credit|/|courtesy|of\b)"
    r"[^.!?]{0,60}|(?:AFP|AP Photo|AP|Reuters|REUTERS|Getty Images|EPA|Xinhua)\s*(?:/[^/.!?]{1,30})?)[\s.)\]]*$",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"[.?!…]\s*[”\"]\s*(?:[–—―]|-{1,2})\s*[^\W\d_a-z][^.!?“”\"]{2,60}$")
_FURNITURE = re.compile(
    r"\s*(?:related (?:articles?|stories|story|posts?|news)|read (?:more|also|next|the rest|the full)|"
    r"(?:see|read) also|also read|advertisement|sign up|subscribe|follow us|share this)\b",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"\s*By (?:[^\W\d_a-z][\w.’'-]*(?:,? and |, |[ \u00a0])?){2,}[.\s]*(?:[|–—-].*)?$")
_DATELINE = re.compile(
    r"\s*[A-Z][A-Z .'’/-]{2,40}(?:,\s?[A-Z][\w .,’'-]{2,30})?(?:\s?\([\w .,/’'-]{2,30}\))?\s*(?:[–—―]|--|\s-)\s*"
)
_MARKS = re.compile(r"[“”„\"«»]|''|``")
_SINGLE = re.compile(
    r"(?<![\w.,])(?:‘(?P<curly>[^‘’]*(?:’\w[^‘’]*)*)’|'(?=[^\W\d_])(?P<straight>[^']*(?:'\w[^']*)*)(?<!\s)')(?!\w)"
)
_LOW = re.compile("„([^„“”\n]*)[“”]")
_OUTWARD = re.compile("«([^«»\n]*)»")
_INWARD = re.compile("»([^«»\n]*)«")
_CAPITALS = 4
"""Longer words that a line in title case has at least."""


class Stretch(NamedTuple):
    """A half-open span of the text."""

    start: int
    end: int


class Layout(NamedTuple):
    """The prose lines of an article, their starts behind a dateline, and its quoted stretches, marks excluded."""

    prose: list[Stretch]
    quoted: list[Stretch]

    def paragraph(self, start: int) -> int:
        """The index of the prose line that holds the offset, -1 where none does."""
        return next((i for i, line in enumerate(self.prose) if line.start <= start < line.end), -1)


def layout(text: str) -> Layout:
    """Prose and quotations of `text`."""
    prose: list[Stretch] = []
    quoted: list[Stretch] = []
    text = with_known_marks(text)
    for match in _LINE.finditer(text):
        line = match.group()
        if not line.strip() or _is_heading(line) or _CREDIT.search(line):
            continue
        opening = 0 if prose else dateline(line)
        prose.append(Stretch(match.start() + opening, match.end()))
        quoted += [Stretch(match.start() + s, match.start() + e) for s, e in _quotations(line)]
    return Layout(prose, quoted)


def with_known_marks(text: str) -> str:
    """The text with the curly quotation marks that rules and model know for „ “, « » and » «, as long as before."""
    text = _LOW.sub("“\\1”", text)
    return _INWARD.sub("“\\1”", _OUTWARD.sub("“\\1”", text))


def in_title_case(line: str, least: int = 0) -> bool:
    """Whether a line is a heading by its capitals: all its longer words, at least so many, have one."""
    longer = re.findall(r"\b[^\W\d_]{4,}", line)
    return len(longer) >= least and all(word[0].isupper() for word in longer)


def dateline(text: str) -> int:
    """The length of the dateline that opens `text`, 0 where none does."""
    match = _DATELINE.match(text)
    return match.end() if match else 0


def words(text: str) -> int:
    """How many words `text` has."""
    return len(_WORD.findall(text))


def _is_heading(line: str) -> bool:
    if words(line) > LONGEST_HEADING:
        return False
    if _SIGNED.search(line):
        return False
    if not _SENTENCE_END.search(line) or _FURNITURE.match(line) or _BYLINE.match(line):
        return True
    return line.rstrip()[-1:] in "?!" and in_title_case(line, _CAPITALS) and not _MARKS.search(line)


def _quotations(line: str) -> Iterator[tuple[int, int]]:
    """The spans between quotation marks, in order; an unclosed one ends with the line."""
    opened = -1
    for mark in _MARKS.finditer(line):
        if _opens(line, mark, opened):
            if opened < 0:
                opened = mark.end()
        elif opened >= 0:
            yield opened, mark.start()
            opened = -1
    if opened >= 0:
        yield opened, len(line)
    elif not _MARKS.search(line):
        yield from (match.span(match.lastgroup or 0) for match in _SINGLE.finditer(line))


def _opens(line: str, mark: re.Match[str], opened: int) -> bool:
    """Whether a mark opens a quotation; a straight one does when none is open and a word follows."""
    if mark.group() in ('"', "''"):
        return opened < 0 and line[mark.end() : mark.end() + 1].strip() != ""
    return mark.group() in ("“", "„", "«", "``")
