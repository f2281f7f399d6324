"""A stance model from people's own decisions: what `annotate train` does.

The base judges the held-out decisions as it is, then models trained on the others do (heldout.py); the model that is
written is trained on all. It is written even where training did not help, since that is for the user to weigh, but the
command and the model's card both say so first.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from annotate.codebook import Codebook
from annotate.errors import CorpusError, UsageError, did_you_mean
from annotate.founding import source
from annotate.jobs import current
from annotate.models import stance_classifier
from annotate.records import STANCES, Scores
from annotate.teach.examples import Decided, Example, decided
from annotate.teach.heldout import Answer, Figures, Parts, answers, counts, figures, others, parts, temperature
from annotate.teach.lesson import Lesson, card, is_taught

if TYPE_CHECKING:
    from annotate.teach.trainable import Trainable

LEAST = 16
"""Decisions below which no figure would mean anything."""
LEAST_EACH = 2
"""Decisions that at least two stances need."""
SEED = 1

Advance = Callable[[float], None]
"""Hears which share of the work is done."""


def teach(name: str, out: Path, model: str = "", target: str = "", advance: Advance = lambda _: None) -> Lesson:
    """Train a stance model on what was decided in the corpus `name`, from `model` ("": the embedded one), into `out`.

    Raises UsageError where `out` holds anything, the target is not there or the extra `train` is missing; CorpusError
    for too few decisions; PendingEdits where hand edits are not adopted; ModelError for a base that cannot be trained.
    Nothing is written unless all ends well.
    """
    _refuse_filled(out)
    with train_extra():
        import sklearn  # noqa: F401

        from annotate.teach.trainable import trainable
    corpus = current(name)
    with source(corpus.folder) as (corpus, log):
        book = corpus.codebook
        _refuse_stranger(target, book)
        found = decided(corpus, log, target)
        version = corpus.version
    _refuse_few(found, name)
    base = trainable(model)
    held, softer, shown = _learned(base, lambda: trainable(model), found.examples, advance)
    lesson = Lesson(
        str(out), "", base.name, name, version, book.id, book.version, dict(counts(found.examples)),
        found.disputed, found.lost, sum(map(len, held.held_out)), len(held.held_out), held.of, softer, shown,
        is_taught(model),
    )  # fmt: skip
    return _written(base, lesson, out)


@contextmanager
def train_extra() -> Iterator[None]:
    """UsageError, with what to install, where a library of the extra `train` is imported and is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'annotate-stance[train]'") from None


def _refuse_filled(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"{out}: is not empty; choose a new folder")
    above = next(path for path in out.absolute().parents if path.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):  # told now, not when the training is done
        raise UsageError(f"{out}: nothing can be written into {above}; choose another folder")


def _refuse_stranger(target: str, book: Codebook) -> None:
    ids = [t.id for t in book.targets]
    if target and target not in ids:
        remedy = did_you_mean(target, ids) or f"one of {', '.join(ids)}"
        raise UsageError(f"--target {target}: the codebook has no such target; {remedy}")


def _refuse_few(found: Decided, name: str) -> None:
    """CorpusError where there is too little to learn from and to measure by."""
    stances = Counter(example.stance for example in found.examples)
    more = f"annotate review {name} --annotator NAME is where to decide them"
    had = ", ".join(f"{stances[s]} {s}" for s in STANCES)
    left = f"; {found.disputed} more are disputed" if found.disputed else ""
    if len(found.examples) < LEAST:
        raise CorpusError(
            f"{name}: {len(found.examples)} stances are decided ({had}){left}, and {LEAST} are needed; {more}"
        )
    if sum(count >= LEAST_EACH for count in stances.values()) < 2:
        raise CorpusError(
            f"{name}: what is decided is nearly all of one stance ({had}){left}; two stances need {LEAST_EACH} "
            f"decisions each, or there is nothing to tell apart; {more}"
        )
    if len({example.passage for example in found.examples}) < 2:
        raise CorpusError(f"{name}: all decisions are on one passage, so that none can be held out; {more}")


def _learned(
    base: Trainable, anew: Callable[[], Trainable], examples: list[Example], advance: Advance
) -> tuple[Parts, float, Figures]:
    """Train `base` on all examples, after its figures on those held out, and its temperature, are known."""
    held = parts(examples, SEED)
    tested = sorted(index for part in held.held_out for index in part)
    before = dict(zip(tested, answers([examples[i] for i in tested], base.classifier()), strict=True))
    learn = _Course(examples, held, advance)
    after: dict[int, Answer] = {}
    for part in held.held_out:
        model = anew()
        learn(model, others(examples, part))
        after |= zip(part, answers([examples[i] for i in part], model.classifier()), strict=True)
    learn(base, examples)
    scores = _cross_fitted(after, examples, held.held_out)
    shown = figures(
        [examples[i] for i in tested],
        [held.units[i] for i in tested],
        [before[i].scores() for i in tested],
        [scores[i] for i in tested],
    )
    return held, temperature([after[i] for i in tested], [examples[i] for i in tested]), shown


def _cross_fitted(after: dict[int, Answer], examples: list[Example], held_out: list[list[int]]) -> dict[int, Scores]:
    """Scores at the temperature of the other parts; of a part alone, at that of its even and odd decisions in turn."""
    groups = held_out if len(held_out) > 1 else [held_out[0][::2], held_out[0][1::2]]
    scores: dict[int, Scores] = {}
    for group in groups:
        others = [i for other in groups if other is not group for i in other]
        softer = temperature([after[i] for i in others], [examples[i] for i in others])
        scores |= {i: after[i].scores(softer) for i in group}
    return scores


class _Course:
    """Trainings one after another, of which `advance` hears the share that is done."""

    def __init__(self, examples: Sequence[Example], held: Parts, advance: Advance) -> None:
        from annotate.teach.tuning import PLAN

        sizes = [len(examples), *(len(others(examples, part)) for part in held.held_out)]
        self._all, self._done, self._advance = sum(map(PLAN.steps, sizes)), 0, advance

    def __call__(self, model: Trainable, examples: list[Example]) -> None:
        from annotate.teach.tuning import PLAN, fine_tune

        fine_tune(model, examples, PLAN, self._step)

    def _step(self) -> None:
        self._done += 1
        self._advance(self._done / self._all)


def _written(base: Trainable, lesson: Lesson, out: Path) -> Lesson:
    """Write model and card beside `out`, prove that the model can be read, and move it there."""
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        inner = beside / out.name
        inner.mkdir()
        base.write(inner, lesson.temperature)
        lesson = replace(lesson, model=_name(inner))
        (inner / "README.md").write_text(card(lesson), encoding="utf-8", newline="\n")
        if out.is_dir():
            out.rmdir()  # empty, or this fails
        os.replace(inner, out)  # noqa: PTH105
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return lesson


def _name(folder: Path) -> str:
    """What the written model calls itself on the lines that it judges, after it has judged once."""
    classifier = stance_classifier(str(folder))
    classifier.judge([("A premise.", "A hypothesis.")])
    return classifier.name
