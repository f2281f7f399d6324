"""The same corpus whatever the engine, the workers, the batches, the cache and the interruptions."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import files_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import TEXT, TOML, Models

from annotate.attribution import Attributor, Roles
from annotate.codebook import Codebook
from annotate.corpus import Corpus, Labelled
from annotate.engine.local import Local
from annotate.engine.parts import UNFINISHED, Parts, decoded, encoded, interrupted
from annotate.engine.running import Means, default_workers
from annotate.engine.stream import answered
from annotate.engine.work import SIZE, Batch, Task, batches, labelled
from annotate.errors import CorpusError, EngineError, Problem, UsageError
from annotate.jobs import label_into, relabel
from annotate.labelling import Labeller, Recipe
from annotate.merging import Decided
from annotate.records import Article

HERE = Path(__file__).parent
ODD = ["🐘 trumpets", "no\u00a0break", "\u202eturned\u202c", 'a "":" colon', "line\u2028end", "plain"]
BOOK = Codebook.parse(TOML)


def article(number: int, note: str = "") -> Article:
    return Article.of(f"{TEXT}{ODD[number % len(ODD)]} is what note {number} of the clerk says{note}.\n", f"a{number}")


def articles(count: int) -> list[Article]:
    return [article(number) for number in range(count)]


@dataclass(frozen=True)
class Scripted:
    """A recipe of models that do as they are told; `trouble` is what happens at some article."""

    trouble: str = ""
    codebook: Codebook = BOOK

    def labeller(self) -> Labeller:
        if self.trouble == "load":
            raise UsageError("no such model")
        return Labeller(self.codebook, Troubled(trouble=self.trouble), Models(stances={"good": "favor"}))


@dataclass
class Troubled(Models):
    trouble: str = ""
    asked: list[str] = field(default_factory=list)

    def roles(self, text: str) -> Roles:
        self.asked.append(text)
        if "note 30 " in text:
            self._fail()
        return super().roles(text)

    def _fail(self) -> None:
        if self.trouble == "die":
            os._exit(3)
        if self.trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.trouble == "bug":
            raise IndexError("of the scripted model")
        if self.trouble == "odd":
            raise Unpicklable(threading.Lock())


class Unpicklable(Exception):
    pass


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Troubled:
    scripted = Troubled(stances={"good": "favor"})
    scripted.use(monkeypatch)
    return scripted


def expected(some: Sequence[Article]) -> list[Labelled]:
    return labelled(Batch(0, tuple(map(Task, some))), Scripted().labeller())


def by(workers: int, parts: Parts, some: Sequence[Article], trouble: str = "", size: int = 4) -> list[Labelled]:
    recipe = Scripted(trouble)
    labeller = Scripted().labeller() if trouble == "load" else recipe.labeller()
    engine = Local(recipe, labeller, parts, workers)  # type: ignore[arg-type]
    return [item for batch in engine(batches(map(Task, some), size)) for item in batch]


# ---- Parts ----


def test_what_workers_get_and_give_can_be_pickled() -> None:
    labeller = Scripted().labeller()
    batch = Batch(3, (Task(article(1), Decided(((0, 5, "bo-hall"),), (("bo-hall", "Bo Hall"),))),))
    attributed = labeller.attribute(article(1))
    for value in (batch, attributed, labeller.judge(attributed), Recipe(BOOK)):
        assert pickle.loads(pickle.dumps(value)) == value


@given(st.lists(st.integers(0, 40), max_size=6, unique=True), st.booleans())
def test_a_part_gives_back_what_was_written(numbers: list[int], decided: bool) -> None:
    who = Decided(((0, 500, "bo-hall"),), (("bo-hall", "Bo Hall"),)) if decided else Decided()
    batch = Batch(0, tuple(Task(article(number), who) for number in numbers))
    done = [item._replace(problems=(Problem("a\u2028", "b\n", "", 3, "text"),)) for item in labelled_all(batch)]
    there = decoded(encoded(batch, done))
    assert [there[task.key].of(task) for task in batch.tasks] == done
    assert encoded(batch, done) == encoded(batch, [there[task.key].of(task) for task in batch.tasks])


def labelled_all(batch: Batch) -> list[Labelled]:
    return labelled(batch, Scripted().labeller())


def test_a_tasks_key_tells_article_text_and_decisions_apart() -> None:
    tasks = [Task(article(1)), Task(article(2)), Task(article(1, "!")), Task(article(1), Decided(((0, 1, "x"),)))]
    assert len({task.key for task in tasks}) == 4
    assert Task(article(1)).key == Task(article(1)).key


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_part_is_no_part(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    parts = Parts(tmp_path_factory.mktemp("parts"))
    batch = Batch(0, tuple(map(Task, articles(2))))
    parts.write(batch, labelled_all(batch))
    [path] = parts.folder.glob("*.part")
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    path.write_bytes(content)
    again = Parts(parts.folder)
    assert again.read(batch) is None and again.recall() == 0
    assert batch.tasks[0] not in again and not path.exists()


# ---- The local engine ----


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("size", [1, 4, 7])
def test_every_crew_says_the_same_in_the_same_order(workers: int, size: int, tmp_path: Path) -> None:
    some = articles(25)
    assert by(workers, Parts(tmp_path / "parts"), some, size=size) == expected(some)


def test_one_batch_needs_no_worker_and_no_disk(tmp_path: Path) -> None:
    before = threading.active_count()
    assert by(2, Parts(tmp_path / "parts"), articles(4)) == expected(articles(4))
    assert by(2, Parts(tmp_path / "parts"), []) == []
    assert not (tmp_path / "parts").exists() and threading.active_count() == before


def test_few_batches_are_read_ahead(tmp_path: Path) -> None:
    read: list[int] = []

    def source() -> Iterator[Batch]:
        for batch in batches(map(Task, articles(200)), 2):
            read.append(batch.number)
            yield batch

    recipe = Scripted()
    engine = Local(recipe, recipe.labeller(), Parts(tmp_path / "parts"), 1)(source())  # type: ignore[arg-type]
    for number in range(3):
        next(engine)
        assert len(read) <= number + 8
    engine.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "labelling"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("trouble", "error", "said"),
    [
        ("bug", IndexError, "of the scripted model"),
        ("odd", EngineError, "Unpicklable.*nothing was written"),
        ("load", UsageError, "no such model"),
        ("die", EngineError, "exit code 3.*the same command goes on"),
        ("kill", EngineError, "signal 9.*the same command goes on"),
    ],
)
def test_what_goes_wrong_in_a_worker_is_one_error(
    workers: int, trouble: str, error: type[Exception], said: str, tmp_path: Path
) -> None:
    if workers == 1 and trouble in ("load", "die", "kill"):
        return  # these are the caller's own end
    if trouble == "kill" and sys.platform == "win32":
        return
    parts = Parts(tmp_path / "parts")
    with pytest.raises(error, match=said):
        by(workers, parts, articles(60), trouble)
    again = Parts(parts.folder)
    finished = again.recall()
    assert finished == 0 if trouble == "load" else finished < 60
    assert workers > 1 or all(Task(article(n)) in again for n in range(28))


def test_workers_outlive_no_engine(tmp_path: Path) -> None:
    recipe = Scripted()
    engine = Local(recipe, recipe.labeller(), Parts(tmp_path / "parts"), 2)  # type: ignore[arg-type]
    running = engine(batches(map(Task, articles(60)), 4))
    next(running)
    import multiprocessing

    assert multiprocessing.active_children()
    running.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def test_a_part_that_cannot_be_written_is_the_callers_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Parts, "write", full)
    with pytest.raises(OSError, match="No space left"):
        by(1, Parts(tmp_path / "parts"), articles(20))


# ---- Resume ----


@settings(max_examples=40)
@given(
    before=st.lists(st.integers(0, 30), max_size=12, unique=True),
    now=st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=20),
    size=st.integers(1, 5),
)
def test_what_was_finished_is_taken_over_and_nothing_else_is(
    before: list[int], now: list[int | None], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the input was, and whatever it is now; None stands for an article that was rejected."""
    folder = tmp_path_factory.mktemp("parts")
    parts = Parts(folder)
    parts.begin()
    for batch in batches((Task(article(n)) for n in before), 3):
        parts.write(batch, labelled_all(batch))
    again = Parts(folder)
    assert again.recall() == len(before)
    model = Troubled(stances={"good": "favor"})
    labeller = Labeller(BOOK, model, model)  # type: ignore[arg-type]

    def plain(some: Iterator[Batch]) -> Iterator[list[Labelled]]:
        return (labelled(batch, labeller) for batch in some)

    items = [(n, None if n is None else Task(article(n))) for n in now]
    answers = list(answered(items, plain, again, size))  # type: ignore[arg-type]
    assert [n for n, _ in answers] == now
    assert [a for _, a in answers if a] == expected([article(n) for n in now if n is not None])
    assert model.asked == [article(n).text for n in now if n is not None and n not in before]


class Stopped(Exception):
    pass


def stop_after(count: int) -> Callable[[int], None]:
    left = [count]

    def advance(_: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise Stopped

    return advance


def test_an_interrupted_run_goes_on(models: Troubled, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some, whole, folder = articles(40), tmp_path / "whole", tmp_path / "corpus"
    label_into(whole, some, BOOK)
    with pytest.raises(Stopped):
        label_into(folder, some, BOOK, advance=stop_after(20))
    [left] = interrupted(folder)
    assert not (folder / "claims.jsonl").exists() and 20 <= left.articles <= 40
    models.asked.clear()
    label_into(folder, some, BOOK)
    assert f"goes on with an interrupted run: {left.articles} articles" in capsys.readouterr().err
    assert len(models.asked) == 40 - left.articles
    assert files_of(folder) == files_of(whole)
    assert not (folder / UNFINISHED).exists()


def test_another_codebook_starts_anew_and_says_so(
    models: Troubled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some, folder = articles(40), tmp_path / "corpus"
    with pytest.raises(Stopped):
        label_into(folder, some, BOOK, advance=stop_after(20))
    models.asked.clear()
    label_into(folder, some, Codebook.parse(TOML.replace("ferry line", "bridge")))
    assert "with another codebook, model or version; this one starts anew" in capsys.readouterr().err
    assert len(models.asked) == 40 and not (folder / UNFINISHED).exists()


def test_relabel_goes_on_and_a_dry_run_leaves_nothing(models: Troubled, tmp_path: Path) -> None:
    some, folder, book = articles(40), tmp_path / "corpus", tmp_path / "book.toml"
    label_into(folder, some, BOOK)
    book.write_text(TOML.replace("ferry line", "bridge"), encoding="utf-8")
    with pytest.raises(Stopped):
        relabel(folder, codebook=book, advance=stop_after(20))
    [left] = interrupted(folder)
    before = files_of(folder)
    models.asked.clear()
    would = relabel(folder, codebook=book, dry_run=True)
    assert files_of(folder) == before and len(models.asked) == 40 - left.articles and not interrupted(folder)
    done = relabel(folder, codebook=book)
    assert done.changes == would.changes and len(done.changes) > 0


def test_check_tells_of_an_interrupted_run(
    models: Troubled, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    some, folder = articles(40), tmp_path / "corpus"
    means = Means(command="annotate label all.jsonl")
    with pytest.raises(Stopped):
        label_into(folder, some, BOOK, means=means, advance=stop_after(20))
    code, _, said = run("check", folder)
    assert code == 1 and "no corpus" in said and "annotate label all.jsonl" in said
    label_into(folder, some[:3], BOOK)
    with pytest.raises(Stopped):
        label_into(folder, some, BOOK, means=means, advance=stop_after(20))
    code, _, said = run("check", folder)
    assert code == 0 and "an interrupted run has labelled" in said and "annotate label all.jsonl" in said


# ---- The command ----


def write_articles(path: Path, count: int) -> Path:
    lines = (json.dumps({"id": one.id, "text": one.text}) for one in articles(count))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def command(folder: Path, source: Path, book: Path, *options: str) -> list[str]:
    rest = ["label", str(source), "--codebook", str(book), "--corpus", str(folder), *options]
    return [sys.executable, str(HERE / "killed.py"), "favor", *rest]


@pytest.fixture
def study(tmp_path: Path) -> tuple[Path, Path]:
    """A file of articles and a codebook."""
    (tmp_path / "codebook.toml").write_text(TOML, encoding="utf-8")
    return write_articles(tmp_path / "all.jsonl", 60), tmp_path / "codebook.toml"


def run_to_the_end(line: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(line, capture_output=True, text=True, cwd=HERE, check=False)
    assert done.returncode == 0, done.stderr
    return done


def kill_often(study: tuple[Path, Path], tmp_path: Path, times: int, slow: str) -> None:
    whole = tmp_path / "whole"
    run_to_the_end(command(whole, *study))
    rng = random.Random(times)
    environment = {**os.environ, "SLOW": slow}
    for number in range(times):
        folder = tmp_path / str(number)
        line = command(folder, *study, "--workers", str(1 + number % 2))
        began = time.perf_counter()
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE, env=environment) as going:
            assert going.stdout and going.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0, 60 * float(slow) + 1.0))
            going.kill()
        time.sleep(0.3 + 10 * float(slow))  # a worker may end the batch in its hands
        left = sum(one.articles for one in interrupted(folder)) if folder.exists() else 0
        said = run_to_the_end(line).stderr
        assert not left or f"{left} articles are labelled already" in said
        assert files_of(folder) == files_of(whole), f"after {time.perf_counter() - began:.1f} s"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_three_moments_the_corpus_is_the_same_to_the_byte(study: tuple[Path, Path], tmp_path: Path) -> None:
    kill_often(study, tmp_path, 3, "0.03")


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_twenty_moments(study: tuple[Path, Path], tmp_path: Path) -> None:
    kill_often(study, tmp_path, 20, "0.03")


@pytest.mark.skipif(sys.platform == "win32", reason="no signal can be sent to one process")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_all_at_once_without_a_traceback(workers: str, study: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    line = command(folder, *study, "--workers", workers)
    environment = {**os.environ, "SLOW": "0.2"}
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE, env=environment, start_new_session=True
    ) as going:
        while not list(folder.glob(f"{UNFINISHED}/*/*.part")):
            assert going.poll() is None
            time.sleep(0.05)
        os.killpg(going.pid, signal.SIGINT)
        began = time.perf_counter()
        _, said = going.communicate(timeout=30)
        assert time.perf_counter() - began < 10
    assert going.returncode == 130 and b"Traceback" not in said and b"the same command goes on" in said
    assert interrupted(folder)


def test_an_unknown_engine_and_other_wrong_use(
    run: Callable[..., tuple[int, str, str]], study: tuple[Path, Path], tmp_path: Path
) -> None:
    line = ["label", study[0], "--codebook", study[1], "--corpus", tmp_path / "corpus"]
    for options, said in (
        (["--engine", "rai"], "one of local, ray; did you mean 'ray'?"),
        (["--workers", "-1"], "--workers -1"),
        (["--cache", tmp_path, "--no-cache"], "exclude each other"),
    ):
        code, _, errors = run(*line, *options)
        assert code == 2 and said in errors and not (tmp_path / "corpus").exists()


def test_models_that_fill_the_memory_are_loaded_once(tmp_path: Path) -> None:
    assert default_workers("") >= 1 and default_workers("some/nli-model") == 1


def test_a_corpus_in_shards_is_the_same_however_often_it_was_interrupted(models: Troubled, tmp_path: Path) -> None:
    some, folder = articles(40), tmp_path / "corpus"
    label_into(tmp_path / "whole", some, BOOK, shards=3)
    with pytest.raises(Stopped):
        label_into(folder, some, BOOK, shards=3, advance=stop_after(20))
    label_into(folder, some, BOOK, shards=3)
    assert files_of(folder) == files_of(tmp_path / "whole")
    assert len(list(folder.glob("claims-*-of-00003.jsonl"))) == 3


# ---- The real models ----


def test_the_embedded_models_say_the_same_in_processes_and_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = articles(2 * SIZE + 3)
    for name, means in {"alone": Means(), "crew": Means(workers=2, cache=tmp_path / "cache")}.items():
        label_into(tmp_path / name, some, BOOK, means=means)
    assert files_of(tmp_path / "alone") == files_of(tmp_path / "crew")
    monkeypatch.setattr(Attributor, "scores", None)  # the cache answers: nobody asks the model
    label_into(tmp_path / "cached", some, BOOK, means=Means(cache=tmp_path / "cache"))
    assert files_of(tmp_path / "cached") == files_of(tmp_path / "alone")
    assert len(list(Corpus.open(tmp_path / "cached").articles())) == len(some)


def test_a_corpus_whose_finished_part_vanishes_is_not_written(models: Troubled, tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    batch = Batch(0, (Task(article(1)),))
    parts.write(batch, labelled_all(batch))
    parts.recall()
    for path in tmp_path.glob("*.part"):
        path.unlink()
    with pytest.raises(CorpusError, match="cannot be read any more"):
        list(answered([(0, batch.tasks[0])], lambda some: (labelled(b, Scripted().labeller()) for b in some), parts))
