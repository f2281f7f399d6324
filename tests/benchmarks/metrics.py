"""Rows in, figures of quality with their 95 % intervals, and tables out; knows no model."""

from __future__ import annotations

import gzip
import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

SEED = 1
RESAMPLES = 1000
TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word or a punctuation mark."""

Row = dict[str, Any]
Span = tuple[int, int]
Counts = tuple[int, int, int]
"""How many are right, how many were predicted, how many are gold."""


class Figure(NamedTuple):
    """A share between 0 and 1 and its bootstrap interval."""

    value: float
    low: float
    high: float


class Overall(NamedTuple):
    """Figures from the counts of all articles."""

    precision: Figure
    recall: Figure
    f1: Figure


class Classified(NamedTuple):
    """How well labels were predicted; `f1` and the macro average are over the labels that occur in the gold."""

    n: int
    accuracy: Figure
    macro_f1: Figure
    f1: dict[str, float]
    confusion: list[list[int]]
    """Rows gold, columns predicted, both in the order of the labels given."""


def seed(number: int) -> None:
    """Make `number` what all that chance decides depends on, from here on."""
    global SEED  # noqa: PLW0603 - as in `random.seed`
    SEED = number


def tokens_inside(text: str, spans: Collection[Span]) -> set[Span]:
    """The tokens of `text` that lie wholly inside a span."""
    tokens = (match.span() for match in TOKEN.finditer(text))
    return {(start, end) for start, end in tokens if any(s <= start and end <= e for s, e in spans)}


def without_edges(text: str, spans: Iterable[Span]) -> set[Span]:
    """The spans less punctuation, quotation marks and white space at both ends; those of nothing else are gone."""
    found = set()
    for start, end in spans:
        kept = [place for place in range(start, end) if not _is_edge(text[place])]
        if kept:
            found.add((kept[0], kept[-1] + 1))
    return found


def _is_edge(character: str) -> bool:
    return character.isspace() or character == "`" or unicodedata.category(character).startswith("P")


def same(predicted: set[Span], gold: set[Span]) -> Counts:
    """Counts where a prediction is right if it is exactly a gold one."""
    return len(predicted & gold), len(predicted), len(gold)


def overall(articles: Sequence[Counts]) -> Overall:
    """Figures over all articles (micro average), their intervals by resampling articles."""
    counts = np.array(articles, dtype=np.int64).reshape(-1, 3)
    chosen = np.random.default_rng(SEED).integers(0, len(counts), (RESAMPLES, len(counts)))
    values = _precision_recall_f1(counts.sum(0))
    resampled = _precision_recall_f1(counts[chosen].sum(1))
    return Overall(*(figure(values[..., i], resampled[..., i]) for i in range(3)))


def share(articles: Sequence[tuple[int, int]]) -> Figure:
    """Right cases as a share of all, from (right, all) per article; the interval by resampling articles.

    Where all are right, or none, resampling tells nothing: the interval is then as if an article were one case.
    """
    right, every = (sum(counts) for counts in zip(*articles, strict=True))
    if right in (0, every):
        return wilson(len(articles) if right else 0, len(articles))
    return overall([(right, every, every) for right, every in articles]).f1


def accuracy(right: Collection[bool]) -> Figure:
    """The share that is right of cases that do not depend on one another."""
    return wilson(sum(right), len(right))


def wilson(right: int, every: int) -> Figure:
    """A share of independent cases and its score interval (Wilson 1927)."""
    if not every:
        return Figure(0.0, 0.0, 1.0)
    share, z = right / every, 1.96
    middle = (share + z * z / (2 * every)) / (1 + z * z / every)
    side = z / (1 + z * z / every) * (share * (1 - share) / every + z * z / (4 * every * every)) ** 0.5
    return Figure(share, max(0.0, middle - side), min(1.0, middle + side))


def classified(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Classified:
    """Figures of a classification, their intervals by resampling rows. `labels` has all that occur."""
    cells = confusion_matrix(gold, predicted, labels=list(labels))
    # Resampled rows with replacement have a multinomial confusion matrix.
    drawn = np.random.default_rng(SEED).multinomial(len(gold), cells.ravel() / len(gold), RESAMPLES)
    resampled = drawn.reshape(-1, *cells.shape)
    present = cells.sum(1) > 0
    f1 = label_f1(cells)
    return Classified(
        len(gold),
        figure(_accuracy(cells), _accuracy(resampled)),
        figure(f1[present].mean(), label_f1(resampled)[:, present].mean(-1)),
        {label: float(f1[i]) for i, label in enumerate(labels) if present[i]},
        cells.tolist(),
    )


def label_f1(cells: NDArray[Any]) -> NDArray[np.float64]:
    """F1 of each label from confusion matrices, (..., labels, labels) to (..., labels); 0 where it never occurs."""
    right = np.diagonal(cells, axis1=-2, axis2=-1)
    return _ratio(2 * right, cells.sum(-1) + cells.sum(-2))


def _accuracy(cells: NDArray[Any]) -> NDArray[np.float64]:
    return _ratio(np.trace(cells, axis1=-2, axis2=-1), cells.sum((-2, -1)))


def _precision_recall_f1(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Precision, recall and F1 from right, predicted and gold: (..., 3) to (..., 3)."""
    right, predicted, gold = counts[..., 0], counts[..., 1], counts[..., 2]
    return np.stack([_ratio(right, predicted), _ratio(right, gold), _ratio(2 * right, predicted + gold)], -1)


def _ratio(part: Any, whole: Any) -> NDArray[np.float64]:
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)


def figure(value: Any, resampled: NDArray[np.float64]) -> Figure:
    """A value with the interval that its resamples give."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Figure(float(value), float(low), float(high))


def mean(figures: Sequence[Figure | None]) -> Figure | None:
    """The mean of independent figures, None left out; sides of intervals add as standard errors do."""
    known = [f for f in figures if f]
    if not known:
        return None
    value = sum(f.value for f in known) / len(known)
    below, above = (
        sum(side**2 for side in sides) ** 0.5 / len(known)
        for sides in ([f.value - f.low for f in known], [f.high - f.value for f in known])
    )
    return Figure(value, value - below, value + above)


class Table(NamedTuple):
    """A table of the report; cells are text, counts, figures, plain shares, or None."""

    title: str
    head: Sequence[str]
    rows: list[list[Any]]
    note: str = ""

    def markdown(self) -> str:
        """The table as Markdown, its title a heading."""
        return f"### {self.title}\n\n{self.body()}"

    def body(self) -> str:
        """The note and the table as Markdown."""
        lines = [self.head, ["---"] * len(self.head), *([_cell(value) for value in row] for row in self.rows)]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"{self.note}\n\n{table}" if self.note else table

    def records(self) -> list[dict[str, Any]]:
        """The rows for JSON: an object each, shares between 0 and 1."""
        return [
            {key: v._asdict() if isinstance(v, Figure) else v for key, v in zip(self.head, row, strict=True)}
            for row in self.rows
        ]


def report(tables: Iterable[Table], path: Path | None) -> None:
    """Print tables as they come, and write them into a file of JSON, if one is named."""
    found = []
    for table in tables:
        found.append({"title": table.title, "note": table.note, "rows": table.records()})
        print(table.markdown(), end="\n\n", flush=True)
    if path:
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _cell(value: Any) -> str:
    if isinstance(value, Figure):
        return f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]"
    if isinstance(value, float):
        return f"{100 * value:.1f}"
    return "–" if value is None else str(value)


def read(path: Path) -> list[Row]:
    """The objects of a JSONL file, gzip'd or plain."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def sample(rows: list[Row], limit: int) -> list[Row]:
    """At most `limit` of the rows (0: all), in their order, chosen by a seed."""
    if not 0 < limit < len(rows):
        return rows
    return [rows[i] for i in sorted(random.Random(SEED).sample(range(len(rows)), limit))]


def by_dataset(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each data set."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["dataset"], []).append(row)
    return dict(sorted(found.items()))


def timing(unit: str, name: str, count: int, seconds: float, **counts: int) -> Table:
    """The time that a model took per unit; `counts` are further columns."""
    head = ["model", f"{unit}s", f"ms per {unit}", *(key.replace("_", " ") for key in counts)]
    cells = [name, count, f"{1000 * seconds / max(1, count):.2f}", *counts.values()]
    return Table("Time", head, [cells], "Wall clock, the model loaded before.")


def baselines(training: list[Row], rows: list[Row], labels: Sequence[str]) -> list[list[str] | None]:
    """The predictions of the commonest label and of logistic regression; None without rows to learn from."""
    known = [row for row in training if row["label"] in labels]
    if not known:
        return [None, None]
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    gold = [row["label"] for row in known]
    regression = LogisticRegression(max_iter=1000, class_weight="balanced")
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), regression)
    model.fit([f"{row['text']}\n{row['target']}" for row in known], gold)
    predicted = model.predict([f"{row['text']}\n{row['target']}" for row in rows]).tolist()
    return [[Counter(gold).most_common(1)[0][0]] * len(rows), predicted]
