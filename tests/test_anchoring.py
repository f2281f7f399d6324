"""Spans are found again in a text that changed, exactly or not at all."""

import itertools
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.anchoring import Wanted, _clashing, align, anchor, place, reanchor, words_of

OLD = (
    "Seun Sam said the pact was good. “We welcome it,” Sam said, adding that trade grows.\r\n"
    "Mr Ro fears the 🐘 in the room\u00a0most. He called it a mistake that the country will regret for years.\r\n"
    "“It’s late…” said Ms Im. The talks end on Friday, and nobody knows what will come of them.\r\n"
)
SENTENCES = (
    "He called it a mistake that the country will regret for years.",
    "The talks end on Friday, and nobody knows what will come of them.",
    "the 🐘 in the room\u00a0most.",
    "the pact was good.",
)

WORDS = st.lists(
    st.sampled_from("the a pact said trade he grew fears room talks “we we” it’s 🐘 naïve Côte of. no!".split()),
    min_size=8,
    max_size=60,
)


def span_of(text: str, quote: str) -> tuple[int, int]:
    assert text.count(quote) == 1
    return text.index(quote), text.index(quote) + len(quote)


def moved(old: str, new: str, quote: str) -> str | None:
    """What the span of the quote has become."""
    span = span_of(old, quote)
    found = reanchor(old, new, [span])[span]
    return new[slice(*found)] if found else None


def placed(old: str, new: str, quotes: Sequence[str]) -> list[str | None]:
    """The same by digests of the quotes alone."""
    spans = [span_of(old, quote) for quote in quotes]
    found = place([anchor("a1", start, end, old[start:end]) for start, end in spans], new)
    return [new[slice(*there)] if (there := found[span]) else None for span in spans]


def spans_in(text: str) -> list[tuple[int, int]]:
    """Every stretch of one to twelve words, and of those the half."""
    words = [found.span() for found in re.finditer(r"\S+", text)]
    return [(words[i][0], words[min(i + n, len(words)) - 1][1]) for i in range(len(words)) for n in (1, 3, 12)]


@given(st.text(), st.data())
def test_an_unchanged_text_leaves_every_span_where_it_is(text: str, data: st.DataObject) -> None:
    cut = st.integers(0, len(text))
    spans = [tuple(sorted((data.draw(cut), data.draw(cut)))) for _ in range(3)]
    assert reanchor(text, text, spans) == {span: span for span in spans}  # type: ignore[arg-type]


@given(WORDS, st.text(), st.text())
def test_text_before_and_after_shifts_spans_or_they_are_not_found(words: list[str], before: str, after: str) -> None:
    old = " ".join(words)
    new = f"{before}\n{old}\n{after}"
    for (start, end), found in reanchor(old, new, spans_in(old)).items():
        assert found is None or words_of(new[slice(*found)]).keys == words_of(old[start:end]).keys


@pytest.mark.parametrize("added", ["New. ", "Ein Satz davor.\r\n\r\n", "🐘🐘 ", "\u00a0", "Seun Sam said no. "])
def test_text_before_shifts_every_span(added: str) -> None:
    for start, end in spans_in(OLD):
        assert reanchor(OLD, added + OLD, [(start, end)]) == {(start, end): (start + len(added), end + len(added))}


@pytest.mark.parametrize("added", [" New.", "\r\nThe talks end.", "🐘"])
def test_text_after_shifts_none(added: str) -> None:
    for span in spans_in(OLD):
        assert reanchor(OLD, OLD + added, [span]) == {span: span}


@given(st.data())
def test_edits_outside_a_sentence_leave_it_exactly_found(data: st.DataObject) -> None:
    quote = data.draw(st.sampled_from(SENTENCES))
    start, end = span_of(OLD, quote)
    outside = st.lists(st.sampled_from([*OLD.split(" "), "new", "not", ".\n", "„"]), max_size=40).map(" ".join)
    before, after = data.draw(outside), data.draw(outside)
    if quote in before + " " + after:
        return
    new = f"{before} {quote} {after}"
    assert reanchor(OLD, new, [(start, end)])[start, end] in (None, (len(before) + 1, len(before) + 1 + len(quote)))
    if len(words_of(quote).keys) > 4:
        assert moved(OLD, new, quote) == quote


@pytest.mark.parametrize(
    ("before", "quote"),
    [("fears ", SENTENCES[1]), ("room\u00a0most. Im. ", SENTENCES[2]), ("He called. ", SENTENCES[0])],
)
def test_words_repeated_in_front_take_nothing_from_a_sentence(before: str, quote: str) -> None:
    assert moved(OLD, before + quote, quote) == quote


@pytest.mark.parametrize(
    ("before", "quote", "after"),
    [
        ("the in the room\u00a0most. He called it a", SENTENCES[2], "not Sam said, adding a mistake that the the 🐘"),
        ("Seun Sam said the pact", SENTENCES[1], f"pact {SENTENCES[1].lower()}\r\n adding"),
        (
            "mistake grows.\r\nMr will the in the room\u00a0most. He called it a mistake that the late…” said",
            SENTENCES[2],
            "a mistake that the country will regret for years.\r\n“It’s late…” said Ms Im. a Friday,",
        ),
    ],
)
def test_the_same_words_with_other_marks_are_not_taken_for_a_sentence(before: str, quote: str, after: str) -> None:
    new = f"{before} {quote} {after}"
    assert reanchor(OLD, new, [span_of(OLD, quote)]) == {
        span_of(OLD, quote): (len(before) + 1, len(before) + 1 + len(quote))
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            (
                "The in He pact was good. “We welcome it,” Sam said, adding will was good. “We welcome it,” Sam said, "
                "adding that trade grows.\r\nMr Ro welcome it,” it in"
            ),
            "welcome country will regret for years.\r\n“It’s late…” said Ms Im. The talks end The said, for",
        ),
        (
            (
                "the room\u00a0most. He called it a mistake that the country Ms Im. The pact was good. “We welcome "
                "it,” that trade grows.\r\nMr Ro fears the 🐘 in the room\u00a0most. He called"
            ),
            "them.\r\n regret for years.\r\n“It’s late…” said,",
        ),
    ],
)
def test_words_like_a_short_sentence_are_not_taken_for_it_where_it_stands_elsewhere(before: str, after: str) -> None:
    span = span_of(OLD, SENTENCES[3])
    assert reanchor(OLD, f"{before} {SENTENCES[3]} {after}", [span]) == {span: None}


def test_spans_that_overlap_only_in_the_new_text_are_both_left_out() -> None:
    nested = [((0, 10), (0, 10)), ((2, 4), (2, 4)), ((10, 20), (9, 19)), ((30, 40), (30, 40))]
    assert set(_clashing(nested)) == {(0, 10), (10, 20)}


@given(WORDS, st.data())
def test_order_and_disjointness_are_kept(words: list[str], data: st.DataObject) -> None:
    old = " ".join(words)
    shuffled = data.draw(st.lists(st.sampled_from(words), max_size=60))
    new = " ".join([*words[: len(words) // 2], *shuffled, *words[len(words) // 2 :]][:80])
    ends = [0, *(found.end() for found in re.finditer(r"\S+", old))]
    spans = [(a + (a > 0), b) for a, b in itertools.pairwise(ends)]
    found = [there for there in reanchor(old, new, spans).values() if there]
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))


def in_another_form(text: str) -> str:
    return text.translate(str.maketrans("“”’\u00a0", '""\' ')).replace("\r\n", "\n").replace("…", "...")


@pytest.mark.parametrize("quote", [*SENTENCES, "We welcome it", "It’s late…", "Sam said,", "Ms Im", "trade grows."])
def test_quotes_white_space_and_line_ends_in_another_form_are_the_same(quote: str) -> None:
    assert moved(OLD, in_another_form(OLD), quote) == in_another_form(quote)
    assert moved(in_another_form(OLD), OLD, in_another_form(quote)) == quote


def test_digests_find_spans_in_another_form_too() -> None:
    quotes = [*SENTENCES, "We welcome it", "It’s late…", "Sam said,", "Ms Im", "trade grows."]
    new = "A new line.\n" + in_another_form(OLD) + "And Sam said more."
    assert placed(OLD, new, quotes) == [in_another_form(quote) for quote in quotes]


@pytest.mark.parametrize("quote", SENTENCES)
def test_a_deleted_sentence_is_not_found(quote: str) -> None:
    new = OLD.replace(quote, "")
    assert moved(OLD, new, quote) is None
    assert placed(OLD, new, SENTENCES) == [None if one == quote else one for one in SENTENCES]


def test_the_words_around_a_deleted_sentence_are_found_where_they_were() -> None:
    old, new = "Start. Sam said no. Sam said yes. End of it.", "Start. Sam said yes. End of it."
    first, second = (7, 10), (20, 23)
    assert reanchor(old, new, [first, second]) == {first: None, second: (7, 10)}


def test_a_sentence_that_stands_twice_is_told_by_its_place() -> None:
    old = "We will go. They stay at home. We will go. Others come later on."
    second = (31, 42)
    assert reanchor(old, "New. " + old, [second]) == {second: (36, 47)}
    assert reanchor(old, old.replace("We will go. They", "They"), [(0, 11)]) == {(0, 11): None}


@pytest.mark.parametrize(
    ("old", "new"),
    [("regret for years", "regret for many years"), ("mistake", "mistaek"), ("the country", "this country")],
)
def test_a_small_edit_is_followed(old: str, new: str) -> None:
    assert moved(OLD, OLD.replace(old, new), SENTENCES[0]) == SENTENCES[0].replace(old, new)


def test_an_edit_that_turns_the_sense_round_is_not() -> None:
    assert moved(OLD, OLD.replace("will regret", "will not regret"), SENTENCES[0]) is None
    assert moved(OLD, OLD.replace("nobody knows", "everybody knows"), SENTENCES[1]) is None


def test_another_sentence_in_its_place_is_not_it() -> None:
    assert (
        moved(OLD, OLD.replace(SENTENCES[0], "He praised it as a step the region has long waited for."), SENTENCES[0])
        is None
    )


def test_a_common_word_is_not_found_elsewhere() -> None:
    new = OLD.replace("“It’s late…” said Ms Im.", "The minister left the room early, and his aide said little.")
    span = OLD.index("said Ms Im"), OLD.index("said Ms Im") + 4
    assert reanchor(OLD, new, [span]) == {span: None}


def test_a_long_quotation_that_moved_alone_is_followed_and_out_of_order_dropped() -> None:
    new = SENTENCES[1] + " " + OLD.replace(SENTENCES[1], "")
    assert moved(OLD, new, SENTENCES[1]) == SENTENCES[1]
    spans = [span_of(OLD, quote) for quote in SENTENCES]
    found = reanchor(OLD, new, spans)
    assert found[spans[1]] is None and all(found[span] for span in spans if span != spans[1])


def test_absent_and_wordless_spans() -> None:
    elephant = span_of(OLD, "🐘")
    assert reanchor(OLD, "New. " + OLD, [(0, 0), elephant]) == {
        (0, 0): (0, 0),
        elephant: (elephant[0] + 5, elephant[1] + 5),
    }
    assert reanchor(OLD, OLD.replace("🐘", "cat"), [elephant]) == {elephant: None}
    assert place([anchor("a1", *elephant, "🐘")], OLD) == {elephant: None}


def test_no_place_is_found_in_nothing() -> None:
    assert reanchor(OLD, "", [(0, 8)]) == {(0, 8): None}
    assert reanchor("", OLD, []) == {}
    assert place([anchor("a1", 0, 8, OLD[:8])], "") == {(0, 8): None}


def test_an_anchor_holds_no_text() -> None:
    kept = anchor("a1", 5, 20, "“It’s\u00a0LATE…”")
    assert (kept.words, kept.lead, kept.trail) == (3, 1, 4)
    assert kept.digest == anchor("a1", 5, 20, "'It's late...'").digest
    assert "late" not in str(kept).lower()


def test_digests_are_found_where_their_words_begin() -> None:
    text = "the pact was good, the pact was late"
    kept = anchor("a1", 0, 8, "the pact")
    assert Wanted([kept]).find(words_of(text)) == {kept.digest: [0, 4]}


@given(WORDS, WORDS)
def test_an_alignment_rises_and_pairs_equal_words(old: list[str], new: list[str]) -> None:
    image = align(old, new)
    pairs = [(i, j) for i, j in enumerate(image) if j >= 0]
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(a < b for (_, a), (_, b) in itertools.pairwise(pairs))
