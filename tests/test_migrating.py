"""Corpora of earlier versions are brought up to date; those of later ones are refused."""

import shutil
from pathlib import Path

import pytest
from conftest import claims_of

from annotate.checking import check
from annotate.corpus import Corpus
from annotate.errors import CorpusError
from annotate.migrating import STEPS, Step, migrate, refuse_disorder
from annotate.revising import Revision


def test_a_corpus_of_the_first_version_gets_its_log_and_its_snapshots(corpus: Path) -> None:
    before = claims_of(corpus)
    (corpus / "decisions.jsonl").unlink()
    shutil.rmtree(corpus / ".annotate")
    card = (corpus / "README.md").read_text(encoding="utf-8")
    (corpus / "README.md").write_text(card.replace("annotate:\n  schema: v1\n", ""), encoding="utf-8")
    assert migrate(corpus) == ["0001-decisions"]
    assert claims_of(corpus) == before
    assert (corpus / "decisions.jsonl").read_bytes() == b""
    assert "annotate:\n  schema: v1\n" in (corpus / "README.md").read_text(encoding="utf-8")
    assert list(check(Corpus.open(corpus))) == []
    assert migrate(corpus) == []


def test_steps_run_in_order_in_one_transaction(corpus: Path) -> None:
    ran = []

    def fail(_: Revision) -> None:
        raise CorpusError("the second step fails")

    first = Step("0001-first", lambda _: True, lambda revision: ran.append(revision.corpus.folder))
    with pytest.raises(CorpusError, match="second step"):
        migrate(corpus, [first, Step("0002-second", lambda _: True, fail)])
    assert ran == [corpus]
    assert list(check(Corpus.open(corpus))) == []


@pytest.mark.parametrize("names", [["0001-a", "0001-b"], ["0002-a"], ["0001-a", "0003-b"]])
def test_numbers_that_are_missing_or_stand_twice_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="must be numbered"):
        refuse_disorder([Step(name, lambda _: False, lambda _: None) for name in names])
    refuse_disorder(STEPS)


def test_a_newer_corpus_is_refused_with_the_version_to_install(corpus: Path) -> None:
    path = corpus / "README.md"
    card = path.read_text(encoding="utf-8")
    head, _, rest = card.partition("  schema: v1\n")
    path.write_text(head + "  schema: v2\n  software: 2.3.0\n" + rest.partition("\n")[2], encoding="utf-8")
    with pytest.raises(CorpusError, match=r"schema v2.*pip install 'annotate-stance>=2\.3\.0'"):
        Corpus.open(corpus)
