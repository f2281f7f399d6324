"""What the benchmark of speed counts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import speed
import stances

from annotate.codebook import Target
from annotate.embedded import Embedded, folder
from annotate.models import EmbeddedClassifier
from annotate.stance import Question, judge

QUESTIONS = [
    Question(text, "Ann Lee", Target("pact", "the pact"))
    for text in ("The pact is a blessing.", "The pact is signed on Monday.", "The pact is good, and yet it is bad.")
]


@pytest.fixture(scope="module")
def classifier() -> EmbeddedClassifier:
    return EmbeddedClassifier(Embedded(folder("stance-minilm"), threads=1))


def test_what_notes_the_pairs_changes_no_verdict(classifier: EmbeddedClassifier) -> None:
    counted = stances.Counted(classifier)
    assert judge(QUESTIONS, counted) == judge(QUESTIONS, classifier)
    favor = [stances._both(question)[0] for question in QUESTIONS]
    assert counted.quick[:3] == favor
    assert len(counted.quick) <= 6
    assert set(counted.precise) <= {pair for question in QUESTIONS for pair in stances._both(question)}


def test_operations_are_those_of_every_token_and_of_cls_alone_in_the_last_layer(classifier: EmbeddedClassifier) -> None:
    pair = ("A claim.", "A hypothesis.")
    tokens = len(classifier.rows([pair]).ids[0])
    square = 384 * 384
    assert stances.operations(classifier, [pair], whole=True) == 6 * tokens * 2 * 12 * square
    last = 2 * 2 * tokens * square + 2 * 10 * square
    assert stances.operations(classifier, [pair]) == 5 * tokens * 2 * 12 * square + last
    assert stances.operations(classifier, []) == 0


def test_a_trial_without_a_shortcut_is_the_reference_itself() -> None:
    asked = [pair for question in QUESTIONS for pair in stances._both(question)]
    powers = np.random.default_rng(1).dirichlet(np.ones(3), len(asked)).tolist()
    said = {pair: stances.Judgement(*row, truncated=False) for pair, row in zip(asked, powers, strict=True)}
    never = stances.Asking(said, said, 1.0, 0.0)
    always = stances.Asking(said, said, 1.0, 2.0)
    assert stances._labels(QUESTIONS, never) == stances._labels(QUESTIONS, always)
    assert (never.asked, always.asked) == (6, 12)


def test_half_of_the_sampled_claims_are_of_ordinary_articles_and_none_is_twice() -> None:
    rows = stances._sampled(21)
    assert len(rows) == 21 == len({(row["id"], row["target"]) for row in rows})


def test_a_section_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["speed.py", "--only", "stances,flight"])
    with pytest.raises(SystemExit):
        speed.main()
    assert "no flight" in capsys.readouterr().err


def test_what_lacks_data_or_an_extra_is_skipped_and_named(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def missing(_: Any) -> Any:
        raise ImportError("no module named ray")
        yield

    monkeypatch.setitem(speed.SECTIONS, "hub", missing)
    asked = speed.options().parse_args(["--only", "start,hub"])
    assert speed.measured(asked) == {"hub": []}
    said = capsys.readouterr().err
    assert "start: skipped" in said and "hub: skipped, no module named ray" in said
