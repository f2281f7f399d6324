"""Where sentences end: what the splitter gets wrong and the package mends."""

from __future__ import annotations

import pytest

from annotate.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Sens. Jeff Hale (D-Ore.), Anna Berg (D-Ohio) and Rob Mott (D-N.J.) all agreed.",
        "Reps. Ada Lin (D-Calif.) and Bo Roe (R-Wash.), who won, left the hall.",
        "He met Sen. Hale (R-Ala.) Monday in Rome.",
        "The report (by Doe et al.) names nobody.",
        "Lt. Doe spoke.",
    ],
)
def test_a_full_stop_in_a_title_or_seat_ends_no_sentence(text: str) -> None:
    assert cut(text) == [text]


def test_a_bracket_of_its_own_is_a_sentence() -> None:
    assert cut("It rained. (It often does.) Then it snowed.") == ["It rained.", "(It often does.)", "Then it snowed."]
