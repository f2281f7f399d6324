"""What people decided outlives the models: the three-way merge of one article's claims."""

from dataclasses import replace

from conftest import make_article, make_claim

from annotate.decisions import Log, decide, remembered
from annotate.merging import Merged, merge, pair
from annotate.records import NO_PREDICTION, Claim, Scores

TEXT = "Ann said rain falls. Ben said snow falls. Cleo said hail falls and wind blows."
ARTICLE = make_article(TEXT, "weather")
RAIN, SNOW, HAIL = (9, 20), (30, 41), (52, 78)


def claim(span: tuple[int, int], **changes: object) -> Claim:
    return make_claim(ARTICLE, *span, **changes)


def said(span: tuple[int, int], stance: str = "against", speaker: str = "seun-sam", target: str = "pact") -> Claim:
    """What another model says: sealed, and not yet touched by anybody."""
    claim = make_claim(ARTICLE, *span, target=target, speaker=speaker)
    scores = {"favor": Scores(0.8, 0.1, 0.1), "neutral": Scores(0.1, 0.8, 0.1), "against": Scores(0.1, 0.1, 0.8)}
    prediction = replace(claim.prediction, stance=stance, scores=scores[stance], stance_model="t@2")
    return replace(claim, stance=stance, prediction=prediction.sealed(claim.id))


def merged(old: list[Claim], new: list[Claim], log: Log | None = None, deleted: tuple[Claim, ...] = ()) -> Merged:
    log = log or Log()
    shown = [after for one in old if (after := log.apply(one, lambda _: ARTICLE))]
    return merge(shown, new, deleted, log, ARTICLE)


def kinds(result: Merged) -> list[str]:
    return [change.kind for change in result.changes]


def test_what_nobody_touched_takes_the_new_prediction() -> None:
    result = merged([claim(RAIN), claim(SNOW)], [said(RAIN), said(SNOW, "favor")])
    assert [c.stance for c in result.claims] == ["against", "favor"]
    assert [c.prediction.stance_model for c in result.claims] == ["t@2", "t@2"]
    assert kinds(result) == ["changed"]


def test_a_decided_stance_stays_and_the_difference_is_told() -> None:
    old = claim(RAIN)
    log = Log([decide("ana", old.id, "stance", "favor", "neutral", "edit", "")])
    result = merged([old], [said(RAIN)], log)
    (kept,) = result.claims
    assert (kept.stance, kept.annotator, kept.prediction.stance) == ("neutral", "ana", "against")
    (change,) = result.changes
    assert (change.kind, change.field, change.before, change.after) == ("disagrees", "stance", "neutral", "against")


def test_a_claim_whose_span_the_models_move_keeps_its_id_and_its_decision() -> None:
    old = claim(HAIL)
    log = Log([decide("ana", old.id, "stance", "favor", "against", "edit", "")])
    moved = (HAIL[0], HAIL[1] - len(" and wind blows."))
    result = merged([old], [said((HAIL[0], HAIL[1] - 10), "favor")], log)
    (kept,) = result.claims
    assert (kept.id, kept.stance, kept.end) == (old.id, "against", HAIL[1] - 10)
    assert kept.prediction.seal == kept.prediction.seal_for(old.id)
    assert pair([HAIL], [moved]) == []  # less than half in common: another claim


def test_a_decided_claim_that_is_no_longer_found_is_kept() -> None:
    rain, snow = claim(RAIN), claim(SNOW)
    log = Log([decide("ana", snow.id, "stance", "favor", "favor", "edit", "")])
    result = merged([rain, snow], [], log)
    assert [c.id for c in result.claims] == [snow.id]
    assert kinds(result) == ["gone", "kept"]


def test_a_claim_that_a_person_added_is_kept() -> None:
    own = replace(claim(SNOW), prediction=NO_PREDICTION)
    log = Log([decide("ana", own.id, "claim", "", remembered(own), "edit", "")])
    result = merged([own], [said(RAIN)], log)
    assert [c.id for c in result.claims] == [said(RAIN).id, own.id]


def test_a_deleted_claim_stays_deleted_even_where_its_span_moves() -> None:
    old = claim(HAIL)
    log = Log([decide("ana", old.id, "claim", remembered(old), "", "edit", "")])
    result = merged([old], [said((HAIL[0], HAIL[1] - 6)), said(RAIN)], log, deleted=(old,))
    assert [c.id for c in result.claims] == [said(RAIN).id]
    assert kinds(result) == ["new", "stays-deleted"]


def test_a_new_claim_gives_way_to_a_decided_one_that_it_runs_into() -> None:
    old = claim(SNOW)
    log = Log([decide("ana", old.id, "stance", "favor", "favor", "edit", "")])
    result = merged([old], [said((RAIN[0], SNOW[0] + 4))], log)
    assert [c.id for c in result.claims] == [old.id]
    assert kinds(result) == ["gives-way", "kept"]


def test_decided_claims_never_run_into_each_other() -> None:
    rain, snow = claim(RAIN), claim(SNOW)
    both = (RAIN[0], SNOW[1])
    log = Log([decide("ana", one.id, "stance", "favor", "neutral", "edit", "") for one in (rain, snow)])
    for new in (said(both), said((RAIN[0], RAIN[1] + 12)), said((RAIN[1] - 2, SNOW[1]))):
        result = merged([rain, snow], [new], log)
        assert [(c.start, c.end) for c in result.claims] == [RAIN, SNOW]
        assert [c.stance for c in result.claims] == ["neutral", "neutral"]


def test_who_speaks_is_decided_for_a_new_target_too() -> None:
    old = claim(RAIN)
    log = Log([decide("ana", old.id, "speaker", "seun-sam", "ro-1", "edit", "")])
    result = merged([old], [said(RAIN), said(RAIN, target="trade")], log)
    assert [(c.target, c.speaker, c.annotator) for c in result.claims] == [
        ("pact", "ro-1", "ana"),
        ("trade", "ro-1", "ana"),
    ]
    assert [(echo.claim, echo.field, echo.to) for echo in result.echoes] == [
        (said(RAIN, target="trade").id, "speaker", "ro-1")
    ]


def test_the_parts_of_a_split_claim_stay_linked_under_the_old_ids() -> None:
    head = claim(RAIN)
    new_head = said((RAIN[0] + 1, RAIN[1]))
    part = replace(said(SNOW), continues=new_head.id)
    result = merged([head], [new_head, part])
    assert [c.id for c in result.claims] == [head.id, part.id]
    assert result.claims[1].continues == head.id


def test_a_decided_span_stays_where_it_was_put() -> None:
    old = claim(HAIL)
    log = Log([decide("ana", old.id, "span", f"{HAIL[0]}:{HAIL[1]}", "52:62", "edit", "")])
    result = merged([old], [said(HAIL)], log)
    (kept,) = result.claims
    assert (kept.start, kept.end, kept.text) == (52, 62, TEXT[52:62])
    assert "disagrees" in kinds(result)
