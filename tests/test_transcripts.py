"""Turns of a transcript: who speaks in which line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marking import marked, said

from annotate.layout import layout
from annotate.transcripts import turns


def labels(text: str) -> list[str]:
    """The label of each line of prose, "" where it is of no turn."""
    lines = layout(text).prose
    found = turns(text, lines)
    return [text[slice(*found[n].label)] if n in found else "" for n in range(len(lines))]


CAPITALS = "Jane Doe met the press.\n\nROE: Is it late?\n\nDOE: It is.\n\nIt was late before.\n\nROE: Why?\n\nShe left."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CAPITALS, ["", "ROE", "DOE", "DOE", "ROE", ""]),
        ('"ROE: Is it late?\n\n"DOE: It is.\n\nThen she sat down.\n\n"ROE: Why?', ["ROE", "DOE", "", "ROE"]),
        ("MR. ROE (via video): Is it late?\n\nDOE: It is.\n\n(LAUGHTER.)\n\nROE: Why?", ["MR. ROE", "DOE", "", "ROE"]),
        ("Q: Is the bridge late?\n\nA: It is late.", ["Q", "A"]),
        ("Ann Lee: Is it late?\n\nBo Berg: It is.\n\nAnn Lee: Why is it?", ["Ann Lee", "Bo Berg", "Ann Lee"]),
        ("Ann Lee: Is it late?\n\nBo Berg: It is.", ["", ""]),
        ("NOTE: The bridge is late.\n\nThe council met.", ["", ""]),
        ("The mayor was blunt: It is late.\n\nThe council was not: It is fine.", ["", ""]),
    ],
)
def test_turns(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


def test_every_sentence_of_a_turn_is_a_claim_of_its_speaker() -> None:
    found = said(
        "The mayor, Jane Doe, met Bo Roe.\n\nROE: Is the bridge late?\n\n"
        "DOE: It is late. [s:Berg] [c:said] [k:it would be].\n\nIt will cost us a lot.\n\nROE: Thank you, mayor.",
        "",
    )
    assert found.names == ["Bo Roe", "Jane Doe", "Jane Doe", "Jane Doe", "Bo Roe"]


def test_a_source_is_a_span_of_its_own_sentence() -> None:
    page = marked("ROE: Is it so?\n\nDOE: It is late. It was so before.")
    assert [page.text[slice(*d.source[:2])] if d.source else "" for d in page.drafts] == ["ROE", "DOE", ""]


def test_question_and_answer() -> None:
    found = said("Jane Doe met the press.\n\nQ: Is the bridge really late?\n\nA: It is late, and it leaks.")
    assert found.names == ["unknown", "Jane Doe"]


def test_who_is_named_in_capitals_alone_is_a_person() -> None:
    (record,) = said("WALLINGFORD: Is the bridge late?\n\nQ: Is it not?").cast.speakers()
    assert (record.name, record.role) == ("WALLINGFORD", "")


LINES = st.lists(
    st.sampled_from(
        ["ROE: It is.", "Ann Lee: It is.", "Q: Is it?", "It is.", "(X)", "“ROE: é \U0001f6a2", ":", "A" * 40]
    )
)


@given(LINES)
def test_turns_lie_in_their_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    prose = layout(text).prose
    for number, turn in turns(text, prose).items():
        assert prose[number].start <= turn.speech.start <= turn.speech.end == prose[number].end
        assert text[slice(*turn.label)].strip()
