"""The audit sample is random, stratified and the same everywhere; its estimate says honestly what is not known."""

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import claims_of, labelled, make_article, make_claim
from hypothesis import given
from hypothesis import strategies as st

from annotate import wire
from annotate.adopting import adopt
from annotate.auditing import LEAST, Stratum, audit_order, strata
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import decide
from annotate.errors import CorpusError
from annotate.measure.estimating import Audit, Estimate, Part, audit, error_rate, estimate
from annotate.records import NO_PREDICTION, Claim, DecidedField, Mode, Scores
from annotate.revising import revising
from annotate.writing import writing

STANCES = ("favor", "neutral", "against")
ARTICLE = make_article("word " * 2000, "long")


def predicted(index: int, stance: str, target: str = "pact", speaker: str = "seun-sam", **changes: Any) -> Claim:
    """The claim number `index`, of which the models said so."""
    claim = make_claim(ARTICLE, 5 * index, 5 * index + 4, target, speaker)
    said = replace(claim.prediction, stance=stance, scores=Scores(0.4, 0.3, 0.3)).sealed(claim.id)
    return replace(claim, stance=stance, prediction=said, **changes)


def many(sizes: Iterable[int]) -> list[Claim]:
    stances = [stance for stance, size in zip(STANCES, sizes, strict=True) for _ in range(size)]
    return [predicted(index, stance) for index, stance in enumerate(stances)]


def folder_of(tmp_path: Path, codebook: Codebook, claims: list[Claim]) -> Path:
    with writing(tmp_path / "audited", codebook) as writer:
        writer.add(labelled(ARTICLE, claims))
    return tmp_path / "audited"


def say(
    folder: Path, claim: str, to: str, mode: Mode = "audit", who: str = "ana", field: DecidedField = "stance"
) -> None:
    with revising(folder) as revision:
        was = next(str(getattr(one, field)) for one in revision.claims() if one.id == claim)
        revision.decide([decide(who, claim, field, was, to, mode, "", revision.log.now())])
        revision.fold(revision.claims())


def say_all(folder: Path, words: dict[str, str], who: str = "ana") -> None:
    with revising(folder) as revision:
        made = [
            decide(who, claim, "stance", "favor", to, "audit", "", revision.log.now()) for claim, to in words.items()
        ]
        revision.decide(made)
        revision.fold(revision.claims())


def audited(folder: Path) -> Audit:
    return audit(Corpus.open(folder))


def overall(found: Audit, label: str = "stance") -> Estimate:
    (one,) = [one for one in found.estimates if (one.label, one.of) == (label, "all")]
    return one


@given(st.lists(st.integers(0, 60), min_size=3, max_size=3), st.randoms())
def test_the_order_is_the_same_however_claims_are_read(sizes: list[int], chance: random.Random) -> None:
    claims = many(sizes)
    order = audit_order(claims)
    assert sorted(order) == sorted(claim.id for claim in claims)
    chance.shuffle(claims)
    assert audit_order(claims) == order


@given(st.lists(st.integers(0, 80), min_size=3, max_size=3), st.integers(0, 120))
def test_each_stratum_has_its_least_and_then_its_share(sizes: list[int], size: int) -> None:
    claims = many(sizes)
    stance = {claim.id: claim.prediction.stance for claim in claims}
    sample = Counter(stance[id] for id in audit_order(claims)[:size])
    for name, there in zip(STANCES, sizes, strict=True):
        least = min(LEAST, there, size // len(STANCES))
        share = size * there / max(1, len(claims))
        assert least <= sample[name] <= max(LEAST, math.ceil(share) + 1)


def test_the_sample_of_a_large_corpus_is_nearly_proportional() -> None:
    claims = many([900, 300, 6])
    stance = {claim.id: claim.prediction.stance for claim in claims}
    assert Counter(stance[id] for id in audit_order(claims)[:50]) == {"favor": 34, "neutral": 11, "against": 5}


def test_within_a_stratum_the_order_has_nothing_to_do_with_the_place() -> None:
    claims = many([1000, 0, 0])
    first = set(audit_order(claims)[:200])
    early = sum(claim.id in first for claim in claims[:500])
    assert 80 < early < 120


def test_a_claim_keeps_its_turn_when_others_come_and_go() -> None:
    claims = many([200, 0, 0])
    (before,), (after,) = strata(claims).values(), strata(claims[::2]).values()
    assert [id for id in before if id in set(after)] == after


def test_later_parts_and_added_claims_are_not_audited_and_targets_are_strata() -> None:
    claims = [
        predicted(0, "favor"),
        predicted(1, "favor", continues="c1"),
        replace(predicted(2, "favor"), prediction=NO_PREDICTION),
        predicted(3, "against", "trade"),
    ]
    assert strata(claims) == {
        Stratum("pact", "favor"): [claims[0].id],
        Stratum("trade", "against"): [claims[3].id],
    }
    assert audit_order([]) == []


def test_one_stratum_is_the_binomial_of_clopper_and_pearson() -> None:
    """3 of 10: [0.0667, 0.6525], as in tables of exact limits, e.g. Zar, "Biostatistical Analysis", 24.4."""
    found = error_rate([Part(claims=10**9, audited=10, wrong=3)])
    assert [round(x or 0, 4) for x in found] == [0.3, 0.0667, 0.6525]


def test_weights_are_those_of_the_strata() -> None:
    found = error_rate([Part(900, 9, 0), Part(100, 10, 5)])
    assert found.value == pytest.approx(0.1 * 0.5)
    assert found.low is not None and found.high is not None and found.low < 0.05 < found.high


def test_without_an_error_the_bound_is_the_finite_population_s() -> None:
    """Of 100 claims 50 are audited, none is wrong: five wrong ones would hide so with 2.8 %, six with 1.3 %."""
    found = error_rate([Part(100, 50, 0)])
    assert found.value == found.low == 0
    assert found.high is not None and 0.05 <= found.high < 0.06


def test_where_everything_was_audited_nothing_is_left_to_estimate() -> None:
    assert error_rate([Part(4, 4, 1), Part(6, 6, 0)]) == (0.1, 0.1, 0.1)


def test_a_stratum_that_nobody_audited_leaves_the_rate_uncertain() -> None:
    found = error_rate([Part(1, 1, 0), Part(5, 0, 0)])
    assert found.value == 0 and found.low == 0 and found.high > 0.8


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=6))
def test_the_interval_holds_the_estimate(cells: list[tuple[int, int, int]]) -> None:
    parts = [Part(claims, min(claims, n), min(claims, n, wrong)) for claims, n, wrong in cells]
    found = error_rate(parts)
    assert found.low is not None and found.high is not None
    assert 0 <= found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9 and found.high <= 1


def test_where_all_are_wrong_the_interval_ends_at_one() -> None:
    rate = error_rate([Part(78, 56, 56), Part(83, 27, 27), Part(5), Part(32, 20, 20)])
    assert (rate.value, rate.high) == (1, 1)


def test_the_view_has_the_expected_errors_less_the_corrected_ones() -> None:
    found = estimate("stance", "all", "", [Part(100, 20, 5, 0, corrected=8, undecided=70)])
    assert found.predictions.value == 0.25
    assert found.view.value == pytest.approx((100 * 0.25 - 5 - 8) / 100)


def test_the_view_has_no_more_errors_than_undecided_claims() -> None:
    found = estimate("stance", "all", "", [Part(100, 20, 20, 1, corrected=0, undecided=10)])
    assert found.predictions.value == 1
    assert found.view == pytest.approx((0.11, 0.11, 0.11))


def test_the_audit_of_a_corpus(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([40, 20, 10])
    folder = folder_of(tmp_path, codebook, claims)
    stance = {claim.id: claim.stance for claim in claims}
    sample = audit_order(claims)[:20]
    wrong = {id for id in sample if stance[id] == "against"}
    assert len(wrong) == 5
    say_all(folder, {id: "neutral" if id in wrong else stance[id] for id in sample})
    found = audited(folder)
    assert (found.claims, found.audited, found.disputed, found.changed, found.silent) == (70, 20, 0, 0, 20)
    one = overall(found)
    assert one.predictions.value == pytest.approx(10 / 70)
    assert one.view.value == pytest.approx(5 / 70)
    assert [(s.predicted, s.claims, s.audited, s.skipped, s.seen) for s in found.strata] == [
        ("against", 10, 5, 0, 0), ("favor", 40, 10, 0, 0), ("neutral", 20, 5, 0, 0)
    ]  # fmt: skip
    assert [s.weight for s in found.strata] == [2, 4, 4]
    by_label = {
        e.name: e.predictions.value for e in found.estimates if (e.label, e.of) == ("stance", "predicted stance")
    }
    assert by_label == {"favor": 0, "neutral": 0, "against": 1}
    assert overall(found, "speaker").predictions.value == 0


def test_speakers_cut_across_strata(tmp_path: Path, codebook: Codebook) -> None:
    claims = [predicted(i, STANCES[i % 2], speaker="narrator" if i < 10 else "seun-sam") for i in range(40)]
    folder = folder_of(tmp_path, codebook, claims)
    say_all(folder, {claim.id: "against" if claim.speaker == "narrator" else claim.stance for claim in claims[:20]})
    found = {e.name: e for e in audited(folder).estimates if (e.label, e.of) == ("stance", "predicted speaker")}
    assert (found["narrator"].claims, found["narrator"].audited) == (10, 10)
    assert found["narrator"].predictions == (1, 1, 1)
    assert found["narrator"].view == (0, 0, 0)
    assert found["seun-sam"].predictions.value == 0 and (found["seun-sam"].predictions.high or 0) > 0.1


def test_a_corrected_speaker_is_an_error_and_a_silent_auditor_let_it_pass(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    for claim in claims:
        say(folder, claim.id, "favor")
    say(folder, claims[0].id, "narrator", field="speaker")
    found = audited(folder)
    assert (overall(found, "speaker").predictions.value, overall(found, "speaker").view.value) == (0.25, 0)
    assert found.silent == 3


def test_a_speaker_decided_without_the_stance_is_no_audit(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    say(folder, claims[0].id, "narrator", field="speaker")
    with pytest.raises(CorpusError, match="nothing was audited"):
        audited(folder)


def test_what_was_skipped_or_seen_before_is_said(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([20, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    order = audit_order(claims)
    say(folder, order[1], "favor", "review")
    say(folder, order[3], "against")
    found = audited(folder)
    (share,) = found.strata
    assert (share.audited, share.skipped, share.seen) == (1, 2, 1)
    assert any("3 claims were passed over" in table.note for table in found.tables())


def test_the_blind_word_counts_though_it_was_changed_later(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    say(folder, claims[0].id, "against")
    say(folder, claims[0].id, "favor", "review")
    found = audited(folder)
    assert (overall(found).wrong, found.changed) == (1, 1)
    assert any("judged otherwise later" in table.note for table in found.tables())


def test_to_rule_is_not_to_judge_otherwise_later(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    say(folder, claims[0].id, "against")
    say(folder, claims[0].id, "favor", who="bo")
    say(folder, claims[0].id, "favor", "adjudicate")
    found = audited(folder)
    assert (overall(found).wrong, found.changed) == (0, 0)


def test_a_withdrawn_word_is_none(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    say(folder, claims[0].id, "against")
    say(folder, claims[0].id, "against", "withdraw")
    with pytest.raises(CorpusError, match="annotate review"):
        audited(folder)


def test_auditors_who_differ_count_for_a_share_each_until_somebody_rules(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    say(folder, claims[0].id, "favor")
    say(folder, claims[1].id, "against")
    say(folder, claims[1].id, "favor", who="bo")
    found = audited(folder)
    assert (found.audited, found.disputed, overall(found).audited, overall(found).wrong) == (2, 1, 2, 0.5)
    assert overall(found).view.value == pytest.approx(overall(found).predictions.value) == 0.25
    say(folder, claims[1].id, "against", "adjudicate", "cy")
    found = audited(folder)
    assert (found.disputed, overall(found).audited, overall(found).wrong) == (0, 2, 1)


def test_strata_that_nobody_audited_are_said(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([4, 3, 0])
    folder = folder_of(tmp_path, codebook, claims)
    say(folder, claims[0].id, "against")
    found = audited(folder)
    assert (overall(found).unseen, overall(found).predictions.value) == (3, 1)
    assert found.strata[1].weight is None
    assert any("no claim was audited" in table.note for table in found.tables())


def test_corrections_outside_the_audit_lower_the_errors_of_the_view(tmp_path: Path, codebook: Codebook) -> None:
    claims = many([20, 0, 0])
    folder = folder_of(tmp_path, codebook, claims)
    order = audit_order(claims)
    say_all(folder, {id: "against" if place < 2 else "favor" for place, id in enumerate(order[:10])})
    before = overall(audited(folder))
    assert (before.predictions.value, before.view.value) == (0.2, pytest.approx(0.1))
    say(folder, order[15], "against", "review")
    after = overall(audited(folder))
    assert after.predictions == before.predictions
    assert after.view.value == pytest.approx(0.05)


def test_claims_that_people_added_are_told_apart(corpus: Path) -> None:
    with (corpus / "claims.jsonl").open("a", encoding="utf-8", newline="\n") as file:
        line = replace(claims_of(corpus)[3], id="", prediction=NO_PREDICTION, start=88, end=90, text="Ro", digest="")
        file.write(wire.dump(replace(line, target="trade")) + "\n")
    adopt(corpus, "ana")
    say(corpus, claims_of(corpus)[0].id, "favor")
    found = audited(corpus)
    assert (found.claims, found.added) == (4, 1)


def test_the_command(corpus: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, error = run("evaluate", corpus, "--audit")
    assert code == 1 and error.count("\n") == 1 and "annotate review" in error
    say(corpus, claims_of(corpus)[0].id, "against")
    code, out, error = run("evaluate", corpus, "--audit")
    assert (code, error) == (0, "") and "Estimated share of wrong labels: stance" in out
    code, out, _ = run("evaluate", corpus, "--audit", "--json")
    value = json.loads(out)
    assert code == 0 and value["estimates"][0]["predictions"]["value"] == 1
    assert set(value["strata"][0]) == {"target", "predicted", "claims", "audited", "weight", "skipped", "seen"}
    code, _, error = run("evaluate", corpus, "--audit", "--gold", corpus)
    assert (code, error) == (2, "annotate: evaluate takes either --gold GOLD or --audit\n")


SIZES = [(900, 80, 20), (300, 200, 100), (150, 100, 12), (2000, 1500, 700)]
RATES = [(0.0, 0.0, 0.0), (0.02, 0.02, 0.02), (0.1, 0.1, 0.1), (0.05, 0.2, 0.5), (0.4, 0.05, 0.0), (0.0, 0.1, 0.9)]


def sampled(sizes: tuple[int, ...], size: int) -> list[int]:
    """How many of each stratum are among the first `size` of the audit's order."""
    claims = [(rank, stratum) for stratum, there in enumerate(sizes) for rank in range(there)]
    claims.sort(key=lambda one: (min(one[0], LEAST), (one[0] + 0.5) / sizes[one[1]]))
    counts = Counter(stratum for _, stratum in claims[:size])
    return [counts[stratum] for stratum in range(len(sizes))]


@pytest.mark.full
@pytest.mark.parametrize("size", [20, 50, 100, 200])
@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("sizes", SIZES)
def test_the_interval_covers_the_truth(sizes: tuple[int, ...], rates: tuple[float, ...], size: int) -> None:
    """Of 1,000 audits of one corpus at least 94 % have the true rate in the interval (95 % less simulation error)."""
    chance = np.random.default_rng(1)
    wrong = [round(there * rate) for there, rate in zip(sizes, rates, strict=True)]
    truth = sum(wrong) / sum(sizes)
    taken = sampled(sizes, size)
    covered = 0
    for _ in range(1000):
        seen = [int(chance.hypergeometric(w, n - w, k)) for n, w, k in zip(sizes, wrong, taken, strict=True)]
        found = error_rate([Part(*cell) for cell in zip(sizes, taken, seen, strict=True)])
        assert found.low is not None and found.high is not None
        covered += found.low - 1e-12 <= truth <= found.high + 1e-12
    assert covered >= 940
