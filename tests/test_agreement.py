"""Agreement equals the published worked examples, and counts what the log holds, no more."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import FEAR, TEXT, WELCOME, as_written, claim_on, claims_of, make_article, write_claims
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from annotate import wire
from annotate.adopting import adopt, withdraw
from annotate.corpus import Corpus
from annotate.decisions import decide
from annotate.errors import CorpusError
from annotate.measure.agreement import Agreement, Fleiss, agreement, fleiss, pair_agreement, reliability
from annotate.measure.intervals import bootstrapped
from annotate.measure.matching import matched, overlap
from annotate.measure.spans import span_agreement
from annotate.records import NO_PREDICTION, DecidedField, Mode
from annotate.revising import revising
from annotate.tables import Table, cell, print_tables

Said = dict[str, str]


def units(*rows: str) -> list[Said]:
    """What annotators, one a row, say of units, one a column; a dot where they say nothing."""
    split = [row.split() for row in rows]
    return [
        {f"a{who}": value for who, value in enumerate(column) if value != "."} for column in zip(*split, strict=True)
    ]


# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", University of Pennsylvania: sections A, B and C.
BINARY = units("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
NOMINAL = units("a a b b d c c c e d d a", "b a b b b c c c e d d d")
MISSING = units(
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


@pytest.mark.parametrize(("said", "alpha"), [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)])
def test_alpha_is_that_of_krippendorff_2011(said: list[Said], alpha: float) -> None:
    found = reliability("all", said)
    assert found.alpha and round(found.alpha.value, 3) == alpha
    assert found.alpha.low is not None and found.alpha.high is not None
    assert found.alpha.low < alpha < found.alpha.high


def test_counts_of_krippendorff_2011() -> None:
    """Of the twelve units one has one value only, so that 40 values can be paired."""
    found = reliability("all", MISSING)
    assert (found.claims, found.labels) == (11, 40)


# Fleiss (1971), "Measuring nominal scale agreement among many raters", Psychological Bulletin 76, table 1: how many of
# six psychiatrists gave each of 30 patients each of five diagnoses.
DIAGNOSES = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""


def test_kappa_is_that_of_fleiss_1971() -> None:
    said = [
        {
            f"a{place}": label
            for place, label in enumerate("".join(c * int(n) for c, n in zip("DPSNO", row, strict=True)))
        }
        for row in DIAGNOSES.split()
    ]
    found = fleiss(said)
    assert found and (found.annotators, found.claims) == (6, 30)
    assert found.kappa is not None and round(found.kappa, 3) == 0.430


def two(table: list[list[int]], labels: str) -> list[Said]:
    return [
        {"ana": row, "bo": column}
        for row, counts in zip(labels, table, strict=True)
        for column, count in zip(labels, counts, strict=True)
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        # Cohen (1960), "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20,
        # table 2b, and Cohen (1968), Psychological Bulletin 70, table 1: two judges.
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.492),
        # Fleiss, Levin and Paik (2003), "Statistical Methods for Rates and Proportions", table 18.1: 100 diagnoses.
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.676),
    ],
)
def test_kappa_is_that_of_published_tables(table: list[list[int]], kappa: float) -> None:
    found = pair_agreement(("ana", "bo"), two(table, "abc"))
    assert found.confusion == table
    assert found.kappa is not None and round(found.kappa, 3) == kappa
    assert found.agreed == pytest.approx(np.trace(table) / np.sum(table))


said_of_units = st.lists(
    st.dictionaries(st.sampled_from("vwxyz"), st.sampled_from(["favor", "neutral", "against"])), max_size=12
)


@given(said_of_units)
def test_the_interval_s_alpha_is_the_library_s(said: list[Said]) -> None:
    """The resamples are computed from sums over claims; of all claims that must give the library's own value."""
    from annotate.measure.agreement import _alpha_of, _alpha_parts, _counts

    found = reliability("all", said).alpha
    parts = _alpha_parts(_counts([words for words in said if len(words) > 1]))
    ours = bootstrapped(parts, _alpha_of)
    if found:
        assert ours and found.value == pytest.approx(ours.value)
        assert found.low is not None and found.high is not None
        assert found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9 and found.high <= 1 + 1e-9


@given(said_of_units)
def test_whoever_agrees_fully_has_alpha_one(said: list[Said]) -> None:
    same = [dict.fromkeys(words, next(iter(words.values()))) for words in said if words]
    found = reliability("all", same)
    assert found.alpha is None or found.alpha == pytest.approx((1, 1, 1))
    assert found.agreed in (None, 1)


def test_alpha_is_undefined_where_everybody_gives_one_label() -> None:
    found = reliability("all", units("x x x", "x x x"))
    assert (found.agreed, found.alpha) == (1, None)
    assert fleiss(units("x x x", "x x x")) == Fleiss(2, 3, None)
    assert pair_agreement(("a0", "a1"), units("x x", "x x")).kappa is None


def test_fleiss_takes_the_claims_that_most_have_in_common() -> None:
    found = fleiss(units("x y x y x", "x y x x .", "x y x y .", ". . . y x"))
    assert found and (found.annotators, found.claims) == (3, 3)


def test_intervals_are_the_same_each_time() -> None:
    assert reliability("all", NOMINAL) == reliability("all", NOMINAL)


# The log of a corpus


def say(folder: Path, who: str, to: str, *claims: int, mode: Mode = "review", field: DecidedField = "stance") -> None:
    there = claims_of(folder)
    with revising(folder) as revision:
        revision.decide(
            decide(who, there[i].id, field, str(getattr(there[i], field)), to, mode, "", revision.log.now())
            for i in claims
        )
        revision.fold(revision.claims())


def measured(folder: Path) -> Agreement:
    return agreement(Corpus.open(folder))


def test_the_narrator_has_no_row_among_speakers(corpus: Path) -> None:
    for who in ("ana", "bo"):
        say(corpus, who, "narrator", 0, field="speaker")
        say(corpus, who, "favor", 0, 1)
    found = measured(corpus).stance
    assert (found.overall.claims, [one.name for one in found.speakers]) == (2, [claims_of(corpus)[1].speaker])


def test_each_annotator_s_last_word_counts(corpus: Path) -> None:
    say(corpus, "ana", "favor", 0, 1, 2, 3)
    say(corpus, "ana", "against", 3)
    say(corpus, "bo", "favor", 0, 2)
    say(corpus, "bo", "against", 3)
    found = measured(corpus)
    assert found.annotators == {"ana": 4, "bo": 3}
    whole = found.stance.overall
    assert (whole.claims, whole.labels, whole.agreed) == (3, 6, 1)
    assert whole.alpha and whole.alpha.value == 1
    assert [(one.name, one.claims) for one in found.stance.targets] == [("pact", 3)]
    assert [(one.name, one.claims) for one in found.stance.speakers] == [("seun-sam", 2), ("ro-1", 1)]
    assert {one.name: one.labels for one in found.stance.by_label} == {"favor": 4, "neutral": 0, "against": 2}
    (pair,) = found.stance.pairs
    assert (pair.annotators, pair.each, pair.both, pair.kappa) == (("ana", "bo"), (4, 3), 3, 1)
    assert found.disagreements == []


def test_adjudications_are_no_judgements(corpus: Path) -> None:
    say(corpus, "ana", "favor", 0, 2)
    say(corpus, "bo", "against", 0, 2)
    say(corpus, "cy", "neutral", 2, mode="adjudicate")
    say(corpus, "ana", "against", 0, mode="adjudicate")
    found = measured(corpus)
    assert found.annotators == {"ana": 2, "bo": 2}
    assert found.stance.overall.agreed == 0
    assert [(one.said, one.ruled) for one in found.disagreements] == [
        ({"ana": "favor", "bo": "against"}, "against"),
        ({"ana": "favor", "bo": "against"}, "neutral"),
    ]
    assert found.disagreements[1].text == WELCOME


def test_a_withdrawn_word_is_none(corpus: Path) -> None:
    say(corpus, "ana", "favor", 0, 2)
    say(corpus, "bo", "against", 0, 2)
    withdraw(corpus, "bo", [claims_of(corpus)[0].id])
    assert measured(corpus).stance.overall.claims == 1


def test_a_speaker_is_asked_once_a_span_and_a_stance_once_a_claim_in_two_parts(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:3], replace(claims[3], continues=claims[2].id)])
    as_written(corpus)
    for who in ("ana", "bo"):
        say(corpus, who, "favor", 0, 1, 2, 3)
        say(corpus, who, "ro-1" if who == "bo" else "seun-sam", 0, 1, 3, field="speaker")
    found = measured(corpus)
    assert (found.stance.overall.claims, found.speaker.overall.claims) == (3, 1)
    assert found.annotators == {"ana": 3, "bo": 3}
    assert [(one.field, one.said) for one in found.disagreements] == [("speaker", {"ana": "seun-sam", "bo": "ro-1"})]


def test_blind_labels_are_counted_and_told_apart_where_they_are_many(corpus: Path) -> None:
    say(corpus, "ana", "favor", 0, 1, mode="blind")
    say(corpus, "ana", "favor", 2)
    say(corpus, "bo", "favor", 0, 2, mode="audit")
    found = measured(corpus).stance
    assert (found.labels, found.blind_labels, found.blind) == (5, 4, None)


def test_enough_blind_labels_have_their_own_alpha(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotate.measure.agreement.ENOUGH", 2)
    say(corpus, "ana", "favor", 0, mode="blind")
    say(corpus, "ana", "against", 1, mode="blind")
    say(corpus, "bo", "favor", 0, 1, mode="blind")
    say(corpus, "bo", "against", 1)
    found = measured(corpus).stance
    assert found.blind and (found.blind.claims, found.blind.agreed) == (2, 0.5)
    assert found.overall.agreed == 1


@pytest.mark.parametrize(
    ("who", "says"),
    [((), "nobody has decided"), (("ana",), "only ana has decided"), (("ana", "bo"), "judged no claim in common")],
)
def test_too_few_is_one_line_that_says_what_to_do(
    corpus: Path, run: Callable[..., tuple[int, str, str]], who: tuple[str, ...], says: str
) -> None:
    for place, name in enumerate(who):
        say(corpus, name, "against", place)
    code, out, error = run("agreement", corpus)
    assert (code, out, error.count("\n")) == (1, "", 1)
    assert says in error and "annotate review" in error


def test_two_copies_that_were_merged_agree_as_their_logs_say(
    corpus: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    copy = shutil.copytree(corpus, tmp_path / "copy")
    say(corpus, "ana", "against", 0, 2, 3)
    say(copy, "bo", "against", 0, 2)
    say(copy, "bo", "neutral", 3)
    run("import", corpus, copy, "--format", "corpus")
    (pair,) = measured(corpus).stance.pairs
    assert (pair.both, pair.labels, pair.confusion) == (3, ("neutral", "against"), [[0, 0], [1, 2]])


def test_the_command(corpus: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    say(corpus, "ana", "favor", 0, 1, 2, 3)
    say(corpus, "bo", "favor", 0, 1, 2)
    say(corpus, "bo", "against", 3)
    code, out, error = run("agreement", corpus)
    assert (code, error) == (0, "")
    assert "Krippendorff's α" in out and "ana favor, bo against" in out and "0 of 8 labels were made blind" in out
    code, out, _ = run("agreement", corpus, "--json")
    value = json.loads(out)
    assert code == 0 and value["stance"]["overall"]["alpha"]["value"] == 0
    assert value["disagreements"][0]["text"] == FEAR
    assert "NaN" not in out


# Where claims begin and end


def cut(corpus: Path, who: str, start: int, end: int, index: int) -> None:
    claims = claims_of(corpus)
    claims[index] = replace(claims[index], start=start, end=end, text=TEXT[start:end])
    write_claims(corpus, claims)
    adopt(corpus, who)


def spans_of(corpus: Path) -> tuple[int, tuple[int, int], float | None, float | None]:
    opened = Corpus.open(corpus)
    found = span_agreement(("ana", "bo"), list(opened.claims()), opened.log())
    return found.articles, found.spans, found.exact, found.close


def test_only_places_that_somebody_touched_are_compared(corpus: Path) -> None:
    claim = claims_of(corpus)[2]
    cut(corpus, "ana", claim.start, claim.end - 3, 2)
    assert spans_of(corpus) == (0, (0, 0), None, None)  # bo decided nothing in the article
    say(corpus, "bo", "favor", 0)
    articles, spans, exact, close = spans_of(corpus)
    assert (articles, spans, exact, close) == (1, (1, 1), 0, 0)
    assert overlap((claim.start, claim.end - 3), (claim.start, claim.end)) == pytest.approx(10 / 13)
    with revising(corpus) as revision:
        was, now = f"{claim.start}:{claim.end}", f"{claim.start}:{claim.end - 1}"
        revision.decide([decide("bo", claim.id, "span", was, now, "import", "", revision.log.now())])
        revision.fold(revision.claims())
    assert spans_of(corpus) == (1, (1, 1), 0, 1)  # ten of twelve characters


def test_added_and_deleted_claims_are_whose_they_are(corpus: Path) -> None:
    say(corpus, "bo", "favor", 0)
    claims = claims_of(corpus)
    added = replace(claims[3], id="", start=88, end=90, text="Ro", prediction=NO_PREDICTION)
    write_claims(corpus, [*claims[:2], claims[3], added])
    assert added.text == TEXT[88:90]
    adopt(corpus, "ana", deletions=1)
    articles, spans, exact, _ = spans_of(corpus)
    assert (articles, spans, exact) == (1, (1, 1), 0)  # ana has the added one, bo the deleted one
    found = measured(corpus)
    assert [one.spans for one in found.spans] == [(1, 1)]


places = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)).map(lambda p: (p[0], sum(p))), max_size=12)


@given(places, places, st.sampled_from([0.1, 0.5, 0.8, 1.0]))
def test_matching_is_one_to_one_and_the_same_from_both_sides(
    ones: list[tuple[int, int]], others: list[tuple[int, int]], least: float
) -> None:
    pairs = matched(ones, others, least)
    assert len(set(pairs.values())) == len(pairs)
    assert all(overlap(one, other) >= least for one, other in pairs.items())
    assert not any(
        overlap(one, other) >= least for one in set(ones) - set(pairs) for other in set(others) - set(pairs.values())
    )
    if least == 1:
        assert set(pairs) == set(ones) & set(others)


# Printing


def test_nothing_in_a_table_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["[bold]\x1b[31m\u202eroF🐘\u00a0x", 0.5], ["y\n", None]]
    print_tables([Table("t", ["a", "b"], rows, "n"), Table("empty", ["a"], [])], Console(width=80))
    out = capsys.readouterr().out
    assert "[bold]\ufffd[31m\ufffdroF🐘\u00a0x" in out and "0.500" in out and "–" in out
    assert "\x1b" not in out and "\u202e" not in out and "empty" not in out
    assert cell("سلام") == "سلام"


def test_claims_of_an_article_that_is_gone_do_not_count(corpus: Path) -> None:
    """A decision on a claim that the corpus no longer holds is in the log, and no judgement of anything here."""
    ghost = claim_on(make_article(TEXT, "ghost"), FEAR)
    lines = [
        wire.dump(decide(who, f"{ghost.id}0", "stance", "favor", to, "review", "", f"2026-01-01T00:00:00.00000{i}Z"))
        for i, (who, to) in enumerate((("ana", "favor"), ("bo", "against")))
    ]
    (corpus / "decisions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    with pytest.raises(CorpusError, match="nobody has decided"):
        measured(corpus)
