"""One run over many articles: its models, its engine, and what an earlier run left that this one takes over."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from annotate.codebook import Codebook
from annotate.corpus import Labelled
from annotate.embedded import cores
from annotate.engine.local import Local
from annotate.engine.parts import interrupted, over, parts_of
from annotate.engine.stream import answered
from annotate.engine.work import Engine, Task
from annotate.errors import UsageError, did_you_mean
from annotate.labelling import Recipe
from annotate.models import runs_embedded
from annotate.storage import STATE

ENGINES = ("local", "ray")
MOST_WORKERS = 8
"""Workers that are started unless more are asked for: the one process that reads and writes keeps so many busy."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Means:
    """With what a run labels; none of it changes a byte of the corpus."""

    engine: str = "local"
    workers: int = 1
    """0: one for each core, where the embedded models judge."""
    cache: bool | Path = False
    """A folder for the cache of attribution, or whether there is one in the corpus."""
    command: str = ""
    """What goes on with the run once it was interrupted."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            near = did_you_mean(self.engine, ENGINES)
            raise UsageError(f"--engine {self.engine}: one of {', '.join(ENGINES)}" + (f"; {near}" if near else ""))
        if self.workers < 0:
            raise UsageError(f"--workers {self.workers}: 1 or more, or 0 for one per core")


ALONE = Means()
"""One worker beside the caller, and no cache."""


class Run:
    """What labels the articles of one command into the corpus in `folder`, which the caller has locked."""

    def __init__(self, folder: Path, codebook: Codebook, model: str, means: Means, precision: str = "auto") -> None:
        self._folder = folder
        recipe = Recipe(codebook, model, _cache(folder, means.cache), precision)
        labeller = recipe.labeller()
        self._parts = parts_of(folder, labeller, means.command)
        finished = self._parts.recall()
        self.remarks = list(self._told(finished))
        """What is to be said of earlier runs that were interrupted."""
        self._engine: Engine
        if means.engine == "ray":
            from annotate.engine.on_ray import Ray

            self._engine = Ray(recipe, self._parts, means.workers)
        else:
            self._engine = Local(recipe, labeller, self._parts, means.workers or default_workers(model))

    def _told(self, finished: int) -> Iterator[str]:
        others = sum(run.articles for run in interrupted(self._folder) if run.key != self._parts.folder.name)
        if finished:
            yield f"goes on with an interrupted run: {finished} articles are labelled already"
        if others:
            yield (
                f"an interrupted run had labelled {others} articles with another codebook, model or version; "
                "this one starts anew"
            )

    def answers(self, items: Iterable[tuple[Item, Task | None]]) -> Generator[tuple[Item, Labelled | None], None, None]:
        """As `annotate.engine.stream.answered`."""
        return answered(items, self._engine, self._parts)

    def over(self) -> None:
        """The corpus holds what was labelled: forget this and every other unfinished run."""
        over(self._folder)

    def given_up(self) -> None:
        """Nothing was to be written: forget this run alone."""
        over(self._folder, self._parts.folder.name)


def default_workers(model: str) -> int:
    """One for each core that this process may use; one alone for a model that would fill the memory with copies."""
    return min(cores(), MOST_WORKERS) if runs_embedded(model) else 1


def _cache(folder: Path, asked: bool | Path) -> Path | None:
    if isinstance(asked, bool):
        return (folder / STATE / "cache").absolute() if asked else None
    return asked.expanduser().absolute()
