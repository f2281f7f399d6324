"""Cut a text into sentences, as exact code-point spans into the unmodified text.

Each line is cut by nupunkt on its own, as a line break always ends a sentence
here, then five small rules mend what nupunkt gets wrong in prose for readers.
"""

from __future__ import annotations

import re
from itertools import pairwise

from nupunkt import sentence_spans

_LINE = re.compile("[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")

_MISSED = re.compile("\\b(?!approx)[a-z]{4,}[.!?][\"'\u2019\u201d)\\]]*\\s+(?=[\"'\u2018\u201c(\\[]*[A-Z])")
"""A whole lower-case word, a stop and a capital: nupunkt takes a few (as in "in
the lead. Korea") for abbreviations."""

_TAIL = re.compile("(?:[\"'\u2019\u201d)\\]]+(?!\\S)\\s*|\\[\\d+(?:[,\u2013-]\\s?\\d+)*\\]\\s*)+")
"""Closing marks on their own, or reference marks such as [12]: the sentence before
owns them."""

_LOWER_AFTER = re.compile("[?!][\"'\u2019\u201d)\\]]*\\s+$")
"""A question or an exclamation; what follows in lower case goes on with it."""

_RANK = re.compile("\\b(?:Lt|Cmdr|Sens|Reps|Govs|Gens|Drs|Messrs|Mmes)\\.\\s+$")
"""Ranks and titles that nupunkt cuts after."""

_SEAT = re.compile("[(\\[][A-Z][a-z]*-[A-Z][A-Za-z]*\\.[)\\]]\\s+$")
"""A party and state behind a name, as in "Doe (D-Ore.)": the full stop is the state's."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the sentences of a text as half-open code-point spans, in order.

    Spans do not overlap, do not cross a line break, and neither start nor end
    with white space; every other character of the text is in one of them. The
    text is not changed or normalised.
    """
    return [
        (line.start() + start, line.start() + end)
        for line in _LINE.finditer(text)
        for start, end in _in_line(line.group())
    ]


def _in_line(line: str) -> list[tuple[int, int]]:
    """Return the sentences of one line."""
    starts = {start for start, _ in sentence_spans(line)}
    starts.update(match.end() for match in _MISSED.finditer(line))
    moved = {tail.end() if (tail := _TAIL.match(line, start)) else start for start in starts if start}
    kept = sorted(start for start in moved if not _goes_on(line, start))
    spans = []
    for start, end in pairwise([0, *kept, len(line)]):
        piece = line[start:end]
        if stripped := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(stripped)))
    return spans


def _goes_on(line: str, start: int) -> bool:
    """Whether what begins here belongs to the sentence before."""
    before = line[max(0, start - 16) : start]
    if _RANK.search(before) or _SEAT.search(before) or line[start : start + 1] in (")", "]", ",", ";", ":"):
        return True
    return line[start : start + 1].islower() and bool(_LOWER_AFTER.search(before))
