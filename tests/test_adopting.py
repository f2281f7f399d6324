"""Hand edits become decisions, the log is the truth, and the view follows from it."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TEXT, as_written, claim_on, claims_of, files_of, make_article, write_claims

from annotate import wire
from annotate.adopting import adopt, withdraw
from annotate.checking import check
from annotate.corpus import Corpus
from annotate.decisions import read_decisions
from annotate.edits import pending_edits
from annotate.errors import CorpusError, PendingEdits, TooManyDeletions, UsageError
from annotate.jobs import examine
from annotate.records import NO_PREDICTION, Claim, Decision, Scores, text_digest
from annotate.releases import release
from annotate.revising import Revision


def change(folder: Path, index: int, **changes: object) -> Claim:
    claims = claims_of(folder)
    claims[index] = replace(claims[index], **changes)  # type: ignore[arg-type]
    write_claims(folder, claims)
    return claims[index]


def log_of(folder: Path) -> list[Decision]:
    return list(read_decisions(folder / "decisions.jsonl"))


def clean(folder: Path) -> None:
    """The corpus has no problem and no pending edit, with its base snapshot and without."""
    opened = Corpus.open(folder)
    assert list(check(opened)) == []
    base = folder / ".annotate" / "base" / "claims.jsonl"
    assert pending_edits(folder / "claims.jsonl", base) == []
    articles = {article.id: article for article in opened.articles()}
    assert pending_edits(folder / "claims.jsonl", base / "none", opened.log(), articles.get) == []


def test_a_corrected_stance_becomes_a_decision(corpus: Path) -> None:
    claim = change(corpus, 2, stance="against")
    assert str(adopt(corpus, "ana")) == "1 decisions on 1 claims (1 stance)"
    (decision,) = log_of(corpus)
    assert (decision.annotator, decision.claim, decision.field) == ("ana", claim.id, "stance")
    assert (decision.from_, decision.to, decision.mode, decision.corpus_version) == ("favor", "against", "edit", "")
    assert claims_of(corpus)[2] == replace(claim, annotator="ana")
    clean(corpus)


def test_nothing_changes_where_there_is_nothing_to_adopt(corpus: Path) -> None:
    before = files_of(corpus)
    assert str(adopt(corpus, "ana")) == "no hand edits to adopt"
    assert files_of(corpus) == before


def test_the_log_is_only_appended_to(corpus: Path) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    first = (corpus / "decisions.jsonl").read_bytes()
    change(corpus, 2, stance="neutral")
    adopt(corpus, "ana")
    assert (corpus / "decisions.jsonl").read_bytes().startswith(first)
    assert claims_of(corpus)[2].stance == "neutral"
    clean(corpus)


def test_ones_own_name_confirms_a_stance(corpus: Path) -> None:
    change(corpus, 2, annotator="ana")
    adopt(corpus, "ana")
    assert [(d.field, d.from_, d.to) for d in log_of(corpus)] == [("stance", "favor", "favor")]
    assert claims_of(corpus)[2].annotator == "ana"
    clean(corpus)


def test_somebody_elses_name_is_not_ones_to_write(corpus: Path) -> None:
    change(corpus, 2, annotator="bob")
    with pytest.raises(CorpusError, match="'bob', but it is 'ana' who adopts"):
        adopt(corpus, "ana")
    assert log_of(corpus) == []


def test_who_speaks_is_decided_for_every_target(corpus: Path) -> None:
    first, sibling = claims_of(corpus)[:2]
    change(corpus, 0, speaker="ro-1")
    adopt(corpus, "ana")
    assert {(d.claim, d.field, d.to) for d in log_of(corpus)} == {
        (first.id, "speaker", "ro-1"),
        (sibling.id, "speaker", "ro-1"),
    }
    assert [claim.speaker for claim in claims_of(corpus)[:2]] == ["ro-1", "ro-1"]
    clean(corpus)


def test_siblings_that_are_told_apart_are_a_problem(corpus: Path) -> None:
    change(corpus, 0, speaker="ro-1")
    change(corpus, 1, speaker="narrator")
    with pytest.raises(CorpusError, match="line 1 has 'ro-1', and both are one span"):
        adopt(corpus, "ana")


def test_a_stance_is_decided_for_both_parts_of_a_split_claim(corpus: Path) -> None:
    claims = claims_of(corpus)
    article = make_article(TEXT, "summit")
    part = claim_on(article, "trade grows", continues=claims[2].id)
    write_claims(corpus, [*claims, part])
    as_written(corpus)
    change(corpus, 4, stance="against")
    adopt(corpus, "ana")
    assert [c.stance for c in claims_of(corpus)] == ["favor", "favor", "against", "favor", "against"]
    clean(corpus)


def test_a_moved_span_takes_its_text_along(corpus: Path) -> None:
    start = TEXT.index("welcome")
    moved = change(corpus, 2, start=start, end=start + 7, text="welcome")
    adopt(corpus, "ana")
    claim = claims_of(corpus)[2]
    assert (claim.id, claim.digest) == (moved.id, text_digest("welcome"))
    assert (claim.prediction.start, claim.text) == (start - 3, "welcome")
    assert [(d.field, d.to) for d in log_of(corpus)] == [("span", f"{start}:{start + 7}")]
    clean(corpus)


def test_a_deleted_line_stays_deleted_and_can_be_brought_back(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], claims[3]])
    adopt(corpus, "ana")
    assert claims_of(corpus) == [*claims[:2], claims[3]]
    clean(corpus)
    withdraw(corpus, "ana", [claims[2].id])
    assert sorted(claims_of(corpus), key=lambda c: c.id) == sorted(claims, key=lambda c: c.id)
    clean(corpus)


def test_a_deleted_line_that_is_pasted_back_is_a_decision_too(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, claims[:3])
    adopt(corpus, "ana")
    write_claims(corpus, claims)
    adopt(corpus, "ben")  # ana and ben differ now, and what is disputed is not deleted
    assert len(claims_of(corpus)) == 4
    assert [d.to != "" for d in log_of(corpus)] == [False, True]
    clean(corpus)


def test_a_claim_that_a_person_added_gets_its_id(corpus: Path) -> None:
    start = TEXT.index("trade grows")
    own = replace(
        claims_of(corpus)[0], id="", start=start, end=start + 11, text="trade grows", digest="", note="missed",
        stance="neutral", prediction=NO_PREDICTION,
    )  # fmt: skip
    write_claims(corpus, [*claims_of(corpus), own])
    adopt(corpus, "ana")
    added = claims_of(corpus)[-1]
    assert added.id.startswith("c") and added.digest == text_digest("trade grows")
    assert (added.annotator, added.note, added.stance) == ("ana", "missed", "neutral")
    assert "trade grows" not in (corpus / "decisions.jsonl").read_text(encoding="utf-8")
    clean(corpus)
    withdraw(corpus, "ana", [added.id])
    assert added.id not in {claim.id for claim in claims_of(corpus)}
    clean(corpus)


def test_a_file_cut_short_is_asked_about(corpus: Path) -> None:
    write_claims(corpus, [])
    before = files_of(corpus)
    with pytest.raises(TooManyDeletions, match=r"4 claims are gone.*--deletions 4"):
        adopt(corpus, "ana")
    with pytest.raises(TooManyDeletions):
        adopt(corpus, "ana", deletions=3)
    assert files_of(corpus) == before
    adopt(corpus, "ana", deletions=4)
    assert claims_of(corpus) == []
    clean(corpus)


def test_annotators_who_differ_leave_the_prediction_until_somebody_rules(corpus: Path) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    change(corpus, 2, stance="neutral")
    adopted = adopt(corpus, "ben")
    (dispute,) = adopted.disputes
    assert dispute.said == {"ana": "against", "ben": "neutral"}
    assert (claims_of(corpus)[2].stance, claims_of(corpus)[2].annotator) == ("favor", "")
    clean(corpus)
    change(corpus, 2, stance="against")
    assert adopt(corpus, "cleo", adjudicate=True).disputes == []
    assert (claims_of(corpus)[2].stance, claims_of(corpus)[2].annotator) == ("against", "cleo")
    withdraw(corpus, "cleo", [claims_of(corpus)[2].id], "stance")
    withdraw(corpus, "ben", [claims_of(corpus)[2].id])
    assert (claims_of(corpus)[2].stance, claims_of(corpus)[2].annotator) == ("against", "ana")
    clean(corpus)


def test_annotators_who_agree_stand_together(corpus: Path) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "ben")
    change(corpus, 2, annotator="ben+ana")
    adopt(corpus, "ana")
    assert claims_of(corpus)[2].annotator == "ana+ben"
    clean(corpus)


def test_one_cannot_withdraw_what_one_did_not_decide(corpus: Path) -> None:
    with pytest.raises(UsageError, match="ana has decided nothing about claim"):
        withdraw(corpus, "ana", [claims_of(corpus)[0].id])


def test_a_name_must_be_one_word(corpus: Path) -> None:
    with pytest.raises(UsageError, match="a letter first"):
        adopt(corpus, "Ana Lee")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"stance":"favor","ann', '"stance":"favour","ann', "did you mean 'favor'"),
        ('"speaker_score":0.97', '"speaker_score":0.5', r"prediction\.seal"),
        ('"article":"summit","start":14', '"article":"summit","start":15', "the text stands at"),
        ('"target":"pact"', '"target":"trade"', "target: changed by hand.*restore it"),
    ],
)
def test_what_is_illegal_is_named_and_nothing_is_adopted(
    corpus: Path, edit: Callable[[str, str], None], old: str, new: str, message: str
) -> None:
    edit(old, new)
    before = files_of(corpus)
    with pytest.raises(CorpusError, match=message):
        adopt(corpus, "ana")
    assert files_of(corpus) == before


def test_a_log_that_lost_a_line_is_noticed(corpus: Path) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    (corpus / "decisions.jsonl").write_text("", encoding="utf-8")
    change(corpus, 3, stance="against")
    with pytest.raises(CorpusError, match="decisions that were logged are changed or missing"):
        adopt(corpus, "ana")


def test_decisions_that_another_copy_logged_are_folded_in(corpus: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    change(copy, 3, stance="against")
    adopt(copy, "ben")
    shutil.copy(copy / "decisions.jsonl", corpus / "decisions.jsonl")
    change(corpus, 2, stance="neutral")
    adopt(corpus, "ana")
    assert [(c.stance, c.annotator) for c in claims_of(corpus)[2:]] == [("neutral", "ana"), ("against", "ben")]
    clean(corpus)


def test_a_decision_reads_as_it_was_written(corpus: Path) -> None:
    change(corpus, 2, note='a "quoted"\nnote')
    adopt(corpus, "ana")
    line = json.loads((corpus / "decisions.jsonl").read_text(encoding="utf-8"))
    assert list(line) == [
        "schema_version", "time", "annotator", "claim", "field", "from", "to", "mode", "corpus_version",
    ]  # fmt: skip
    assert wire.load(json.dumps(line), Decision) == log_of(corpus)[0]


def test_an_editor_that_saves_meanwhile_is_noticed_and_nothing_is_lost(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(corpus, 2, stance="against")
    real = Revision.fold

    def save_first(self: Revision, claims: Iterable[Claim]) -> None:
        change(corpus, 3, stance="neutral")
        real(self, claims)

    with monkeypatch.context() as patch:
        patch.setattr(Revision, "fold", save_first)
        with pytest.raises(CorpusError, match="changed while this command ran; nothing was written, run it again"):
            adopt(corpus, "ana")
    assert [claim.stance for claim in claims_of(corpus)][2:] == ["against", "neutral"]
    assert log_of(corpus) == []
    adopt(corpus, "ana")
    assert len(log_of(corpus)) == 2
    clean(corpus)


def own_line(claim: Claim, **changes: object) -> Claim:
    """A line that a person writes by copying another one: no id, no prediction."""
    return replace(claim, id="", digest="", prediction=NO_PREDICTION, **changes)  # type: ignore[arg-type]


def test_a_line_of_ones_own_in_place_of_a_claim_corrects_it(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], own_line(claims[2], stance="against"), claims[3]])
    assert str(adopt(corpus, "ana")) == "1 decisions on 1 claims (1 stance)"
    assert claims_of(corpus)[2] == replace(claims[2], stance="against", annotator="ana")
    clean(corpus)


def test_no_claim_is_added_where_one_was_found_that_stands_elsewhere(corpus: Path) -> None:
    claims, start = claims_of(corpus), TEXT.index("trade grows")
    moved = replace(claims[2], start=start, end=start + 11, text="trade grows")
    write_claims(corpus, [*claims[:2], moved, claims[3], own_line(claims[2])])
    before = files_of(corpus)
    with pytest.raises(CorpusError, match=f"claims.jsonl:5: start: {claims[2].id}, which stands at .*, was found here"):
        adopt(corpus, "ana")
    assert files_of(corpus) == before


def test_an_added_sibling_is_told_by_the_same_speaker(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [claims[0], *claims[2:]])
    adopt(corpus, "ana")
    withdraw(corpus, "ana", [claims[1].id])
    write_claims(corpus, [replace(claims[0], speaker="ro-1"), *claims[2:], own_line(claims[1], speaker="narrator")])
    with pytest.raises(CorpusError, match="'narrator', but line 1 has 'ro-1', and both are one span"):
        adopt(corpus, "ana")
    write_claims(corpus, [replace(claims[0], speaker="ro-1"), *claims[2:], own_line(claims[1], speaker="ro-1")])
    adopt(corpus, "ana")
    assert {claim.speaker for claim in claims_of(corpus) if claim.start == claims[0].start} == {"ro-1"}
    clean(corpus)


def test_nothing_comes_back_onto_a_claim_that_was_added_meanwhile(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], claims[3]])
    adopt(corpus, "ana")
    start = claims[2].start
    added = own_line(claims[2], end=start + 10, text=TEXT[start : start + 10])
    write_claims(corpus, [*claims_of(corpus), added])
    adopt(corpus, "ana")
    before = files_of(corpus)
    with pytest.raises(CorpusError, match=r"would overlap .*nothing was written|nothing was written\n.*would overlap"):
        withdraw(corpus, "ana", [claims[2].id])
    assert files_of(corpus) == before


def split(folder: Path) -> tuple[Claim, Claim]:
    """The third claim gets a later part; both."""
    claims = claims_of(folder)
    part = claim_on(make_article(TEXT, "summit"), "trade grows", continues=claims[2].id)
    write_claims(folder, [*claims, part])
    as_written(folder)
    return claims[2], part


def continued(folder: Path) -> dict[str, str]:
    return {claim.id: claim.continues for claim in claims_of(folder)}


def test_a_first_part_that_is_deleted_leaves_a_later_one_that_continues_none(corpus: Path) -> None:
    head, part = split(corpus)
    write_claims(corpus, [claim for claim in claims_of(corpus) if claim.id != head.id])
    assert list(check(Corpus.open(corpus))) == []
    assert str(adopt(corpus, "ana")) == "1 decisions on 1 claims (1 claim)"
    assert continued(corpus)[part.id] == ""
    assert not Corpus.open(corpus).log().decided(part.id) and claims_of(corpus)[-1].annotator == ""
    clean(corpus)
    change(corpus, 0, note="more")
    adopt(corpus, "ana")
    assert continued(corpus)[part.id] == ""
    withdraw(corpus, "ana", [head.id])
    assert continued(corpus)[part.id] == head.id
    clean(corpus)


def test_a_first_part_that_is_pasted_back_is_continued_again(corpus: Path) -> None:
    head, part = split(corpus)
    write_claims(corpus, [claim for claim in claims_of(corpus) if claim.id != head.id])
    adopt(corpus, "ana")
    write_claims(corpus, [head, *claims_of(corpus)])
    adopt(corpus, "ana")
    assert continued(corpus)[part.id] == head.id
    clean(corpus)


def test_a_first_part_that_vanished_without_a_word_is_a_problem_with_a_remedy_that_works(corpus: Path) -> None:
    head, part = split(corpus)
    write_claims(corpus, [claim for claim in claims_of(corpus) if claim.id != head.id])
    shutil.rmtree(corpus / ".annotate")
    with pytest.raises(CorpusError, match=r"no claim has the id .*\(restore that line, or delete this one too\)"):
        adopt(corpus, "ana")
    write_claims(corpus, [claim for claim in claims_of(corpus) if claim.id != part.id])
    assert str(adopt(corpus, "ana")) == "no hand edits to adopt"


def test_a_later_part_comes_back_without_the_first_and_then_with_it(corpus: Path) -> None:
    head, part = split(corpus)
    write_claims(corpus, [c for c in claims_of(corpus) if c.id not in (head.id, part.id)])
    adopt(corpus, "ana")
    withdraw(corpus, "ana", [part.id])
    assert continued(corpus)[part.id] == "" and head.id not in continued(corpus)
    clean(corpus)
    withdraw(corpus, "ana", [head.id])
    assert continued(corpus)[part.id] == head.id
    clean(corpus)


def test_a_later_part_that_git_brought_continues_none_either(corpus: Path, tmp_path: Path) -> None:
    head, part = split(corpus)
    shutil.copytree(corpus, tmp_path / "theirs")
    write_claims(tmp_path / "theirs", [c for c in claims_of(corpus) if c.id != head.id])
    adopt(tmp_path / "theirs", "ben")
    for name in ("claims.jsonl", "decisions.jsonl"):
        shutil.copy(tmp_path / "theirs" / name, corpus / name)
    assert examine(corpus) == ([], [])
    change(corpus, -1, note="mine")
    assert str(adopt(corpus, "ana")) == "1 decisions on 1 claims (1 note)"
    assert continued(corpus)[part.id] == ""
    clean(corpus)


def test_what_a_colleague_decided_and_git_brought_is_not_decided_again(corpus: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    shutil.copytree(corpus, theirs)
    claims, start = claims_of(theirs), TEXT.index("trade grows")
    added = own_line(claims[0], start=start, end=start + 11, text="trade grows")
    write_claims(theirs, [claims[0], claims[1], replace(claims[2], stance="against"), added])
    adopt(theirs, "ben")
    for name in ("claims.jsonl", "decisions.jsonl"):
        shutil.copy(theirs / name, corpus / name)
    base = corpus / ".annotate" / "base" / "claims.jsonl"
    articles = {article.id: article for article in Corpus.open(corpus).articles()}
    assert pending_edits(corpus / "claims.jsonl", base, Corpus.open(corpus).log(), articles.get) == []
    mine = claims_of(corpus)
    write_claims(corpus, [mine[0], mine[1], replace(mine[2], note="sure?"), mine[3]])
    assert str(adopt(corpus, "ana")) == "1 decisions on 1 claims (1 note)"
    assert {(d.annotator, d.field) for d in log_of(corpus)} == {("ben", "stance"), ("ben", "claim"), ("ana", "note")}
    assert claims_of(corpus)[2].annotator == "ana+ben"
    clean(corpus)


def test_ones_own_name_rules_on_a_line_that_some_keep_and_some_delete(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, claims[:3])
    adopt(corpus, "ana")
    write_claims(corpus, claims)
    (dispute,) = adopt(corpus, "ben").disputes
    assert str(dispute).endswith("claim is disputed: ana says delete, ben says keep")
    change(corpus, 3, annotator="cleo")
    assert adopt(corpus, "cleo", adjudicate=True).disputes == []
    assert len(claims_of(corpus)) == 4
    clean(corpus)


@pytest.mark.parametrize("pasted", [True, False])
def test_what_a_line_that_comes_back_says_otherwise_is_decided_too(corpus: Path, pasted: bool) -> None:
    change(corpus, 2, stance="against")
    adopt(corpus, "ana")
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], claims[3]])
    adopt(corpus, "ana")
    back = replace(claims[2], stance="neutral", speaker="ro-1", note="again")
    write_claims(corpus, [*claims[:2], claims[3], back if pasted else own_line(back)])
    adopt(corpus, "ana")
    (shown,) = [claim for claim in claims_of(corpus) if claim.id == claims[2].id]
    assert (shown.stance, shown.speaker, shown.note) == ("neutral", "ro-1", "again")
    assert {(d.field, d.to) for d in log_of(corpus)[-4:]} >= {("stance", "neutral"), ("note", "again")}
    clean(corpus)


def test_a_missing_snapshot_is_remarked_with_what_the_newest_release_tells(
    corpus: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, claims[1:])
    adopt(corpus, "ana")
    withdraw(corpus, "ana", [claims[0].id])
    release(corpus)
    lines = claims_of(corpus)
    write_claims(corpus, [claim for claim in lines if claim.id != claims[0].id])
    adopt(corpus, "ana")
    write_claims(corpus, [claim for claim in lines if claim.id not in (claims[0].id, claims[3].id)])
    shutil.rmtree(corpus / ".annotate")
    code, out, err = run("check", corpus)
    assert (code, out) == (0, f"{corpus}: 0 problems, 0 hand edits\n")
    first, second, *others = err.splitlines()
    assert first.endswith("lines deleted by hand since cannot be told")
    assert f"claim {claims[3].id} of release 1.0.0 is not here, and no deletion of it is logged" in second
    assert claims[0].id not in err and len(others) == 1, "only the one whose deletion is not logged; then what was done"
    shutil.rmtree(corpus / ".annotate")
    code, _, err = run("adopt", corpus, "--annotator", "ana")
    assert code == 0 and err.splitlines() == [first, second]


def test_nothing_is_remarked_where_the_snapshot_is_there(
    corpus: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    change(corpus, 2, stance="against")
    assert run("check", corpus)[2] == run("adopt", corpus, "--annotator", "ana")[2] == ""
    release(corpus)
    assert run("check", corpus / "releases" / "1.0.0")[2] == ""


@pytest.mark.parametrize("lines", [0, 1, 3])
def test_a_snapshot_cut_short_counts_as_missing(corpus: Path, lines: int) -> None:
    base = corpus / ".annotate" / "base" / "claims.jsonl"
    base.write_bytes(b"".join(base.read_bytes().splitlines(keepends=True)[:lines]))
    change(corpus, 2, stance="against")
    done = adopt(corpus, "ana")
    assert str(done) == "1 decisions on 1 claims (1 stance)"
    assert "snapshot" in str(done.remarks[0])
    assert not adopt(corpus, "ana").remarks, "it was written anew"
    clean(corpus)


def other_run(claim: Claim, **changes: object) -> Claim:
    """The claim as another model has it, sealed."""
    said = replace(claim.prediction, stance_model="s@2", **changes).sealed(claim.id)  # type: ignore[arg-type]
    return replace(claim, stance=said.stance or claim.stance, prediction=said)


def test_what_another_copy_was_relabelled_to_is_no_edit(corpus: Path) -> None:
    claims = claims_of(corpus)
    against = {"stance": "against", "scores": Scores(0.0, 0.0, 1.0)}
    write_claims(corpus, [other_run(claim, **against) for claim in claims])
    assert examine(corpus) == ([], [])
    change(corpus, 2, stance="neutral")
    assert str(adopt(corpus, "ana")) == "1 decisions on 1 claims (1 stance)"
    assert [(d.from_, d.to) for d in log_of(corpus)] == [("against", "neutral")]
    assert [claim.stance for claim in claims_of(corpus)] == ["against", "against", "neutral", "against"]
    clean(corpus)


def test_a_prediction_without_its_seal_is_still_a_problem(corpus: Path) -> None:
    claim = claims_of(corpus)[2]
    change(corpus, 2, prediction=replace(claim.prediction, stance="against"))
    problems, _ = examine(corpus)
    assert [problem.field for problem in problems] == ["prediction.seal"]


def test_lines_that_cannot_be_read_are_for_check_to_tell(corpus: Path, edit: Callable[[str, str], None]) -> None:
    edit('"stance":"favor","ann', '"stance":"pro","ann')
    with pytest.raises(PendingEdits, match=r"nothing was written\. annotate check") as caught:
        release(corpus)
    assert "annotate adopt" not in str(caught.value)
