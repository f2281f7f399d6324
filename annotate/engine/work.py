"""The unit of dispatch, of progress and of resume: a batch of articles, and how a worker labels one.

The unit of labelling is the article, whose pairs are batched among themselves: so scores and ids depend neither on
the batch that an article is in nor on the worker that labels it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

from annotate.corpus import Labelled
from annotate.labelling import Labeller
from annotate.merging import NOTHING_DECIDED, Decided
from annotate.records import Article, digest

SIZE = 16
"""Articles in a batch."""


class Task(NamedTuple):
    """One article to label, and what people decided about who speaks in it."""

    article: Article
    decided: Decided = NOTHING_DECIDED

    @property
    def key(self) -> str:
        """A digest of all that the result depends on, beside the models and the codebook."""
        article = self.article
        return digest(article.id, article.sha256, article.language, repr(tuple(self.decided)), letter="t", size=32)


class Batch(NamedTuple):
    """Tasks that are handed out together; `number` counts the batches of a run from 0."""

    number: int
    tasks: tuple[Task, ...]

    @property
    def key(self) -> str:
        """A digest of its tasks, which its part on disk is called by, whichever run wrote that."""
        return digest(*(task.key for task in self.tasks), letter="b", size=32)


class Engine(Protocol):
    """Whatever labels batches."""

    def __call__(self, batches: Iterable[Batch]) -> Iterator[list[Labelled]]:
        """What became of each batch, in their order; a few batches are read ahead, never all of them."""


def batches(tasks: Iterable[Task], size: int = SIZE) -> Iterator[Batch]:
    """The tasks in their order, `size` at a time."""
    left, number = iter(tasks), 0
    while some := tuple(islice(left, size)):
        yield Batch(number, some)
        number += 1


def labelled(batch: Batch, labeller: Labeller) -> list[Labelled]:
    """What the models say of each article of a batch."""
    return [labeller.label(task.article, task.decided) for task in batch.tasks]
