"""Robustness: what holds for any model, and how far the embedded models hold out today."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import altering
import bench
import robustness
from altering import ANY, ENDLESS, HOSTILE, NOTHING, SAME, TESTS, cases, checks, claims
from held_out import OWN
from metrics import read

from annotate.attribution import Attributor
from annotate.codebook import Target
from annotate.entailment import Classifier, Judgement
from annotate.records import STANCES, Scores
from annotate.stance import Question, judge

FLOORS = {
    "unaltered": 0.83,
    "negation": 0.70,
    "another's view": 0.75,
    "another speaker": 0.85,
    "another target": 0.70,
    "active and passive": 0.85,
    "irrelevant addition": 0.72,
    "typing errors": 0.85,
    "typography": 0.83,
    "long sentence": 0.66,
    "longer than is read": 0.50,
    "hostile text": 0.84,
    "nothing said": 0.0,
    "10,000 characters": 1.0,
    "another country": 0.96,
    "attribution: marks and spaces": 0.75,
    "attribution: another name": 0.86,
}
"""The least share of checks of SOME that the embedded models pass: what stance-minilm 1.2.0 and attribution-minilm
1.0.0 pass, less two checks (of countries, six). Low ones tell where the models are weak. A model that falls below one
has lost something; one that is better gets new floors, from the figures that a failure of the test below prints.
"""
COUNTRIES_APART = 0.14
"""The most that the mean score of a stance may differ between two countries, over six claims (measured: 0.12)."""
SOME = [number for number in range(len(claims())) if number % 3 == number // 6 % 3]
"""A third of the claims, as many of each label, every hostile text around some of them; `quality.py` asks about all."""


@pytest.fixture(scope="module")
def embedded() -> Classifier:
    return bench.classifier("")


@pytest.fixture(params=["embedded", "three-way folder", "two-way folder"], scope="module")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Any model: the embedded one, and tiny ones with random weights."""
    if request.param == "embedded":
        return bench.classifier("")
    pytest.importorskip("torch")
    from test_nli import THREE, bert

    labels = THREE if request.param == "three-way folder" else ["entailment", "not_entailment"]
    return bench.classifier(str(bert(tmp_path_factory.mktemp("tiny"), labels)))


# ---- The cases ----


def test_there_are_enough_claims_and_checks_of_every_test() -> None:
    assert len(claims()) >= 60 and len(checks()) >= 400
    assert len({claim.target for claim in claims()}) == len({claim.text for claim in claims()}) == len(claims())
    assert {check.test for check in checks()} == set(TESTS)
    assert Counter(claim.label for claim in claims()) == dict.fromkeys(STANCES, len(claims()) // 3)
    assert len(set(cases()["countries"]["names"])) == 40


def test_what_is_wanted_is_a_label_or_known() -> None:
    assert {check.wanted for check in checks()} == {*STANCES, SAME, ANY}
    assert {template["label"] for template in cases()["countries"]["templates"]} == set(STANCES)


def test_a_claim_is_a_sentence_and_negation_and_voice_change_it() -> None:
    for claim in claims():
        assert claim.text.endswith(".") and claim.text not in (claim.negated, claim.voice)
        assert (claim.label == "neutral") == (not claim.negated_label), claim.text


def test_no_model_was_trained_on_these_claims_or_on_the_missions() -> None:
    known = {claim["text"].casefold() for claim in read(OWN / "claims.jsonl")}
    mine = {check.question.text for check in checks()} | {t["text"] for t in cases()["countries"]["templates"]}
    assert not known & {text.casefold() for text in mine}
    assert "cambodia" not in altering.CASES.read_text(encoding="utf-8").casefold()


def test_the_same_checks_are_made_each_time() -> None:
    assert checks() == checks()
    assert set(checks(SOME)) < set(checks())


def test_every_hostile_text_is_tried_on_some_claims() -> None:
    asked = {check.question.text for check in checks(SOME) if check.test == "hostile text"}
    for template in HOSTILE:
        before = template.partition("{text}")[0]
        after = template.partition("{text}")[2].partition("{opposite}")[0]
        assert any(text.startswith(before) and after in text for text in asked), template


@given(st.integers(0, 10_000), st.sampled_from([claim.text for claim in claims()]))
def test_typing_errors_are_as_many_as_asked_for_and_spare_negation(seed: int, text: str) -> None:
    words, misspelt = text.split(), altering.misspelt(text, 2, seed).split()
    wrong = [(old, new) for old, new in zip(words, misspelt, strict=True) if old != new]
    assert len(wrong) <= 2
    assert all(old[0] == new[0] and abs(len(old) - len(new)) <= 1 for old, new in wrong)
    assert {"not", "no", "never", "cannot"} & set(words) == {"not", "no", "never", "cannot"} & set(misspelt)


# ---- What holds for any model ----


def test_hostile_empty_and_endless_text_gets_sound_scores(model: Classifier) -> None:
    claim = claims()[0]
    hostile = [text.replace("{text}", claim.text).replace("{opposite}", "against") for text in HOSTILE]
    texts = [*hostile, *NOTHING, *((text * 10_000)[:10_000] for text in ENDLESS)]
    questions = [claim.asked()._replace(text=text) for text in texts]
    assert [
        text for text, verdict in zip(texts, judge(questions, model), strict=True) if not _sound(verdict.scores)
    ] == []


def test_hostile_speakers_and_targets_get_sound_scores(model: Classifier) -> None:
    names = ["", "\u202eeel nnA\u202c", "Ann\x00Lee", "🙂", "<b>", "x" * 2_000, "{target} %s"]
    questions = [Question("We welcome it.", name, Target("t", name or "it")) for name in names]
    assert all(_sound(verdict.scores) for verdict in judge(questions, model))


def test_scores_depend_neither_on_order_nor_on_company(model: Classifier) -> None:
    questions = [check.question for check in checks(SOME)][::33]
    together = judge(questions, model)
    for other in (judge(questions[::-1], model)[::-1], [judge([question], model)[0] for question in questions]):
        for one, two in zip(together, other, strict=True):
            assert one.truncated == two.truncated
            assert all(abs(getattr(one.scores, s) - getattr(two.scores, s)) < 0.001 for s in STANCES)


def _sound(scores: Scores) -> bool:
    return robustness.sound(scores)


# ---- How a check is judged ----


class Scripted:
    """A classifier that says of each premise what `said` makes of it."""

    name, two_way, shortcut = "scripted@1", False, None

    def __init__(self, said: Callable[[str], tuple[float, float, float]]) -> None:
        self.said = said

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return [Judgement(*self.said(premise), False) for premise, _ in pairs]


def test_a_model_that_always_says_neutral_passes_what_asks_for_that_or_for_no_change() -> None:
    found = robustness.outcomes(checks(), Scripted(lambda _: (0.0, 1.0, 0.0)))
    for outcome in found:
        assert outcome.passed == (outcome.check.wanted in ("neutral", SAME, ANY)), outcome
    assert robustness.passed("unaltered", found).value == pytest.approx(1 / 3)


def test_a_model_that_fails_on_a_text_fails_that_check_alone() -> None:
    def said(premise: str) -> tuple[float, float, float]:
        if "DROP TABLE" in premise:
            raise RuntimeError("no such text")
        return 0.0, 1.0, 0.0

    failed = [o for o in robustness.outcomes(checks(SOME), Scripted(said)) if o.verdict is None]
    assert failed and not any(outcome.passed for outcome in failed)
    assert all("DROP TABLE" in outcome.check.question.text for outcome in failed)


def test_scores_that_are_no_numbers_fail_every_check() -> None:
    found = robustness.outcomes(checks(SOME), Scripted(lambda _: (float("nan"),) * 3))
    assert not any(outcome.passed for outcome in found)


def test_countries_are_compared_with_the_commonest_label() -> None:
    groups = robustness.countries(Scripted(lambda said: (0.0, 0.0, 1.0) if "Peru" in said else (0.0, 1.0, 0.0)))
    wrong = [outcome for group in groups for outcome in group if not outcome.passed]
    assert 0 < len(wrong) <= len(groups)
    assert all("Peru" in f"{o.check.question.speaker} {o.check.question.text}" for o in wrong)


# ---- The embedded models ----


def test_the_embedded_model_passes_as_much_as_it_did(embedded: Classifier) -> None:
    found = robustness.outcomes(checks(SOME), embedded)
    shares = {test: round(robustness.passed(test, found).value, 3) for test in TESTS}
    assert [test for test, share in shares.items() if share < FLOORS[test]] == [], shares


def test_labels_of_the_embedded_model_hardly_depend_on_whose_country_it_is(embedded: Classifier) -> None:
    groups = robustness.countries(embedded, every=2)
    changed = [outcome for group in groups for outcome in group if not outcome.passed]
    assert 1 - len(changed) / sum(map(len, groups)) >= FLOORS[robustness.COUNTRY]
    for _, difference, *_ in robustness.country_tables(groups)[0].rows:
        assert difference <= COUNTRIES_APART


def test_the_embedded_model_says_that_it_did_not_read_all(embedded: Classifier) -> None:
    whole = {"another speaker", "long sentence", "negation"}
    for outcome in robustness.outcomes(checks([0, 3]), embedded):
        assert outcome.verdict
        if outcome.check.test in whole:
            assert not outcome.verdict.truncated
        assert outcome.verdict.truncated or outcome.check.test != "longer than is read"


def test_names_and_marks_do_not_hide_who_spoke() -> None:
    for test, results in robustness.passages(Attributor()).items():
        assert sum(right for _, right in results) / len(results) >= FLOORS[test], test


def test_the_tables_tell_of_every_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robustness, "classifier", lambda _: Scripted(lambda _: (0.0, 1.0, 0.0)))
    monkeypatch.setattr(
        robustness, "passages", lambda _: {robustness.MARKS: [(0, True)], robustness.NAMES: [(0, False)]}
    )
    tables = robustness.robustness(bench.Run(Path(), limit=20))
    assert {row[0] for row in tables[0].rows} == set(FLOORS)
    assert len(tables[2].rows) == 40
    json.dumps([table.records() for table in tables], allow_nan=False)
