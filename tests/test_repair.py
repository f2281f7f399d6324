"""A last line that was cut short is set aside, and nothing else changes."""

from pathlib import Path

import pytest

from annotate.checking import check
from annotate.corpus import Corpus
from annotate.errors import CorpusError
from annotate.repair import TORN, repair


def test_the_torn_line_is_kept_aside_and_every_other_stays(corpus: Path) -> None:
    path = corpus / "claims.jsonl"
    whole = path.read_bytes()
    torn = whole.splitlines()[0][:80]
    path.write_bytes(whole + torn)
    assert any("torn" in str(problem) for problem in check(Corpus.open(corpus)))
    assert len(repair(corpus)) == 1
    assert path.read_bytes() == whole
    assert (corpus / TORN).read_bytes() == torn + b"\n"
    assert list(check(Corpus.open(corpus))) == []


def test_a_whole_last_line_without_a_line_end_is_not_torn(corpus: Path) -> None:
    path = corpus / "claims.jsonl"
    content = path.read_bytes().rstrip(b"\n")
    path.write_bytes(content)
    assert repair(corpus) == []
    assert path.read_bytes() == content


def test_torn_lines_of_two_crashes_are_both_kept(corpus: Path) -> None:
    for _ in range(2):
        with (corpus / "articles.jsonl").open("ab") as file:
            file.write(b'{"schema')
        repair(corpus)
    assert (corpus / TORN).read_bytes() == b'{"schema\n' * 2


def test_a_last_line_that_is_only_wrong_is_left_to_people(corpus: Path) -> None:
    path = corpus / "claims.jsonl"
    content = path.read_bytes().rstrip(b"\n").replace(b'"stance":"favor"', b'"stance":"favour"')
    path.write_bytes(content)
    assert repair(corpus) == []
    assert path.read_bytes() == content


def test_where_there_is_no_corpus_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such folder"):
        repair(tmp_path / "none")
    assert not (tmp_path / "none").exists()
