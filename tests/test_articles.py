"""Articles in: what is read, what is refused and why, and that no code point of a text changes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from annotate.articles import READERS, Columns, legal_id, read_articles
from annotate.errors import Problem
from annotate.records import Article, Id

TRICKY = (
    "\u201cWe\u00a0agree\u201d, said\u200b Ms. E\u0301mile \U0001f6a2.\r\n\r\n"
    "\u201cUnclosed, she\tadded.\u2028\x85\n\r "
)

DEFAULT = Columns()
unhurried = settings(deadline=None)  # files are written, on machines that may be busy


def read(*inputs: str | Path, columns: Columns = DEFAULT, max_length: int = 1_000_000) -> list[Article | Problem]:
    return list(read_articles(inputs, columns, max_length=max_length))


def articles(results: Iterable[Article | Problem]) -> list[Article]:
    return [result for result in results if isinstance(result, Article)]


def problems(results: Iterable[Article | Problem]) -> list[Problem]:
    return [result for result in results if isinstance(result, Problem)]


def only(results: Iterable[Article | Problem]) -> Article:
    (article,) = results
    assert isinstance(article, Article), article
    return article


def refused(results: Iterable[Article | Problem]) -> Problem:
    (problem,) = results
    assert isinstance(problem, Problem), problem
    assert problem.file
    assert problem.remedy
    return problem


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


Write = Callable[[str, str | bytes], Path]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(*rows: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


class TestTextFrozen:
    """The text is what the file says, code point by code point."""

    TEXTS = st.text().filter(lambda text: text.strip() and "\0" not in text)

    @unhurried
    @given(TEXTS)
    def test_txt(self, text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "one.txt")
            path.write_bytes(b"\xef\xbb\xbf" + text.encode())  # a text may itself begin with U+FEFF
            assert only(read(path)).text == text

    @unhurried
    @given(TEXTS)
    def test_jsonl(self, text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for ascii_only in (True, False):
                path = Path(folder, "rows.jsonl")
                path.write_bytes(json.dumps({"text": text}, ensure_ascii=ascii_only).encode() + b"\n")
                assert only(read(path)).text == text

    @unhurried
    @given(TEXTS)
    def test_csv_and_parquet(self, text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.csv")
            path.write_bytes(as_csv(["id", "text"], ["a1", text]))
            assert only(read(path)).text == text
            pq.write_table(pa.table({"text": [text]}), Path(folder, "rows.parquet"))
            assert only(read(Path(folder, "rows.parquet"))).text == text

    def test_what_an_article_holds(self, write: Write) -> None:
        article = only(read(write("Visit of the Envoy.txt", TRICKY)))
        assert article == Article.of(TRICKY, "Visit-of-the-Envoy", title=TRICKY.split("\r")[0])
        assert article.length == len(TRICKY)

    def test_language_is_noted(self, write: Write) -> None:
        (article,) = read_articles([write("a.txt", "Guten Tag.")], language="de")
        assert isinstance(article, Article)
        assert article.language == "de"


class TestEncodings:
    def test_bom_is_dropped_at_the_start_only(self, write: Write) -> None:
        assert only(read(write("a.txt", "\ufeffone\ufefftwo"))).text == "one\ufefftwo"

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_utf16_with_bom(self, write: Write, encoding: str) -> None:
        assert only(read(write("a.txt", ("\ufeff" + TRICKY).encode(encoding)))).text == TRICKY

    @pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
    def test_undecodable_names_the_byte(self, write: Write, start: bytes) -> None:
        problem = refused(read(write("a.txt", start + "A café.".encode("cp1252"))))
        assert problem.message == f"byte 0xE9 at byte offset {len(start) + 5} is not UTF-8"
        assert "iconv" in problem.remedy

    @pytest.mark.parametrize("content", [b"text\0text", b"\x7fELF\0\xff\xfe"])
    def test_binary(self, write: Write, content: bytes) -> None:
        assert "NUL" in refused(read(write("a.txt", content))).message

    def test_torn_utf16(self, write: Write) -> None:
        assert "UTF-16" in refused(read(write("a.txt", "\ufeffab".encode("utf-16-le") + b"c"))).message


class TestTxt:
    @pytest.mark.parametrize(
        ("text", "title"),
        [
            ("A headline\n\nThe story.", "A headline"),
            ("A headline\r\n\r\nThe story.", "A headline"),
            ("A headline \n \t\nThe story.", "A headline"),
            ("First line\nsecond line.", ""),
            ("First line\r\nsecond line.", ""),
            ("\n\nThe story.", ""),
            ("The story.", ""),
            ("x" * 199 + "\n\nThe story.", "x" * 199),
            ("x" * 200 + "\n\nThe story.", ""),
        ],
    )
    def test_title(self, write: Write, text: str, title: str) -> None:
        article = only(read(write("a.txt", text)))
        assert (article.title, article.text) == (title, text)

    @pytest.mark.parametrize("text", ["", " \r\n\u00a0\t", "\ufeff"])
    def test_empty(self, write: Write, text: str) -> None:
        problem = refused(read(write("a.txt", text)))
        assert (problem.message, problem.field, problem.line) == ("the text is empty", "text", 0)

    def test_too_long(self, write: Write) -> None:
        assert only(read(write("a.txt", "\U0001f6a2" * 10), max_length=10)).length == 10
        problem = refused(read(write("a.txt", "x" * 1011), max_length=1010))
        assert "1,011" in problem.message
        assert "1,010" in problem.message
        assert "--max-length" in problem.remedy

    def test_an_enormous_file_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        with path.open("wb") as file:
            file.truncate(30_000_000_000)  # sparse: takes no room
        assert "20,000,000 bytes" in refused(read(path)).message


class TestStdin:
    @pytest.fixture
    def stdin(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
        return lambda data: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    def test_plain_text(self, stdin: Callable[[bytes], None]) -> None:
        stdin(TRICKY.encode())
        assert only(read("-")) == Article.of(TRICKY, title=TRICKY.split("\r")[0])
        assert not sys.stdin.closed

    def test_empty(self, stdin: Callable[[bytes], None]) -> None:
        stdin(b"")
        assert refused(read("-")).file == "<stdin>"


class TestMarkdown:
    def test_markup_goes_and_words_stay(self, write: Write) -> None:
        source = (
            "# The *Envoy*\r\n\r\nShe said: “it is\u00a0**done**”,\r\nand [left](http://example.org).\r\n\r\n"
            "> A quoted\n> line\n\n- one\n- two\\*\n\n![a picture](x.png)\n\nLine  \nbreak &amp; `code`\n\n---\n\n"
            "<div>Kept <b>words</b></div>\n<!-- gone -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
        )
        article = only(read(write("a.md", source)))
        assert article.title == "The Envoy"
        assert article.text.split("\n\n") == [
            "The Envoy",
            "She said: “it is\u00a0done”, and left.",
            "A quoted line",
            "one",
            "two*",
            "Line\nbreak & code",
            "Kept words",
            *"ab12",
        ]

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_front_matter(self, write: Write, end: str) -> None:
        matter = ["---", 'title: "A: title"', "Author: Ann Writer", "date: 2024-05-06", "tags: [a, b]", "url:", "---"]
        article = only(read(write("a.markdown", end.join([*matter, "", "# Another", "", "The story."]))))
        assert (article.title, article.author, article.date, article.url) == (
            "A: title",
            "Ann Writer",
            "2024-05-06",
            "",
        )
        assert article.text == "Another\n\nThe story."

    def test_rules_are_no_front_matter(self, write: Write) -> None:
        assert only(read(write("a.md", "---\n\nThe story.\n\n---\n\nThe end."))).text == "The story.\n\nThe end."

    def test_front_matter_alone_is_empty(self, write: Write) -> None:
        assert "empty" in refused(read(write("a.md", "---\ntitle: x\n---\n"))).message

    def test_unclosed_html_is_quick(self, write: Write) -> None:
        read(write("a.md", "<div>" + "<!--<" * 100_000))


PAGE = """<!DOCTYPE html><html lang="en"><head>{charset}<title>Pier | The Gazette</title>
<meta name="author" content="Ann Writer"><meta property="og:site_name" content="The Gazette">
<meta property="og:title" content="The pier"><meta property="article:published_time" content="2024-05-06T10:00:00Z">
<link rel="canonical" href="https://gazette.example/pier"><script>var tracked = "tracked";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/s">Subscribe now</a></li></ul></nav>
<article><h1>The pier</h1>
<p>The council met on Monday in the town hall and spoke for three hours about the café on the old pier.</p>
<p>“We will build it,” said the head of works, who had not slept since the storm of the week before.</p>
<p>Fishermen warned that a new pier would close the channel for a whole season, and asked for help.</p></article>
<footer><p>Copyright The Gazette. All rights reserved. Cookie settings.</p></footer></body></html>"""

MENU = "<html><body><nav><ul>" + '<li><a href="/">Section</a></li>' * 9 + "</ul></nav></body></html>"


class TestHtml:
    @pytest.fixture(autouse=True)
    def no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("the network was touched")

        # The class itself stays: urllib3, which comes with trafilatura, needs it to be imported.
        for method in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, method, refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    def test_main_text_and_metadata(self, write: Write) -> None:
        article = only(read(write("pier.html", PAGE.format(charset=""))))
        assert "“We will build it,” said the head of works" in article.text
        for boilerplate in ("Subscribe", "Cookie", "tracked", "<p>"):
            assert boilerplate not in article.text
        assert "old pier.\n\n“We" in article.text
        assert (article.id, article.title, article.outlet) == ("pier", "The pier", "The Gazette")
        assert (article.author, article.date) == ("Ann Writer", "2024-05-06")
        assert article.url == "https://gazette.example/pier"

    def test_short_article(self, write: Write) -> None:
        page = '<html><body><nav><a href="/">Home</a></nav><article><p>The pier is shut.</p></article></body></html>'
        assert only(read(write("a.html", page))).text == "The pier is shut."

    @pytest.mark.parametrize("declared", ["windows-1252", "ISO-8859-1"])
    def test_declared_encoding(self, write: Write, declared: str) -> None:
        page = PAGE.format(charset=f'<meta charset="{declared}">')
        article = only(read(write("pier.htm", page.encode("cp1252"))))
        assert "“We will build it,”" in article.text
        assert "café" in article.text

    @pytest.mark.parametrize("charset", ["", '<meta charset="nonsense">', '<meta charset="hex">'])
    def test_undecodable(self, write: Write, charset: str) -> None:
        problem = refused(read(write("pier.html", PAGE.format(charset=charset).encode("cp1252"))))
        assert "is not UTF-8" in problem.message

    @pytest.mark.parametrize(
        "page", ["", "<html><body></body></html>", MENU, "<html><script>x()</script></html>", "<" * 999]
    )
    def test_no_main_text(self, write: Write, page: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert "no main text" in refused(read(write("a.html", page))).message
        assert capfd.readouterr().err == ""


class TestJsonLines:
    def test_columns(self, write: Write) -> None:
        row = {"text": "One.", "id": "x1", "title": None, "outlet": "O", "author": ["A", "B"], "date": 2024, "url": "u"}
        article = only(read(write("a.jsonl", lines(row | {"more": {}}))))
        assert article == Article.of("One.", "x1", outlet="O", author="A, B", date="2024", url="u")

    def test_named_columns(self, write: Write) -> None:
        path = write("a.ndjson", lines({"body": "One.", "key": "k"}))
        assert only(read(path, columns=Columns(text="body", id="key"))) == Article.of("One.", "k")

    def test_rows_without_id_get_one_from_the_text(self, write: Write) -> None:
        assert only(read(write("a.jsonl", lines({"text": "One."})))) == Article.of("One.")

    @pytest.mark.parametrize(
        ("given_id", "id"),
        [("123", "a-123"), (123, "a-123"), ("my id", "my-id"), (" ", ""), ("é/b", "e-b"), (None, "")],
    )
    def test_given_ids_are_made_legal(self, write: Write, given_id: object, id: str) -> None:
        assert only(read(write("a.jsonl", lines({"text": "One.", "id": given_id})))) == Article.of("One.", id)

    def test_a_bad_line_costs_itself_only(self, write: Write) -> None:
        bad = [
            b"{",
            b"[1]",
            b"null",
            b'{"text": "caf\xe9"}',
            b'{"text": "\\ud800"}',
            b'{"text": "a\\u0000b"}',
            b'{"text": 5}',
            b'{"text": null}',
            b'{"text": NaN}',
            b'{"text": "t", "title": {"a": 1}}',
            b'{"text": "t", "title": "\\udfff"}',
            b'{"txt": "t"}',
            b"[" * 100_000,
            b'{"text": ' + b"9" * 5000 + b"}",
        ]
        path = write("a.jsonl", b"".join(line + b'\n{"text": "fine %d"}\n\n' % n for n, line in enumerate(bad)))
        results = read(path)
        assert [article.text for article in articles(results)] == [f"fine {n}" for n in range(len(bad))]
        assert sorted(problem.line for problem in problems(results)) == [1 + 3 * n for n in range(len(bad))]
        assert all(problem.file == str(path) and problem.remedy for problem in problems(results))

    def test_problems_name_the_column(self, write: Write) -> None:
        path = write("a.jsonl", lines({"body": 5}))
        assert refused(read(path, columns=Columns(text="body"))).field == "body"

    def test_torn_last_line(self, write: Write) -> None:
        one, torn = read(write("a.jsonl", '{"text": "One."}\r\n{"text": "Tw'))
        assert isinstance(one, Article)
        assert isinstance(torn, Problem)
        assert torn.line == 2

    def test_missing_text_column_is_told_once(self, write: Write) -> None:
        problem = refused(read(write("a.jsonl", lines({"Texts": "One.", "id": 1}, {"Texts": "Two."}))))
        assert problem.message == "no column 'text'; there are 'Texts', 'id'"
        assert problem.remedy == "did you mean 'Texts'?"

    def test_named_column_that_no_row_has(self, write: Write) -> None:
        article, problem = read(write("a.jsonl", lines({"text": "One."})), columns=Columns(outlet="publisher"))
        assert isinstance(article, Article)
        assert isinstance(problem, Problem)
        assert problem.field == "publisher"

    def test_too_long_a_line_is_skipped(self, write: Write) -> None:
        path = write("a.jsonl", b'{"text": "' + b"x" * 20_000_000 + b'"}\n{"text": "fine"}\n')
        problem, article = read(path)
        assert isinstance(problem, Problem)
        assert "longer" in problem.message
        assert isinstance(article, Article)

    def test_utf16(self, write: Write) -> None:
        assert "UTF-16" in refused(read(write("a.jsonl", lines({"text": "One."}).encode("utf-16")))).message

    def test_bom(self, write: Write) -> None:
        assert only(read(write("a.jsonl", "\ufeff" + lines({"text": "One."})))).text == "One."

    @pytest.mark.parametrize("content", ["", "\n\n"])
    def test_no_rows(self, write: Write, content: str) -> None:
        assert "no articles" in refused(read(write("a.jsonl", content))).message


class TestGzip:
    ROWS = lines(*({"text": f"Text {n}: {'x' * 99}{hash(n)}"} for n in range(2000))).encode()

    def test_whole(self, write: Write) -> None:
        assert len(articles(read(write("a.jsonl.gz", gzip.compress(self.ROWS))))) == 2000

    def test_cut_off(self, write: Write) -> None:
        packed = gzip.compress(self.ROWS)
        *rows, problem = read(write("a.ndjson.gz", packed[: len(packed) * 3 // 4]))
        assert isinstance(problem, Problem)
        assert "cut off" in problem.message
        assert len(articles(rows)) == len(rows)

    def test_no_gzip_at_all(self, write: Write) -> None:
        assert "gzip" in refused(read(write("a.jsonl.gz", self.ROWS))).message


class TestCsv:
    def test_cells_stay_as_they_are(self, write: Write) -> None:
        article = only(read(write("a.csv", as_csv(["id", "text", "title"], ["7", TRICKY, ""]))))
        assert article == Article.of(TRICKY, "a-7")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_as_excel_saves_it(self, write: Write, encoding: str) -> None:
        assert only(read(write("a.csv", 'text,id\r\n"Café, one",k\r\n'.encode(encoding)))).text == "Café, one"

    def test_ragged_and_undecodable_rows_cost_themselves_only(self, write: Write) -> None:
        content = b'id,text\na,"one\ntwo"\nb,three,four\n\nc,caf\xe9\nd\ne,fine\n'
        results = read(write("a.csv", content))
        assert [(article.id, article.text) for article in articles(results)] == [("a", "one\ntwo"), ("e", "fine")]
        assert [problem.line for problem in problems(results)] == [4, 6, 7]
        assert "0xE9" in problems(results)[1].message

    @pytest.mark.parametrize("broken", ['c,"never closed\nmore\n', 'c,"a "b" c"\nd,e\n'])
    def test_broken_quoting_ends_the_file(self, write: Write, broken: str) -> None:
        article, problem = read(write("a.csv", "id,text\na,one\n" + broken))
        assert isinstance(article, Article)
        assert isinstance(problem, Problem)
        assert problem.line == 3

    def test_missing_text_column(self, write: Write) -> None:
        problem = refused(read(write("a.csv", "id;text\n1;One.\n")))
        assert problem.message == "no column 'text'; there are 'id;text'"

    def test_large_cell(self, write: Write) -> None:
        assert only(read(write("a.csv", as_csv(["text"], ["x" * 500_000])))).length == 500_000

    @pytest.mark.parametrize("content", ["", "id,text\n"])
    def test_no_rows(self, write: Write, content: str) -> None:
        assert "no articles" in refused(read(write("a.csv", content))).message


class TestParquet:
    def save(self, path: Path, **columns: object) -> Path:
        pq.write_table(pa.table(columns), path)
        return path

    def test_columns(self, tmp_path: Path) -> None:
        path = self.save(
            tmp_path / "a.parquet",
            text=[TRICKY, "Two.", "Three."],
            id=[1, None, 3],
            author=pa.array([["A", "B"], None, []]),
            date=[date(2024, 5, 6), None, None],
            url=pa.array([float("nan"), 1.5, None]),
            title=pa.array(["t", "t", "u"]).dictionary_encode(),
            outlet=[datetime(2024, 5, 6, 7, tzinfo=UTC), None, None],
        )
        first, second, third = articles(read(path))
        assert (first.text, first.id, first.author, first.date, first.url) == (TRICKY, "a-1", "A, B", "2024-05-06", "")
        assert first.outlet == "2024-05-06T07:00:00+00:00"
        assert (second.id, second.url, second.title) == (Article.of("Two.").id, "1.5", "t")
        assert third.id == "a-3"

    def test_bad_rows_cost_themselves_only(self, tmp_path: Path) -> None:
        texts = pa.array([b"one", b"caf\xe9", None, b"four"]).view(pa.string())
        results = read(self.save(tmp_path / "a.parquet", text=texts))
        assert [article.text for article in articles(results)] == ["one", "four"]
        assert [problem.line for problem in problems(results)] == [2, 3]

    def test_binary_text(self, tmp_path: Path) -> None:
        assert "not bytes" in refused(read(self.save(tmp_path / "a.parquet", text=[b"one"]))).message

    def test_missing_text_column(self, tmp_path: Path) -> None:
        assert "'body'" in refused(read(self.save(tmp_path / "a.parquet", body=["one"]))).message

    def test_no_rows(self, tmp_path: Path) -> None:
        empty = pa.array([], pa.string())
        assert "no articles" in refused(read(self.save(tmp_path / "a.parquet", text=empty))).message

    @pytest.mark.parametrize("content", [b"", b"PAR1 nonsense", b"PAR1" + b"\xff" * 99 + b"PAR1"])
    def test_damaged(self, write: Write, content: bytes) -> None:
        assert "Parquet" in refused(read(write("a.parquet", content))).message


class TestInputs:
    def test_folder(self, write: Write, tmp_path: Path) -> None:
        write("news/b.txt", "One.")
        write("news/a/c d.txt", "Two.")
        write("news/rows.jsonl", lines({"text": "Three.", "id": "r"}))
        write("news/.hidden/x.txt", "no")
        write("news/.x.txt", "no")
        write("news/page_files/logo.PNG", b"no")
        write("news/report.docx", b"no")
        results = read(tmp_path / "news")
        assert [article.id for article in articles(results)] == ["a-c-d", "b", "r"]
        (problem,) = problems(results)
        assert problem.file.endswith("report.docx")
        assert all(suffix in problem.remedy for suffix in READERS)

    def test_empty_folder(self, tmp_path: Path) -> None:
        assert "no articles" in refused(read(tmp_path)).message

    def test_link_that_leads_back(self, write: Write, tmp_path: Path) -> None:
        write("a.txt", "One.")
        try:
            (tmp_path / "loop").symlink_to(tmp_path)
        except OSError:
            pytest.skip("no links here")
        article, problem = read(tmp_path)
        assert isinstance(article, Article)
        assert isinstance(problem, Problem)
        assert "link" in problem.message

    @pytest.mark.parametrize("path", ["", "missing.txt", "missing", "nul\0.txt", "https://example.org/a.html"])
    def test_nothing_there(self, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert refused(read(path))

    def test_missing_file_says_so_whatever_its_suffix(self, tmp_path: Path) -> None:
        assert "no such file" in refused(read(tmp_path / "missing.docx")).message
        assert "no such file" in refused(read(tmp_path / "missing")).message

    @pytest.mark.skipif(sys.platform != "linux", reason="names that are not Unicode")
    def test_undecodable_name(self, write: Write) -> None:
        article = only(read(write("caf\udce9.txt", "One.").parent))
        str(article).encode()
        str(refused(read(write("x\udce9.docx", "One.")))).encode()

    def test_capital_suffix(self, write: Write) -> None:
        assert only(read(write("A.TXT", "One."))).id == "A"

    def test_same_input_twice(self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        article, problem = read(write("a.txt", "One."), "./a.txt")
        assert isinstance(article, Article)
        assert isinstance(problem, Problem)
        assert "twice" in problem.message

    def test_a_single_path_is_fine(self, write: Write) -> None:
        assert only(read_articles(str(write("a.txt", "One.")))).text == "One."

    def test_streams(self, write: Write, tmp_path: Path) -> None:
        first = next(iter(read_articles([write("a.txt", "One."), tmp_path / "missing"])))
        assert isinstance(first, Article)


class TestDuplicates:
    def test_same_text(self, write: Write) -> None:
        paths = [write("a.txt", "One."), write("b.txt", "One."), write("c.txt", "Two.")]
        _, problem, two = read(*paths)
        assert isinstance(problem, Problem)
        assert problem.message == f"duplicate of a ({paths[0]}): the text is the same"
        assert isinstance(two, Article)

    def test_same_text_in_rows_names_the_line(self, write: Write) -> None:
        path = write("a.jsonl", lines({"text": "One."}, {"text": "One."}))
        assert f"{path}:1" in problems(read(path))[0].message

    def test_same_id(self, write: Write) -> None:
        _, problem, _ = read(write("x/a.txt", "One."), write("y/a.txt", "Two."), write("y/b.txt", "Three."))
        assert isinstance(problem, Problem)
        assert problem.field == "id"
        assert "rename" in problem.remedy

    def test_a_rejected_article_claims_nothing(self, write: Write) -> None:
        path = write("a.jsonl", lines({"text": " ", "id": "k"}, {"text": "One.", "id": "k"}))
        assert [article.id for article in articles(read(path))] == ["k"]

    def test_later_runs_know_nothing_of_earlier_ones(self, write: Write) -> None:
        path = write("a.txt", "One.")
        assert only(read(path)) == only(read(path))


class TestLegalId:
    @unhurried
    @given(st.text())
    def test_always_legal_and_stable(self, name: str) -> None:
        TypeAdapter(Id).validate_python(legal_id(name))
        assert legal_id(legal_id(name)) == legal_id(name)

    @unhurried
    @given(st.from_regex(r"[A-Za-z0-9._\- ]*", fullmatch=True))
    def test_knows_what_records_call_legal(self, name: str) -> None:
        try:
            TypeAdapter(Id).validate_python(name)
        except ValidationError:
            assert legal_id(name) != name
        else:
            assert legal_id(name) == name

    def test_names_in_other_scripts_stay_apart(self) -> None:
        assert legal_id("ភ្នំពេញ") != legal_id("បាត់ដំបង")
        assert legal_id("Émigré 2024/05") == "Emigre-2024-05"


def test_heavy_libraries_wait_until_they_are_needed(write: Write) -> None:
    path = write("a.txt", "One.")
    code = (
        "import sys; from annotate.articles import read_articles; "
        f"list(read_articles([{str(path)!r}])); "
        "sys.exit(','.join({'trafilatura', 'pyarrow', 'markdown_it', 'lxml'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr.strip()) == (0, "")
