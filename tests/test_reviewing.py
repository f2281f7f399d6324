"""A review without its page: what is decided is in the log before it counts, and can be undone all the way back."""

import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import TEXT, as_written, claim_on, claims_of, labelled, make_article, write_claims
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.adopting import adopt, withdraw
from annotate.auditing import audit_order
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import Log, decide, read_decisions
from annotate.errors import Conflict, CorpusBusy, CorpusError, NotThere, UsageError
from annotate.records import NO_PREDICTION, Decision, Scores
from annotate.releases import release
from annotate.repair import repair
from annotate.review import desk, following, loaded
from annotate.review.desk import FIELDS, Json, Manner, Review, Wanted, whoever
from annotate.review.undoing import History, just_after
from annotate.standoff import strip
from annotate.storage import locked
from annotate.writing import writing

KEYS = (f"key-{number}" for number in count())
WIDE = Wanted(limit=1000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "PATIENCE", 0.1)
    monkeypatch.setattr(loaded, "FIRST_PATIENCE", 0.1)


def opened(folder: Path, annotator: str = "ana", **manner: Any) -> Review:
    return Review(folder, Manner(annotator, **{"audit": 0} | manner))


def say(review: Review, claim: str, to: str | Json, field: str = "stance", key: str = "") -> Json:
    """Decide with the version that stands; the claim as it is then."""
    found = review.decide(claim, field, to, review.claim(claim)["version"], key or next(KEYS))["claim"]
    assert isinstance(found, dict)
    return found


def undo(review: Review) -> Json:
    found = review.undo(next(KEYS))["undone"]
    assert isinstance(found, dict)
    return found


def log_of(folder: Path) -> list[Decision]:
    return list(read_decisions(folder / "decisions.jsonl"))


def ids_of(folder: Path) -> list[str]:
    return [claim.id for claim in claims_of(folder)]


def queued(review: Review, **wanted: Any) -> list[str]:
    return [item["id"] for item in review.queue(Wanted(**wanted))["items"]]


def clean(folder: Path) -> None:
    assert list(check(Corpus.open(folder))) == []


def split(folder: Path) -> str:
    """Let the third claim have a later part; its id."""
    part = claim_on(make_article(TEXT, "summit"), "trade grows", continues=claims_of(folder)[2].id)
    write_claims(folder, [*claims_of(folder), part])
    as_written(folder)
    return part.id


# ---- What a decision does ----


def test_a_decision_is_in_the_log_and_later_in_the_view(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    assert say(review, id, "against")["stance"] == "against"
    (decision,) = log_of(corpus)
    assert (decision.annotator, decision.claim, decision.field) == ("ana", id, "stance")
    assert (decision.from_, decision.to, decision.mode, decision.corpus_version) == ("favor", "against", "review", "")
    assert claims_of(corpus)[2].stance == "favor"
    assert not review.progress()["folded"]
    assert review.close() == ""
    assert claims_of(corpus)[2].stance == "against"
    clean(corpus)


def test_a_decision_names_the_release_that_it_was_made_after(corpus: Path) -> None:
    review = opened(corpus)
    release(corpus)
    say(review, ids_of(corpus)[2], "against")
    assert log_of(corpus)[-1].corpus_version == Corpus.open(corpus).version != ""


def test_confirming_the_label_is_a_decision_and_saying_it_twice_is_not(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    assert not review.claim(id)["decided"]
    assert say(review, id, "favor")["decided"]
    say(review, id, "favor")
    assert [(d.from_, d.to) for d in log_of(corpus)] == [("favor", "favor")]
    assert review.progress()["undoable"] == 1


def test_the_log_is_on_the_disk_before_the_answer(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    write, sync = os.write, os.fsync

    def writing(handle: int, raw: bytes) -> int:
        events.append(f"{raw.count(b'schema_version')} lines")
        return write(handle, raw)

    monkeypatch.setattr(following.os, "write", writing)
    monkeypatch.setattr(following.os, "fsync", lambda handle: (events.append("fsync"), sync(handle))[1])
    review = opened(corpus)
    first, sibling = ids_of(corpus)[:2]
    events.clear()
    say(review, first, "ro-1", "speaker")
    assert events == ["2 lines", "fsync"]  # both targets' lines in one write
    assert {d.claim for d in log_of(corpus)} == {first, sibling}


@pytest.mark.parametrize("failing", ["write", "short", "fsync"])
def test_a_disk_that_fails_leaves_the_log_as_it_was(
    corpus: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[3], "neutral")
    before = (corpus / "decisions.jsonl").read_bytes()
    with monkeypatch.context() as broken:
        real = os.write

        def fail(handle: int, *raw: bytes) -> int:
            if failing == "short":
                return real(handle, raw[0][:50])
            raise OSError(errno.EIO, "the disk fails")

        broken.setattr(following.os, "fsync" if failing == "fsync" else "write", fail)
        with pytest.raises(OSError, match=r"the disk fails|No space left"):
            say(review, ids[2], "against", key="again")
    assert (corpus / "decisions.jsonl").read_bytes() == before
    assert review.claim(ids[2])["stance"] == "favor"
    say(review, ids[2], "against", key="again")
    assert [d.claim for d in log_of(corpus)] == [ids[3], ids[2]]


def test_a_stance_holds_for_both_parts_of_a_split_claim(corpus: Path) -> None:
    head, part = ids_of(corpus)[2], split(corpus)
    review = opened(corpus)
    assert part not in queued(review)
    found = say(review, head, "against")
    assert [p["text"] for p in found["parts"]] == ["We welcome it", "trade grows"]
    assert {d.claim for d in log_of(corpus)} == {head, part}
    (mark,) = [mark for mark in review.article("summit")["claims"] if mark["id"] == part]
    assert (mark["head"], mark["stance"], mark["decided"]) == (head, "against", True)


def test_a_note_is_of_one_claim_only(corpus: Path) -> None:
    review, note = opened(corpus), "“irony”?\nsecond line\u2028\u202eno\xa0🐘"
    assert say(review, ids_of(corpus)[0], note, "note")["note"] == note
    assert [(d.field, d.to) for d in log_of(corpus)] == [("note", note)]
    review.close()
    assert [claim.note for claim in claims_of(corpus)] == [note, "", "", ""]
    clean(corpus)


def test_somebody_new_is_listed_as_found(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    found = say(review, ids[2], {"name": "  Zoë \u00a0Quark "}, "speaker")
    who = Corpus.open(corpus).speakers()[found["speaker"]]
    assert (who.name, who.listed, who.id[:10]) == ("Zoë Quark", False, "zoe-quark-")
    assert say(review, ids[3], {"name": "ZOË QUARK"}, "speaker")["speaker"] == who.id  # of the same article
    assert say(review, ids[3], {"name": "Sam"}, "speaker")["speaker"] == "seun-sam"  # an alias of the codebook
    assert len(Corpus.open(corpus).speakers()) == 3
    assert {one["id"] for one in review.corpus()["speakers"]} >= {who.id, "narrator", "unknown", "seun-sam"}
    review.close()
    clean(corpus)


@pytest.mark.parametrize(
    ("field", "to"),
    [
        ("stance", "favour"),
        ("stance", ""),
        ("stance", {"name": "x"}),
        ("speaker", "nobody"),
        ("speaker", {"name": " "}),
        ("speaker", {"name": "a\nb\x00"}),
        ("speaker", {"name": 3}),
        ("speaker", {"name": "Ann", "id": "x"}),
        ("speaker", {"name": "\ud800"}),
        ("speaker", {"name": "x" * 201}),
        ("note", "\udfff"),
        ("note", "x" * 10_001),
        ("span", "0:3"),
        ("prediction", "favor"),
    ],
)
def test_what_cannot_be_decided_is_refused(corpus: Path, field: str, to: str | Json) -> None:
    review = opened(corpus)
    with pytest.raises(UsageError):
        say(review, ids_of(corpus)[2], to, field)
    assert log_of(corpus) == []
    assert len(Corpus.open(corpus).speakers()) == 2


def test_what_is_not_there_is_not_there(corpus: Path) -> None:
    review = opened(corpus)
    for id in ("c0", "", "../../etc/passwd"):
        with pytest.raises(NotThere):
            review.decide(id, "stance", "favor", "v", next(KEYS))
        with pytest.raises(NotThere):
            review.claim(id)
        with pytest.raises(NotThere):
            review.article(id)


def test_a_request_that_comes_twice_is_one_decision(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    seen = review.claim(id)["version"]
    for _ in range(2):
        assert review.decide(id, "stance", "against", seen, "once")["claim"]["stance"] == "against"
    again = opened(corpus)  # the server was killed before its answer arrived
    assert again.decide(id, "stance", "against", seen, "once")["claim"]["stance"] == "against"
    assert len(log_of(corpus)) == 1
    for _ in range(2):
        assert opened(corpus).undo("back")["undone"] == {"field": "stance", "from": "against", "to": ""}
    assert [d.mode for d in log_of(corpus)] == ["review", "withdraw"]


def test_a_receipt_for_what_never_reached_the_log_counts_for_nothing(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    with monkeypatch.context() as broken:
        broken.setattr(following.LogFile, "append", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            say(review, id, "against", key="lost")
    receipts = corpus / ".annotate" / "review.jsonl"
    receipts.write_text(receipts.read_text(encoding="utf-8") + '{"torn', encoding="utf-8")
    say(opened(corpus), id, "against", key="lost")
    assert [d.to for d in log_of(corpus)] == ["against"]


# ---- Undo ----


def test_undo_goes_all_the_way_back_over_restarts(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    before = [review.claim(id) for id in ids]
    say(review, ids[2], "against")
    say(review, ids[2], "neutral")
    say(review, ids[0], "ro-1", "speaker")
    say(review, ids[2], "why?", "note")
    say(review, ids[2], "against")
    assert undo(review) == {"field": "stance", "from": "against", "to": "neutral"}
    say(review, ids[3], "against")
    steps = []
    while review.progress()["undoable"]:
        review = opened(corpus)
        steps.append(undo(review))
    assert [(step["field"], step["from"], step["to"]) for step in steps] == [
        ("stance", "against", ""),
        ("note", "why?", ""),
        ("speaker", "ro-1", ""),
        ("stance", "neutral", "against"),
        ("stance", "against", ""),
    ]
    with pytest.raises(Conflict):
        undo(review)
    assert [review.claim(id) for id in ids] == before
    review.close()
    assert [(c.stance, c.speaker, c.note, c.annotator) for c in claims_of(corpus)] == [
        ("favor", "seun-sam", "", ""),
        ("favor", "seun-sam", "", ""),
        ("favor", "seun-sam", "", ""),
        ("favor", "ro-1", "", ""),
    ]
    clean(corpus)


def test_what_others_decided_is_not_mine_to_undo(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    say(opened(corpus, "bob"), id, "against")
    with pytest.raises(Conflict):
        undo(review)


def test_a_ruling_is_undone_to_the_dispute(corpus: Path) -> None:
    id = ids_of(corpus)[2]
    say(opened(corpus), id, "against")
    say(opened(corpus, "bob"), id, "neutral")
    judge = opened(corpus, adjudicate=True)
    assert queued(judge, disputed="yes") == [id]
    assert judge.claim(id)["said"] == {"stance": {"bob": "neutral"}}
    assert say(judge, id, "neutral")["view"]["stance"] == "neutral"
    assert queued(judge, disputed="yes") == []
    assert undo(judge)["to"] == "against"
    assert queued(judge, disputed="yes") == [id]
    assert Log(log_of(corpus)).said(id, "stance") == {"bob": "neutral", "ana": "against"}


def test_a_ruling_for_what_the_model_said_is_a_ruling(corpus: Path) -> None:
    id, model = ids_of(corpus)[2], claims_of(corpus)[2].prediction.stance
    say(opened(corpus), id, model)
    say(opened(corpus, "bob"), id, "neutral" if model != "neutral" else "against")
    judge = opened(corpus, adjudicate=True)
    assert queued(judge, disputed="yes") == [id]
    assert not say(judge, id, model)["disputed"]
    assert log_of(corpus)[-1].mode == "adjudicate"
    say(judge, id, model)
    assert len(log_of(corpus)) == 3


def test_a_word_that_came_by_hand_ends_what_can_be_undone(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    say(review, id, "against")
    review.close()
    write_claims(corpus, [replace(c, stance="neutral") if c.id == id else c for c in claims_of(corpus)])
    adopt(corpus, "ana")
    assert review.progress()["undoable"] == 0
    say(review, id, "favor")
    assert undo(review)["to"] == "neutral"
    assert log_of(corpus)[-1].mode == "edit"


def test_a_withdrawal_by_command_takes_the_steps_along(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[2], "against")
    say(review, ids[2], "neutral")
    say(review, ids[3], "neutral")
    withdraw(corpus, "ana", [ids[2]])
    assert review.progress()["undoable"] == 1
    assert undo(review)["from"] == "neutral" and log_of(corpus)[-1].claim == ids[3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*"abcABC", "undo", "undo"]), max_size=25))
def test_undo_is_the_way_back_whatever_was_said(said: list[str]) -> None:
    """Against a stack of states, with the history told from the log anew after every step."""
    log: list[Decision] = []
    words: dict[str, str] = {}
    stack: list[dict[str, str]] = []
    for number, what in enumerate(said):
        time, history = f"2026-01-01T00:00:{number:02}.000000Z", History("ana", log)
        assert len(history) == len(stack)
        if what != "undo":
            stack.append(dict(words))
            words[what.lower()] = "favor" if what.islower() else "against"
            log.append(decide("ana", f"c{what.lower()}", "stance", "neutral", words[what.lower()], "review", "", time))
        elif stack:
            step = history.last({"ca", "cb", "cc"})
            assert step
            log += history.undo(step, "", time)
            words = stack.pop()
        told = {c: Log(log).said(f"c{c}", "stance").get("ana") for c in "abc"}
        assert {c: word for c, word in told.items() if word} == words


def test_lines_of_another_copy_that_come_late_are_heard_in_their_time() -> None:
    first = decide("ana", "c1", "stance", "favor", "against", "review", "", "2026-01-01T00:00:00.000000Z")
    second = replace(first, to="neutral", time="2026-01-01T00:00:01.000000Z")
    history = History("ana", [second, first])
    step = history.last({"c1"})
    assert len(history) == 2 and step and step.value == "neutral" and step.before["c1"] == ("against", "review")


def test_lines_that_stand_twice_are_one_decision(corpus: Path) -> None:
    id = ids_of(corpus)[2]
    for word in ("favor", "against", "neutral"):
        say(opened(corpus), id, word)
    undo(opened(corpus))
    log = corpus / "decisions.jsonl"
    log.write_bytes(2 * log.read_bytes())
    review = opened(corpus)
    assert [undo(review)["to"] for _ in range(review.progress()["undoable"])] == ["favor", ""]
    assert review.progress()["undoable"] == 0 and review.claim(id)["mine"] == {}


def test_the_next_microsecond() -> None:
    assert just_after("2026-12-31T23:59:59.999999Z") == "2027-01-01T00:00:00.000000Z"


# ---- What is seen ----


def sample(folder: Path) -> list[str]:
    return audit_order(claims_of(folder))


def test_an_audit_claim_is_blind_until_it_is_decided(corpus: Path) -> None:
    id = sample(corpus)[0]
    review = opened(corpus, audit=1)
    found, item = review.claim(id), next(i for i in review.queue(WIDE)["items"] if i["audit"])
    assert (found["blind"], found["stance"], found["prediction"], found["view"], found["said"]) == (
        True,
        "",
        None,
        {},
        {},
    )
    assert (item["id"], item["stance"], item["confidence"]) == (id, "", 0.0)
    assert id not in queued(review, stance="favor") and len(queued(review, stance="favor")) == 3
    assert "favor" not in json.dumps({k: v for k, v in found.items() if k not in ("hypotheses", "siblings")})
    assert say(review, id, "against")["prediction"]["stance"] == "favor"
    assert log_of(corpus)[0].mode == "audit"
    assert review.progress()["audit"] == {"size": 1, "decided": 1}
    say(review, id, "neutral")
    assert log_of(corpus)[-1].mode == "review"


def test_siblings_of_a_blind_claim_stay_hidden_from_each_other(corpus: Path) -> None:
    review, (first, sibling) = opened(corpus, audit=4), ids_of(corpus)[:2]
    assert review.claim(first)["siblings"] == [{"id": sibling, "target": "trade", "stance": ""}]
    say(review, sibling, "against")
    assert review.claim(first)["siblings"][0]["stance"] == "against"
    assert review.claim(first)["stance"] == ""
    assert {m["stance"] for m in review.article("summit", "pact")["claims"]} == {""}
    assert review.article("summit", "trade")["claims"][0]["id"] == sibling


def test_blind_annotators_do_not_see_each_other(corpus: Path) -> None:
    ana, bob, id = opened(corpus, blind=True), opened(corpus, "bob", blind=True), ids_of(corpus)[2]
    say(ana, id, "against")
    say(ana, id, "ro-1", "speaker")
    say(ana, id, "mine", "note")
    found = bob.claim(id)
    assert (found["stance"], found["speaker"], found["note"], found["said"]) == ("", "seun-sam", "", {})
    bob.decide(id, "stance", "neutral", found["version"], next(KEYS))  # no conflict with what cannot be seen
    assert {d.mode for d in log_of(corpus)} == {"blind"}
    assert bob.claim(id)["said"] == {"stance": {"ana": "against"}, "speaker": {"ana": "ro-1"}, "note": {"ana": "mine"}}
    assert (bob.claim(id)["stance"], bob.claim(id)["disputed"]) == ("neutral", True)


def test_manners_that_cannot_be(corpus: Path) -> None:
    for manner in ({"blind": True, "adjudicate": True}, {"audit": -1}, {"annotator": "no spaces"}, {"annotator": ""}):
        with pytest.raises(UsageError):
            Manner(**{"annotator": "ana"} | manner)  # type: ignore[arg-type]
    assert opened(corpus, adjudicate=True, audit=4).progress()["audit"]["size"] == 0
    assert isinstance(whoever(), str)


@pytest.mark.parametrize("error", [OSError, KeyError, ImportError])
def test_a_machine_that_knows_nobody_asks_for_a_name(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(desk.getpass, "getuser", nobody)
    with pytest.raises(UsageError, match="--annotator NAME"):
        whoever()


def test_corpora_of_one_name_are_told_apart(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / corpus.name
    shutil.copytree(corpus, other)
    here, there = opened(corpus).corpus(), opened(other).corpus()
    assert here["name"] == there["name"] and here["home"] != there["home"]
    assert opened(corpus).corpus()["home"] == here["home"]


def test_orders(corpus: Path) -> None:
    review, ids = opened(corpus, audit=1), ids_of(corpus)
    assert queued(review, order="reading") == ids
    say(review, ids[0], "favor")
    assert queued(review)[-1] == ids[0]
    assert queued(review, decided="yes") == [ids[0]]
    assert queued(review, speaker="ro-1") == [ids[3]]
    assert queued(review, target="trade") == [ids[1]]
    assert queued(review, article="other") == []
    assert review.queue(Wanted(order="reading", offset=1, limit=2))["total"] == 4
    assert queued(review, order="reading", offset=1, limit=2) == ids[1:3]


@given(st.integers(0, 30), st.integers(0, 12))
def test_every_fourth_claim_is_of_the_sample(others: int, audited: int) -> None:
    most, audit = [f"m{n}" for n in range(others)], [f"a{n}" for n in range(audited)]
    order = list(desk._spread(most, audit))
    assert [id for id in order if id in most] == most and [id for id in order if id in audit] == audit
    assert all(id in audit for id in order[3 : min(4 * audited, others // 3 * 4) : 4])


def test_a_claim_stands_in_its_sentence(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    found = review.claim(ids[2])
    assert found["sentence"] == "“We welcome it,” Sam said, adding that trade grows."
    assert found["sentence"][found["offset"] :].startswith(found["text"])
    assert found["before"] == "Seun Sam said the pact was good."
    assert found["after"] == "Mr Ro fears the 🐘 in the room\u00a0most."
    assert review.claim(ids[0])["before"] == review.claim(ids[3])["after"] == ""
    assert found["hypotheses"]["favor"] == ["Seun Sam supports the pact."]
    say(review, ids[2], "unknown", "speaker")
    assert review.claim(ids[2])["hypotheses"]["favor"] == ["The text supports the pact."]


def test_a_claim_of_ones_own_is_certain_and_has_no_prediction(corpus: Path) -> None:
    own = replace(
        claim_on(make_article(TEXT, "summit"), "trade grows"), id="", prediction=NO_PREDICTION, stance="neutral"
    )
    write_claims(corpus, [*claims_of(corpus), own])
    review = opened(corpus)
    assert (len(queued(review)), review.progress()["pending"]) == (4, 1)
    adopt(corpus, "bob")
    assert review.progress() | {"folded": True, "pending": 0, "claims": 5} == review.progress()
    last = review.queue(WIDE)["items"][-1]
    assert (last["text"], last["confidence"], review.claim(last["id"])["prediction"]) == ("trade grows", 0.0, None)
    assert say(review, last["id"], "against")["stance"] == "against"
    assert undo(review)["to"] == ""
    assert review.claim(last["id"])["stance"] == "neutral"


# ---- What others do meanwhile ----


def test_two_tabs_do_not_overwrite_each_other(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    seen = review.claim(id)["version"]
    review.decide(id, "stance", "against", seen, next(KEYS))
    with pytest.raises(Conflict):
        review.decide(id, "stance", "neutral", seen, next(KEYS))
    with pytest.raises(Conflict):
        review.decide(id, "note", "x", seen, next(KEYS))
    assert [d.to for d in log_of(corpus)] == ["against"]


def test_another_annotators_decision_is_noticed(corpus: Path) -> None:
    ana, bob, id = opened(corpus), opened(corpus, "bob"), ids_of(corpus)[2]
    seen, since = ana.claim(id)["version"], ana.corpus()["since"]
    assert ana.changes(since)["claims"] == []
    say(bob, id, "neutral")
    assert ana.changes(since)["claims"] == [id]
    with pytest.raises(Conflict):
        ana.decide(id, "stance", "against", seen, next(KEYS))
    assert ana.claim(id)["said"] == {"stance": {"bob": "neutral"}}
    assert say(ana, id, "against")["stance"] == "against"
    assert bob.progress()["disputed"] == 1
    assert [item["stance"] for item in bob.queue(Wanted(disputed="yes"))["items"]] == ["neutral"]  # bob's own word


def test_a_hand_edit_is_shown_and_never_overwritten(corpus: Path, edit: Callable[[str, str], None]) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    seen, since = review.claim(ids[2])["version"], review.corpus()["since"]
    write_claims(corpus, [replace(c, stance="neutral") if c.id in ids[2:] else c for c in claims_of(corpus)])
    edited = (corpus / "claims.jsonl").read_bytes()
    assert set(review.changes(since)["claims"]) == set(ids[2:])
    assert review.claim(ids[2])["stance"] == "neutral" and review.claim(ids[2])["pending"] == {"stance": "neutral"}
    with pytest.raises(Conflict):
        review.decide(ids[2], "stance", "against", seen, next(KEYS))
    say(review, ids[2], "neutral")
    assert log_of(corpus)[-1].from_ == "favor"
    assert review.progress()["pending"] == 1  # that one is decided, and as it was edited
    say(review, ids[3], "against")
    assert review.claim(ids[3])["stance"] == "against"
    assert not review.wants_folding and not review.fold()["folded"]
    assert "annotate adopt" in review.close()
    assert (corpus / "claims.jsonl").read_bytes() == edited
    adopt(corpus, "bob")
    assert review.progress()["folded"]
    assert {d.annotator: d.to for d in log_of(corpus) if d.claim == ids[3]} == {"ana": "against", "bob": "neutral"}
    clean(corpus)


def test_a_hand_edit_without_a_snapshot_is_seen_too(corpus: Path) -> None:
    shutil.rmtree(corpus / ".annotate" / "base")
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], replace(claims[2], speaker="ro-1"), claims[3]])
    review = opened(corpus)
    assert (review.progress()["pending"], review.claim(claims[2].id)["speaker"]) == (1, "ro-1")


def test_a_deleted_line_is_gone_from_the_page(corpus: Path) -> None:
    review, claims = opened(corpus), claims_of(corpus)
    since = review.corpus()["since"]
    write_claims(corpus, claims[:3])
    assert review.changes(since)["claims"] == [claims[3].id]
    with pytest.raises(NotThere):
        review.claim(claims[3].id)
    assert review.progress()["claims"] == 3 and review.progress()["pending"] == 1
    write_claims(corpus, claims)
    assert review.progress()["claims"] == 4 and review.progress()["pending"] == 0


def test_a_file_that_cannot_be_read_is_said_and_what_was_read_stays(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    whole = (corpus / "claims.jsonl").read_bytes()
    (corpus / "claims.jsonl").write_bytes(whole[:-30])
    assert "claims.jsonl:4" in review.progress()["problem"]
    say(review, id, "against")
    assert not review.wants_folding and "does not show yet" in review.close()
    assert (corpus / "claims.jsonl").read_bytes() == whole[:-30]
    (corpus / "claims.jsonl").write_bytes(whole)
    assert review.progress()["problem"] == ""
    assert opened(corpus).progress()["folded"]


def test_a_log_that_was_replaced_is_read_anew(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[2], "against")
    kept = (corpus / "decisions.jsonl").read_bytes()
    say(review, ids[3], "against")
    (corpus / "decisions.jsonl").write_bytes(kept)  # as git does, or a person
    assert review.progress()["undoable"] == 1
    assert review.claim(ids[3])["stance"] == "favor"
    say(review, ids[3], "neutral")
    assert [d.to for d in log_of(corpus)] == ["against", "neutral"]


def test_a_log_that_was_damaged_and_mended_is_heard_once(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    for word in ("favor", "against"):
        say(review, ids[2], word)
    log = corpus / "decisions.jsonl"
    first, second = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"<<<<<<< HEAD\n" + first + second)  # as a merge leaves it
    assert "decisions.jsonl:1" in review.progress()["problem"]
    assert review.claim(ids[2])["stance"] == "against"
    log.write_bytes(first)
    assert review.progress()["undoable"] == 1
    assert review.claim(ids[2])["mine"] == {"stance": "favor"}
    assert undo(review)["to"] == ""


def test_a_log_that_went_missing_is_begun_anew(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    say(review, id, "against", key="again")
    (corpus / "decisions.jsonl").unlink()
    say(review, id, "against", key="again")
    assert [d.to for d in log_of(corpus)] == ["against"]


def used_by_another_program(_: Path) -> None:
    raise PermissionError(errno.EACCES, "used by another process")


def test_a_file_that_another_program_holds_is_read_later(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = opened(corpus)
    with monkeypatch.context() as held:
        held.setattr(following, "_lines", used_by_another_program)
        os.utime(corpus / "claims.jsonl")
        assert "used by another process" in review.progress()["problem"]
    assert review.progress()["problem"] == ""


def test_a_decision_counts_though_the_claims_cannot_be_read_now(
    corpus: Path, edit: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    review, id = opened(corpus), ids_of(corpus)[0]
    edit('"note":""', '"note":"by hand"')
    assert review.claim(id)["pending"] == {"note": "by hand"}
    with monkeypatch.context() as held:
        held.setattr(following, "_lines", used_by_another_program)
        assert say(review, id, "on the page", "note")["mine"] == {"note": "on the page"}
    assert review.progress()["undoable"] == 1 and review.progress()["pending"] == 1


def test_an_article_that_was_taken_out_by_hand_stops_nobody(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    articles = corpus / "articles.jsonl"
    whole = articles.read_bytes()
    articles.write_bytes(b"")
    say(review, ids[2], "against")
    assert "no article has the id" in review.progress()["problem"]
    assert set(queued(review, order="reading")) == set(ids)
    articles.write_bytes(whole)
    assert review.progress()["problem"] == "" and review.claim(ids[2])["sentence"]


def test_a_torn_log_is_not_written_to(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[2], "against")
    log = corpus / "decisions.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + whole[:40])
    assert review.claim(ids[2])["stance"] == "against"  # perhaps somebody is just writing it
    with pytest.raises(CorpusError, match="--repair"):
        say(review, ids[3], "neutral")
    with pytest.raises(CorpusError, match="--repair"):
        opened(corpus)
    assert log.read_bytes() == whole + whole[:40]
    repair(corpus)
    say(review, ids[3], "neutral")
    assert log.read_bytes().startswith(whole) and len(log_of(corpus)) == 2


def test_a_last_line_that_an_editor_left_open_is_ended(corpus: Path) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[2], "against")
    log = corpus / "decisions.jsonl"
    log.write_bytes(log.read_bytes().rstrip(b"\n"))
    say(review, ids[3], "neutral")
    say(opened(corpus), ids[3], "against")
    assert [d.to for d in log_of(corpus)] == ["against", "neutral", "against"]


def test_a_busy_corpus_is_waited_for_and_then_refused(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    with locked(corpus):
        assert review.claim(id)["stance"] == "favor"  # reading needs no lock
        with pytest.raises(CorpusBusy):
            say(review, id, "against")
    say(review, id, "against")


def test_what_an_interrupted_command_left_is_finished_though_the_corpus_is_busy(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded, "FIRST_PATIENCE", 30)
    held = threading.Event()

    def hold() -> None:
        with locked(corpus):
            held.set()
            time.sleep(0.3)

    (corpus / ".annotate" / "journal.json").write_text('{"moves":[]}', encoding="utf-8")
    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    assert "interrupted" in opened(corpus).remarks[0]
    other.join()


def test_articles_that_are_labelled_meanwhile_appear(corpus: Path, codebook: Codebook) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[2], "against")
    article = make_article("Seun Sam said the pact is bad.", "second")
    with writing(corpus, codebook) as writer:
        writer.add(labelled(article, [claim_on(article, "the pact is bad.")]))
    (found,) = queued(review, article="second")
    assert [one["id"] for one in review.corpus()["articles"]] == ["summit", "second"]
    assert review.claim(found)["sentence"] == article.text
    assert review.progress()["claims"] == 5
    assert undo(review)["from"] == "against"
    assert review.progress()["undoable"] == 0


def test_what_the_models_say_by_now_is_shown(corpus: Path, codebook: Codebook) -> None:
    review, claims = opened(corpus), claims_of(corpus)
    since, seen = review.corpus()["since"], review.claim(claims[2].id)["version"]
    said = replace(claims[2].prediction, stance="against", scores=Scores(0.3, 0.3, 0.4)).sealed(claims[2].id)
    with writing(corpus, codebook) as writer:
        again = [*claims[:2], replace(claims[2], stance="against", prediction=said), claims[3]]
        writer.add(labelled(make_article(TEXT, "summit"), again))
    assert review.changes(since)["claims"] == [claims[2].id]
    assert queued(review)[0] == claims[2].id  # the most uncertain now
    assert review.progress()["pending"] == 0
    with pytest.raises(Conflict):
        review.decide(claims[2].id, "stance", "favor", seen, next(KEYS))


def test_a_corpus_without_texts_is_reviewed_by_its_labels(corpus: Path, tmp_path: Path) -> None:
    strip(corpus, tmp_path / "stand-off")
    review = opened(tmp_path / "stand-off")
    found, article = review.claim(ids_of(corpus)[2]), review.article("summit")
    assert (found["text"], found["sentence"], found["offset"], article["text"]) == ("", "", 0, "")
    assert article["length"] == len(TEXT) and len(article["claims"]) == 3
    say(review, ids_of(corpus)[2], "against")
    assert review.close() == ""
    clean(tmp_path / "stand-off")


def test_a_release_is_not_reviewed(corpus: Path) -> None:
    release(corpus)
    with pytest.raises(CorpusError, match="never changes"):
        opened(corpus / "releases" / "1.0.0")


def test_a_duplicated_line_is_refused_at_the_start(corpus: Path) -> None:
    write_claims(corpus, [*claims_of(corpus), claims_of(corpus)[0]])
    with pytest.raises(CorpusError, match="stands twice"):
        opened(corpus)


# ---- Folding ----


def test_the_view_is_folded_by_another_process(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    assert not review.wants_folding
    say(review, id, "against")
    assert not review.wants_folding  # not idle yet
    monkeypatch.setattr(desk, "IDLE", 0.0)
    assert review.wants_folding
    since = review.corpus()["since"]
    assert review.fold()["folded"]
    assert claims_of(corpus)[2].stance == "against"
    assert review.changes(since)["claims"] == []
    clean(corpus)


def test_a_decision_stops_the_folding(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review, ids = opened(corpus), ids_of(corpus)
    say(review, ids[2], "against")
    with review._lock:
        review._child = desk._folding(corpus)
        child = review._child
        say(review, ids[3], "against")
        assert child.poll() is not None
    monkeypatch.setattr(desk, "IDLE", 0.0)
    assert review.wants_folding
    assert review.fold()["folded"]
    assert [c.stance for c in claims_of(corpus)] == ["favor", "favor", "against", "against"]
    clean(corpus)


def test_every_field_of_a_claim_is_covered_by_its_version(corpus: Path) -> None:
    review, id = opened(corpus), ids_of(corpus)[2]
    versions = {review.claim(id)["version"]}
    for field, to in (("stance", "against"), ("speaker", "ro-1"), ("note", "n")):
        versions.add(say(review, id, to, field)["version"])
    assert len(versions) == 4
    assert set(FIELDS) == {"stance", "speaker", "note"}
    for _ in range(3):
        undo(review)
    assert review.claim(id)["version"] in versions
