"""What is measured, and on what: the options of a run, its models, and the time they take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import metrics
from metrics import Table

from annotate.attribution import Attributor
from annotate.embedded import Embedded, folder
from annotate.entailment import Classifier, Judgement
from annotate.models import EmbeddedClassifier, stance_classifier
from annotate.stance import Question, Verdict, judge

Pair = tuple[str, str]
Judge = Callable[[Sequence[Pair]], list[Judgement]]
CHUNK = 512
"""Rows that are judged in one call."""


class Run(NamedTuple):
    """The folder of data, the stance model ("" for the embedded one), the attribution model, and most rows (0: all)."""

    data: Path
    model: str = ""
    attribution_model: Path | None = None
    limit: int = 0


class Timed:
    """A classifier that counts pairs and seconds; the model is loaded before the clock starts."""

    def __init__(self, inner: Classifier) -> None:
        self.inner, self.name, self.two_way = inner, inner.name, inner.two_way
        self.shortcut = inner.shortcut and inner.shortcut._replace(judge=partial(self._timed, inner.shortcut.judge))
        self.pairs = self.truncated = 0
        self.seconds = 0.0
        inner.judge([("A premise.", "A hypothesis.")])

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """What the classifier within says."""
        return self._timed(self.inner.judge, pairs)

    def _timed(self, judge: Judge, pairs: Sequence[Pair]) -> list[Judgement]:
        began = time.perf_counter()
        judgements = judge(pairs)
        self.seconds += time.perf_counter() - began
        self.pairs += len(pairs)
        self.truncated += sum(judgement.truncated for judgement in judgements)
        return judgements

    def table(self, claims: int = 0) -> Table:
        """Time per claim, or per pair where no claims were judged, and how many premises were cut."""
        if not claims:
            return metrics.timing("pair", self.name, self.pairs, self.seconds, premises_cut=self.truncated)
        counts = {"pairs": self.pairs, "premises_cut": self.truncated}
        return metrics.timing("claim", self.name, claims, self.seconds, **counts)


class Remembered:
    """A classifier that is asked for each pair once, however many sections need it."""

    def __init__(self, inner: Timed) -> None:
        self.inner, self.name, self.two_way = inner, inner.name, inner.two_way
        self._known: dict[Pair, Judgement] = {}
        self._quickly_known: dict[Pair, Judgement] = {}
        way = inner.shortcut
        self.shortcut = way and way._replace(judge=partial(_remembered, self._quickly_known, way.judge))

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """What the classifier within says, or said."""
        return _remembered(self._known, self.inner.judge, pairs)


def _remembered(known: dict[Pair, Judgement], judge: Judge, pairs: Sequence[Pair]) -> list[Judgement]:
    if new := [pair for pair in dict.fromkeys(pairs) if pair not in known]:
        known |= zip(new, judge(new), strict=True)
    return [known[pair] for pair in pairs]


@cache
def classifier(model: str) -> Classifier:
    """The classifier that `model` names; a folder with model.onnx is one of ours, exported for a trial."""
    exported = exported_folder(model)
    return EmbeddedClassifier(Embedded(exported)) if exported else stance_classifier(model)


@cache
def remembered(model: str) -> Remembered:
    """The same, with a memory, and a clock within that counts what was new."""
    return Remembered(Timed(classifier(model)))


def exported_folder(model: str) -> Path | None:
    """The folder of a model in our own format, None for others."""
    path = Path(model) if model not in ("", "stance-minilm") else folder("stance-minilm")
    return path if (path / "model.onnx").is_file() and (path / "config.json").is_file() else None


def temperature(model: str) -> float:
    """What the model divides its logits by before anybody sees scores."""
    exported = exported_folder(model)
    return float(Embedded(exported).config["temperature"]) if exported else 1.0


def attributor(run: Run) -> Attributor:
    """The attribution model of a run."""
    return Attributor(run.attribution_model and Embedded(run.attribution_model))


def judged(pairs: list[tuple[str, str]], model: Classifier) -> list[Judgement]:
    """A judgement per pair, in their order."""
    return [j for start in range(0, len(pairs), CHUNK) for j in model.judge(pairs[start : start + CHUNK])]


def verdicts(questions: Sequence[Question], model: Classifier) -> list[Verdict]:
    """A verdict per question, in their order."""
    chunks = (questions[start : start + CHUNK] for start in range(0, len(questions), CHUNK))
    return [verdict for chunk in chunks for verdict in judge(chunk, model)]
