"""Articles that URLs and patterns name: read as they are from a folder, by either engine."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow
import pyarrow.parquet
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from annotate.articles import counted, read_articles
from annotate.errors import Problem
from annotate.records import Article
from annotate.urls import is_url, named, shown

TEXT = "The ferry 🚢 sailed\u00a0late.\u202e It was full.\r\n"


@pytest.fixture(autouse=True)
def store() -> Iterator[MemoryFileSystem]:
    """The files of memory://, which are the process's."""
    memory = fsspec.filesystem("memory")
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def put(url: str, content: bytes | str) -> None:
    with fsspec.open(url, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def line(**values: Any) -> str:
    return json.dumps(values) + "\n"


def read(*inputs: str) -> tuple[list[Article], list[Problem]]:
    found = list(read_articles(inputs))
    return [a for a in found if isinstance(a, Article)], [p for p in found if isinstance(p, Problem)]


def test_shards_are_read_in_the_order_of_their_names() -> None:
    for number in (2, 0, 1):
        shard = line(id=f"a{number}", text=f"{TEXT}{number}") + line(id=f"b{number}", text=f"{number}")
        put(f"memory://news/part-{number}.jsonl.gz", gzip.compress(shard.encode()))
    put("memory://news/other.txt", "Left out.")
    articles, problems = read("memory://news/part-*.jsonl.gz")
    assert problems == []
    assert [article.id for article in articles] == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert articles[0].text == f"{TEXT}0"


def test_a_folder_is_read_as_one_on_the_disk(tmp_path: Path) -> None:
    files = {"b.txt": "B.", "a.txt": TEXT, "deep/c.md": "# C\n\nBody.", ".hidden.txt": "no", "page.css": "no",
             "table.csv": "text,id\nOne.,one\n"}  # fmt: skip
    for name, content in files.items():
        put(f"memory://news/{name}", content)
        path = tmp_path / "news" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    assert read("memory://news") == read(str(tmp_path / "news"))
    assert [article.id for article in read("memory://news")[0]] == ["a", "b", "deep-c", "one"]


def test_parquet() -> None:
    table = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": ["p", "q"], "text": [TEXT, "Two."]}), table)
    put("memory://news/a.parquet", table.getvalue())
    assert [(a.id, a.text) for a in read("memory://news/a.parquet")[0]] == [("p", TEXT), ("q", "Two.")]


def test_problems_name_the_url() -> None:
    put("memory://news/a.jsonl", line(id="a", text="One.") + "{broken\n")
    put("memory://news/b.jsonl.gz", gzip.compress(line(text="Two.").encode() * 999)[:-20])
    places = {(p.file, p.line) for p in read("memory://news/a.jsonl", "memory://news/b.jsonl.gz")[1]}
    assert ("memory:///news/a.jsonl", 2) in places
    assert any(file.endswith("/news/b.jsonl.gz") for file, _ in places)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://news/none.txt", "no such file"),
        ("memory://news/*.jsonl", "nothing is called so"),
        ("nowhere://news/a.txt", "nowhere"),
    ],
)
def test_what_is_not_there(url: str, said: str) -> None:
    articles, [problem] = read(url)
    assert articles == []
    assert said in problem.message
    assert problem.remedy


def test_a_store_that_fails_in_the_middle_costs_its_file_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Exception):
        """Of a class that nobody else knows, as stores have them."""

    def refuse(self: MemoryFile, *_: object) -> int:
        raise Refused("token expired")

    put("memory://news/a.txt", "One.")
    put("memory://other/b.txt", "Two.")
    monkeypatch.setattr(MemoryFile, "readinto", refuse)
    articles, problems = read("memory://news/a.txt", "memory://other/b.txt")
    assert (articles, len(problems)) == ([], 2)
    assert "token expired" in problems[0].message and "/news/a.txt" in problems[0].file


def test_the_same_url_twice() -> None:
    put("memory://news/a.txt", "One.")
    articles, [problem] = read("memory://news/a.txt", "memory://news/a.txt")
    assert len(articles) == 1
    assert "twice" in problem.message


def test_no_secret_is_shown() -> None:
    assert shown("ftp://ana:secret@host/a.txt") == "ftp://host/a.txt"
    assert shown("https://host/a.jsonl.gz?sig=secret") == "https://host/a.jsonl.gz"
    assert named("https://host/x/a.jsonl.gz?sig=a.b").name == "a.jsonl.gz"


@pytest.mark.parametrize("path", [r"C:\news\a.txt", "C://news", "a.txt", "-", "news:a.txt", ""])
def test_a_path_is_no_url(path: str) -> None:
    assert not is_url(path)


def test_a_pattern_the_shell_left_alone(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.md"):
        (tmp_path / name).write_text(f"Of {name}.", encoding="utf-8")
    assert [a.id for a in read(str(tmp_path / "*.txt"))[0]] == ["a", "b"]
    assert "nothing is called so" in read(str(tmp_path / "*.csv"))[1][0].message


@pytest.mark.skipif("os.name == 'nt'", reason="no file can be called so")
def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].txt").write_text("One.", encoding="utf-8")
    (tmp_path / "a1.txt").write_text("Two.", encoding="utf-8")
    assert [a.text for a in read(str(tmp_path / "a[1].txt"))[0]] == ["One."]


def test_files_elsewhere_are_not_counted_beforehand() -> None:
    put("memory://news/a.txt", "One.")
    assert counted(["memory://news/a.txt"]) == 0
