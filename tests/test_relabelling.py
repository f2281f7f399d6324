"""Another model, another codebook: the corpus follows, and what people decided stays."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import claim_on, claims_of, files_of, write_claims
from scripted import TEXT, TOML, Models, label, relabel

from annotate import jobs, wire
from annotate.adopting import adopt, withdraw
from annotate.checking import check
from annotate.corpus import Corpus
from annotate.decisions import read_decisions
from annotate.diffing import diff
from annotate.errors import ArticleError, CorpusError, PendingEdits
from annotate.jobs import examine
from annotate.records import NO_PREDICTION, NO_SPAN, Article, Claim
from annotate.releases import release
from annotate.removing import remove


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    models = Models()
    models.use(monkeypatch)
    return models


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "codebook.toml"
    path.write_text(TOML, encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def study(tmp_path: Path, book: Path, models: Models) -> Path:
    folder = tmp_path / "study"
    label(folder, book)
    return folder


def edited(folder: Path, words: str, **changes: object) -> None:
    """What is said in these words is changed by hand, and adopted."""
    lines = [replace(c, **changes) if words in c.text else c for c in claims_of(folder)]  # type: ignore[arg-type]
    write_claims(folder, lines)
    adopt(folder, "ana")


def by_words(folder: Path) -> dict[str, Claim]:
    return {claim.text: claim for claim in claims_of(folder)}


def kinds(changes: object) -> list[str]:
    return sorted(change.kind for change in changes)  # type: ignore[attr-defined]


def test_untouched_labels_move_on_and_decisions_stay(study: Path, models: Models) -> None:
    edited(study, "line is good", stance="favor")
    models.stances, models.name = {"line": "against", "bridge": "against"}, "other@2"
    summary = relabel(study)
    found = by_words(study)
    assert (found["the line is good."].stance, found["the line is good."].annotator) == ("favor", "ana")
    assert found["the line is good."].prediction.stance == "against"
    assert found["the bridge is better."].stance == "against"
    assert {claim.prediction.stance_model for claim in found.values()} == {"other@2"}
    assert kinds(summary.changes) == ["changed", "disagrees"]
    assert str(summary) == "1 articles, 3 claims, 2 speakers, 1 changed, 1 disagrees"
    assert list(check(Corpus.open(study))) == []


def test_a_dry_run_says_all_and_writes_nothing(study: Path, models: Models) -> None:
    before = files_of(study)
    models.stances = {"line": "against"}
    assert kinds(relabel(study, dry_run=True).changes) == ["changed"]
    assert files_of(study) == before


def test_relabelling_twice_changes_nothing_more(study: Path, models: Models) -> None:
    edited(study, "line is good", stance="favor", speaker="bo-hall")
    models.stances = {"bridge": "against"}
    relabel(study)
    before = files_of(study)
    assert [change.kind for change in relabel(study).changes if change.kind != "disagrees"] == []
    assert files_of(study) == before


def test_the_stance_is_predicted_for_the_decided_speaker(study: Path, models: Models) -> None:
    edited(study, "line is good", speaker="bo-hall")
    models.premises.clear()
    relabel(study)
    assert "Bo Hall said: the line is good." in models.premises
    assert "Ann Lee said: the line is good." not in models.premises
    claim = by_words(study)["the line is good."]
    assert (claim.speaker, claim.prediction.speaker) == ("bo-hall", "ann-lee")


def test_a_decided_claim_that_the_model_no_longer_finds_is_kept(study: Path, models: Models) -> None:
    edited(study, "line is good", stance="favor")
    models.contents = "the bridge is better"
    summary = relabel(study)
    assert by_words(study)["the line is good."].annotator == "ana"
    assert "kept" in kinds(summary.changes)
    assert list(check(Corpus.open(study))) == []


def test_a_deleted_claim_does_not_come_back(study: Path, models: Models) -> None:
    write_claims(study, [c for c in claims_of(study) if "bridge" not in c.text])
    adopt(study, "ana")
    summary = relabel(study)
    assert "the bridge is better." not in by_words(study)
    assert kinds(summary.changes) == ["stays-deleted"]
    label(study, study / "codebook.toml")
    assert "the bridge is better." not in by_words(study)


def test_a_new_target_gets_its_lines_and_a_decided_speaker_holds_for_it_too(study: Path, book: Path) -> None:
    edited(study, "line is good", speaker="bo-hall")
    book.write_text(TOML + '\n[[targets]]\nname = "the bridge"\n', encoding="utf-8")
    relabel(study, codebook=book)
    lines = [c for c in claims_of(study) if c.text == "the line is good."]
    assert [(c.target, c.speaker, c.annotator) for c in lines] == [
        ("the-ferry-line", "bo-hall", "ana"),
        ("the-bridge", "bo-hall", "ana"),
    ]
    assert (study / "codebook.toml").read_bytes() == book.read_bytes()
    assert list(check(Corpus.open(study))) == []


def test_a_target_that_people_decided_about_cannot_go(study: Path, book: Path) -> None:
    edited(study, "line is good", stance="favor")
    before = files_of(study)
    book.write_text(TOML.replace("ferry line", "bridge"), encoding="utf-8")
    with pytest.raises(CorpusError, match="the-ferry-line: people decided 1 claims about it"):
        relabel(study, codebook=book)
    assert files_of(study) == before


def test_pending_edits_are_adopted_first(study: Path) -> None:
    write_claims(study, [replace(c, stance="favor") for c in claims_of(study)])
    with pytest.raises(PendingEdits, match="annotate adopt"):
        relabel(study)


def test_labelling_an_article_again_merges_too(study: Path, models: Models, book: Path) -> None:
    edited(study, "line is good", stance="favor")
    models.stances = {"line": "against", "asked": "against"}
    summary = label(study, book)
    assert by_words(study)["the line is good."].stance == "favor"
    assert by_words(study)["nobody asked."].stance == "against"
    assert kinds(summary.changes) == ["changed", "disagrees"]


def test_speakers_that_a_person_added_or_renamed_stay(study: Path) -> None:
    path = study / "speakers.jsonl"
    line = '{"schema_version":"v1","id":"cleo","name":"Cleo","aliases":["Cleo"],"role":"cook","listed":false}\n'
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8", newline="\n")
    relabel(study)
    assert Corpus.open(study).speakers()["cleo"].role == "cook"
    relabel(study)
    assert "cleo" in Corpus.open(study).speakers()


def test_another_article_leaves_the_first_alone(study: Path, book: Path) -> None:
    edited(study, "line is good", stance="favor")
    label(study, book, TEXT + "Bo Hall said nobody asked.\n", "later")
    assert [c.stance for c in claims_of(study) if c.article == "harbour"] == ["favor", "neutral", "neutral"]
    assert sum(c.article == "later" for c in claims_of(study)) == 4


# ---- Another text ----

AGAIN = f"🐘 Rain on\u00a0Monday\r\n\r\n{TEXT}"
"""The text below a heading."""


def text_file(folder: Path, text: str, name: str = "harbour.txt") -> Path:
    path = folder.parent / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def retext(folder: Path, text: str, *, dry_run: bool = False) -> jobs.Summary:
    return relabel(folder, texts=[text_file(folder, text)], dry_run=dry_run)


def sound(folder: Path) -> bool:
    return [[*map(str, found)] for found in examine(folder)] == [[], []]


def test_claims_and_decisions_are_carried_into_a_text_that_changed(study: Path, models: Models) -> None:
    edited(study, "line is good", stance="favor", speaker="bo-hall", note="hm")
    before = by_words(study)
    release(study, "", "")
    summary = retext(study, AGAIN)
    (article,) = Corpus.open(study).articles()
    assert (article.text, article.length, article.sha256) == (AGAIN, len(AGAIN), Article.of(AGAIN).sha256)
    after = by_words(study)
    assert {words: claim.id for words, claim in after.items()} == {words: claim.id for words, claim in before.items()}
    shift = len(AGAIN) - len(TEXT)
    for words, claim in after.items():
        assert (claim.start, claim.prediction.start) == (before[words].start + shift, before[words].start + shift)
        assert claim.source.text == before[words].source.text != ""
        assert (claim.annotator, claim.stance, claim.speaker) == (
            before[words].annotator, before[words].stance, before[words].speaker
        )  # fmt: skip
    assert after["the line is good."].note == "hm"
    assert (summary.texts, summary.rejected) == (1, 0)
    assert "1 with another text (9 spans re-anchored)" in str(summary)
    assert kinds(summary.changes) == ["disagrees", "disagrees"]
    assert sound(study)
    found = diff(Corpus.open(study / "releases" / "1.0.0"), Corpus.open(study))
    assert (found.count("re-anchored").total, found.texts) == (3, 1)
    assert found.claims.keys() == {"re-anchored"}


def test_a_decided_span_is_said_again_in_the_name_of_who_decided_it(study: Path) -> None:
    claim = by_words(study)["the line is good."]
    edited(study, "line is good", start=claim.start + 4, text="line is good.", source=NO_SPAN)
    retext(study, AGAIN)
    shift = len(AGAIN) - len(TEXT)
    again = [said for said in read_decisions(study / "decisions.jsonl") if said.mode == "reanchor"]
    assert {(said.annotator, said.field, said.from_, said.to) for said in again} == {
        ("ana", "span", f"{claim.start + shift}:{claim.end + shift}", f"{claim.start + 4 + shift}:{claim.end + shift}"),
        ("ana", "source", f"{shift}:{shift + 7}", "0:0"),
    }
    after = by_words(study)["line is good."]
    assert (after.id, after.source, after.annotator) == (claim.id, NO_SPAN, "ana")
    withdraw(study, "ana", [claim.id])
    assert by_words(study)["the line is good."].source.text == "Ann Lee"
    assert sound(study)


def test_what_nobody_decided_and_is_not_there_goes_and_what_is_new_comes(study: Path, models: Models) -> None:
    models.contents += "|the tram is slow"
    edited(study, "line is good", stance="favor")
    summary = retext(study, TEXT.replace("the bridge is better", "the tram is slow"))
    assert by_words(study).keys() == {"the line is good.", "the tram is slow.", "nobody asked."}
    assert kinds(summary.changes) == ["disagrees", "gone", "new"]
    gone = next(change for change in summary.changes if change.kind == "gone")
    assert gone.text == "the bridge is better."
    assert sound(study)


def test_nothing_is_written_where_a_decided_claim_has_no_place(study: Path) -> None:
    edited(study, "bridge is better", stance="against")
    edited(study, "nobody asked", speaker="bo-hall")
    before, claims = files_of(study), by_words(study)
    with pytest.raises(CorpusError, match="2 claims that people decided") as raised:
        retext(study, "Ann Lee said at the long meeting in the harbour hall that the line is good.\n")
    ids = {claims[words].id for words in ("the bridge is better.", "nobody asked.")}
    assert {problem.file for problem in raised.value.problems} == ids
    assert "'the bridge is better.', decided by ana, is not in the new text of harbour" in str(raised.value)
    assert all("annotate label" in problem.remedy for problem in raised.value.problems)
    assert files_of(study) == before


def test_once_such_claims_are_deleted_it_goes(study: Path) -> None:
    edited(study, "bridge is better", stance="against")
    new = TEXT.replace(" Bo Hall said the bridge is better.", "")
    with pytest.raises(CorpusError, match="no place"):
        retext(study, new)
    write_claims(study, [c for c in claims_of(study) if "bridge" not in c.text])
    adopt(study, "ana")
    retext(study, new)
    assert by_words(study).keys() == {"the line is good.", "nobody asked."}
    assert sound(study)


def test_a_deleted_claim_stays_deleted_in_the_new_text_and_when_the_old_one_comes_back(study: Path) -> None:
    write_claims(study, [c for c in claims_of(study) if "bridge" not in c.text])
    adopt(study, "ana")
    assert kinds(retext(study, AGAIN).changes) == ["stays-deleted"]
    assert kinds(retext(study, TEXT.replace(" Bo Hall said the bridge is better.", "")).changes) == []
    assert kinds(retext(study, TEXT).changes) == ["stays-deleted"]
    assert by_words(study).keys() == {"the line is good.", "nobody asked."}
    assert sound(study)


def test_a_claim_that_a_person_added_is_carried_over_or_named(study: Path) -> None:
    (article,) = Corpus.open(study).articles()
    own = claim_on(article, "long meeting", target="the-ferry-line", speaker="ann-lee")
    own = replace(own, id="", digest="", prediction=NO_PREDICTION)
    write_claims(study, [*claims_of(study), own])
    adopt(study, "ana")
    id = by_words(study)["long meeting"].id
    retext(study, AGAIN)
    moved = by_words(study)["long meeting"]
    assert (moved.id, moved.prediction, moved.start) == (id, NO_PREDICTION, AGAIN.index("long meeting"))
    assert sound(study)
    with pytest.raises(CorpusError, match=f"{id}: 'long meeting', decided by ana"):
        retext(study, TEXT.replace("at the long meeting in the harbour hall ", ""))
    (study / ".annotate" / "base" / "claims.jsonl").unlink()
    assert sound(study), "the log alone tells the same"


def test_the_words_of_a_decided_claim_that_were_edited_are_told(study: Path, models: Models) -> None:
    models.contents = "the line is good and cheap|the line is good and chaep"
    label(study, study / "codebook.toml", TEXT.replace("good", "good and chaep"), "typo")
    edited(study, "chaep", stance="favor")
    path = text_file(study, TEXT.replace("good", "good and cheap"), "typo.txt")
    summary = relabel(study, texts=[path])
    told = [change for change in summary.changes if change.kind == "reworded"]
    assert [(one.field, one.before, one.after) for one in told] == [
        ("text", "the line is good and chaep.", "the line is good and cheap.")
    ]
    assert by_words(study)["the line is good and cheap."].stance == "favor"
    assert sound(study)


def test_a_cue_that_nobody_decided_may_be_another_one(study: Path) -> None:
    edited(study, "bridge is better", stance="against")
    retext(study, TEXT.replace("Hall said the bridge", "Hall, on the phone, stated the bridge"))
    claim = by_words(study)["the bridge is better."]
    assert (claim.stance, claim.annotator, claim.cue) == ("against", "ana", NO_SPAN)
    assert sound(study)


def test_a_dry_run_in_another_text_tells_all_and_writes_nothing(study: Path) -> None:
    edited(study, "line is good", stance="favor")
    before = files_of(study)
    summary = retext(study, AGAIN, dry_run=True)
    assert (summary.texts, summary.spans) == (1, 9)
    assert files_of(study) == before
    assert str(retext(study, AGAIN)) == str(summary)


def test_the_same_text_is_relabelled_as_without_it(study: Path) -> None:
    before = files_of(study)
    assert retext(study, TEXT).texts == 0
    assert files_of(study) == before


def test_what_the_new_text_does_not_tell_of_itself_stays(study: Path) -> None:
    (article,) = Corpus.open(study).articles()
    wire.write(study / "articles.jsonl", [replace(article, title="The line", url="https://x.org/1")])
    path = study.parent / "new.jsonl"
    path.write_text(json.dumps({"id": "harbour", "text": AGAIN, "title": "Rain", "date": "2026-02-01"}) + "\n", "utf-8")
    relabel(study, texts=[path])
    (article,) = Corpus.open(study).articles()
    assert (article.title, article.date, article.url) == ("Rain", "2026-02-01", "https://x.org/1")


def test_texts_that_do_not_fit_are_rejected_and_the_others_taken(study: Path, book: Path) -> None:
    for id in ("quay", "pier"):
        label(study, book, f"{TEXT}Bo Hall said {id} is dull.\n", id)
    remove(study, "pier", "it was asked for")
    names = {"harbour": AGAIN, "harbor": "Ann Lee said no.", "pier": "Ann Lee said yes."}
    paths = [text_file(study, text, f"{id}.txt") for id, text in names.items()]
    copy = text_file(study, TEXT, "quay.txt")
    summary = relabel(study, texts=[*paths, copy, study.parent / "none.txt"])
    said = [*map(str, summary.problems)]
    assert (summary.texts, summary.rejected) == (1, 4)
    assert "harbor: the corpus holds no article of this id (annotate label adds it; did you mean 'harbour'?)" in said
    assert any(line.startswith("pier: was taken down on") for line in said)
    assert any("quay: the text is that of article harbour" in line for line in said)
    assert sound(study)
    before = files_of(study)
    with pytest.raises(ArticleError, match="annotate label adds it"):
        relabel(study, texts=[paths[1]])
    assert files_of(study) == before


def test_label_names_the_remedy_for_a_text_that_changed(study: Path, book: Path) -> None:
    with pytest.raises(ArticleError, match=r"an id of its own, or: annotate relabel \S+ --articles FILE"):
        label(study, book, AGAIN)


def test_the_old_text_may_come_in_again_as_an_article_of_its_own(study: Path, book: Path) -> None:
    edited(study, "line is good", stance="favor")
    retext(study, AGAIN)
    label(study, book, TEXT, "first-edition")
    ids = [claim.id for claim in claims_of(study)]
    assert len(set(ids)) == len(ids) == 6
    assert sound(study)
    relabel(study)
    assert [claim.id for claim in claims_of(study)] == ids
    assert sound(study)


def test_one_text_is_not_taken_twice(study: Path, book: Path) -> None:
    with pytest.raises(ArticleError, match="copy: the text is that of article harbour"):
        label(study, book, TEXT, "copy")


def test_a_crash_leaves_the_old_corpus_or_the_new(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited(study, "line is good", stance="favor")
    before = files_of(study)
    with monkeypatch.context() as patch:
        patch.setattr(jobs.Writer, "close", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            retext(study, AGAIN)
    assert files_of(study) == before
    assert sound(study)


def test_the_command_says_so(study: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    path = text_file(study, AGAIN)
    code, out, err = run("relabel", study, "--articles", path, "--dry-run")
    assert (code, err) == (0, "")
    assert out == f"{study}: would be: 1 articles, 3 claims, 2 speakers, 1 with another text (9 spans re-anchored)\n"
    other = text_file(study, "Ann Lee said no.\n", "other.txt")
    code, out, err = run("relabel", study, "--articles", path, other)
    assert (code, err) == (1, "other: the corpus holds no article of this id (annotate label adds it)\n")
    assert "1 with another text" in out and "1 articles rejected" in out
    code, out, err = run("diff", study, study)
    assert "no difference" in out


def test_changes_and_counts_are_one_object_for_a_program(
    study: Path, models: Models, run: Callable[..., tuple[int, str, str]]
) -> None:
    models.stances = {"line": "against"}
    code, out, _ = run("relabel", study, "--json")
    told = json.loads(out)
    assert code == 0 and list(told) == ["summary", "changes"]
    assert [(change["kind"], change["after"]) for change in told["changes"]] == [("changed", "against")]
    counts = {"articles": 1, "claims": 3, "speakers": 2, "rejected": 0, "changed": 1, "gone": 0, "stays-deleted": 0}
    assert told["summary"].items() >= counts.items()


def test_a_corpus_with_problems_is_not_labelled_again(study: Path, book: Path, models: Models) -> None:
    path = study / "articles.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("Bo Hall", "Bo Hill"), encoding="utf-8", newline="\n")
    before = files_of(study)
    for job in (lambda: relabel(study), lambda: label(study, book), lambda: label(study, book, "Bo Hall.", "other")):
        with pytest.raises(CorpusError, match=r"problems; nothing was written\n.*articles\.jsonl:1: sha256"):
            job()
    assert files_of(study) == before


def test_a_speaker_whose_line_was_deleted_is_not_guessed(study: Path, book: Path) -> None:
    book.write_text(TOML.replace('[[speakers]]\nname = "Bo Hall"\n', ""), encoding="utf-8", newline="\n")
    relabel(study, codebook=book)
    path = study / "speakers.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "Bo Hall" not in line), encoding="utf-8", newline="\n")
    before = files_of(study)
    with pytest.raises(CorpusError, match=r"speaker: 'bo-hall\S* is in no line of speakers\.jsonl"):
        relabel(study)
    assert files_of(study) == before


def test_a_codebook_that_lost_a_target_where_it_stands_can_be_labelled_by(study: Path, book: Path) -> None:
    own = study / "codebook.toml"
    book.write_text(TOML + '\n[[targets]]\nname = "the bridge"\n', encoding="utf-8")
    relabel(study, codebook=book)
    own.write_text(TOML, encoding="utf-8", newline="\n")
    relabel(study, codebook=own)
    assert {claim.target for claim in claims_of(study)} == {"the-ferry-line"}


def test_a_listed_speaker_who_got_another_id_is_remarked(
    study: Path, book: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    edited(study, "line is good", speaker="bo-hall")
    book.write_text(TOML.replace('name = "Bo Hall"', 'id = "hall-bo"\nname = "Bo Hall"'), encoding="utf-8")
    code, _, err = run("relabel", study, "--codebook", book)
    assert code == 0
    assert "'bo-hall' is not in the codebook any more, and people decided 1 claims so" in err
    assert "write 'hall-bo' as the speaker of those claims, and adopt that" in err
    assert by_words(study)["the line is good."].speaker == "bo-hall"
    assert by_words(study)["the bridge is better."].speaker == "hall-bo"
    edited(study, "line is good", speaker="hall-bo")
    assert relabel(study).problems == []


def test_namesakes_are_remarked_here_too(study: Path, book: Path, models: Models) -> None:
    book.write_text(TOML.replace('[[speakers]]\nname = "Bo Hall"\n', ""), encoding="utf-8", newline="\n")
    relabel(study, codebook=book)
    assert not relabel(study).problems
    label(study, book, "Bo Hall said nobody asked.\n", "other")
    (remark,) = relabel(study, dry_run=True).problems
    assert "2 speakers are called 'Bo Hall'" in str(remark)
