"""The review's server: whom it answers, what every answer carries, and that what it acknowledged outlasts a kill."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import TOML, claim_on, claims_of, labelled, make_article

from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import read_decisions
from annotate.errors import UsageError
from annotate.records import STANCES
from annotate.repair import repair
from annotate.review import server as serving
from annotate.review.desk import Manner, Review
from annotate.review.server import PORT, serve
from annotate.writing import writing

HOSTILE = (
    "<script>alert(1)</script> said the pact is <img src=x onerror=alert(2)> good.\n"
    "\u202eMr Ro\u202c said “</script><!-- \u2066trade\u2069 {{7*7}} \u0000grows” & 🐘 'left' \u2028 early.\n"
)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`annotate review` in a process of its own, and a page that asks it."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-W", "error", "-m", "annotate", "review", str(folder), "--no-browser", *options]
        command += [] if "--port" in options else ["--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--annotator", "ana"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout and self.process.stderr
        self.address = self.process.stdout.readline().strip()
        assert self.address, self.process.stderr.read()
        host, self.token = self.address.split("/#")
        self.port = int(host.rpartition(":")[2])

    def ask(self, method: str, path: str, body: object = None, **changed: str | None) -> Answer:
        """The answer to a request as the page makes it, but for `changed` headers; None leaves one out."""
        headers = {"host": f"127.0.0.1:{self.port}", "authorization": f"Bearer {self.token}"}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if method == "POST":
            headers |= {"content-type": "application/json", "content-length": str(len(content))}
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}  # type: ignore[misc]
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(content)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path: str) -> Any:
        found = self.ask("GET", path)
        assert found.status == 200, found
        return found.json

    def decide(self, claim: str, to: str, key: str, field: str = "stance") -> Answer:
        version = self.get(f"/api/claims/{claim}")["version"]
        body = {"claim": claim, "field": field, "to": to, "version": version, "key": key}
        return self.ask("POST", "/api/decisions", body)

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of an article that would run, turn or cut a page that trusted it."""
    folder = tmp_path_factory.mktemp("hostile") / "<b>corpus"
    article = make_article(HOSTILE, "a1")
    claims = [claim_on(article, "the pact is <img src=x onerror=alert(2)> good."), claim_on(article, "early.")]
    with writing(folder, Codebook.parse(TOML)) as writer:
        writer.add(labelled(article, claims))
    return folder


@pytest.fixture(scope="module")
def server(hostile: Path) -> Iterator[Server]:
    started = Server(hostile, "--audit", "0")
    yield started
    started.stop()


@pytest.fixture
def start(corpus: Path) -> Iterator[Callable[..., Server]]:
    """Start a server on the summit; those that run still are killed at the end."""
    started: list[Server] = []

    def begin(*options: str) -> Server:
        started.append(Server(corpus, "--audit", "0", *options))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.communicate()


# ---- Who is answered ----


@pytest.mark.parametrize("path", ["/", "/page.js", "/api/corpus"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""]
)
def test_another_host_is_refused(server: Server, path: str, host: str) -> None:
    answer = server.ask("GET", path, host=host.format(port=server.port))
    assert answer.status == 421
    assert server.address.split("#")[1].encode() not in answer.body


def test_no_host_is_refused(server: Server) -> None:
    assert server.ask("GET", "/api/corpus", host=None).status in (400, 421)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}", ""])
def test_another_origin_is_refused(server: Server, origin: str) -> None:
    for method, path in (("GET", "/api/corpus"), ("POST", "/api/fold"), ("GET", "/")):
        answer = server.ask(method, path, {} if method == "POST" else None, origin=origin.format(port=server.port))
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_another_site_is_refused(server: Server) -> None:
    assert server.ask("GET", "/api/corpus", sec_fetch_site="cross-site").status == 403
    assert server.ask("GET", "/api/corpus", sec_fetch_site="same-site").status == 403
    assert server.ask("GET", "/api/corpus", sec_fetch_site="same-origin").status == 200


def test_its_own_names_are_answered(server: Server) -> None:
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{server.port}"
        assert server.ask("GET", "/api/corpus", host=host, origin=f"http://{host}").status == 200


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer x", "Bearer {token}x", "Basic {token}", "{token}", "bearer \u00e9"]
)
@pytest.mark.parametrize("path", ["/api/corpus", "/api/queue", "/api/nothing", "/api/changes?since=0"])
def test_without_the_token_nothing_is_told(server: Server, path: str, given: str | None) -> None:
    answer = server.ask("GET", path, authorization=given and given.format(token=server.token))
    assert answer.status == 401
    assert set(answer.json) == {"error", "remedy"}


def test_the_token_counts_in_its_header_only(server: Server) -> None:
    for path in (f"/api/corpus?token={server.token}", f"/api/corpus?Authorization=Bearer%20{server.token}"):
        assert server.ask("GET", path, authorization=None).status == 401
    decision = {"claim": "c1", "field": "stance", "to": "favor", "version": "", "key": "k", "token": server.token}
    assert server.ask("POST", "/api/decisions", decision, authorization=None).status == 401


def test_every_start_has_a_token_of_its_own(server: Server, start: Callable[..., Server]) -> None:
    other = start()
    assert other.token != server.token and len(other.token) >= 32
    assert other.ask("GET", "/api/corpus", authorization=f"Bearer {server.token}").status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/claims.jsonl",
        "/codebook.toml",
        "/../cli.py",
        "/..%2fcli.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/review/page.js",
        "/page.html%00.txt",
        "/api/claims/..%2f..%2fcodebook.toml",
        "/api/claims/../../codebook.toml",
        "/api/articles/..%2farticles.jsonl",
        "/api/articles/%2fetc%2fpasswd",
        "/api/articles/a1%00",
        "C:%5cwindows%5cwin.ini",
    ],
)
def test_no_path_leads_out_of_the_corpus(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert answer.status in (400, 404)
    assert b"schema_version" not in answer.body and b"root:" not in answer.body and b"typer" not in answer.body


def test_it_listens_on_the_loopback_address_only() -> None:
    with serving._listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


# ---- What an answer carries ----


@pytest.mark.parametrize(
    "path", ["/", "/page.css", "/page.js", "/api/corpus", "/api/claims/none", "/nowhere", "/favicon.ico"]
)
@pytest.mark.parametrize("host", [None, "evil.example"])
def test_every_answer_is_shut_off(server: Server, path: str, host: str | None) -> None:
    answer = server.ask("GET", path, **({"host": host} if host else {}))
    policy = answer.headers["content-security-policy"]
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "server" not in answer.headers
    if answer.status == 200:
        kinds = {
            "/": "text/html",
            "/page.css": "text/css",
            "/page.js": "text/javascript",
            "/api/corpus": "application/json",
        }
        assert answer.headers["content-type"].partition(";")[0] == kinds[path]


def test_a_hostile_article_is_told_as_text(server: Server) -> None:
    found = server.ask("GET", "/api/articles/a1")
    assert found.headers["content-type"] == "application/json"
    assert found.json["text"] == HOSTILE
    claim = server.get(f"/api/claims/{found.json['claims'][0]['id']}")
    assert claim["text"] == "the pact is <img src=x onerror=alert(2)> good."
    assert claim["sentence"][claim["offset"] :].startswith(claim["text"])
    assert server.get("/api/corpus")["name"] == "<b>corpus"


def test_hostile_words_are_kept_as_they_are(server: Server, hostile: Path) -> None:
    id, words = claims_of(hostile)[1].id, "\u202e<script>\u0000</script>\n' OR 1=1 -- 🐘\u2029"
    assert server.decide(id, words, "hostile-1", "note").json["claim"]["note"] == words
    assert list(read_decisions(hostile / "decisions.jsonl"))[-1].to == words
    assert server.ask("POST", "/api/undo", {"key": "hostile-2"}).json["claim"]["note"] == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b"null", 422),
        (b"\xff\xfe", 422),
        (b"[" * 90_000, 422),
        (b"{}", 422),
        (b'{"key":""}', 422),
        (b'{"key":1}', 422),
        (b'{"key":"' + b"k" * 101 + b'"}', 422),
        (b'{"key":"' + b"k" * 200_000 + b'"}', 413),
    ],
)
def test_what_is_no_request_is_refused(server: Server, hostile: Path, body: bytes, status: int) -> None:
    before = (hostile / "decisions.jsonl").read_bytes()
    for path in ("/api/undo", "/api/decisions"):
        assert server.ask("POST", path, body).status == status
    assert (hostile / "decisions.jsonl").read_bytes() == before


def test_a_form_of_another_page_cannot_post(server: Server) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        assert server.ask("POST", "/api/undo", {"key": "form"}, content_type=kind).status == 415


@pytest.mark.parametrize(
    "path",
    ["/api/queue?order=random", "/api/queue?stance=favour", "/api/queue?offset=-1", "/api/queue?limit=x",
     "/api/queue?decided=maybe", "/api/changes?since=%F0%9F%90%98"],
)  # fmt: skip
def test_questions_that_mean_nothing_are_refused(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert answer.status == 422 and answer.json["error"]


def test_methods_are_what_they_are_for(server: Server) -> None:
    assert server.ask("GET", "/api/decisions").status == 405
    assert server.ask("POST", "/api/corpus", {}).status == 405
    assert server.ask("DELETE", "/api/corpus").status == 405
    assert server.ask("OPTIONS", "/api/corpus").status == 405


# ---- A review ----


def test_a_conflict_shows_what_stands(start: Callable[..., Server], corpus: Path) -> None:
    server, id = start(), claims_of(corpus)[2].id
    seen = server.get(f"/api/claims/{id}")["version"]
    assert server.decide(id, "against", "k1").status == 200
    body = {"claim": id, "field": "stance", "to": "neutral", "version": seen, "key": "k2"}
    answer = server.ask("POST", "/api/decisions", body)
    assert (answer.status, answer.json["claim"]["stance"]) == (409, "against")
    assert server.ask("POST", "/api/decisions", body | {"claim": "c0"}).status == 404
    assert server.ask("POST", "/api/undo", {"key": "k3"}).json["undone"]["from"] == "against"
    assert server.ask("POST", "/api/undo", {"key": "k4"}).status == 409


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C for one process")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_the_view_is_folded_at_the_end(start: Callable[..., Server], corpus: Path, how: int, code: int) -> None:
    server = start()
    server.decide(claims_of(corpus)[2].id, "against", "k1")
    assert claims_of(corpus)[2].stance == "favor"
    assert server.stop(how) == code
    assert claims_of(corpus)[2].stance == "against"
    assert list(check(Corpus.open(corpus))) == []


def test_the_view_is_folded_when_nobody_decides(start: Callable[..., Server], corpus: Path) -> None:
    server = start()
    server.decide(claims_of(corpus)[2].id, "against", "k1")
    until = time.monotonic() + 30
    while not server.get("/api/changes?since=0")["progress"]["folded"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert claims_of(corpus)[2].stance == "against"


def test_a_hand_edit_is_told_at_the_end(
    start: Callable[..., Server], corpus: Path, edit: Callable[[str, str], None]
) -> None:
    server = start()
    edit('"stance":"favor"', '"stance":"neutral"')
    server.decide(claims_of(corpus)[3].id, "against", "k1")
    assert (
        server.ask("POST", "/api/fold", {}).json["progress"] | {"folded": False, "pending": 1}
        == (server.get("/api/corpus")["progress"])
    )
    if sys.platform != "win32":
        server.process.send_signal(signal.SIGINT)
        said, _ = server.process.communicate(timeout=30)
        assert "annotate adopt" in said


class Reviewer:
    """Decides, folds and undoes at random; asks again what got no answer, and notes what was answered."""

    def __init__(self, ids: list[str], seed: int) -> None:
        self._rng, self._ids, self._number = random.Random(seed), ids, 0
        self._asked: tuple[str, dict[str, str]] | None = None
        self.answered: list[tuple[str, str]] = []

    def go_on(self, server: Server, times: int) -> None:
        for _ in range(times):
            path, body = self._asked = self._asked or self._next(server)
            answer = server.ask("POST", path, body)
            assert answer.status == 200 or (path == "/api/undo" and answer.status == 409), answer
            if answer.status == 200 and path != "/api/fold":
                self.answered.append((answer.json["claim"]["id"], body.get("to", "undone")))
            self._asked = None

    def _next(self, server: Server) -> tuple[str, dict[str, str]]:
        self._number += 1
        what, key = self._rng.random(), {"key": f"key-{self._number}"}
        if what < 0.3:
            return ("/api/fold" if what < 0.02 else "/api/undo"), key
        claim = server.get(f"/api/claims/{self._rng.choice(self._ids)}")
        to = self._rng.choice([stance for stance in STANCES if stance != claim["mine"].get("stance")])
        return "/api/decisions", key | {"claim": claim["id"], "field": "stance", "to": to, "version": claim["version"]}


def kill_often(start: Callable[..., Server], corpus: Path, times: int) -> None:
    """The server is killed at any moment; the log holds what was answered, each once and in order, and no more."""
    reviewer, rng = Reviewer([claim.id for claim in claims_of(corpus)[2:]], times), random.Random(times)
    for _ in range(times):
        try:
            server = start()
        except AssertionError:  # a write was cut short: the one damage that has a remedy
            assert repair(corpus)
            server = start()
        threading.Timer(rng.uniform(0, 0.6), server.process.kill).start()
        with contextlib.suppress(OSError, http.client.HTTPException):
            reviewer.go_on(server, 100_000)
        server.process.communicate()
        assert server.process.returncode == -signal.SIGKILL
    last = start()
    reviewer.go_on(last, 20)
    last.stop()
    assert len(reviewer.answered) > 10 * times
    assert logged(corpus) == reviewer.answered
    assert list(check(Corpus.open(corpus))) == []


def logged(corpus: Path) -> list[tuple[str, str]]:
    """What the log holds, an undo being a withdrawal, and what was said before it right behind."""
    found: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for decision in read_decisions(corpus / "decisions.jsonl"):
        microseconds = int(decision.time[-7:-1]) + 1_000_000 * int(decision.time[-10:-8])
        if decision.mode == "withdraw":
            found.append((decision.claim, "undone"))
            seen[decision.claim] = microseconds
        elif seen.pop(decision.claim, -2) + 1 != microseconds:
            found.append((decision.claim, decision.to))
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_six_times_no_answered_decision_is_lost_and_none_is_doubled(
    start: Callable[..., Server], corpus: Path
) -> None:
    kill_often(start, corpus, 6)


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_a_hundred_times(start: Callable[..., Server], corpus: Path) -> None:
    kill_often(start, corpus, 100)


# ---- The command ----


def test_a_port_that_is_taken(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port {port}"):
            serving._listening(port)
        monkeypatch.setattr(serving, "PORT", port)
        with serving._listening(None) as other:
            assert other.getsockname()[1] not in (0, port)
    with pytest.raises(UsageError, match="--port 70000"):
        serving._listening(70_000)
    assert 1024 < PORT < 49_152


def test_a_missing_extra_is_told(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    review = Review(corpus, Manner("ana"))
    with pytest.raises(UsageError, match=r"pip install 'annotate-stance\[review\]'"):
        serve(review, browser=False)


def test_wrong_use_of_the_command(corpus: Path, run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    assert run("review", corpus, "--annotator", "no good")[0] == 2
    assert run("review", corpus, "--annotator", "ana", "--blind", "--adjudicate")[0] == 2
    code, _, said = run("review", tmp_path / "none", "--annotator", "ana")
    assert code == 1 and "no such folder" in said
    shutil.copytree(corpus, tmp_path / "torn")
    (tmp_path / "torn" / "decisions.jsonl").write_bytes(b'{"torn')
    code, _, said = run("review", tmp_path / "torn", "--annotator", "ana", "--no-browser")
    assert code == 1 and "annotate check --repair" in said and "Traceback" not in said
