"""A corpus folder is written whole, read back, and never loses what was there."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from conftest import RO, TEXT, TOML, claim_on, claims_of, files_of, labelled, make_article, the_summit, write_claims

from annotate import wire
from annotate import writing as module
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus, Labelled
from annotate.errors import CorpusBusy, CorpusError
from annotate.records import SCHEMA_VERSION, Speaker
from annotate.storage import Transaction, locked
from annotate.writing import writing


def write(folder: Path, codebook: Codebook, *items: Labelled) -> None:
    with writing(folder, codebook) as writer:
        for item in items:
            writer.add(item)


def second() -> Labelled:
    article = make_article("Lin and Sam agree on much.", "second")
    lin = Speaker(SCHEMA_VERSION, "lin-2", "Lin", ("Lin",), "", False)
    return labelled(article, [claim_on(article, "agree on much.", speaker="lin-2")], [lin])


def other_codebook(tmp_path: Path) -> Codebook:
    path = tmp_path / "other.toml"
    path.write_text(TOML.replace("more trade", "free trade"), encoding="utf-8")
    return Codebook.read(path)


def test_what_was_written_is_read(corpus: Path) -> None:
    item, opened = the_summit(), Corpus.open(corpus)
    assert list(opened.articles()) == [item.article]
    assert list(opened.claims()) == item.claims
    assert opened.speakers() == {
        "seun-sam": Speaker(SCHEMA_VERSION, "seun-sam", "Seun Sam", ("Seun Sam",), "analyst", True),
        "ro-1": RO,
    }
    assert opened.codebook.id == "summit"
    assert (corpus / "codebook.toml").read_text(encoding="utf-8") == TOML
    assert list(check(opened)) == []


def test_a_string_names_a_folder_too(corpus: Path) -> None:
    assert list(Corpus.open(str(corpus)).claims()) == claims_of(corpus)


def test_the_data_frame_has_a_column_for_every_value(corpus: Path) -> None:
    frame = Corpus.open(corpus).to_pandas()
    assert frame["text"].tolist() == [claim.text for claim in claims_of(corpus)]
    assert frame["prediction.scores.favor"].tolist() == [0.91] * 4
    assert frame["source.start"].tolist() == [0] * 4


@pytest.mark.parametrize("missing", ["articles.jsonl", "claims.jsonl", "speakers.jsonl", "codebook.toml"])
def test_a_folder_without_its_files_is_no_corpus(corpus: Path, missing: str) -> None:
    (corpus / missing).unlink()
    with pytest.raises(CorpusError, match=rf"no corpus: {missing} missing; annotate label"):
        Corpus.open(corpus)


def test_no_folder_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such folder"):
        Corpus.open(tmp_path / "none")


def test_bad_lines_are_all_told_when_a_corpus_is_read(corpus: Path, edit: Callable[[str, str], None]) -> None:
    edit('"stance":"favor","ann', '"stance":"pro","ann')
    edit('"stance":"favor","ann', '"stance":"con","ann')
    with pytest.raises(CorpusError, match="2 problems") as caught:
        list(Corpus.open(corpus).claims())
    assert [problem.line for problem in caught.value.problems] == [1, 2]


def test_a_second_article_is_added_and_the_first_one_stays(corpus: Path, codebook: Codebook) -> None:
    before = (corpus / "claims.jsonl").read_bytes()
    write(corpus, codebook, second())
    assert (corpus / "claims.jsonl").read_bytes().startswith(before)
    assert [article.id for article in Corpus.open(corpus).articles()] == ["summit", "second"]
    assert set(Corpus.open(corpus).speakers()) == {"seun-sam", "ro-1", "lin-2"}
    assert list(check(Corpus.open(corpus))) == []


def test_the_same_articles_in_the_same_order_give_the_same_bytes(tmp_path: Path, codebook: Codebook) -> None:
    write(tmp_path / "one", codebook, the_summit(), second())
    write(tmp_path / "two", codebook, the_summit(), second())
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    write(tmp_path / "one", codebook, the_summit(), second())
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_an_article_is_replaced_with_its_claims(corpus: Path, codebook: Codebook) -> None:
    item = the_summit()
    write(corpus, codebook, labelled(item.article, item.claims[:1]))
    assert claims_of(corpus) == item.claims[:1]
    assert set(Corpus.open(corpus).speakers()) == {"seun-sam"}


def test_an_article_without_claims_is_kept(tmp_path: Path, codebook: Codebook) -> None:
    write(tmp_path / "corpus", codebook, labelled(make_article("Nothing.", "n"), []))
    assert list(Corpus.open(tmp_path / "corpus").claims()) == []
    assert list(check(Corpus.open(tmp_path / "corpus"))) == []


def test_aliases_seen_in_articles_that_stay_are_kept(tmp_path: Path, codebook: Codebook) -> None:
    def named(alias: str, text: str) -> Labelled:
        seen = Speaker(SCHEMA_VERSION, "seun-sam", "Seun Sam", ("Seun Sam", alias), "analyst", True)
        article = make_article(text, f"about-{alias.lower()}")
        return labelled(article, [claim_on(article, "agrees.")], [seen])

    write(tmp_path / "corpus", codebook, named("Sam", "Sam agrees."))
    write(tmp_path / "corpus", codebook, named("Seun", "Seun agrees."))
    assert set(Corpus.open(tmp_path / "corpus").speakers()["seun-sam"].aliases) == {"Seun Sam", "Sam", "Seun"}


def test_another_text_under_a_known_id_is_a_conflict(corpus: Path, codebook: Codebook) -> None:
    before = files_of(corpus)
    other = labelled(make_article("Another text.", "summit"), [])
    with writing(corpus, codebook) as writer:
        assert writer.known == {"summit": the_summit().article.sha256}
        assert writer.conflict(the_summit().article) is None
        problem = writer.conflict(other.article)
        assert problem is not None and problem.remedy
    with pytest.raises(CorpusError, match="another text under this id"):
        write(corpus, codebook, other)
    assert files_of(corpus) == before


def test_an_article_that_comes_twice_in_one_run_is_written_once(tmp_path: Path, codebook: Codebook) -> None:
    write(tmp_path / "corpus", codebook, the_summit(), the_summit())
    assert claims_of(tmp_path / "corpus") == the_summit().claims


def test_two_texts_of_one_id_in_one_run_are_a_conflict(tmp_path: Path, codebook: Codebook) -> None:
    with pytest.raises(CorpusError, match="another text under this id"):
        write(tmp_path / "corpus", codebook, the_summit(), labelled(make_article("Another.", "summit"), []))
    with pytest.raises(CorpusError, match="no corpus"):
        Corpus.open(tmp_path / "corpus")


@pytest.mark.parametrize("state", [True, False], ids=["with .annotate", "without"])
def test_articles_of_two_codebooks_are_not_mixed(corpus: Path, tmp_path: Path, state: bool) -> None:
    if not state:
        for path in sorted((corpus / ".annotate").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    before = files_of(corpus)
    with pytest.raises(CorpusError, match="labelled by another codebook"):
        write(corpus, other_codebook(tmp_path), second())
    assert files_of(corpus) == before


def test_all_articles_may_be_labelled_by_another_codebook(corpus: Path, tmp_path: Path) -> None:
    write(corpus, other_codebook(tmp_path), the_summit())
    assert Corpus.open(corpus).codebook.targets[1].name == "free trade"


def test_a_failing_run_changes_nothing(corpus: Path, codebook: Codebook) -> None:
    before = files_of(corpus)
    with pytest.raises(ZeroDivisionError), writing(corpus, codebook) as writer:  # noqa: PT012
        writer.add(second())
        _ = 1 / 0
    assert files_of(corpus) == before


def test_bad_lines_in_the_corpus_stop_a_run_before_it_changes_them(corpus: Path, codebook: Codebook) -> None:
    path = corpus / "articles.jsonl"
    path.write_bytes(path.read_bytes() + b'{"torn')
    before = files_of(corpus)
    with pytest.raises(CorpusError, match="torn"):
        write(corpus, codebook, second())
    assert files_of(corpus) == before


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, codebook: Codebook) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "thesis.docx").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"holds other files \(thesis\.docx\) and no corpus"):
        write(folder, codebook, the_summit())
    assert not (folder / ".annotate").exists()


def test_a_folder_with_a_codebook_in_it_may_become_a_corpus(tmp_path: Path, codebook: Codebook) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "article.txt").write_bytes(b"")
    (folder / "codebook.toml").write_bytes(codebook.source.encode())
    write(folder, codebook, the_summit())
    assert (folder / "article.txt").exists()
    assert Corpus.open(folder)


def test_a_file_is_no_corpus(tmp_path: Path, codebook: Codebook) -> None:
    with pytest.raises(CorpusError, match="a file, not a folder"):
        write(tmp_path / "codebook.toml", codebook, the_summit())


def test_a_corpus_can_grow_around_its_codebook(tmp_path: Path) -> None:
    path = tmp_path / "study" / "codebook.toml"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode())
    book = Codebook.read(path)
    before = path.read_bytes()
    write(path.parent, book, the_summit())
    write(path.parent, book, the_summit())
    assert path.read_bytes() == before
    assert list(check(Corpus.open(path.parent))) == []


def test_a_corpus_that_another_process_writes_is_busy(corpus: Path, codebook: Codebook) -> None:
    with locked(corpus), pytest.raises(CorpusBusy):
        write(corpus, codebook, second())


@pytest.mark.parametrize("name", ["writing._append", "revising.shutil.copyfile", "writing.wire.write"])
def test_a_full_disk_leaves_the_old_corpus(
    corpus: Path, codebook: Codebook, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = files_of(corpus)
    with monkeypatch.context() as patch:
        patch.setattr(f"annotate.{name}", full)
        with pytest.raises(CorpusError, match="nothing was written"):
            write(corpus, codebook, second())
    assert files_of(corpus) == before
    write(corpus, codebook, second())


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die after `count` files (the journal is the first) were moved into place."""
    real, moved = Path.replace, iter(range(count))

    def replace_some(self: Path, target: Path) -> Path:
        if next(moved, None) is None:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace_some)


@pytest.mark.parametrize("first", [True, False], ids=["the first run", "a later run"])
def test_a_run_that_died_while_moving_is_finished_by_who_comes_next(
    tmp_path: Path, codebook: Codebook, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "corpus"
    if not first:
        write(folder, codebook, the_summit())
        write(whole, codebook, the_summit())
    write(whole, codebook, second())
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            write(folder, codebook, second())
    assert not (whole / ".annotate" / "journal.json").exists()
    opened = Corpus.open(folder)
    assert "done now" in opened.recovered
    assert files_of(folder) == files_of(whole)
    assert Corpus.open(folder).recovered == ""


def test_labelling_finishes_what_a_dead_first_run_left(
    tmp_path: Path, codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "corpus", codebook, second())
    with writing(tmp_path / "corpus", codebook) as writer:
        assert "done now" in writer.corpus.recovered
        assert set(writer.known) == {"second"}


def test_a_run_that_died_before_the_journal_is_discarded(corpus: Path, codebook: Codebook) -> None:
    before = files_of(corpus)
    Transaction(corpus).__enter__().path("claims.jsonl").write_text("half", encoding="utf-8")
    with writing(corpus, codebook) as writer:
        assert "discarded" in writer.corpus.recovered
        writer.add(the_summit())
    assert files_of(corpus) == before


def test_a_card_that_is_not_utf_8_is_refused(corpus: Path, codebook: Codebook) -> None:
    (corpus / "README.md").write_bytes("Müller".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"README\.md: not UTF-8"):
        write(corpus, codebook, second())
    assert (corpus / "README.md").read_bytes() == "Müller".encode("latin-1")


def test_the_prose_of_the_card_survives_a_run(corpus: Path, codebook: Codebook) -> None:
    path = corpus / "README.md"
    path.write_text(path.read_text(encoding="utf-8") + "\nMy own words.\n", encoding="utf-8")
    write(corpus, codebook, second())
    assert path.read_text(encoding="utf-8").endswith("\nMy own words.\n")


def test_claims_are_streamed_not_loaded(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [replace(claims[0], note=str(n)) for n in range(50)])
    reads = 0
    real = wire.parse

    def counted(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return real(*arguments)

    monkeypatch.setattr(module.wire, "parse", counted)
    assert next(Corpus.open(corpus).claims()).note == "0"
    assert reads == 1


def test_the_text_is_as_it_was_read(corpus: Path) -> None:
    (article,) = Corpus.open(corpus).articles()
    assert article.text == TEXT
