"""Another model, another codebook: the corpus follows, and what people decided stays."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import claims_of, files_of, write_claims
from scripted import TEXT, TOML, Models, label, relabel

from annotate.adopting import adopt
from annotate.checking import check
from annotate.corpus import Corpus
from annotate.errors import CorpusError, PendingEdits
from annotate.records import Claim


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
