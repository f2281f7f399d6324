"""The figures of tests/benchmarks/quality.py, on examples worked out by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import calibration
import metrics

from annotate.entailment import Judgement

TEXT = "“We don’t know,” he said."


def test_tokens_are_words_and_marks_wholly_inside() -> None:
    found = metrics.tokens_inside(TEXT, [(0, 6), (17, 20)])
    assert {TEXT[start:end] for start, end in found} == {"“", "We", "he"}  # half of "don" is no token


def test_edges_are_marks_and_space_on_both_sides() -> None:
    assert metrics.without_edges(TEXT, [(0, 17), (14, 17)]) == {(1, 14)}
    assert TEXT[1:14] == "We don’t know"


def test_overall_is_the_micro_average() -> None:
    assert metrics.same({(0, 1), (2, 3)}, {(0, 1)}) == (1, 2, 1)
    figures = metrics.overall([(1, 2, 1), (3, 4, 9)])
    assert figures.precision.value == pytest.approx(4 / 6)
    assert figures.recall.value == pytest.approx(4 / 10)
    assert figures.f1.value == pytest.approx(8 / 16)
    # The extremes are one article drawn twice.
    assert (figures.f1.low, figures.f1.high) == pytest.approx((6 / 13, 2 / 3))


def test_nothing_found_and_nothing_there_are_zero() -> None:
    assert metrics.overall([(0, 0, 0)]) == metrics.Overall(*[metrics.Figure(0, 0, 0)] * 3)


def test_share_is_right_over_all() -> None:
    assert metrics.share([(1, 2), (2, 2)]) == pytest.approx((0.75, 0.5, 1.0))


def test_labels_absent_from_gold_count_as_errors_but_not_in_the_macro_average() -> None:
    gold = ["favor", "favor", "favor", "against"]
    result = metrics.classified(gold, ["favor", "favor", "neutral", "favor"], ["favor", "neutral", "against"])
    assert result.confusion == [[2, 1, 0], [0, 0, 0], [1, 0, 0]]
    assert result.accuracy.value == pytest.approx(2 / 4)
    assert result.f1 == pytest.approx({"favor": 4 / 6, "against": 0})
    assert result.macro_f1.value == pytest.approx(2 / 6)


def test_macro_f1_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    labels = ["a", "b", "c"]
    gold, predicted = np.random.default_rng(0).choice(labels, (2, 50)).tolist()
    result = metrics.classified(gold, predicted, labels)
    assert result.macro_f1.value == pytest.approx(f1_score(gold, predicted, average="macro"))


def test_interval_of_an_accuracy_is_binomial_and_repeatable() -> None:
    gold, predicted = ["a"] * 200 + ["b"] * 200, ["a"] * 300 + ["b"] * 100
    result = metrics.classified(gold, predicted, ["a", "b"])
    spread = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert result.accuracy == pytest.approx((0.75, 0.75 - spread, 0.75 + spread), abs=0.01)
    assert result == metrics.classified(gold, predicted, ["a", "b"])


def test_table_is_percent_in_markdown_and_shares_in_json() -> None:
    figure = metrics.Figure(0.5, 0.4, 0.625)
    table = metrics.Table("T", ["name", "F1", "plain", "n"], [["x", figure, 0.25, 3], ["y", None, 0.0, 0]], "Note.")
    assert table.markdown().splitlines()[2:] == [
        "Note.",
        "",
        "| name | F1 | plain | n |",
        "| --- | --- | --- | --- |",
        "| x | 50.0 [40.0, 62.5] | 25.0 | 3 |",
        "| y | – | 0.0 | 0 |",
    ]
    assert table.records()[0] == {"name": "x", "F1": {"value": 0.5, "low": 0.4, "high": 0.625}, "plain": 0.25, "n": 3}


def test_sample_keeps_order_and_is_the_same_each_time() -> None:
    rows = [{"n": n} for n in range(50)]
    chosen = metrics.sample(rows, 5)
    assert chosen == metrics.sample(rows, 5) == sorted(chosen, key=lambda row: row["n"])
    assert len(chosen) == 5
    assert metrics.sample(rows, 0) == metrics.sample(rows, 60) == rows


@pytest.fixture
def seed() -> Iterator[None]:
    """Whatever seed a test sets, the others do not see."""
    yield
    metrics.seed(1)


def test_another_seed_draws_other_resamples_and_samples(seed: None) -> None:
    counts, rows = [(n % 3, 3) for n in range(20)], [{"n": n} for n in range(50)]
    first = metrics.share(counts), metrics.sample(rows, 5)
    metrics.seed(2)
    second = metrics.share(counts), metrics.sample(rows, 5)
    assert first[0].value == second[0].value and first[0] != second[0] and first[1] != second[1]
    metrics.seed(1)
    assert (metrics.share(counts), metrics.sample(rows, 5)) == first


def test_the_score_interval_is_that_of_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for right, every in ((0, 5), (5, 5), (7, 24), (480, 500)):
        bounds = proportion.proportion_confint(right, every, method="wilson")
        assert metrics.wilson(right, every) == pytest.approx((right / every, *bounds), abs=1e-4)
    assert metrics.wilson(0, 0) == (0, 0, 1)


def test_where_all_are_right_the_interval_is_not_a_point() -> None:
    assert metrics.share([(2, 2)] * 10) == metrics.wilson(10, 10)
    assert metrics.share([(0, 2), (0, 0)]) == metrics.wilson(0, 2)
    assert metrics.wilson(10, 10).low < 0.75


def test_the_mean_of_figures_is_surer_than_each() -> None:
    figure = metrics.Figure(0.5, 0.4, 0.7)
    assert metrics.mean([figure, None, figure]) == pytest.approx((0.5, 0.5 - 0.1 / 2**0.5, 0.5 + 0.2 / 2**0.5))
    assert metrics.mean([None]) is None


def test_calibration_error_is_the_gap_weighted_by_bin() -> None:
    confidences, right = [0.95, 0.95, 0.85, 0.85, 0.3], [True, False, True, True, False]
    # (2 · |0.95 − 0.5| + 2 · |0.85 − 1| + |0.3 − 0|) / 5
    assert calibration.ece(confidences, right).value == pytest.approx(0.3)
    # In one bin: |0.78 − 0.6|
    assert calibration.ece(confidences, right, bins=1).value == pytest.approx(0.18)
    assert calibration.ece([1.0, 0.0], [True, False]).value == 0


def test_reliability_tells_of_bins_that_have_rows_upper_bounds_within() -> None:
    rows = calibration.reliability([0.5, 0.51, 0.6, 1.0], [True, False, True, True], bins=10)
    assert [(bounds, n) for bounds, n, *_ in rows] == [("0.40–0.50", 1), ("0.50–0.60", 2), ("0.90–1.00", 1)]
    assert rows[1][2] == pytest.approx(0.555) and rows[1][3].value == 0.5


class Softmax:
    """A classifier whose logits are 2, 1 and 0, divided by a temperature."""

    name, two_way, shortcut = "softmax@1", False, None

    def __init__(self, temperature: float) -> None:
        powers = np.exp(np.array([2.0, 1.0, 0.0]) / temperature)
        self.said = Judgement(*(powers / powers.sum()).tolist(), True)

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return [self.said for _ in pairs]


def test_a_temperature_can_be_changed_afterwards() -> None:
    pair = [("a", "b")]
    for factor in (1.0, 1.5, 0.25):
        changed = calibration.Tempered(Softmax(2.0), factor).judge(pair)[0]
        assert changed == pytest.approx(Softmax(2.0 * factor).judge(pair)[0])
    assert calibration.Tempered(Softmax(2.0), 2.0).judge([]) == []
