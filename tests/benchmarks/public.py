"""Entailment and stance on public sets."""

from __future__ import annotations

from typing import Any

import calibration
import metrics
from bench import Run, Timed, classifier, judged
from metrics import Row, Table, classified, read, sample

from annotate.records import STANCES, Scores
from annotate.stance import combined

ENTAILMENTS = ("entailment", "neutral", "contradiction")


def nli(run: Run) -> list[Table]:
    """Accuracy and macro-F1 of entailment; without contradiction in the gold for a two-way model."""
    rows = sample(read(run.data / "nli" / "dev.jsonl.gz"), run.limit)
    timed = Timed(classifier(run.model))
    labels = ENTAILMENTS[:2] if timed.two_way else ENTAILMENTS
    judgements = judged([(row["premise"], row["hypothesis"]) for row in rows], timed)
    predicted = [max(labels, key=lambda label, j=j: getattr(j, label)) for j in judgements]
    gold = [row["label"] if row["label"] in labels else "neutral" for row in rows]
    note = "A two-way model: neutral and contradiction are one label." if timed.two_way else ""
    result = classified(gold, predicted, labels)
    head = ["n", "accuracy", "macro-F1", *(f"F1 {label}" for label in result.f1)]
    figures = Table("NLI", head, [[*result[:3], *result.f1.values()]], note)
    return [figures, timed.table()]


def stance(run: Run) -> list[Table]:
    """Macro-F1 and accuracy per public data set, beside two baselines."""
    timed = Timed(classifier(run.model))
    development = metrics.by_dataset(read(run.data / "stance" / "dev.jsonl.gz"))
    path = run.data / "stance" / "train.jsonl.gz"
    training = metrics.by_dataset(read(path)) if path.is_file() else {}
    table: list[list[Any]] = []
    whole: list[int] = []
    count = 0
    for dataset, every in development.items():
        rows = sample(every, run.limit)
        whole.append(len(table))
        table += _of_set(dataset, rows, training.get(dataset, []), timed)
        count += len(rows)
    means = [metrics.mean([table[row][column] for row in whole]) for column in range(3, len(table[0]))]
    table.append(["mean of the sets", "", count, *means])
    systems = (timed.name, "majority", "TF-IDF")
    head = ["data set", "labels", "n", *(f"{figure} {s}" for figure in ("macro-F1", "accuracy") for s in systems)]
    note = (
        'The premise is the bare text, the hypotheses "{holder, or The text} supports/opposes {target}.". Macro-F1 is '
        "over the labels that a set has; where it has no neutral, the higher of favor and against is predicted. "
        "Baselines learn from that set's train rows: their commonest label; logistic regression, classes balanced, on "
        "TF-IDF of word 1–2-grams of text and target. The calibration error (ECE, 10 bins) is that of all three scores."
    )
    return [Table("Stance on public sets", [*head, "ECE"], table, note), timed.table(count)]


def _of_set(dataset: str, rows: list[Row], training: list[Row], timed: Timed) -> list[list[Any]]:
    """A line of the table for a data set, and one for its zero-shot rows, if it has any."""
    labels = [label for label in STANCES if any(row["label"] == label for row in rows)]
    gold = [row["label"] for row in rows]
    scores = scored(rows, timed)
    mine = [max(labels, key=lambda label, s=s: float(getattr(s, label))) for s in scores]
    predictions = [mine, *metrics.baselines(training, rows, labels)]
    groups = {dataset: list(range(len(rows)))}
    if zero_shot := [index for index, row in enumerate(rows) if row.get("zero_shot")]:
        groups[f"{dataset}, zero-shot rows"] = zero_shot
    lines = []
    for name, chosen in groups.items():
        results = [p and classified([gold[i] for i in chosen], [p[i] for i in chosen], labels) for p in predictions]
        figures = [*(r and r.macro_f1 for r in results), *(r and r.accuracy for r in results)]
        sure = [calibration.confidence(scores[i]) for i in chosen]
        error = calibration.ece(sure, [mine[i] == gold[i] for i in chosen]) if len(labels) == len(STANCES) else None
        lines.append([name, "/".join(labels), len(chosen), *figures, error])
    return lines


def scored(rows: list[Row], timed: Timed) -> list[Scores]:
    """The model's scores of each row."""
    about = [(row["text"], row["holder"] or "The text", row["target"]) for row in rows]
    pairs = [(text, f"{who} {verb} {target}.") for text, who, target in about for verb in ("supports", "opposes")]
    answers = judged(pairs, timed)
    return [combined([f], [a], two_way=timed.two_way) for f, a in zip(answers[::2], answers[1::2], strict=True)]
