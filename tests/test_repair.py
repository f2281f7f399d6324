"""A last line that was cut short is set aside, and nothing else changes."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from annotate import repair as repairing
from annotate import wire
from annotate.checking import check
from annotate.corpus import Corpus
from annotate.decisions import decide
from annotate.errors import CorpusError
from annotate.records import SCHEMA_VERSION, Anchor, Decision, Removal
from annotate.repair import BLOCK, MENDED, TORN, repair

NOW = "2026-01-01T00:00:00.000000Z"
DECISION = decide("ann", "c-1", "stance", "favor", "against", "edit", "0.1.0", NOW)
REMOVAL = Removal(SCHEMA_VERSION, NOW, "harbour", "0" * 64, 1, "the author asked – \U0001f6a2")
ANCHOR = Anchor(SCHEMA_VERSION, "summit", 0, 4, 1, f"w{'0' * 20}", 0, 0)


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


@pytest.mark.parametrize("name", MENDED)
def test_every_file_of_lines_is_mended(corpus: Path, name: str) -> None:
    others: dict[str, Decision | Removal | Anchor]
    others = {"decisions.jsonl": DECISION, "removals.jsonl": REMOVAL, "anchors.jsonl": ANCHOR}
    path = corpus / name
    if name in others:
        wire.write(path, [others[name]] * 2)
    whole = path.read_bytes()
    line = whole.splitlines()[0]
    for torn in (line[:1], line[: len(line) // 2], line[:-1]):
        path.write_bytes(whole + torn)
        assert [problem.file for problem in repair(corpus)] == [str(path)]
        assert path.read_bytes() == whole
        assert (corpus / TORN).read_bytes().endswith(torn + b"\n")
    assert repair(corpus) == []


def test_a_torn_decision_is_reported_and_mended_by_the_command(
    corpus: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    with (corpus / "decisions.jsonl").open("ab") as file:
        file.write(wire.dump(DECISION).encode()[:50])
    code, out, err = run("check", corpus)
    assert (code, "decisions.jsonl:1: the last line is torn" in out + err) == (1, True)
    code, out, err = run("check", "--repair", corpus)
    assert (code, (corpus / "decisions.jsonl").read_bytes()) == (0, b""), out + err


def test_lines_torn_in_two_files_are_both_set_aside_behind_those_before(corpus: Path) -> None:
    (corpus / TORN).write_bytes(b"before\n")
    for name in ("speakers.jsonl", "articles.jsonl"):
        with (corpus / name).open("ab") as file:
            file.write(f"{{ {name}".encode())
    assert len(repair(corpus)) == 2
    assert (corpus / TORN).read_bytes() == b"before\n{ articles.jsonl\n{ speakers.jsonl\n"


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
@pytest.mark.parametrize("whole", [b"", b"\n", b'{"a":1}\r\n'])
def test_a_torn_line_of_any_length_is_found(corpus: Path, whole: bytes, size: int) -> None:
    path = corpus / "speakers.jsonl"
    path.write_bytes(whole + b"{" * size)
    assert len(repair(corpus)) == 1
    assert path.read_bytes() == whole
    assert (corpus / TORN).read_bytes() == b"{" * size + b"\n"


@pytest.mark.parametrize("block", range(1, 12))
def test_whatever_blocks_it_is_read_in(corpus: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(repairing, "BLOCK", block)
    (corpus / "speakers.jsonl").write_bytes(b"1234567\n{\xf0\x9f")
    assert len(repair(corpus)) == 1
    assert (corpus / "speakers.jsonl").read_bytes() == b"1234567\n"


def test_the_only_line_of_a_file_may_have_a_byte_order_mark(corpus: Path) -> None:
    path = corpus / "removals.jsonl"
    content = b"\xef\xbb\xbf" + wire.dump(REMOVAL).encode()
    path.write_bytes(content)
    assert repair(corpus) == []
    assert path.read_bytes() == content


def test_a_large_file_is_not_read_into_memory(corpus: Path) -> None:
    path = corpus / "claims.jsonl"
    line = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(line * (20_000_000 // len(line)))
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"{")
    tracemalloc.start()
    try:
        repair(corpus)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert path.stat().st_size == size


def test_nothing_torn_nothing_written(corpus: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in corpus.rglob("*") if path.is_file()}
    assert repair(corpus) == []
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not (corpus / TORN).exists()
