"""Workers on this machine: a thread beside the caller, or processes with one compute thread each.

A worker gets batches through a pipe, writes each as a part, and says its number. When the caller is killed, the pipe
ends, and the worker after the batch in its hands.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from multiprocessing import connection, get_context
from pathlib import Path
from typing import TYPE_CHECKING

from annotate.corpus import Labelled
from annotate.embedded import compute_threads
from annotate.engine.parts import Parts
from annotate.engine.work import Batch, labelled
from annotate.errors import CorpusError, EngineError
from annotate.labelling import Labeller, Recipe

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

IN_HAND = 2
"""Batches that a worker has at most: one that it labels, and the next."""
AHEAD = 4
"""Batches per worker that are read before the first of them is given back: one that takes long stops nobody."""
PATIENCE = 10.0
"""Seconds that a worker has to end by itself."""


class Local:
    """Labels by `workers` workers; a single batch without any. `labeller` is the recipe's, of this process."""

    def __init__(self, recipe: Recipe, labeller: Labeller, parts: Parts, workers: int = 1) -> None:
        self._recipe, self._labeller, self._parts, self._workers = recipe, labeller, parts, workers

    def __call__(self, batches: Iterable[Batch]) -> Iterator[list[Labelled]]:
        """As `Engine`. Errors: EngineError where a worker dies, OSError where a part cannot be written."""
        source = iter(batches)
        first = list(islice(source, 2))
        if len(first) < 2:
            yield from (labelled(batch, self._labeller) for batch in first)
            return
        self._parts.begin()
        crew = _Crew(self._hired, self._workers)
        try:
            yield from self._worked(chain(first, source), crew)
            crew.dismiss()
        finally:
            crew.stop()

    def _worked(self, source: Iterator[Batch], crew: _Crew) -> Iterator[list[Labelled]]:
        ahead: deque[Batch] = deque()
        goes_on = True
        while goes_on or ahead:
            while goes_on and len(ahead) < AHEAD * self._workers and crew.has_room:
                batch = next(source, None)
                if batch is None:
                    goes_on = False
                    break
                ahead.append(batch)
                if batch.tasks:
                    crew.give(batch)
            if ahead and ahead[0].number in crew.at_work:
                crew.listen()
            elif ahead:
                yield self._read(ahead.popleft())

    def _read(self, batch: Batch) -> list[Labelled]:
        done = self._parts.read(batch) if batch.tasks else []
        if done is None:
            raise CorpusError(f"{self._parts.folder}: a finished part cannot be read back; nothing was written")
        return done

    def _hired(self) -> _Worker:
        if self._workers == 1:
            return _Thread(self._labeller, self._parts)
        return _Process(self._recipe, self._parts.folder)


class _Worker:
    """One worker at the other end of a pipe, and the numbers of the batches that it has."""

    def __init__(self) -> None:
        self.pipe, self.theirs = get_context("spawn").Pipe()
        self.has: deque[int] = deque()

    def close(self) -> None:
        """Let it end after the batch in its hands."""
        self.pipe.close()

    def ended(self) -> str:
        """How it ended, where it ended by itself."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it at once."""
        raise NotImplementedError

    def wait(self) -> None:
        """Wait until it has ended."""
        raise NotImplementedError


class _Thread(_Worker):
    def __init__(self, labeller: Labeller, parts: Parts) -> None:
        super().__init__()
        self._stopped = threading.Event()
        what = self.theirs, labeller, parts, self._stopped.is_set
        self._thread = threading.Thread(target=_serve, args=what, name="labelling")
        self._thread.start()

    def ended(self) -> str:
        return "thread"

    def stop(self) -> None:
        self._stopped.set()
        self.close()
        self._thread.join()

    def wait(self) -> None:
        self._thread.join()


class _Process(_Worker):
    def __init__(self, recipe: Recipe, folder: Path) -> None:
        super().__init__()
        target = get_context("spawn").Process(target=_work, args=(self.theirs, recipe, folder), daemon=True)
        with _without_interrupts():
            target.start()
        self._process: BaseProcess = target
        self.theirs.close()  # or the pipe would not end with the process

    def ended(self) -> str:
        self._process.join(PATIENCE)
        code = self._process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        self.close()
        self._process.kill()
        self._process.join()

    def wait(self) -> None:
        self._process.join(PATIENCE)


class _Crew:
    """At most so many workers, each hired when there is a batch for it that no other is free to take."""

    def __init__(self, hire: Callable[[], _Worker], most: int) -> None:
        self._hire, self._most = hire, most
        self._workers: list[_Worker] = []
        self.at_work: set[int] = set()
        """The numbers of the batches that are handed out and not done."""

    @property
    def has_room(self) -> bool:
        return len(self.at_work) < IN_HAND * self._most

    def give(self, batch: Batch) -> None:
        """Hand a batch to whoever has least to do."""
        free = min(self._workers, key=lambda worker: len(worker.has), default=None)
        if free is None or (free.has and len(self._workers) < self._most):
            free = self._hire()
            self._workers.append(free)
        free.has.append(batch.number)
        self.at_work.add(batch.number)
        try:
            free.pipe.send(batch)
        except OSError:
            self._hear(free)  # it ended: of what?

    def listen(self) -> None:
        """Wait until a worker has something to say."""
        busy = {worker.pipe: worker for worker in self._workers if worker.has}
        for pipe in connection.wait(list(busy)):
            self._hear(busy[pipe])  # type: ignore[index]

    def _hear(self, worker: _Worker) -> None:
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            raise EngineError(
                f"a worker ended in the middle of its work ({worker.ended()}); nothing was written, and what is "
                "finished is kept: the same command goes on from there, with fewer --workers if memory was short"
            ) from None
        if isinstance(said, BaseException):
            raise said
        worker.has.remove(said)
        self.at_work.remove(said)

    def dismiss(self) -> None:
        """All is done: let everybody go home."""
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.wait()

    def stop(self) -> None:
        """End everybody at once."""
        while self._workers:
            self._workers.pop().stop()


def _work(pipe: Connection, recipe: Recipe, folder: Path) -> None:
    """A worker process; Ctrl-C is the caller's to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ |= {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}  # for the libraries that read them
    compute_threads(1)
    try:
        labeller = recipe.labeller()
    except Exception as error:  # noqa: BLE001 — the caller raises it
        _say(pipe, _sendable(error))
    else:
        _serve(pipe, labeller, Parts(folder), lambda: False)


def _serve(pipe: Connection, labeller: Labeller, parts: Parts, stopped: Callable[[], bool]) -> None:
    """Label the batches that come through a pipe until it ends; what went wrong is said instead of a number."""
    with suppress(EOFError, OSError), pipe:
        while True:
            batch: Batch = pipe.recv()
            try:
                done = [labeller.label(*task) for task in batch.tasks if not stopped()]
                if stopped():
                    return
                parts.write(batch, done)
            except Exception as error:  # noqa: BLE001 — the caller raises it
                _say(pipe, _sendable(error))
                return
            _say(pipe, batch.number)


def _say(pipe: Connection, what: object) -> None:
    with suppress(OSError):  # nobody listens any more
        pipe.send(what)


def _sendable(error: Exception) -> Exception:
    """The error as it can go through a pipe, with a note of where it was raised."""
    error.add_note(f"in a worker: {traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 — our own bytes
    except Exception:  # noqa: BLE001 — whatever its class does when it is pickled
        return EngineError(f"{type(error).__name__}: {error}; nothing was written")
    return error


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let a process start deaf to Ctrl-C, which goes to all that run in a terminal; ours is heard afterwards."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
