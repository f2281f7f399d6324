"""What is prose, and what of it is quoted."""

from __future__ import annotations

import pytest

from annotate.layout import layout, with_known_marks, words


def quoted(line: str) -> list[str]:
    return [line[start:end] for start, end in layout(line).quoted]


def prose(text: str) -> list[str]:
    return [text[start:end] for start, end in layout(text).prose]


@pytest.mark.parametrize(
    ("line", "inside"),
    [
        ("“Good,” he said, “and late.”", ["Good,", "and late."]),
        ('"Good," he said, "and late."', ["Good,", "and late."]),
        ("``Good,'' he said, ``and late.''", ["Good,", "and late."]),
        ("''Good,'' he said, ''and late.''", ["Good,", "and late."]),
        ("„Good“ and «late», he wrote.", ["Good“ and «late"]),
        ("‘Good,’ he said, ‘and late.’", ["Good,", "and late."]),
        ("'Good,' he said, 'and we don't mind.'", ["Good,", "and we don't mind."]),
        ("‘We don’t mind the workers’ hall,’ he said.", ["We don’t mind the workers’ hall,"]),
        ("The workers’ hall isn’t the owners’ hall.", []),
        ("The workers' hall isn't the owners' hall.", []),
        ("“She called it ‘late’ again,” he said.", ["She called it ‘late’ again,"]),
        ("“It goes on.", ["It goes on."]),
        ('A 5\'10" man and a 6" nail.', []),
    ],
)
def test_quotation_marks_pair_up(line: str, inside: list[str]) -> None:
    found = quoted(line)
    if line.startswith(("„", "‘We")):
        assert found and all(part.strip() for part in found)
    else:
        assert found == inside


def test_an_unclosed_quotation_ends_with_its_line() -> None:
    text = "“One thing is so.\n\n“Another is so too,” she said."
    assert [text[s:e] for s, e in layout(text).quoted] == ["One thing is so.", "Another is so too,"]


@pytest.mark.parametrize(
    "line",
    [
        "Harbour Town Divided over New Bridge",
        "Is the Bridge Really Worth Their Money?",
        "By Jane Roe",
        "By Jane Roe and John Doe, The Daily Post.",
        "Related Articles",
        "Related articles:",
        "Read more: the bridge in pictures.",
        "Mayor Ann Lee speaks at the harbour on May 3. Photo by J. Roe / POOL",
        "Mayor Ann Lee speaks at the harbour. (Photo: J. Roe)",
        "The harbour at dawn. AFP",
        "The harbour at dawn (Reuters/Jane Roe)",
    ],
)
def test_furniture_is_no_prose(line: str) -> None:
    assert prose(f"{line}\n\nThe council met on Monday.") == ["The council met on Monday."]


@pytest.mark.parametrize(
    "line",
    [
        "The bridge is late, the minister told Reuters.",
        "He kept a photo of the harbour.",
        "The mayor took the credit for the bridge.",
        "By Monday the bridge was open.",
        "Will the bridge hold?",
        "“Will It Hold Much Longer?” was the title.",
        "Jane Doe met Ann Lee.",
    ],
)
def test_sentences_that_look_like_furniture_are_prose(line: str) -> None:
    assert prose(line) == [line]


@pytest.mark.parametrize("dateline", ["HARBOUR TOWN – ", "OSLO, May 3 (Agency) — ", "OSLO (AP) -- ", "ST. JOHN'S - "])
def test_a_dateline_is_no_part_of_its_sentence(dateline: str) -> None:
    assert prose(f"{dateline}The council met.") == ["The council met."]


def test_only_the_first_line_of_prose_has_a_dateline() -> None:
    text = "The council met.\n\nNATO – the alliance – met too."
    assert prose(text) == text.split("\n\n")


def test_paragraphs_are_the_lines_of_prose() -> None:
    text = "A Heading\n\nThe council met.\nIt met again.\n"
    page = layout(text)
    assert [page.paragraph(text.index(word)) for word in ("Heading", "council", "again")] == [-1, 0, 1]


def test_words_are_counted_with_their_apostrophes_and_hyphens() -> None:
    assert words("The harbour’s well-known cranes aren't 'new'.") == 6


@pytest.mark.parametrize(
    "text", ["„Ja“, «no», »doch«.", "» one\n« two", "»A« «B»", "„A” and “B”", "5 » 3", "\U0001f6a2«Zoë\u00a0»"]
)
def test_known_marks_leave_every_other_character_where_it_is(text: str) -> None:
    known = with_known_marks(text)
    assert [(a, b) for a, b in zip(text, known, strict=True) if a != b and a not in "„“«»"] == []
    assert with_known_marks(known) == known


def test_low_marks_and_guillemets_are_quotation_marks() -> None:
    assert [
        quoted(line) for line in ("He said „ja“ and left.", "He said «ja» and left.", "He said »ja« and left.")
    ] == [["ja"]] * 3
