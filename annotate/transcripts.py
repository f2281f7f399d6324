"""Turns of a transcript: lines that begin with who speaks.

The rules, in full:

- A turn is a line that begins, behind a quotation mark perhaps, with a label and a colon. A label is a name of up to
  four words in capitals, "Q" or "A" ("QUESTION", "ANSWER"), or a name of two to four words with capitals; brackets
  behind it ("(via video)") are no part of it.
- There are at least two turns by two speakers; of labels not in capitals, at least three turns.
- A turn goes on in the lines behind it up to the next turn, where there is one; where the turn begins with a quotation
  mark, only in lines that do so too. A line in brackets ("(CROSSTALK)", "[Laughter]") is nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from annotate.layout import Stretch

LONGEST_TURN = 12
"""Lines."""

_UPPER = r"[^\W\d_a-zß-öø-ÿ]"
_CAPITALS = rf"{_UPPER}(?:{_UPPER}|[.’'-])*"
_NAME = rf"{_UPPER}[\w.’'-]+"
_LABEL = re.compile(
    rf"\s*(?P<mark>[\"“]?)"
    rf"(?P<label>(?P<capitals>{_CAPITALS}(?:[ \u00a0]{_CAPITALS}){{0,3}})|{_NAME}(?:[ \u00a0]{_NAME}){{1,3}})"
    rf"(?:[ \u00a0]?\([^)\n]{{1,40}}\))?:\s+(?=\S)"
)
_STAGE = re.compile(r"\s*[\"“]?[(\[][^)\]]*[)\]][.\"”\s]*$")
_ASKED = ("Q", "QUESTION")
_ANSWERED = ("A", "ANSWER")


class Turn(NamedTuple):
    """Who speaks in a line, the span of the label; `speech` is what the line says."""

    label: Stretch
    speech: Stretch
    opens: bool
    """Whether the line begins the turn."""


def turns(text: str, lines: Sequence[Stretch]) -> dict[int, Turn]:
    """The turn of each line that is of a transcript, by the line's index."""
    labels = {n: match for n, line in enumerate(lines) if (match := _LABEL.match(text, line.start, line.end))}
    names = [match["label"] for match in labels.values() if not match["capitals"]]
    if len(names) < 3 or len(set(names)) < 2 or max(map(names.count, names)) < 2:
        labels = {n: match for n, match in labels.items() if match["capitals"]}
    if len({match["label"] for match in labels.values()}) < 2:
        return {}
    found: dict[int, Turn] = {}
    starts = sorted(labels)
    for number, following in zip(starts, [*starts[1:], starts[-1] + 1], strict=True):
        match = labels[number]
        label = Stretch(*match.span("label"))
        found[number] = Turn(label, Stretch(match.end(), lines[number].end), opens=True)
        if following - number <= LONGEST_TURN:
            for line in range(number + 1, following):
                if _goes_on(text, lines[line], match["mark"]):
                    found[line] = Turn(label, lines[line], opens=False)
    return found


def asks(label: str) -> bool:
    """Whether a label is of whoever asks, whom the transcript does not name."""
    return label in _ASKED


def answers(label: str) -> bool:
    """Whether a label is of whoever is asked, who is named before the transcript."""
    return label in _ANSWERED


def _goes_on(text: str, line: Stretch, mark: str) -> bool:
    """Whether a line without a label goes on with the turn before it."""
    words = text[line.start : line.end]
    return not _STAGE.match(words) and (not mark or words.lstrip()[:1] in '"“')
