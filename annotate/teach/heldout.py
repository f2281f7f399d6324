"""Whether training on decisions made a stance model better: figures on decisions that it was not trained on.

Decisions are few, so every one is held out once: in five parts of about equal stances (stratified, seeded), each is
judged by a model trained on the other four (cross-validation). Of more than MANY decisions one part is held out, which
then is large enough. Parts are of whole articles where there are five or more, so that a part's articles are new to
its model; else of whole passages, which tells less of new articles, and is said. What holds the same words as a part,
as papers that print one agency's report do, is kept from its model too.

Confidence is divided by a temperature (Guo et al. 2017), of least negative log-likelihood on the other parts, so that
the calibration that is told is of decisions which the temperature was not fitted on; with few of them it stays near 1.
Intervals are by bootstrap over articles or passages; a difference is of the same resamples.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from annotate.entailment import Classifier, Judgement
from annotate.measure.intervals import Figure, Numbers, bootstrapped, grouped
from annotate.measure.scores import BINS, ENDS, accuracy, ece, label_f1, macro
from annotate.records import STANCES, Scores
from annotate.stance import combined
from annotate.teach.examples import Example

PARTS = 5
MANY = 1000
CELLS = len(ENDS) ** 2
_TEMPERATURES = tuple(2 ** (step / 8) for step in range(-16, 25))
_DOUBT = math.log(1.5)
"""The standard deviation of the temperature's logarithm that is taken for granted before anything is seen."""


class Parts(NamedTuple):
    """The indices of the held-out parts, what they are made of, and each example's unit by number."""

    held_out: list[list[int]]
    of: str
    """"articles" or "passages"."""
    units: list[int]


def parts(examples: Sequence[Example], seed: int) -> Parts:
    """The parts of the examples; one part where there are many of them."""
    from sklearn.model_selection import StratifiedGroupKFold

    by_article = len({example.article for example in examples}) >= PARTS
    names = [example.article if by_article else example.passage for example in examples]
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    units = [number[name] for name in names]
    cut = StratifiedGroupKFold(min(PARTS, len(number)), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stance with fewer decisions than parts is in some part all the same
        found = [sorted(map(int, held)) for _, held in cut.split(units, [e.stance for e in examples], units)]
    held_out = [part for part in found if part]
    largest = max(held_out, key=len)
    return Parts([largest] if len(examples) > MANY else held_out, "articles" if by_article else "passages", units)


def others(examples: Sequence[Example], part: Sequence[int]) -> list[Example]:
    """What the model is trained on that a part is held out from."""
    held, words = set(part), {_words(examples[i]) for i in part}
    return [example for i, example in enumerate(examples) if i not in held and _words(example) not in words]


def _words(example: Example) -> str:
    """The premise."""
    return example.favor[0][0]


class Answer(NamedTuple):
    """What a classifier says of the hypotheses of an example."""

    favor: list[Judgement]
    against: list[Judgement]

    def scores(self, temperature: float = 1.0) -> Scores:
        """The scores, at another temperature than the classifier's own."""
        favor, against = ([_softened(j, temperature) for j in side] for side in self)
        return combined(favor, against, two_way=False)


def _softened(judgement: Judgement, temperature: float) -> Judgement:
    if temperature == 1:
        return judgement
    e, n, c = (max(p, 1e-12) ** (1 / temperature) for p in judgement[:3])
    total = e + n + c
    return Judgement(e / total, n / total, c / total, judgement.truncated)


def answers(examples: Sequence[Example], classifier: Classifier) -> list[Answer]:
    """What a three-way classifier says of each example."""
    pairs = list(dict.fromkeys(pair for example in examples for pair in (*example.favor, *example.against)))
    said = dict(zip(pairs, classifier.judge(pairs), strict=True))
    return [Answer([said[p] for p in e.favor], [said[p] for p in e.against]) for e in examples]


def temperature(said: Sequence[Answer], examples: Sequence[Example]) -> float:
    """The most likely temperature beside the classifier's own, by these decisions and what was expected before."""

    def loss(candidate: float) -> float:
        right = (getattr(a.scores(candidate), e.stance) for a, e in zip(said, examples, strict=True))
        return sum(-math.log(max(p, 1e-4)) for p in right) + (math.log(candidate) / _DOUBT) ** 2 / 2

    return min(_TEMPERATURES, key=loss)


class Compared(NamedTuple):
    """Held-out decisions of one kind as two models judge them; `gain` is of macro-F1, or of a stance's F1."""

    of: str
    name: str
    decisions: int
    before: Figure
    after: Figure
    gain: Figure

    @property
    def verdict(self) -> str:
        if self.gain.value <= 0:
            return "not better"
        return "better" if (self.gain.low or 0) > 0 else "perhaps better"


class Figures(NamedTuple):
    """How the held-out decisions are judged without training and with it; `rows` holds all, then targets, stances."""

    rows: list[Compared]
    accuracy: tuple[Figure, Figure]
    ece: tuple[Figure, Figure]
    """The expected calibration error."""


def figures(examples: Sequence[Example], units: Sequence[int], before: list[Scores], after: list[Scores]) -> Figures:
    """The figures of held-out decisions, of scores by two models."""
    sums = np.hstack([_sums(examples, before), _sums(examples, after)])
    everything = np.ones(len(examples), dtype=bool)
    stances = [examples[i].stance for i in range(len(examples))]
    rows = [_compared("all", "", sums, everything, units, stances)]
    targets = Counter(example.target for example in examples)
    for target in targets if len(targets) > 1 else ():
        mine = np.array([example.target == target for example in examples])
        rows.append(_compared("target", target, sums, mine, units, stances))
    rows += [_compared("stance", s, sums, everything, units, stances) for s in STANCES if s in stances]
    whole, size = _by_unit(sums, units), CELLS + 3 * BINS
    sides = whole[:, :size], whole[:, size:]
    right = tuple(bootstrapped(side[:, :CELLS], accuracy) for side in sides)
    error = tuple(bootstrapped(side[:, CELLS:], ece) for side in sides)
    return Figures(rows, (_known(right[0]), _known(right[1])), (_known(error[0]), _known(error[1])))


def _sums(examples: Sequence[Example], scores: list[Scores]) -> Numbers:
    """A confusion matrix's cells, then claims, confidence and right ones by bin, of each example."""
    rows = np.zeros((len(examples), CELLS + 3 * BINS))
    for row, example, said in zip(rows, examples, scores, strict=True):
        confidence, right = float(getattr(said, said.stance)), said.stance == example.stance
        row[STANCES.index(example.stance) * len(ENDS) + STANCES.index(said.stance)] = 1
        bin = min(BINS - 1, int(confidence * BINS))
        row[CELLS + bin], row[CELLS + BINS + bin], row[CELLS + 2 * BINS + bin] = 1, confidence, right
    return rows


def _compared(
    of: str, name: str, sums: Numbers, mine: np.ndarray, units: Sequence[int], stances: Sequence[str]
) -> Compared:
    """Macro-F1 over the stances that are there among `mine`, of both sides of the sums; of a stance its F1."""
    there = [s for s, own in zip(stances, mine, strict=True) if own]
    present = [place for place, stance in enumerate(STANCES) if stance in ([name] if of == "stance" else there)]
    size = CELLS + 3 * BINS

    def score(start: int, cells: Numbers) -> Numbers:
        return macro(label_f1(cells[..., start : start + CELLS], matched_only=True), present)

    rows = _by_unit(sums[mine], [unit for unit, own in zip(units, mine, strict=True) if own])
    before, after, gain = (
        _known(bootstrapped(rows, statistic))
        for statistic in (lambda c: score(0, c), lambda c: score(size, c), lambda c: score(size, c) - score(0, c))
    )
    return Compared(of, name, there.count(name) if of == "stance" else int(mine.sum()), before, after, gain)


def _by_unit(sums: Numbers, units: Sequence[int]) -> Numbers:
    number = {unit: place for place, unit in enumerate(dict.fromkeys(units))}
    return grouped(sums, [number[unit] for unit in units], len(number))


def _known(figure: Figure | None) -> Figure:
    return figure or Figure(math.nan)


def counts(examples: Sequence[Example]) -> Iterator[tuple[str, dict[str, int]]]:
    """The decisions on each target by stance."""
    for target in dict.fromkeys(example.target for example in examples):
        found = Counter(example.stance for example in examples if example.target == target)
        yield target, {stance: found[stance] for stance in STANCES}
