"""How judgements of entailment become a stance."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.codebook import Hypotheses, Target
from annotate.entailment import Judgement, Shortcut
from annotate.records import Scores
from annotate.stance import Question, combined, judge, premise

TARGET = Target(
    "pact", "the pact", hypotheses=Hypotheses(("{speaker} supports {target}.",), ("{speaker} opposes {target}.",))
)


class Scripted:
    """A classifier that answers from a table and remembers what it was asked."""

    name, two_way, shortcut = "scripted@1", False, None

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


class Hasty(Scripted):
    """A classifier with a shortcut, of answers of its own; it remembers what it was asked in either way."""

    def __init__(self, quick: dict[str, Judgement], precise: dict[str, Judgement], sure: float, close: float) -> None:
        super().__init__(precise)
        self.quick = Scripted(quick)
        self.shortcut = Shortcut(self.quick.judge, sure, close)


FAVOR, AGAINST = "Ann Lee supports the pact.", "Ann Lee opposes the pact."
ASKED = [Question("Yes.", "Ann Lee", TARGET)]


def said(favor: tuple[float, ...], against: tuple[float, ...] = (0, 0, 1)) -> dict[str, Judgement]:
    return {FAVOR: Judgement(*favor, truncated=False), AGAINST: Judgement(*against, truncated=False)}


def hypotheses(model: Scripted) -> list[str]:
    return [hypothesis for _, hypothesis in model.asked]


@pytest.mark.parametrize("favor", [(0.6, 0.3, 0.1), (0.1, 0.7, 0.2), (0.0, 0.1, 0.9)])
def test_a_sure_favor_judgement_decides_alone(favor: tuple[float, ...]) -> None:
    model = Hasty(said(favor), {}, sure=0.6, close=0.05)
    scores = judge(ASKED, model)[0].scores
    assert (scores.favor, scores.neutral, scores.against) == favor
    assert hypotheses(model.quick) == [FAVOR] and not model.asked


def test_an_unsure_one_is_averaged_with_the_other_direction() -> None:
    model = Hasty(said((0.5, 0.3, 0.2), (0.1, 0.1, 0.8)), {}, sure=0.6, close=0.05)
    scores = judge(ASKED, model)[0].scores
    assert (scores.favor, scores.neutral, scores.against) == (0.65, 0.2, 0.15)
    assert hypotheses(model.quick) == [FAVOR, AGAINST] and not model.asked


def test_a_close_call_is_judged_again_precisely_and_by_both_directions() -> None:
    precise = said((0.44, 0.36, 0.2), (0.3, 0.5, 0.2))
    model = Hasty(said((0.46, 0.36, 0.18), (0.3, 0.5, 0.2)), precise, sure=0.6, close=0.2)
    assert judge(ASKED, model)[0].scores == combined([precise[FAVOR]], [precise[AGAINST]], two_way=False)
    assert hypotheses(model.quick) == hypotheses(model) == [FAVOR, AGAINST]


def test_a_call_that_is_not_closer_than_that_is_not_judged_again() -> None:
    model = Hasty(said((0.5, 0.25, 0.25)), {}, sure=0.5, close=0.25)
    assert judge(ASKED, model)[0].scores.favor == 0.5
    assert not model.asked


def test_one_that_is_never_sure_is_asked_both_even_where_it_is_certain() -> None:
    model = Hasty(said((1.0, 0.0, 0.0)), {}, sure=1.0, close=0.05)
    assert judge(ASKED, model)[0].scores.favor == 1.0
    assert hypotheses(model.quick) == [FAVOR, AGAINST]


def test_whether_it_is_sure_is_told_by_the_mean_over_the_wordings() -> None:
    target = Target("pact", "the pact", hypotheses=Hypotheses(("Yes {target}.", "Aye {target}."), ("No {target}.",)))
    answers = {
        "Yes the pact.": Judgement(0.9, 0.1, 0.0, False),
        "Aye the pact.": Judgement(0.2, 0.8, 0.0, True),
        "No the pact.": Judgement(0.0, 0.2, 0.8, False),
    }
    model = Hasty(answers, {}, sure=0.6, close=0.0)
    verdict = judge([Question("Yes.", "", target)], model)[0]
    assert hypotheses(model.quick) == [*answers]
    assert verdict.scores.favor == pytest.approx((0.55 + 0.8) / 2) and verdict.truncated


@given(st.lists(st.sampled_from(["Yes.", "No.", "Perhaps.", "Both."]), max_size=12))
def test_a_verdict_does_not_depend_on_what_is_asked_beside_it(texts: list[str]) -> None:
    of = {"Yes.": (0.9, 0.1, 0.0), "No.": (0.0, 0.2, 0.8), "Perhaps.": (0.4, 0.5, 0.1), "Both.": (0.34, 0.33, 0.33)}

    class Reading(Hasty):
        def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
            return [Judgement(*of[text.removeprefix("Ann Lee said: ")], False) for text, _ in pairs]

    def verdicts(asked: list[str]) -> list[Scores]:
        model = Reading({}, {}, 0.6, 0.2)
        model.shortcut = Shortcut(model.judge, 0.6, 0.2)
        return [v.scores for v in judge([Question(text, "Ann Lee", TARGET) for text in asked], model)]

    assert verdicts(texts) == [verdicts([text])[0] for text in texts]


def test_nothing_asked_nothing_judged() -> None:
    assert judge([], Hasty({}, {}, 0.6, 0.1)) == []
    assert judge([], Scripted({})) == []


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda x: sum(x) > 0.01))
def test_rounded_scores_always_sum_to_one_and_are_written_with_a_decimal_point(raw: list[float]) -> None:
    favor, neutral, against = (x / sum(raw) for x in raw)
    scores = Scores.of(favor, neutral, against)
    values = (scores.favor, scores.neutral, scores.against)
    assert sum(values) == pytest.approx(1.0, abs=1e-9)
    assert all(0 <= x <= 1 and "e" not in repr(x) for x in values)
