"""Labelling on Ray: the same corpus as without it, whoever ends in between.

Ray runs beside pytest, not within it: it leaves threads and sockets to the end of its process.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import files_of
from hypothesis import given
from hypothesis import strategies as st

from annotate import wire
from annotate.codebook import Codebook
from annotate.engine import on_ray
from annotate.engine.on_ray import Attribute, Feed, Judge, Label, Ray, Row
from annotate.engine.parts import Parts, parts_of
from annotate.engine.work import Batch, Task
from annotate.errors import EngineError, UsageError
from annotate.labelling import Recipe
from annotate.merging import Decided
from annotate.records import Article

HERE = Path(__file__).parent
SAID = "“The pact 🐘 is\u00a0good,” Seun Sam said. Mr Ro fears the {0} most.\u202e\n\nTrade grows, analysts said.\n"
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'annotate-stance[ray]'"
)


def batch(*texts: str, number: int = 0) -> Batch:
    return Batch(number, tuple(Task(Article.of(text, f"a{n}")) for n, text in enumerate(texts)))


# The stages, without Ray


@pytest.fixture
def recipe(codebook: Codebook) -> Recipe:
    return Recipe(codebook)


@pytest.fixture
def parts(recipe: Recipe, tmp_path: Path) -> Parts:
    made = parts_of(tmp_path, recipe.labeller())
    made.begin()
    return made


@pytest.fixture(autouse=True)
def no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray._Stage, "_begin", lambda *_: None)


def through(rows: Sequence[Row], *stages: on_ray._Stage) -> list[Row]:
    table = on_ray._table(rows)
    for stage in stages:
        table = stage(table)
    return list(on_ray._rows(table))


def test_two_stages_say_what_one_says(recipe: Recipe, parts: Parts) -> None:
    work = batch(SAID.format("rain"), SAID.format("snow"))
    head = work.tasks[0].article.text.index("The pact")
    decided = Decided(((head, head + 5, "ro-1"),), (("ro-1", "Mr Ro"),))
    work = Batch(0, (work.tasks[0]._replace(decided=decided), *work.tasks[1:]))
    rows = [Row(7, "batch", on_ray.pickle.dumps(work))]
    key = parts.folder.name
    one = through(rows, Label(recipe, parts.folder, key, None))
    there = parts.read(work)
    two = through(rows, Attribute(recipe, parts.folder, key, None), Judge(recipe, parts.folder, key, None))
    assert one == two
    assert (one[0].place, one[0].kind) == (7, "kept")
    assert there is not None and there[0].claims


def test_a_folder_that_a_worker_cannot_reach_is_the_callers(recipe: Recipe, parts: Parts, tmp_path: Path) -> None:
    work = batch(SAID.format("rain"))
    elsewhere = tmp_path / "elsewhere" / parts.folder.name
    [row] = through([Row(0, "batch", on_ray.pickle.dumps(work))], Label(recipe, elsewhere, elsewhere.name, None))
    assert row.kind == "part"
    assert parts.read(work) is None
    done = Ray(recipe, parts)._kept(work, row)
    assert parts.read(work) == done


def test_another_version_on_a_worker_is_an_error(recipe: Recipe, parts: Parts) -> None:
    work = batch(SAID.format("rain"))
    [row] = through([Row(0, "batch", on_ray.pickle.dumps(work))], Label(recipe, parts.folder, "another", None))
    assert row.kind == "error"
    with pytest.raises(EngineError, match=r"another version of annotate.* \(in the batch a0\).* goes on from there"):
        Ray(recipe, parts)._kept(work, row)


def test_an_error_names_the_worker_and_its_cause(recipe: Recipe, parts: Parts, tmp_path: Path) -> None:
    lost = replace(recipe, model=str(tmp_path / "lost"))
    rows = [Row(0, "batch", on_ray.pickle.dumps(batch("One."))), Row(1, "over", b"")]
    error, over = through(rows, Label(lost, parts.folder, parts.folder.name, None))
    assert over == rows[1]
    assert error.content.decode().startswith("a worker on ") and "lost" in error.content.decode()


def test_without_ray(recipe: Recipe, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'annotate-stance\[ray\]'"):
        Ray(recipe, parts)


def test_a_ray_client_is_told_what_to_do(recipe: Recipe, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    with pytest.raises(UsageError, match="ray job submit"):
        Ray(recipe, parts)


def test_nobody_at_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(OSError, match=r"refused|timed out"):
        on_ray._knock(address)
    for no_address in ("", "auto", "local"):
        on_ray._knock(no_address)


@needs_ray
def test_a_finished_run_starts_no_ray(recipe: Recipe, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "_connected", pytest.fail)
    assert list(Ray(recipe, parts)([Batch(0, ()), Batch(1, ())])) == [[], []]


# The feed


@given(st.permutations(range(12)), st.sets(st.integers(0, 11)))
def test_a_feed_gives_each_batch_at_its_place(order: list[int], finished: set[int]) -> None:
    feed = Feed()
    for place in order:
        feed.put(place, b"%d" % place)
    feed.close(12)
    for place in finished:
        feed.finished(place)
    taken: list[bytes] = []
    while some := feed.take(len(taken)):
        taken += some
    assert taken == [b"" if place in finished else b"%d" % place for place in range(12)]


def test_a_feed_waits_for_the_next_place() -> None:
    feed, taken = Feed(), []
    reader = threading.Thread(target=lambda: taken.extend(feed.take(0)))
    reader.start()
    feed.put(1, b"one")
    reader.join(0.2)
    assert reader.is_alive()
    feed.put(0, b"zero")
    reader.join(5)
    assert taken == [b"zero", b"one"]


class Script:
    """The caller's side of Ray, played by the test: answers come in an order of its own."""

    def __init__(self, order: Sequence[int]) -> None:
        self.order, self.put_down, self.closed = order, 0, False

    def put(self, _: Batch) -> int:
        self.put_down += 1
        return self.put_down - 1

    def finished(self, _: int) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@given(st.data())
def test_answers_are_put_in_order(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    full = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    work = [batch("One.", number=n) if some else Batch(n, ()) for n, some in enumerate(full)]
    script = Script([])
    flying: list[int] = []

    def answers() -> Iterator[Row]:
        given = 0
        while True:
            flying.extend(range(given, script.put_down))
            given = script.put_down
            assert flying and len(flying) <= on_ray.AHEAD
            yield Row(flying.pop(data.draw(st.integers(0, len(flying) - 1))), "kept", b"")

    class Telling(Ray):
        def __init__(self) -> None:
            pass

        def _kept(self, batch: Batch, row: Row) -> Any:
            return (batch.number, row.place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_ray, "_cores", lambda: 1)
        said = list(Telling()._in_order(iter(work), script, answers()))  # type: ignore[arg-type]
    places = iter(range(count))
    assert said == [(n, next(places)) if some else [] for n, some in enumerate(full)]
    assert script.closed


# The whole command


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty articles in two shards, a codebook, and the corpus as the local engine makes it."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "codebook.toml").write_text('[[targets]]\nname = "the pact"\n', encoding="utf-8")
    for shard in range(2):
        rows = [Article.of(SAID.format(f"storm of {20 * shard + n}"), f"a{shard}-{n}") for n in range(20)]
        (folder / f"news-{shard}.jsonl").write_text(
            "".join(f"{wire.json.dumps({'id': row.id, 'text': row.text})}\n" for row in rows), encoding="utf-8"
        )
    said = finish(start(folder, "local", engine="local"))
    assert said.returncode == 0, said.stderr
    return folder


def start(
    study: Path, corpus: str, *more: str, engine: str = "ray", program: Sequence[str] = ("-m", "annotate")
) -> Any:
    """The command at its beginning, in a process group of its own."""
    inputs = [str(study / f"news-{shard}.jsonl") for shard in range(2)]
    arguments = ["label", *inputs, "--codebook", str(study / "codebook.toml"), "--corpus", str(study / corpus)]
    command = [sys.executable, *program, *arguments, "--engine", engine, "--no-cache", *more]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment["PYTHONPATH"] = str(HERE)
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment,
        start_new_session=True,
    )  # fmt: skip


def finish(process: Any) -> subprocess.CompletedProcess[str]:
    with process:
        out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def same(study: Path, corpus: str) -> bool:
    return files_of(study / "local") == files_of(study / corpus)


@needs_ray
def test_the_same_corpus_as_without_ray(study: Path) -> None:
    said = finish(start(study, "ray", "--workers", "2"))
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"{study / 'ray'}: 40 articles, ")
    assert [line for line in said.stderr.splitlines() if not line.startswith(str(study))] == []
    assert same(study, "ray")
    assert not (study / "ray" / ".annotate" / "unfinished").exists()


def workers_of(process: Any) -> list[int]:
    """The workers of the Ray that this command started."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in pids if _is_worker(pid) and _descends(pid, process.pid)]


def _is_worker(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::MapWorker")
    except OSError:
        return False


def _descends(pid: int, from_pid: int) -> bool:
    while pid > 1 and pid != from_pid:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return pid == from_pid


def parts_in(corpus: Path) -> int:
    return len(list((corpus / ".annotate" / "unfinished").glob("*/*.part")))


def wait_for(condition: Any, process: Any) -> Any:
    """What the condition says once it holds."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"ended before: {process.communicate()}")


def marked(test: Any) -> Any:
    """A test that takes a minute, and looks for processes where Linux has them."""
    for mark in (needs_ray, pytest.mark.full, pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")):
        test = mark(test)
    return test


@marked
def test_a_worker_that_is_killed_is_replaced(study: Path) -> None:
    process = start(study, "replaced", "--workers", "2")
    os.kill(wait_for(lambda: workers_of(process), process)[0], signal.SIGKILL)
    wait_for(lambda: parts_in(study / "replaced"), process)
    for pid in workers_of(process):
        os.kill(pid, signal.SIGKILL)
    said = finish(process)
    assert said.returncode == 0, said.stderr
    assert same(study, "replaced")


@marked
@pytest.mark.parametrize("engine", ["ray", "local"])
def test_a_run_that_is_killed_goes_on(study: Path, engine: str) -> None:
    corpus = f"killed-{engine}"
    process = start(study, corpus, "--workers", "1")
    wait_for(lambda: parts_in(study / corpus), process)
    process.kill()
    finish(process)
    assert parts_in(study / corpus)
    said = finish(start(study, corpus, engine=engine))
    assert said.returncode == 0, said.stderr
    assert "goes on with an interrupted run" in said.stderr
    assert same(study, corpus)


@marked
def test_ctrl_c(study: Path) -> None:
    process = start(study, "interrupted", "--workers", "1")
    wait_for(lambda: parts_in(study / "interrupted"), process)
    os.killpg(process.pid, signal.SIGINT)
    said = finish(process)
    assert said.returncode == 130, said.stderr
    assert "Traceback" not in said.stderr and "interrupted" in said.stderr
    assert not (study / "interrupted" / "claims.jsonl").exists()


@marked
@pytest.mark.parametrize(("times", "code"), [(2, 0), (99, 1)])
def test_a_batch_on_which_workers_end(study: Path, tmp_path: Path, times: int, code: int) -> None:
    news = study / "news-1.jsonl"
    poisoned = tmp_path / "study"
    poisoned.mkdir()
    for file in ("codebook.toml", "news-0.jsonl"):
        (poisoned / file).write_bytes((study / file).read_bytes())
    (poisoned / "news-1.jsonl").write_text(news.read_text(encoding="utf-8").replace("storm of 33", "POISON of 33"))
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    said = finish(start(poisoned, "ray", program=[str(HERE / "deadly.py"), str(times), str(deaths)]))
    assert said.returncode == code, said.stderr
    assert "Traceback" not in said.stderr
    if code:
        assert "4 workers ended in the middle of it" in said.stderr and "a1-12 … a1-19" in said.stderr
        assert len(list(deaths.iterdir())) == on_ray.TRIES
    else:
        assert finish(start(poisoned, "local", engine="local")).returncode == 0
        assert same(poisoned, "ray")
