"""Articles in, labels out, in one stream: what an interrupted run finished is taken over, an engine does the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

from annotate.corpus import Labelled
from annotate.engine.parts import Parts
from annotate.engine.work import SIZE, Batch, Engine, Task, batches
from annotate.errors import CorpusError

Item = TypeVar("Item")


def answered(
    items: Iterable[tuple[Item, Task | None]], engine: Engine, parts: Parts, size: int = SIZE
) -> Generator[tuple[Item, Labelled | None], None, None]:
    """Each item with what the models say of its task, in the order given; an item without a task passes through.

    Memory is bounded by what the engine reads ahead.
    """
    read: deque[tuple[Item, Task | None]] = deque()

    def tasks() -> Iterator[Task]:
        for item, task in items:
            read.append((item, task))
            if task is not None:
                yield task

    for done in _labelled(tasks(), engine, parts, size):
        while read[0][1] is None:
            yield read.popleft()[0], None
        yield read.popleft()[0], done
    yield from ((item, None) for item, _ in read)


def _labelled(tasks: Iterator[Task], engine: Engine, parts: Parts, size: int) -> Iterator[Labelled]:
    """Every task labelled, in order."""
    read: deque[Batch] = deque()

    def unfinished() -> Iterator[Batch]:
        for batch in batches(tasks, size):
            read.append(batch)
            yield Batch(batch.number, tuple(task for task in batch.tasks if task not in parts))

    for done in engine(unfinished()):
        fresh = iter(done)
        for task in read.popleft().tasks:
            yield _earlier(task, parts) if task in parts else next(fresh)


def _earlier(task: Task, parts: Parts) -> Labelled:
    done = parts.earlier(task)
    if done is None:
        raise CorpusError(
            f"{parts.folder}: what was finished of {task.article.id} cannot be read any more; nothing was written, "
            "run the same command again"
        )
    return done
