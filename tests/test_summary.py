"""What a speaker's stance is when claims differ: scores, means with intervals, labels, and the course over time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import FEAR, RO, WELCOME, claim_on, claims_of, make_article, the_summit, write_claims
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from annotate.corpus import Corpus
from annotate.decisions import Log, decide
from annotate.records import NARRATOR, NO_PREDICTION, UNKNOWN, Claim, Speaker, Stance
from annotate.report.reviewed import reviewed
from annotate.report.telling import telling
from annotate.show import table
from annotate.summary import (
    COLUMNS,
    Counted,
    counted,
    course,
    is_decided,
    mean_score,
    read_date,
    score,
    standings,
    tally,
    to_pandas,
)
from annotate.tables import print_tables

SUMMIT = the_summit()
PACT, TRADE, WELCOMED, FEARED = SUMMIT.claims


def said(*words: tuple[str, str, str]) -> Log:
    """A log of stances: annotator, value, mode, all of the first claim."""
    return Log(decide(who, PACT.id, "stance", "favor", value, mode, "") for who, value, mode in words)  # type: ignore[arg-type]


def one(stance: Stance = "favor", value: float = 1.0, article: str = "a", target: str = "pact") -> Counted:
    return Counted(target, "ann", article, stance, value, False)


# ---- What a claim scores ----


def test_what_nobody_decided_scores_by_the_models_probabilities() -> None:
    assert score(PACT, Log()) == pytest.approx(0.91 - 0.02)


@pytest.mark.parametrize(("stance", "expected"), [("favor", 1.0), ("neutral", 0.0), ("against", -1.0)])
def test_what_a_person_decided_scores_whole(stance: Stance, expected: float) -> None:
    assert score(replace(PACT, stance=stance), said(("ana", stance, "review"))) == expected


def test_a_hand_edit_counts_as_decided_though_the_log_does_not_know_of_it() -> None:
    assert score(replace(PACT, stance="against"), Log()) == -1.0


def test_a_dispute_leaves_the_models_word() -> None:
    log = said(("ana", "neutral", "review"), ("ben", "against", "review"))
    assert not is_decided(PACT, log) and score(PACT, log) == pytest.approx(0.89)


def test_a_withdrawn_decision_is_none() -> None:
    assert not is_decided(PACT, said(("ana", "favor", "review"), ("ana", "", "withdraw")))


def test_another_decision_than_on_the_stance_decides_no_stance() -> None:
    log = Log([decide("ana", PACT.id, "speaker", "seun-sam", "ro-1", "review", "")])
    assert not is_decided(PACT, log)


def test_a_claim_that_a_person_added_is_decided() -> None:
    assert score(replace(PACT, prediction=NO_PREDICTION, stance="neutral"), Log()) == 0.0


# ---- What counts ----


def test_later_parts_and_claims_of_nobody_are_left_out() -> None:
    claims = [
        PACT,
        replace(WELCOMED, continues=PACT.id),
        replace(FEARED, speaker=NARRATOR),
        replace(FEARED, speaker=UNKNOWN),
    ]
    assert [claim.speaker for claim in counted(claims, Log())] == ["seun-sam"]


def test_rows_come_by_target_then_by_number_of_claims() -> None:
    rows = standings(counted(SUMMIT.claims, Log()), {"ro-1": RO})
    assert [(row.target, row.name, row.tally.claims) for row in rows] == [
        ("pact", "seun-sam", 2),  # a name that nobody knows is its id
        ("pact", "Mr Ro", 1),
        ("trade", "seun-sam", 1),
    ]


@pytest.mark.parametrize(
    ("stances", "label"),
    [
        ("f", "favor"),
        ("fa", "mixed"),
        ("ffa", "favor"),
        ("ffaa", "mixed"),
        ("ffan", "mixed"),  # half is no majority
        ("nnf", "neutral"),
        ("aaan", "against"),
    ],
)
def test_the_label_is_that_of_more_than_half(stances: str, label: str) -> None:
    names: dict[str, Stance] = {"f": "favor", "n": "neutral", "a": "against"}
    assert tally([one(names[letter]) for letter in stances]).label == label


def test_the_tally_counts() -> None:
    claims = [one(), one("against", -1.0, "b"), one("neutral", 0.0, "b"), one()._replace(decided=True)]
    found = tally(claims)
    assert (found.favor, found.neutral, found.against, found.claims) == (2, 1, 1, 4)
    assert (found.decided, found.articles, found.share("favor")) == (1, 2, 0.5)
    assert found.mean.value == pytest.approx(0.25)


# ---- The interval ----


def test_the_interval_is_students_t_with_a_claim_at_either_pole() -> None:
    """Seven scores, six of +1 and one of -1: their mean is 5/7, s is 0.7559, t(6) is 2.4469."""
    mean = mean_score([1.0] * 5, list("abcde"))
    assert mean.value == 1.0
    assert (mean.low, mean.high) == (pytest.approx(0.0152, abs=1e-4), 1.0)


def test_one_claim_tells_nothing() -> None:
    assert mean_score([0.4], ["a"]) == (pytest.approx(0.4), -1.0, 1.0)


def test_claims_that_are_alike_within_articles_count_for_fewer() -> None:
    scores = [1.0] * 6 + [-1.0] * 6
    apart, together = mean_score(scores, [*"abcdefghijkl"]), mean_score(scores, [*"aaabbbcccddd"])
    assert together.high - together.low > 1.3 * (apart.high - apart.low)
    assert mean_score(scores, ["a"] * 12) == apart  # of one article nobody can tell


@given(st.lists(st.tuples(st.floats(-1, 1), st.sampled_from("abc")), min_size=1, max_size=30), st.randoms())
def test_the_interval_holds_the_mean_within_bounds(claims: list[tuple[float, str]], chance: random.Random) -> None:
    mean = mean_score([value for value, _ in claims], [article for _, article in claims])
    assert -1 <= mean.low <= mean.value + 1e-12 and mean.value - 1e-12 <= mean.high <= 1
    assert mean.high > mean.low
    chance.shuffle(claims)
    again = mean_score([value for value, _ in claims], [article for _, article in claims])
    assert again == pytest.approx(mean)


@pytest.mark.parametrize(("favor", "size"), [(0.5, 6), (0.9, 6), (0.97, 20), (0.7, 60)])
def test_the_interval_covers_what_it_should(favor: float, size: int) -> None:
    chance = random.Random(3)
    hits = 0
    for _ in range(400):
        scores = [1.0 if chance.random() < favor else -1.0 for _ in range(size)]
        mean = mean_score(scores, [str(place) for place in range(size)])
        hits += mean.low <= 2 * favor - 1 <= mean.high
    assert hits / 400 > 0.925


def test_the_interval_covers_what_it_should_where_articles_are_of_one_mind() -> None:
    chance = random.Random(4)
    hits = 0
    for _ in range(400):
        leans = [0.9 if chance.random() < 0.5 else -0.9 for _ in range(12)]
        scores = [lean + chance.uniform(-0.1, 0.1) for lean in leans for _ in range(5)]
        mean = mean_score(scores, [str(place // 5) for place in range(60)])
        hits += mean.low <= 0 <= mean.high
    assert hits / 400 > 0.9  # the one of claims taken as independent covers 0.64


# ---- Over time ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-05", ("2024-06-05", "day")),
        (" 2024-06-05T10:00:00Z ", ("2024-06-05", "day")),
        ("2024-06", ("2024-06-01", "month")),
        ("2024", ("2024-01-01", "year")),
        ("5 June 2024", None),
        ("2024-13-01", None),
        ("2024-02-30", None),
        ("20240605", None),
        ("2024-6-5", None),
        ("2024/06/05", None),
        ("2024.06.05", None),
        ("", None),
        ("٢٠٢٤", ("2024-01-01", "year")),  # other digits are digits
    ],
)
def test_dates_are_read_where_they_are_iso(text: str, expected: tuple[str, str] | None) -> None:
    day = read_date(text)
    assert (day and (day.date.isoformat(), day.finest)) == expected


def claims_in(*articles: str) -> list[Counted]:
    return [one(article=article) for article in articles]


def names(dates: dict[str, str]) -> list[str]:
    return [period.name for period in course(claims_in(*dates), dates).periods]


def test_the_grain_is_the_finest_that_needs_few_periods() -> None:
    assert names({"a": "2024-06-01", "b": "2024-06-03"}) == ["2024-06-01", "2024-06-02", "2024-06-03"]
    assert names({"a": "2024-06-01", "b": "2024-07-03"})[:2] == ["2024-W22", "2024-W23"]
    assert names({"a": "2024-01-30", "b": "2024-12-03"})[-1] == "2024-12"
    assert names({"a": "2020-01-30", "b": "2024-12-03"})[:2] == ["2020-Q1", "2020-Q2"]
    assert names({"a": "1990-01-30", "b": "2024-12-03"})[0] == "1990"
    assert len(names({"a": "1924", "b": "2024"})) == 101


def test_a_month_without_a_day_makes_the_grain_coarser() -> None:
    assert names({"a": "2024-06-01", "b": "2024-07"}) == ["2024-06", "2024-07"]


def test_weeks_go_over_the_turn_of_the_year_without_a_gap() -> None:
    assert names({"a": "2024-12-02", "b": "2025-01-30"})[3:6] == ["2024-W52", "2025-W01", "2025-W02"]


def test_periods_without_a_claim_stay_in_their_place() -> None:
    dates = {"a": "2024-06-01", "b": "2024-06-03", "c": "yesterday"}
    found = course(claims_in("a", "a", "b", "c"), dates)
    assert [period.tally.claims if period.tally else 0 for period in found.periods] == [2, 0, 1]
    assert (found.grain, found.dated, found.undated) == ("day", 3, 1)


@pytest.mark.parametrize("dates", [{}, {"a": "soon"}, {"a": "2024-06-01"}])
def test_one_period_is_no_course(dates: dict[str, str]) -> None:
    assert course(claims_in("a", "a"), dates).periods == ()


# ---- As a data frame, in the terminal ----


def test_the_data_frame_has_a_row_for_each_target_and_speaker(corpus: Path) -> None:
    frame = Corpus.open(corpus).speakers_to_pandas()
    assert list(frame.columns) == COLUMNS
    assert frame[["target", "name", "claims", "favor", "label"]].values.tolist() == [
        ["pact", "Seun Sam", 2, 2, "favor"],
        ["pact", "Mr Ro", 1, 1, "favor"],
        ["trade", "Seun Sam", 1, 1, "favor"],
    ]
    assert frame["mean_score"].tolist() == pytest.approx([0.89] * 3)
    assert frame["favor_share"].tolist() == [1.0] * 3


def test_the_data_frame_of_nobody_has_its_columns() -> None:
    assert list(to_pandas([]).columns) == COLUMNS


def test_the_data_frame_knows_what_was_decided(corpus: Path, run: Callable[..., Any], edit: Any) -> None:
    edit('"stance":"favor","annotator":""', '"stance":"against","annotator":""')
    assert run("adopt", corpus, "--annotator", "ana")[0] == 0
    row = Corpus.open(corpus).speakers_to_pandas().iloc[0]
    assert (row["label"], row["decided"], row["against"]) == ("mixed", 1, 1)
    assert row["mean_score"] == pytest.approx((-1 + 0.89) / 2)


def test_show_tells_the_same(corpus: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out = run("show", corpus)[1]
    (line,) = (line for line in out.splitlines() if line.split()[:3] == ["pact", "Seun", "Sam"])
    assert line.split()[3:] == ["2", "0", "0", "+0.89", "[−1.00,", "+1.00]", "favor"]
    assert "narrator and unknown are left out" in out


def test_a_name_cannot_steer_the_terminal() -> None:
    speaker = Speaker("v1", "ro-1", "Ro \x1b[31m\u202eevil", ("Ro",), "", False)
    rows = standings(counted([FEARED], Log()), {"ro-1": speaker})
    console = Console(width=150)
    with console.capture() as capture:
        print_tables([table(rows)], console)
    assert "Ro \ufffd[31m\ufffdevil" in capture.get()


# ---- What people did ----


def test_what_was_reviewed_is_counted_by_who_and_how() -> None:
    claims = [PACT, replace(TRADE, stance="against"), WELCOMED, replace(FEARED, start=FEARED.start + 4)]
    made = [
        decide("ana", PACT.id, "stance", "favor", "favor", "audit", ""),
        decide("ana", TRADE.id, "stance", "favor", "against", "review", ""),
        decide("ben", TRADE.id, "stance", "favor", "against", "blind", ""),
        decide("ben", WELCOMED.id, "stance", "favor", "neutral", "review", ""),
        decide("ana", WELCOMED.id, "stance", "favor", "against", "review", ""),
        decide("annotate", FEARED.id, "span", "0:1", "4:5", "reanchor", ""),
        decide("ana", FEARED.id, "speaker", "ro-1", "ro-1", "review", ""),
    ]
    found = reviewed(claims, Log(made), made)
    assert (found.claims, found.stance, found.judged, found.changed, found.disputed) == (4, 2, 2, 1, 1)
    assert (found.speakers, found.other_speaker, found.moved, found.touched) == (1, 0, 1, 4)
    assert found.confusion == {("favor", "favor"): 1, ("favor", "against"): 1}
    assert [(work.annotator, work.claims, work.modes) for work in found.work] == [
        ("ana", 4, {"audit": 1, "review": 3}),
        ("ben", 2, {"blind": 1, "review": 1}),
    ]


def test_added_and_deleted_claims_are_counted(corpus: Path, run: Callable[..., Any]) -> None:
    claims = claims_of(corpus)
    added = replace(claim_on(SUMMIT.article, "trade grows."), id="", prediction=NO_PREDICTION, annotator="")
    write_claims(corpus, [*claims[:2], claims[3], added])
    assert run("adopt", corpus, "--annotator", "ana")[0] == 0
    opened = Corpus.open(corpus)
    found = reviewed(opened.claims(), opened.log(), [])
    assert (found.added, found.deleted, found.judged) == (1, 1, 0)


# ---- The most telling claims ----


def sure(claim: Claim, favor: float, **changes: Any) -> Claim:
    scores = replace(claim.prediction.scores, favor=favor, neutral=round(1 - favor, 4), against=0.0)
    return replace(claim, prediction=replace(claim.prediction, scores=scores), **changes)


def test_decided_claims_come_first_then_the_surest() -> None:
    article = make_article("One. Two. Three. Four.")
    claims = [sure(claim_on(article, word), favor) for word, favor in (("One", 0.5), ("Two", 0.9), ("Three", 0.7))]
    log = Log([decide("ana", claims[0].id, "stance", "favor", "favor", "review", "")])
    found = telling(claims, log, [("pact", "seun-sam")])["pact", "seun-sam"]
    assert [(one.parts, one.decided_by, one.confidence) for one in found] == [
        (("One",), ("ana",), 0.5),
        (("Two",), (), 0.9),
    ]


def test_both_directions_are_shown_and_no_neutral_claim() -> None:
    claims = [replace(PACT, stance="against"), replace(TRADE, target="pact", stance="neutral", digest="x"), WELCOMED]
    found = telling(claims, Log(), [("pact", "seun-sam")])["pact", "seun-sam"]
    assert [one.claim.stance for one in found] == ["favor", "against"]


def test_a_claim_that_papers_copy_is_shown_once_and_a_split_one_whole() -> None:
    twin, later = replace(PACT, id="twin", article="other"), replace(WELCOMED, continues=PACT.id)
    found = telling([PACT, later, twin], Log(), [("pact", "seun-sam")])["pact", "seun-sam"]
    assert [one.parts for one in found] == [("the pact was good.", WELCOME)]


def test_who_is_not_asked_for_is_not_told() -> None:
    assert telling(SUMMIT.claims, Log(), [("trade", "ro-1")]) == {("trade", "ro-1"): []}
    assert FEARED.text == FEAR
