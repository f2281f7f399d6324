"""The figures of tests/benchmarks/quality.py, on examples worked out by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import metrics

TEXT = "“We don’t know,” he said."


def test_tokens_are_words_and_marks_wholly_inside() -> None:
    found = metrics.tokens_inside(TEXT, [(0, 6), (17, 20)])
    assert {TEXT[start:end] for start, end in found} == {"“", "We", "he"}  # half of "don" is no token


def test_edges_are_marks_and_space_on_both_sides() -> None:
    assert metrics.without_edges(TEXT, [(0, 17), (14, 17)]) == {(1, 14)}
    assert TEXT[1:14] == "We don’t know"


def test_overlap_is_intersection_over_union() -> None:
    assert metrics.overlap((0, 8), (0, 10)) == pytest.approx(0.8)
    assert metrics.overlap((0, 4), (2, 6)) == pytest.approx(2 / 6)
    assert metrics.overlap((0, 4), (4, 6)) == 0


def test_matching_takes_the_best_first_and_each_span_once() -> None:
    predicted, gold = [(0, 9), (0, 10), (20, 24)], [(0, 10), (1, 10), (20, 30)]
    assert metrics.matched(predicted, gold, 0.8) == [((0, 10), (0, 10)), ((0, 9), (1, 10))]
    assert metrics.matched(predicted, gold, 0.9) == [((0, 10), (0, 10))]
    assert metrics.matched([], gold, 0.8) == []


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
