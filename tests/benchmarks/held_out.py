"""Claims of our own for targets that no training saw, what the scores of these mean, and sentences all understand."""

from __future__ import annotations

from pathlib import Path

import calibration
import metrics
from bench import Run, Timed, classifier, remembered, temperature, verdicts
from metrics import Classified, Row, Table, accuracy, classified, read, sample

from annotate.codebook import Hypotheses, Target
from annotate.entailment import Classifier
from annotate.records import STANCES, Scores
from annotate.stance import Question

OWN = Path(__file__).parents[2] / "models" / "stance-minilm" / "data"
SPLITS = {"news": "ordinary articles", "dev": "hard claims"}
WORDINGS = ("default", "the target's own")
"""What the hypotheses say."""


def own(run: Run) -> list[Table]:
    """Stance toward targets that no training saw: all claims of ordinary articles, and claims written to be hard."""
    default, own_words = remembered(run.model), Timed(classifier(run.model))
    table: list[list[object]] = []
    details: list[Table] = []
    count = 0
    for split, name in SPLITS.items():
        asked = rows_of(split, run.limit)
        count += len(asked)
        gold = [row["stance"] for row in asked]
        predictions = {}
        for wording, model in zip(WORDINGS, (default, own_words), strict=True):
            predictions[wording] = [s.stance for s in scored(asked, wording, model)]
            result = classified(gold, predictions[wording], STANCES)
            table.append(_line(name, wording, result))
            details.append(_confusion(f"Confusion, {name}, hypotheses: {wording}", result))
        details += [_accuracies(name, key, asked, list(predictions.values())) for key in ("target", "kind")]
    head = ["claims", "hypotheses", "n", "macro-F1", "accuracy", *(f"F1 {s}" for s in STANCES), "favor for against"]
    note = (
        "The last column is the share of claims whose favor is taken for against, or the reverse. Rows of one target "
        "resemble each other: the intervals do not tell how much the next target differs."
    )
    times = default.inner.table(count), own_words.table(count)
    time = times[0]._replace(
        head=["hypotheses", *times[0].head],
        rows=[[wording, *t.rows[0]] for wording, t in zip(WORDINGS, times, strict=True)],
    )
    return [Table("Held-out targets", head, table, note), *details, time]


def rows_of(split: str, limit: int) -> list[Row]:
    """The judgements for the targets of a split: a claim, `target` with its names and wordings, `stance`."""
    targets = {row["id"]: row for row in read(OWN / "targets.jsonl") if row["split"] == split}
    asked = [
        {**claim, "target": target, "wordings": targets[target], "stance": label}
        for claim in read(OWN / "claims.jsonl")
        for target, label in claim["stances"].items()
        if target in targets
    ]
    return sample(asked, limit)


def scored(asked: list[Row], wording: str, model: Classifier) -> list[Scores]:
    """The model's scores of judgements, with the default hypotheses or those that the target has of its own."""
    questions = []
    for row in asked:
        told = row["wordings"]
        own_words = Hypotheses(tuple(told["favor"]), tuple(told["against"]))
        hypotheses = Hypotheses() if wording == "default" else own_words
        questions.append(Question(row["text"], row["speaker"], Target(told["id"], told["name"], "", hypotheses)))
    return [verdict.scores for verdict in verdicts(questions, model)]


def _line(name: str, wording: str, r: Classified) -> list[object]:
    reversed_ = r.confusion[0][2] + r.confusion[2][0]
    shares = [r.f1.get(stance) for stance in STANCES]
    return [name, wording, r.n, r.macro_f1, r.accuracy, *shares, metrics.wilson(reversed_, r.n)]


def _confusion(title: str, result: Classified) -> Table:
    rows = [[label, *counts] for label, counts in zip(STANCES, result.confusion, strict=True)]
    return Table(title, ["gold \\ predicted", *STANCES], rows)


def _accuracies(title: str, key: str, asked: list[Row], predictions: list[list[str]]) -> Table:
    """Accuracy of the rows that share a value of `key`, for both kinds of hypotheses."""
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(asked):
        groups.setdefault(row[key], []).append(index)
    rows = [
        [name, len(chosen), *(accuracy([p[i] == asked[i]["stance"] for i in chosen]) for p in predictions)]
        for name, chosen in sorted(groups.items())
    ]
    return Table(f"Accuracy by {key}, {title}", [key, "n", *WORDINGS], rows)


# ---- Calibration ----

HALVES = {"fitted": "the half that the recipe fits on", "other": "the other half"}
TEMPERATURES = [step / 4 for step in range(2, 20)]


def fitted_on(row: Row) -> bool:
    """Whether a judgement is in the half on which the recipe fits the temperature: claims of an even number."""
    return int(row["id"][-1]) % 2 == 0


def calibrated(run: Run) -> list[Table]:
    """Whether scores mean what they say, on the half that a temperature was fitted on and on the other."""
    asked = [row for split in SPLITS for row in rows_of(split, run.limit)]
    halves = {name: [row for row in asked if fitted_on(row) == (name == "fitted")] for name in HALVES}
    model, shipped = remembered(run.model), temperature(run.model)
    best = min(TEMPERATURES, key=lambda t: _error(halves["fitted"], calibration.Tempered(model, t / shipped)))
    kinds = {
        f"as the model gives them, temperature {shipped:.2f}": 1.0,
        "without a temperature": 1 / shipped,
        f"temperature {best:.2f}, the best on the fitted half": best / shipped,
    }
    table = [
        [kind, HALVES[half], *_calibration(rows, calibration.Tempered(model, factor))]
        for kind, factor in kinds.items()
        for half, rows in halves.items()
    ]
    note = (
        "Claims of our own for held-out targets, hard and ordinary ones, default hypotheses. ECE is how far the "
        "highest score is from the share that is right, over bins of equal width; its intervals lean upward."
    )
    head = ["scores", "claims", "n", "accuracy", "mean confidence", "ECE, 10 bins", "ECE, 15 bins"]
    return [Table("Calibration", head, table, note), *_meaning(halves["other"], model)]


def _judged(rows: list[Row], model: Classifier) -> tuple[list[float], list[bool]]:
    """Confidence, and whether the label is right."""
    scores = scored(rows, "default", model)
    right = [s.stance == row["stance"] for s, row in zip(scores, rows, strict=True)]
    return [calibration.confidence(s) for s in scores], right


def _error(rows: list[Row], model: Classifier) -> float:
    return calibration.ece(*_judged(rows, model)).value


def _calibration(rows: list[Row], model: Classifier) -> list[object]:
    sure, right = _judged(rows, model)
    errors = (calibration.ece(sure, right, bins) for bins in (10, 15))
    return [len(rows), accuracy(right), sum(sure) / len(sure), *errors]


def _meaning(rows: list[Row], model: Classifier) -> list[Table]:
    """Reliability, and what remains above a least confidence, of the scores as the model gives them."""
    sure, right = _judged(rows, model)
    bins = Table(
        "Reliability", ["confidence", "n", "mean", "right"], calibration.reliability(sure, right), "The other half."
    )
    kept = []
    for least in (0.0, 0.5, 0.6, 0.7, 0.8, 0.9):
        above = [r for s, r in zip(sure, right, strict=True) if s >= least]
        kept.append([f"{least:.1f}", len(above), len(above) / len(rows), accuracy(above) if above else None])
    note = "What the codebook's `min_confidence` leaves without review, on the other half."
    return [bins, Table("Least confidence", ["min_confidence", "n", "share of claims", "right"], kept, note)]


# ---- Plain sentences ----

PLAIN = {
    "favor": (
        "I welcome {t}, it will bring our islands closer.", "{T} is the right step.", "{T} will bring jobs and growth.",
        "We support {t}.", "{T} is good news for both countries.", "I hope {t} goes ahead.", "{T} would make us safer.",
        "{T} is long overdue.", "{T} is a smart move by the government.", "We agreed to go on with {t}.",
        "Without {t} our economy would suffer.", "{T} is a great opportunity for young people.",
    ),
    "neutral": (
        "{T} was discussed on Monday.", "The talks on {t} lasted two hours.", "{T} was first proposed in 2017.",
        "The government is doing {t} to counter its rival's influence.",
    ),
    "against": (
        "{T} is a dangerous mistake and must be stopped.", "{T} must be stopped.", "{T} is a mistake.",
        "{T} will cost jobs.", "We reject {t}.", "I oppose {t}.", "{T} is bad for both countries.",
        "{T} threatens our security.", "{T} should be scrapped.", "{T} would make us poorer.",
        "I warned the minister against {t}.", "{T} is a betrayal of our people.",
    ),
}  # fmt: skip
"""What anybody would understand, as templates over the target."""
PLAIN_TARGETS = (
    "the ferry line", "closer ties between Kenya and Japan", "the trade agreement", "the joint military drills",
    "the naval base", "sanctions on Oskova",
)  # fmt: skip


def plain(run: Run) -> list[Table]:
    """The share of plain sentences that are understood: a model must not lose these while it learns hard ones."""
    model = classifier(run.model)
    rows = []
    for label, templates in PLAIN.items():
        texts = [(t, text.format(t=t, T=t[0].upper() + t[1:])) for t in PLAIN_TARGETS for text in templates]
        said = verdicts([Question(text, "Ann Lee", Target("plain", t)) for t, text in texts], model)
        rows.append([label, accuracy([v.scores.stance == label for v in said]), len(said)])
    return [Table("Plain sentences", ["stance", "right", "n"], rows)]
