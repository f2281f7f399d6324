"""How judgements of entailment become a stance."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.codebook import Hypotheses, Target
from annotate.entailment import Judgement
from annotate.records import Scores
from annotate.stance import Question, combined, judge, premise

TARGET = Target(
    "pact", "the pact", hypotheses=Hypotheses(("{speaker} supports {target}.",), ("{speaker} opposes {target}.",))
)


class Scripted:
    """A classifier that answers from a table and remembers what it was asked."""

    name, two_way = "scripted@1", False

    def __init__(self, answers: dict[str, Judgement]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        self.asked += pairs
        return [self.answers[hypothesis] for _, hypothesis in pairs]


def test_the_premise_names_the_speaker_and_the_narrator_has_none() -> None:
    assert premise("It is a good step.", "Ann Lee") == "Ann Lee said: It is a good step."
    assert premise("The talks ended.", "") == "The talks ended."


def test_three_way_scores_average_entailment_and_the_contradiction_of_the_opposite() -> None:
    scores = combined([Judgement(0.8, 0.1, 0.1, False)], [Judgement(0.1, 0.3, 0.6, False)], two_way=False)
    assert (scores.favor, scores.neutral, scores.against) == (0.7, 0.2, 0.1)


def test_a_two_way_model_that_entails_neither_is_neutral() -> None:
    scores = combined([Judgement(0.1, 0.9, 0.0, False)], [Judgement(0.1, 0.9, 0.0, False)], two_way=True)
    assert scores.stance == "neutral"
    assert scores.neutral == pytest.approx(0.81 / 0.99, abs=1e-4)


def test_equal_pairs_are_judged_once_and_truncation_is_reported() -> None:
    model = Scripted(
        {
            "Ann Lee supports the pact.": Judgement(0.9, 0.1, 0.0, True),
            "Ann Lee opposes the pact.": Judgement(0, 0.1, 0.9, False),
        }
    )
    verdicts = judge([Question("Yes.", "Ann Lee", TARGET)] * 2, model)
    assert len(model.asked) == 2
    assert [v.scores.stance for v in verdicts] == ["favor", "favor"]
    assert all(v.truncated for v in verdicts)


def test_the_narrator_is_judged_with_hypotheses_that_name_nobody() -> None:
    model = Scripted(
        {
            "The text supports the pact.": Judgement(0, 1, 0, False),
            "The text opposes the pact.": Judgement(0, 1, 0, False),
        }
    )
    assert judge([Question("The talks ended.", "", TARGET)], model)[0].scores.stance == "neutral"


def test_nothing_asked_nothing_judged() -> None:
    assert judge([], Scripted({})) == []


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda x: sum(x) > 0.01))
def test_rounded_scores_always_sum_to_one_and_are_written_with_a_decimal_point(raw: list[float]) -> None:
    favor, neutral, against = (x / sum(raw) for x in raw)
    scores = Scores.of(favor, neutral, against)
    values = (scores.favor, scores.neutral, scores.against)
    assert sum(values) == pytest.approx(1.0, abs=1e-9)
    assert all(0 <= x <= 1 and "e" not in repr(x) for x in values)
