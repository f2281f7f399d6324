"""Workers of Ray: on a cluster, or on this machine, which needs none. No other module knows Ray.

    caller → feed (an actor beside the caller) → reading task → workers → caller

Each arrow is a stream of Ray Data: bounded, and in no order; the caller puts it in order again. On processors a worker
attributes and judges; where `--model` is given and there are GPUs, those who attribute run on processors and those who
judge on GPUs. The worker that finishes a batch writes its part, if it can reach the folder, else the caller does.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import platform
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from annotate.corpus import Labelled
from annotate.embedded import cores
from annotate.engine.parts import Parts, decoded, encoded, run_key
from annotate.engine.work import Batch, labelled
from annotate.errors import AnnotateError, EngineError, UsageError
from annotate.labelling import Attributed, Labeller, Recipe
from annotate.models import runs_embedded

if TYPE_CHECKING:
    from pyarrow import Table  # type: ignore[import-untyped]

AHEAD = 16
"""Batches that are read ahead for each core of the cluster: so long may one take before the others wait for it."""
TAKEN = 8
"""Batches that go from the feed to the reading task at once."""
TRIES = 4
"""Workers that a batch is given to, where they end in the middle of it: what ends so many would end all."""
OBJECT_STORE = 512 << 20
"""Bytes of shared memory that a Ray of our own may use."""
GOES_ON = "nothing was written, and what is finished is kept: the same command goes on from there"


class Row(NamedTuple):
    """What flows: the place of a batch in the stream, what the content is, the content."""

    place: int
    kind: str
    """batch, attributed, part (which the caller is to write), kept (a part on disk), error, or over: done long ago."""
    content: bytes


class Ray:
    """Labels on Ray; `workers` processors of it, 0 for all that it has or gets.

    `RAY_ADDRESS` names the cluster; without it Ray is started on this machine for as long as it takes.
    """

    def __init__(self, recipe: Recipe, parts: Parts, workers: int = 0) -> None:
        if importlib.util.find_spec("ray") is None:
            raise UsageError("--engine ray needs Ray: pip install 'annotate-stance[ray]'")
        if os.environ.get("RAY_ADDRESS", "").startswith("ray://"):
            raise UsageError("RAY_ADDRESS is that of a Ray Client; run the command on the cluster: ray job submit")
        if recipe.model and Path(recipe.model).is_dir():
            recipe = replace(recipe, model=str(Path(recipe.model).absolute()))  # workers are at home elsewhere
        self._recipe, self._parts, self._workers = recipe, parts, workers

    def __call__(self, batches: Iterable[Batch]) -> Iterator[list[Labelled]]:
        """As `Engine`. Errors: EngineError where workers fail, OSError where a part cannot be written."""
        source = iter(batches)
        for batch in source:
            if batch.tasks:
                self._parts.begin()
                with _connected(self._workers):
                    yield from self._labelled(chain([batch], source))
                return
            yield []

    def _labelled(self, source: Iterator[Batch]) -> Iterator[list[Labelled]]:
        feed = _Fed()
        # Closed while Ray is still there, which its streams need to end well.
        with closing(_answers(feed.actor, self._crews(), self._parts.folder.absolute())) as answers:
            yield from self._in_order(source, feed, answers)

    def _in_order(self, source: Iterator[Batch], feed: _Fed, answers: Iterator[Row]) -> Iterator[list[Labelled]]:
        ahead: deque[tuple[int, Batch]] = deque()
        done: dict[int, Row] = {}
        size, goes_on = _Size(), True
        while goes_on or ahead:
            while goes_on and len(ahead) < AHEAD * size.cores():
                batch = next(source, None)
                if batch is None:
                    goes_on = False
                    feed.close()
                else:
                    ahead.append((feed.put(batch) if batch.tasks else -1, batch))
            while ahead and (not ahead[0][1].tasks or ahead[0][0] in done):
                place, batch = ahead.popleft()
                yield self._kept(batch, done.pop(place)) if batch.tasks else []
            if ahead:
                row = _next(answers)
                feed.finished(row.place)
                done[row.place] = row

    def _kept(self, batch: Batch, row: Row) -> list[Labelled]:
        """What a worker said of a batch, which is on disk by now."""
        if row.kind == "error":
            names = " … ".join(dict.fromkeys(batch.tasks[n].article.id for n in (0, -1)))
            raise EngineError(f"{row.content.decode()} (in the batch {names}); {GOES_ON}")
        found = decoded(row.content)
        done = [found[task.key].of(task) for task in batch.tasks]
        if row.kind == "part":
            self._parts.write(batch, done)
        return done

    def _crews(self) -> list[_Crew]:
        """One crew for all, or processors that attribute and GPUs that judge."""
        import ray

        recipe, key, workers = self._recipe, self._parts.folder.name, self._workers
        if runs_embedded(recipe.model):
            return [_Crew(Label, recipe, key, workers or _cores(), grows=not workers)]
        if gpus := int(ray.cluster_resources().get("GPU", 0)):
            first = replace(recipe, model="", precision="auto")
            crew = _Crew(Attribute, first, run_key(first.labeller()), workers or _cores(), grows=not workers)
            return [crew, _Crew(Judge, recipe, key, gpus, cpus=0, gpus=1, grows=True)]
        machines = [int(machine["Resources"].get("CPU", 0)) for machine in ray.nodes() if machine["Alive"]]
        each = [cores for cores in machines if cores] or [1]  # a copy of the model a machine, not one a core
        return [_Crew(Label, recipe, key, workers or len(each), cpus=1 if workers else min(each), grows=not workers)]


class _Crew(NamedTuple):
    """Workers that do one stage, how many they are at first, and the processors and GPUs that each of them takes."""

    stage: type[_Stage]
    recipe: Recipe
    key: str
    workers: int
    cpus: int = 1
    gpus: int = 0
    grows: bool = False


# What runs on a worker


class _Stage:
    """Turns rows of the kind that it takes into others; all else passes through. What goes wrong becomes a row."""

    takes: ClassVar[str]

    def __init__(self, recipe: Recipe, folder: Path, key: str, feed: Any) -> None:
        self._recipe, self._parts, self._key, self._feed = recipe, Parts(folder), key, feed

    def __call__(self, table: Table) -> Table:
        return _table([self._row(row) for row in _rows(table)])

    def _row(self, row: Row) -> Row:
        if row.kind != self.takes:
            return row
        try:
            self._begin(row)
            return Row(row.place, *self.work(row.content))
        except Exception as error:  # noqa: BLE001 — the caller raises it
            what = f"{error}" if isinstance(error, AnnotateError) else f"{type(error).__name__}: {error}"
            return Row(row.place, "error", f"a worker on {platform.node()} failed: {what}".encode())

    def _begin(self, row: Row) -> None:
        """Ray gives a batch to one worker after another as long as they end on it; EngineError where they are many."""
        import ray

        if ray.get(self._feed.begun.remote(row.place, row.kind)) > TRIES:
            raise EngineError(f"{TRIES} workers ended in the middle of it; is memory short, or an article too long?")

    def work(self, content: bytes) -> tuple[str, bytes]:
        """The kind and content of what becomes of a row."""
        raise NotImplementedError

    @cached_property
    def labeller(self) -> Labeller:
        """The models, loaded when the first batch comes; EngineError where they are others than the caller's."""
        labeller = self._recipe.labeller()
        if run_key(labeller) != self._key:
            raise EngineError("it has another version of annotate or of a model; install the same everywhere")
        return labeller

    def written(self, batch: Batch, done: Sequence[Labelled]) -> tuple[str, bytes]:
        """A finished batch, and whether its part is on disk."""
        try:
            self._parts.write(batch, done)
        except OSError:  # not a shared folder: the caller writes it, or says why that cannot be
            return "part", encoded(batch, done)
        return "kept", encoded(batch, done)


class Label(_Stage):
    """Attribution and stance in one: processors share all work evenly."""

    takes = "batch"

    def work(self, content: bytes) -> tuple[str, bytes]:
        """A batch becomes its part."""
        batch = _batch(content)
        return self.written(batch, labelled(batch, self.labeller))


class Attribute(_Stage):
    """Attribution alone, where GPUs judge."""

    takes = "batch"

    def work(self, content: bytes) -> tuple[str, bytes]:
        """A batch becomes one whose claims have speakers."""
        batch = _batch(content)
        return "attributed", pickle.dumps((batch, [self.labeller.attribute(task.article) for task in batch.tasks]))


class Judge(_Stage):
    """Stance alone."""

    takes = "attributed"

    def work(self, content: bytes) -> tuple[str, bytes]:
        """A batch whose claims have speakers becomes its part."""
        found: tuple[Batch, list[Attributed]] = pickle.loads(content)  # noqa: S301 — our own bytes
        batch, attributed = found
        pairs = zip(batch.tasks, attributed, strict=True)
        return self.written(batch, [self.labeller.judge(item, task.decided) for task, item in pairs])


def _batch(content: bytes) -> Batch:
    batch: Batch = pickle.loads(content)  # noqa: S301 — our own bytes
    return batch


def _table(rows: Sequence[Row]) -> Table:
    import pyarrow

    types = pyarrow.int64(), pyarrow.string(), pyarrow.large_binary()
    columns = [[row[n] for row in rows] for n in range(len(types))]
    return pyarrow.table([pyarrow.array(c, t) for c, t in zip(columns, types, strict=True)], list(Row._fields))


def _rows(table: Table) -> Iterator[Row]:
    return map(Row._make, zip(*(table[name].to_pylist() for name in Row._fields), strict=True))


# From the caller to the workers


class Feed:
    """Batches by their places, kept until they are finished: what reads them may die, and begin anew."""

    def __init__(self) -> None:
        self._batches: dict[int, bytes] = {}
        self._tries: Counter[tuple[int, str]] = Counter()
        self._came = 0
        self._end = -1
        self._change = threading.Condition()

    def put(self, place: int, batch: bytes) -> None:
        """One more batch; they may come in any order."""
        with self._change:
            self._batches[place] = batch
            while self._came in self._batches:
                self._came += 1
            self._change.notify_all()

    def close(self, end: int) -> None:
        """No batch comes at this place or after it."""
        with self._change:
            self._end = end
            self._change.notify_all()

    def finished(self, place: int) -> None:
        """This batch is wanted no more."""
        self._batches.pop(place, None)
        for kind in ("batch", "attributed"):
            self._tries.pop((place, kind), None)

    def begun(self, place: int, kind: str) -> int:
        """A worker begins with a row; how many have by now."""
        self._tries[place, kind] += 1
        return self._tries[place, kind]

    def take(self, place: int) -> list[bytes]:
        """The batches from `place` on that are there, b"" for one that is finished; waits for one, [] at the end."""
        with self._change:
            self._change.wait_for(lambda: place < self._came or place == self._end)
            return [self._batches.get(n, b"") for n in range(place, min(place + TAKEN, self._came))]


class _Fed:
    """The caller's side of a feed."""

    def __init__(self) -> None:
        import ray

        actor: Any = ray.remote(Feed)
        self.actor: Any = actor.options(num_cpus=0, max_concurrency=16, label_selector=_here()).remote()
        self._count = 0

    def put(self, batch: Batch) -> int:
        """Hand a batch over; its place."""
        place = self._count
        self._count += 1
        self.actor.put.remote(place, pickle.dumps(batch))
        return place

    def finished(self, place: int) -> None:
        self.actor.finished.remote(place)

    def close(self) -> None:
        self.actor.close.remote(self._count)


def _read(feed: Any) -> Iterator[Table]:
    """The batches of a feed, one a block."""
    import ray

    place = 0
    while batches := ray.get(feed.take.remote(place)):
        for batch in batches:
            yield _table([Row(place, "batch" if batch else "over", batch)])
            place += 1


def _answers(feed: Any, crews: Sequence[_Crew], folder: Path) -> Generator[Row, None, None]:
    """What the last crew makes of the batches of a feed, as it comes."""
    from ray.data import ActorPoolStrategy, DataContext, Datasource, read_datasource
    from ray.data.block import BlockMetadata
    from ray.data.datasource import ReadTask

    class Source(Datasource):
        def get_read_tasks(self, *_: object, **__: object) -> list[ReadTask]:
            return [ReadTask(lambda: _read(feed), BlockMetadata(None, None, None, None))]

        def estimate_inmemory_data_size(self) -> None:
            return None

    source = Source()  # type: ignore[no-untyped-call]
    context = DataContext.get_current().copy()
    context.target_max_block_size = 1  # a batch is handed on as soon as it is there, not when others fill the block
    context.enable_progress_bars = context.print_on_execution_start = False
    with DataContext.current(context):
        rows = read_datasource(source, override_num_blocks=1, num_cpus=0, label_selector=_here())
        for crew in crews:
            most = None if crew.grows else crew.workers
            rows = rows.map_batches(
                crew.stage,
                fn_constructor_args=(crew.recipe, folder, crew.key, feed),
                compute=ActorPoolStrategy(min_size=1, max_size=most, initial_size=crew.workers),
                batch_size=None,
                batch_format="pyarrow",
                num_cpus=crew.cpus,
                num_gpus=crew.gpus,
            )
    for table in rows.iter_batches(prefetch_batches=0, batch_size=None, batch_format="pyarrow"):
        yield from (row for row in _rows(table) if row.kind != "over")


# The cluster


def _here() -> dict[str, str]:
    """The machine of the caller: what is lost with it is lost with the caller only."""
    import ray

    return {"ray.io/node-id": ray.get_runtime_context().get_node_id()}


def _cores() -> int:
    """The cores of the cluster as it is now; it may grow."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))


class _Size:
    """The size of the cluster, asked for every few seconds."""

    def __init__(self) -> None:
        self._known, self._asked = 0, 0.0

    def cores(self) -> int:
        now = time.monotonic()
        if not self._known or now - self._asked > 5:
            self._known, self._asked = _cores(), now
        return self._known


def _next(answers: Iterator[Row]) -> Row:
    """The next answer; EngineError, and none of Ray's traces, where its workers cannot go on."""
    try:
        return next(answers)
    except StopIteration:
        raise EngineError(f"Ray ended before all was done; {GOES_ON}") from None
    except Exception as error:  # Ray raises whatever it likes
        raise EngineError(f"Ray: {_cause(error)}; {GOES_ON}") from error


def _cause(error: BaseException) -> str:
    """What Ray says is wrong, in a line."""
    causes = [error]
    while (inner := getattr(causes[-1], "cause", None) or causes[-1].__cause__) and inner not in causes:
        causes.append(inner)
    lines = [line.strip() for line in str(causes[-1]).splitlines() if line.strip()]
    if any("Traceback (most recent call last)" in line for line in lines):
        lines = lines[-1:]  # what was raised stands below its trace
    return lines[0].rstrip(".") if lines else type(causes[-1]).__name__


@contextmanager
def _connected(workers: int) -> Iterator[None]:
    """Join the cluster of RAY_ADDRESS or the caller's own Ray, or start one here, which no other machine can reach."""
    address = os.environ.get("RAY_ADDRESS", "")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # or Ray starts itself anew when something asks for it late
    if not address:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # whatever the system: Ray listens on the loopback only
    import ray
    import ray.data

    for name in ("ray", "ray.data"):  # what goes wrong is said in our words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if not address:
        options |= {
            "num_cpus": workers or cores(),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE,
        }
    try:
        _knock(address)
        with _silence():
            ray.init(address or "local", **options)
    except Exception as error:  # Ray raises whatever it likes
        where = f"at {address} (RAY_ADDRESS)" if address else "on this machine"
        raise EngineError(f"Ray {where} cannot be used: {_cause(error)}; nothing was written") from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """OSError at once where nobody answers at HOST:PORT, of which Ray would not be sure for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextmanager
def _silence() -> Iterator[None]:
    """Ray says much when it starts, past Python's streams too."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
