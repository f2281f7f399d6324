"""What a given name hints at."""

from __future__ import annotations

from importlib import resources

import pytest

from annotate.gender import usual_pronoun


@pytest.mark.parametrize(
    ("name", "pronoun"),
    [
        ("Jane Doe", "she"),
        ("John Doe", "he"),
        ("JOSÉ Ruiz", "he"),
        ("Søren Dahl", "he"),
        ("Zoë Berg", "she"),
        ("Anne-Marie Dupont", "she"),
        ("Hans-Joachim Berg", "he"),
        ("Jean Dupont", ""),
        ("Jane", ""),
        ("Hun Sen", ""),
        ("", ""),
        ("\U0001f6a2 Doe", ""),
    ],
)
def test_the_first_of_several_words_hints(name: str, pronoun: str) -> None:
    assert usual_pronoun(name) == pronoun


def test_the_list_has_each_name_once_in_order() -> None:
    text = resources.files("annotate").joinpath("given_names.txt").read_text(encoding="utf-8")
    he, she = (part.split() for part in text.partition("[he]")[2].split("[she]"))
    assert he == sorted(set(he)) and she == sorted(set(she))
    assert not set(he) & set(she)
    assert all(name.isascii() and name.islower() for name in (*he, *she))
