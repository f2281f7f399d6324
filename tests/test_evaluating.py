"""A corpus against a gold one: every figure by hand on a small case, and by another library on chance ones."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FEAR, TEXT, TOML, WELCOME, as_written, claim_on, claims_of, labelled, make_article, write_claims
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from annotate.adopting import adopt
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.errors import CorpusError, UsageError
from annotate.measure.evaluating import Evaluation, evaluate
from annotate.measure.intervals import RESAMPLES, bootstrapped, exact, grouped, ratio, resampled
from annotate.measure.scores import ENDS, accuracy, ece, label_f1, macro
from annotate.records import STANCES, Claim, Scores, Stance
from annotate.releases import release
from annotate.standoff import strip
from annotate.writing import writing


@pytest.fixture
def gold(corpus: Path, tmp_path: Path) -> Path:
    return shutil.copytree(corpus, tmp_path / "gold")


def change(folder: Path, index: int, **values: Any) -> Claim:
    """Somebody decides values of a claim."""
    claims = claims_of(folder)
    claims[index] = replace(claims[index], **values)
    write_claims(folder, claims)
    adopt(folder, "ana", deletions=len(claims))
    return claims[index]


def predict(folder: Path, index: int, stance: Stance, favor: float, neutral: float, against: float) -> None:
    """The models say something else of a claim."""
    claims = claims_of(folder)
    said = replace(claims[index].prediction, stance=stance, scores=Scores(favor, neutral, against))
    claims[index] = replace(claims[index], stance=stance, prediction=said.sealed(claims[index].id))
    write_claims(folder, claims)
    as_written(folder)


def drop(folder: Path, index: int) -> None:
    claims = claims_of(folder)
    del claims[index]
    write_claims(folder, claims)
    adopt(folder, "ana", deletions=1)


def compared(corpus: Path, gold: Path, labels: str = "predictions") -> Evaluation:
    return evaluate(Corpus.open(corpus), Corpus.open(gold), labels)


def spans(found: Evaluation) -> dict[float, tuple[int, int, int]]:
    return {one.least: (one.found, one.predicted, one.gold) for one in found.spans}


def test_equal_corpora_are_all_right(corpus: Path, gold: Path) -> None:
    found = compared(corpus, gold)
    assert spans(found) == {1.0: (3, 3, 3), 0.8: (3, 3, 3), 0.5: (3, 3, 3)}
    assert found.spans[0].f1 == (1, 1, 1)
    assert (found.articles, found.left_out, found.undecided, found.lines, found.resampled) == (1, 0, 4, 4, "claims")
    whole, pact, trade = found.stances
    assert (whole.target, pact.target, trade.target) == ("", "pact", "trade")
    assert (whole.gold, pact.gold, trade.gold) == (4, 3, 1)
    assert whole.accuracy == whole.macro_f1 == whole.macro_f1_end_to_end == (1, 1, 1)
    assert found.speakers.accuracy == (1, 1, 1) and found.speakers.matched == 3
    assert found.calibration.claims == 4
    assert found.calibration.ece and found.calibration.ece.value == pytest.approx(1 - 0.91)


def test_a_wrong_stance_is_an_error(corpus: Path, gold: Path) -> None:
    change(gold, 2, stance="against")
    found = compared(corpus, gold)
    whole = found.stances[0]
    assert whole.accuracy and whole.accuracy.value == 0.75
    assert whole.confusion == [[3, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert whole.macro_f1 and whole.macro_f1.value == pytest.approx((6 / 7 + 0) / 2)
    assert {one.label: one.gold for one in whole.labels} == {"favor": 3, "neutral": 0, "against": 1}
    neutral = next(one for one in whole.labels if one.label == "neutral")
    assert (neutral.matched, neutral.end_to_end) == (None, None)
    assert found.undecided == 3


def test_missed_claims_and_claims_that_are_none_count_end_to_end(corpus: Path, gold: Path) -> None:
    drop(gold, 2)
    write_claims(corpus, claims_of(corpus)[:3])
    as_written(corpus)
    found = compared(corpus, gold)
    assert spans(found)[1.0] == (1, 2, 2)
    whole = found.stances[0]
    assert (whole.gold, whole.matched) == (3, 2)
    assert whole.macro_f1 and whole.macro_f1.value == 1
    assert whole.confusion[0] == [2, 0, 0, 1] and whole.confusion[3] == [1, 0, 0, 0]
    assert whole.macro_f1_end_to_end and whole.macro_f1_end_to_end.value == pytest.approx(2 * 2 / (3 + 3))
    assert found.speakers.end_to_end and found.speakers.end_to_end.value == 0.5


def test_places_count_by_how_much_they_overlap(corpus: Path, gold: Path) -> None:
    claim = claims_of(gold)[2]
    change(gold, 2, start=claim.start + 3, text=TEXT[claim.start + 3 : claim.end])
    assert spans(compared(corpus, gold)) == {1.0: (2, 3, 3), 0.8: (2, 3, 3), 0.5: (3, 3, 3)}


def test_the_view_or_the_predictions(corpus: Path, gold: Path) -> None:
    change(gold, 2, stance="against", speaker="ro-1")
    change(corpus, 2, stance="against", speaker="ro-1")
    for labels, right in (("predictions", 0.75), ("view", 1.0)):
        found = compared(corpus, gold, labels)
        assert found.labels == labels
        assert found.stances[0].accuracy and found.stances[0].accuracy.value == right
    with pytest.raises(UsageError, match="predictions or view"):
        compared(corpus, gold, "mine")


def test_a_claim_that_people_deleted_was_predicted_all_the_same(corpus: Path, gold: Path) -> None:
    drop(corpus, 2)
    drop(gold, 2)
    assert spans(compared(corpus, gold))[1.0] == (2, 3, 2)
    assert spans(compared(corpus, gold, "view"))[1.0] == (2, 2, 2)


def test_a_claim_in_two_parts_counts_once(corpus: Path, gold: Path) -> None:
    for folder in (corpus, gold):
        claims = claims_of(folder)
        write_claims(folder, [*claims[:3], replace(claims[3], continues=claims[2].id)])
        as_written(folder)
    found = compared(corpus, gold)
    assert (found.stances[0].gold, found.speakers.gold, spans(found)[1.0]) == (3, 2, (3, 3, 3))


def test_a_later_part_whose_first_part_was_deleted_is_no_claim_of_its_own(corpus: Path, gold: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:3], replace(claims[3], continues=claims[2].id)])
    as_written(corpus)
    drop(gold, 3)
    before = compared(corpus, gold).stances[0].confusion
    drop(corpus, 2)
    assert claims_of(corpus)[2].continues == ""
    assert compared(corpus, gold).stances[0].confusion == before


def test_speakers_are_the_same_by_id_or_by_name(corpus: Path, gold: Path) -> None:
    for name, to in (("claims.jsonl", '"ro-9"'), ("speakers.jsonl", '"ro-9"')):
        path = gold / name
        path.write_text(
            path.read_text(encoding="utf-8").replace('"speaker":"ro-1"', f'"speaker":{to}'), encoding="utf-8"
        )
        path.write_text(path.read_text(encoding="utf-8").replace('"id":"ro-1"', f'"id":{to}'), encoding="utf-8")
    found = compared(corpus, gold)
    assert found.speakers.accuracy and found.speakers.accuracy.value == 1
    change(corpus, 3, speaker="narrator")
    found = compared(corpus, gold, "view")
    assert found.speakers.accuracy and found.speakers.accuracy.value == pytest.approx(2 / 3)


def test_other_articles_are_named(corpus: Path, gold: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    path = gold / "articles.jsonl"
    article = make_article(TEXT.replace("most", "much"), "summit")
    from annotate import wire

    wire.write(path, [article, make_article("Another one.", "second")])
    code, out, error = run("evaluate", corpus, "--gold", gold)
    assert (code, out) == (1, "")
    assert "article summit has another text there" in error and "article second is not there" in error


def test_an_article_of_another_id_is_the_same_by_its_text(tmp_path: Path, corpus: Path, codebook: Codebook) -> None:
    article = make_article(TEXT, "renamed")
    with writing(tmp_path / "other", codebook) as writer:
        writer.add(labelled(article, [claim_on(article, WELCOME)]))
    assert spans(compared(corpus, tmp_path / "other"))[1.0] == (1, 3, 1)


def test_articles_without_gold_are_left_out_and_several_are_resampled(tmp_path: Path, codebook: Codebook) -> None:
    articles = [make_article(f"Paper {i}.\n{TEXT}", f"a{i}") for i in range(7)]
    for name, number in (("ours", 7), ("gold", 6)):
        with writing(tmp_path / name, codebook) as writer:
            for i, article in enumerate(articles[:number]):
                words = [WELCOME, FEAR] if (name, i) != ("gold", 0) else [WELCOME]
                writer.add(labelled(article, [claim_on(article, one) for one in words]))
    found = compared(tmp_path / "ours", tmp_path / "gold")
    assert (found.articles, found.left_out, found.resampled, spans(found)[1.0]) == (6, 1, "articles", (11, 12, 11))
    precision = found.spans[0].precision
    assert precision and precision.low is not None and precision.low < 11 / 12 and precision.high == 1
    assert found == compared(tmp_path / "ours", tmp_path / "gold")


def test_targets_that_the_corpus_has_not_are_named(corpus: Path, gold: Path, tmp_path: Path) -> None:
    book = tmp_path / "one.toml"
    book.write_text(
        TOML.replace('id = "trade"\nname = "more trade"', 'id = "duties"\nname = "duties"'), encoding="utf-8"
    )
    article = make_article(TEXT, "summit")
    with writing(tmp_path / "other", Codebook.read(book)) as writer:
        writer.add(labelled(article, [claim_on(article, WELCOME, target="duties")]))
    with pytest.raises(CorpusError, match="'duties' is not in the codebook"):
        compared(corpus, tmp_path / "other")


def test_a_gold_without_claims_is_said(corpus: Path, gold: Path) -> None:
    write_claims(gold, [])
    with pytest.raises(CorpusError, match="holds no claim"):
        compared(corpus, gold)


def test_where_nothing_matches_figures_are_none(corpus: Path, gold: Path) -> None:
    write_claims(corpus, [])
    as_written(corpus)
    found = compared(corpus, gold)
    assert found.stances[0].accuracy is None and found.calibration.ece is None and found.speakers.accuracy is None
    assert found.spans[0].recall == (0, 0, 0) and found.spans[0].precision is None
    assert "NaN" not in json.dumps(found.as_dict())
    assert all(table.title for table in found.tables())


def test_corpora_without_text_are_compared_by_their_places(corpus: Path, gold: Path, tmp_path: Path) -> None:
    change(gold, 2, stance="against")
    strip(corpus, tmp_path / "ours")
    strip(gold, tmp_path / "theirs")
    assert compared(tmp_path / "ours", tmp_path / "theirs") == compared(corpus, gold)
    assert compared(corpus, tmp_path / "theirs") == compared(corpus, gold)


def test_calibration_by_hand(corpus: Path, gold: Path) -> None:
    predict(corpus, 0, "favor", 0.7, 0.2, 0.1)
    predict(corpus, 1, "neutral", 0.25, 0.65, 0.1)
    predict(corpus, 2, "against", 0.2, 0.2, 0.6)
    predict(corpus, 3, "favor", 0.4, 0.3, 0.3)
    found = compared(corpus, gold).calibration
    filled = {one.high: (one.claims, one.score, one.right and one.right.value) for one in found.bins if one.claims}
    assert filled == {0.4: (1, 0.4, 1.0), 0.6: (1, 0.6, 0.0), 0.7: (2, pytest.approx(0.675), 0.5)}
    assert found.ece and found.ece.value == pytest.approx((0.6 + 0.6 + 2 * 0.175) / 4)
    assert sum(one.claims for one in found.bins) == found.claims == 4


def test_the_command(corpus: Path, gold: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, error = run("evaluate", corpus)
    assert (code, error) == (2, "annotate: evaluate takes either --gold GOLD or --audit\n")
    change(gold, 3, stance="against")
    release(gold, message="gold")
    for name in (gold, f"{gold}@1.0.0"):
        code, out, error = run("evaluate", corpus, "--gold", name)
        assert (code, error) == (0, "")
        assert "overlap ≥ 0.8" in out and "10 bins" in out and "claims resampled" in out
        assert "3 of 4 gold lines were decided by nobody" in out
    code, out, _ = run("evaluate", corpus, "--gold", gold, "--labels", "view", "--json")
    value = json.loads(out)
    assert (code, value["labels"], value["spans"][0]["f1"]["value"]) == (0, "view", 1)
    assert set(value["calibration"]["bins"][0]) == {"low", "high", "claims", "score", "right"}
    code, _, error = run("evaluate", corpus, "--gold", f"{gold}@2.0.0")
    assert code == 2 and "no release 2.0.0" in error


def test_a_missing_extra_says_what_to_install(
    corpus: Path, gold: Path, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "statsmodels.stats.proportion", None)
    code, _, error = run("evaluate", corpus, "--gold", gold)
    assert code == 2 and "pip install 'annotate-stance[measure]'" in error and "Traceback" not in error


# The figures themselves

stances = st.sampled_from(STANCES)


@given(st.lists(st.tuples(stances, stances), min_size=1, max_size=40))
def test_f1_is_scikit_learn_s(pairs: list[tuple[Stance, Stance]]) -> None:
    cells = np.zeros((len(ENDS), len(ENDS)))
    for one, other in pairs:
        cells[ENDS.index(one), ENDS.index(other)] += 1
    given, said = zip(*pairs, strict=True)
    each = label_f1(cells.ravel(), matched_only=True)
    theirs = f1_score(given, said, labels=STANCES, average=None, zero_division=0)
    assert np.nan_to_num(each) == pytest.approx(theirs)
    assert label_f1(cells.ravel(), matched_only=False) == pytest.approx(each, nan_ok=True)
    present = [place for place, label in enumerate(STANCES) if label in given]
    assert float(macro(each, present)) == pytest.approx(theirs[present].mean())
    assert float(accuracy(cells.ravel())) == pytest.approx(np.mean([a == b for a, b in pairs]))


@given(st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=2), min_size=2, max_size=8))
def test_resamples_have_as_many_units_and_their_mean(rows: list[list[int]]) -> None:
    units = np.array([[*row, 1] for row in rows], dtype=np.float64)
    sums = resampled(units)
    assert sums.shape == (RESAMPLES, 3)
    assert (sums[:, 2] == len(rows)).all()
    assert sums.mean(0) == pytest.approx(
        units.sum(0), abs=5 * units.std(0).max() * (len(rows) / RESAMPLES) ** 0.5 + 1e-9
    )


def test_a_bootstrap_of_a_mean_is_as_wide_as_theory_says() -> None:
    units = np.array([[value, 1.0] for value in np.random.default_rng(2).normal(size=400)])
    found = bootstrapped(units, lambda sums: ratio(sums[..., 0], sums[..., 1]))
    assert found and found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * units[:, 0].std() / 20, rel=0.1)


def test_what_cannot_be_resampled_has_no_interval() -> None:
    share = lambda sums: ratio(sums[..., 0], sums[..., 1])  # noqa: E731
    assert bootstrapped(np.zeros((0, 2)), share) is None
    assert bootstrapped([[0.0, 0.0]], share) is None
    one = bootstrapped([[1.0, 2.0]], share)
    assert one == (0.5, None, None) and str(one) == "0.500"


def test_groups_are_summed() -> None:
    parts = np.array([[1.0, 2], [3, 4], [5, 6]])
    assert grouped(parts, [2, 0, 2], 4).tolist() == [[3, 4], [0, 0], [6, 8], [0, 0]]
    assert grouped(np.zeros((0, 2)), [], 2).tolist() == [[0, 0], [0, 0]]


def test_the_exact_interval_is_that_of_the_published_table() -> None:
    """Clopper and Pearson (1934): 0 of 10 is at most 30.85 %, 10 of 10 at least 69.15 %."""
    assert [round(x or 0, 4) for x in exact(0, 10)] == [0, 0, 0.3085]
    assert [round(x or 0, 4) for x in exact(1, 10)] == [1, 0.6915, 1]


def test_an_empty_calibration_is_undefined() -> None:
    assert np.isnan(ece(np.zeros(30)))
