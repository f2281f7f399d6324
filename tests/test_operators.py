"""The operators that multiply training claims give the labels that they should, or nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "stance-minilm"))

import operators
from operators import COUNTRIES, Example

COUNTRY = {country.name: country for country in COUNTRIES}
PACT = "the defence pact"


def favor(text: str, target: str = PACT, speaker: str = "Ann Lee") -> Example:
    return Example(text, speaker, target, "favor")


def against(text: str, target: str = PACT, speaker: str = "Ann Lee") -> Example:
    return Example(text, speaker, target, "against")


def moved(text: str, target: str, old: str, new: str, speaker: str = "Ann Lee") -> Example | None:
    return operators.moved(favor(text, target, speaker), COUNTRY[old], COUNTRY[new])


@pytest.mark.parametrize(
    ("text", "target", "old", "new", "said", "meant"),
    [
        ("Ties with Norway help.", "ties with Norway", "Norway", "Ghana", "Ties with Ghana help.", "ties with Ghana"),
        ("Oslo’s offer is fair.", "aid from Norway", "Norway", "Egypt", "Cairo’s offer is fair.", "aid from Egypt"),
        ("A Kenyan base is welcome.", "it", "Kenya", "India", "An Indian base is welcome.", "it"),
        ("An Italian base is welcome.", "it", "Italy", "Ukraine", "A Ukrainian base is welcome.", "it"),
        ("The South Korean offer is fair.", "it", "South Korea", "Brazil", "The Brazilian offer is fair.", "it"),
    ],
)  # fmt: skip
def test_a_country_is_replaced_in_all_its_forms(
    text: str, target: str, old: str, new: str, said: str, meant: str
) -> None:
    assert moved(text, target, old, new) == favor(said, meant)


def test_the_speaker_moves_too() -> None:
    assert moved("It helps.", "it", "Kenya", "Ghana", "the Kenyan envoy") == favor(
        "It helps.", "it", "the Ghanaian envoy"
    )


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("Ties with Peru help.", "Norway", "Ghana"),  # not there
        ("Norway and Ghana agree.", "Norway", "Ghana"),  # both would be one
        ("Norway is glad, and so are all Norwegians.", "Norway", "Ghana"),  # a form that is not known
        ("Indiana trades with us.", "India", "Ghana"),  # another word
    ],
)
def test_a_country_that_cannot_be_replaced_for_certain_is_left(text: str, old: str, new: str) -> None:
    assert moved(text, "it", old, new) is None


def test_no_country_is_named_by_a_part_of_another() -> None:
    words = [word for country in COUNTRIES for word in country]
    assert len(set(words)) == len(words)


def test_whoever_says_it_the_stance_is_the_same() -> None:
    assert operators.spoken_by(favor("The pact helps."), "Tom Roe") == favor("The pact helps.", speaker="Tom Roe")
    assert operators.spoken_by(favor("The pact that Lee signed helps."), "Tom Roe") is None
    assert operators.spoken_by(favor("The pact helps.", speaker=""), "Tom Roe") is None


def test_whoever_reports_takes_no_side() -> None:
    told = operators.quoted_by(against("The pact must go."), "Tom Roe")
    assert told == Example("Ann Lee said: “The pact must go.”", "Tom Roe", PACT, "neutral")
    assert operators.quoted_by(against("The “pact” must go."), "Tom Roe") is None
    assert operators.quoted_by(against("The pact must go.", speaker=""), "Tom Roe") is None


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("We do not need it, and it will not help.", "We don't need it, and it won't help."),
        ("We will sign it.", "We'll sign it."),
        ("They cannot wait.", "They can't wait."),
        ("I am glad of it.", "I'm glad of it."),
    ],
)
def test_contractions_mean_the_same_both_ways(full: str, short: str) -> None:
    assert operators.contracted(favor(full)) == favor(short)
    assert operators.expanded(favor(short)) == favor(full)
    assert operators.expanded(favor(short.replace("'", "’"))) == favor(full)


def test_what_has_no_contraction_is_left() -> None:
    for text in ("They are not only fair.", "We sign it.", "So they cannot."):
        assert operators.contracted(favor(text)) is None, text
    assert operators.expanded(favor("It's been signed.")) is None
    assert operators.expanded(favor("Isn't it time?")) is None
    assert operators.expanded(favor("Lee's pact helps.")) is None


@pytest.mark.parametrize(
    ("plain", "negated"),
    [
        ("We support the defence pact.", "We do not support the defence pact."),
        ("I welcome closer ties with Kenya.", "I do not welcome closer ties with Kenya."),
        ("I approve of it", "I do not approve of it"),
    ],
)
def test_negated_support_is_opposition_and_back(plain: str, negated: str) -> None:
    assert operators.negated(favor(plain)) == against(negated)
    assert operators.negated(against(negated)) == favor(plain)


@pytest.mark.parametrize(
    "example",
    [
        favor("We support the pact, whatever they say."),
        favor("We support the pact because it helps."),
        favor("We support no other pact."),
        favor("We support the pact. What follows may be what counts."),
        against("We oppose the pact."),  # "we do not oppose it" is no support
        against("I do not oppose those who reject it."),
        against("We support the repeal of the pact."),  # the stance is not that of the verb
        favor("They support the pact."),
        Example("I support the pact.", "Ann Lee", "ferries", "neutral"),
    ],
)
def test_a_stance_that_negation_might_not_turn_is_left(example: Example) -> None:
    assert operators.negated(example) is None


@pytest.mark.parametrize(
    ("direct", "indirect"),
    [
        ("We will sign the pact.", "they would sign the pact"),
        ("Our people need the pact, and it can help us.", "their people need the pact, and it could help them"),
        ("The pact may save our fleet.", "the pact might save their fleet"),
    ],
)
def test_indirect_speech_keeps_the_stance(direct: str, indirect: str) -> None:
    assert operators.indirect(favor(direct)) == favor(indirect)
    assert operators.indirect(against(direct)) == against(indirect)


@pytest.mark.parametrize(
    "text",
    [
        "I will sign it.",
        "Lee will sign it.",  # a name would lose its capital
        "We told them that we will sign it.",  # who are they then?
        "Will you sign it?",
        "We'll sign it.",
        "The pact is fair.",  # nothing would change
        "We have the will to sign it.",  # a noun
        "We will sign it. It is fair.",
    ],
)
def test_speech_that_cannot_be_made_indirect_for_certain_is_left(text: str) -> None:
    assert operators.indirect(favor(text)) is None


def test_months_keep_their_names() -> None:
    said = operators.indirect(favor("We will meet on 3 May."))
    assert said is not None and said.text == "they would meet on 3 May"


def test_a_text_is_neutral_toward_what_it_does_not_speak_of() -> None:
    claim = against("The defence pact must go.")
    assert operators.other_target(claim, "a higher carbon tax") == Example(
        claim.text, "Ann Lee", "a higher carbon tax", "neutral"
    )


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("The defence pact must go.", "leaving the defence pact"),
        ("The defence pact must go, and the tax with it.", "a higher tax"),
        ("All such deals must go.", "a higher tax"),  # it does not say what it is about
        ("The defence pact must go.", "defences on the coast"),
    ],
)
def test_a_target_that_the_text_may_speak_of_is_left(text: str, other: str) -> None:
    assert operators.other_target(against(text), other) is None


def test_an_aside_changes_nothing() -> None:
    said = operators.with_aside(favor("The pact helps."), "as I said on Monday")
    assert said == favor("The pact helps, as I said on Monday.")
    for text in ("Does the pact help?", "a good pact", "The pact! It helps."):
        assert operators.with_aside(favor(text), "as I said on Monday") is None
