"""What the words of a source say: names with their roles, descriptions, and names that are nearly equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.descriptions import Description, Number, describe, nouns, role_words
from annotate.names import Names, Written, misspelt

TEXT = "The banker Jane Doe met Bo Berg of the Harbour Bank. Berg sat down, and Mrs. Doe spoke to reporters."


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("Jane Doe", [Written("Jane Doe", "one")]),
        ("policy analyst Jane\u00a0Doe", [Written("Jane Doe", "one", "policy analyst")]),
        ("Jane Doe, a banker", [Written("Jane Doe", "one", "banker")]),
        ("the bank’s chair, Bo Berg", [Written("Bo Berg", "one", "bank’s chair")]),
        ("Mr. Berg", [Written("Berg", "one", "Mr", "he")]),
        ("the Harbour Bank", [Written("Harbour Bank", "thing")]),
        ("Jane Doe and Bo Berg", [Written("Jane Doe", "one"), Written("Bo Berg", "one")]),
        ("Jane Doe's aide", []),
        ("two officials", []),
        ("\U0001f6a2", []),
        ("Doe's rival, Harbour Gov. Bo Berg", [Written("Bo Berg", "one", "Doe's rival")]),
        ("Harbour Bank CEO Jane Doe", [Written("Jane Doe", "one", "Harbour Bank CEO")]),
        ("Harbour Rowers Jane Doe", [Written("Jane Doe", "one", "Harbour Rowers")]),
        ("the actress and activist Jane Doe", [Written("Jane Doe", "one", "actress and activist")]),
        ("Jane Doe's letter to the council", [Written("Jane Doe", "one")]),
        ("a new study published by the Harbour Bank", [Written("Harbour Bank", "thing")]),
        ("Jane Doe's campaign letter", []),
    ],
)
def test_names_of_a_source(words: str, written: list[Written]) -> None:
    assert Names(TEXT).read(words) == written


def test_a_capitalised_word_that_opens_a_sentence_is_no_name_where_it_is_plural_or_also_in_lower_case() -> None:
    names = Names(TEXT)
    assert [bool(names.read(word, opens=True)) for word in ("Berg", "Reporters", "Bankers", "Banker")] == [
        True, False, False, False,
    ]  # fmt: skip


def test_a_text_tells_persons_and_their_pronouns() -> None:
    names = Names(TEXT)
    assert (names.personal("Bo Berg"), names.personal("Harbour Bank")) == (True, False)
    assert (names.pronoun("Jane Doe"), names.pronoun("Bo Berg")) == ("she", "")


@pytest.mark.parametrize(
    ("words", "said", "noun", "number", "definite"),
    [
        ("The policy analyst", "policy analyst", "analyst", "one", True),
        ("an aide to the mayor", "aide to the mayor", "aide", "one", False),
        ("two of the officials, who left", "officials", "officials", "many", False),
        ("the former Gov. of Hull", "former Gov. of Hull", "governor", "one", True),
        ("the ministry’s", "ministry", "ministry", "thing", True),
        ("police yesterday", "police", "police", "many", False),
        ("an official of one of the many small towns on the coast", "official", "official", "one", False),
    ],
)
def test_descriptions(words: str, said: str, noun: str, number: Number, definite: bool) -> None:
    assert describe(words) == Description(said, noun, number, definite)


def test_a_role_may_have_several_nouns() -> None:
    assert nouns("banker and former mayor of Hull, author") == {"banker", "mayor", "author"}
    assert role_words("the former Gov. of Hull") == {"former", "governor", "of", "hull"}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("seum sam", "seun sam", True),
        ("suen sam", "seun sam", True),
        ("hun sen", "hun manet", False),
        ("paul lee", "paula lee", False),
        ("ann lee", "ann leo", False),
        ("bergmann", "bergman", True),
        ("berk", "berg", False),
        ("jane doe", "jane doe", False),
    ],
)
def test_one_letter_may_be_wrong(one: str, other: str, equal: bool) -> None:
    assert misspelt(one, other) == misspelt(other, one) == equal


PIECES = st.sampled_from(
    """Jane Doe Bo Berg’s Harbour Bank Mr. G.K. the The a two some of at who and , ; – (C) ’s aides mayor earlier US
    \u00a0 \u2028 \U0001f6a2 É .""".split(" ")
)


def within(part: str, whole: str) -> bool:
    """Whether the characters of a part stand in the whole, in order: brackets between them are left out."""
    rest = iter(whole)
    return all(character in rest for character in part)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=14).map(" ".join)))
def test_any_words_are_read_and_give_nothing_that_they_do_not_say(words: str) -> None:
    plain = " ".join(words.split())
    for written in Names(words).read(plain):
        assert all(within(word, plain) for word in written.name.split())
    if plain:
        assert within(describe(plain).words, plain)


def test_a_text_tells_what_people_are_called() -> None:
    names = Names(
        "Harbour Mayor Jane Doe (D-Hull) left. Bo Berg, the former head of the bank, met Doe. She saw Gov. Roe."
    )
    assert {"harbour", "mayor", "democrat", "hull"} <= names.said_of("Jane Doe")
    assert {"former", "head", "bank"} <= names.said_of("Bo Berg")
    assert names.said_of("Roe") == {"governor"}


def test_two_descriptions_may_be_of_one_person() -> None:
    assert describe("the former mayor and current senator").number == "one"
    assert describe("the mayor and the senator").number == "many"
    assert describe("the mayor and her aides").number == "many"


def test_an_acronym_is_spelled_out_where_one_name_fits() -> None:
    names = Names("The Harbour and Shipping Board met. The Old Quay Bank met the Open Quarry Band.")
    assert [names.spelled_out(word) for word in ("the H.S.B.", "HSB", "OQB", "HS", "Hsb")] == [
        "Harbour and Shipping Board", "Harbour and Shipping Board", "", "", "",
    ]  # fmt: skip


def test_the_shorter_names_of_fathers_and_sons() -> None:
    names = Names("Paul Quist met Paul Quist Jr. there, and Bo Berg III came.")
    assert [written.name for written in names.ending_in("quist")] == ["Paul Quist"]
    assert [written.name for written in names.ending_in("berg")] == ["Bo Berg III"]
