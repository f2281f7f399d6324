"""Measure the models: attribution, NLI, stance on public sets, stance on held-out targets of our own.

    python tests/benchmarks/quality.py --data DATA [--model HUB_OR_FOLDER] [--only attribution,own]

DATA has any of attribution/, nli/ and stance/, each with dev.jsonl.gz; stance/train.jsonl.gz, if there, is
for the baselines alone. Figures are percentages with 95 % intervals: 1000 seeded bootstrap resamples, of
articles for attribution, of rows elsewhere. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import metrics
import speaking
from metrics import Classified, Counts, Row, Span, Table, classified, overlap, read, sample

from annotate.attribution import ROLES, Attributor, Part, Roles
from annotate.claims import Draft, drafts
from annotate.codebook import Hypotheses, Target
from annotate.embedded import Embedded
from annotate.entailment import Classifier, Judgement
from annotate.models import EmbeddedClassifier, stance_classifier
from annotate.records import STANCES, Scores
from annotate.sentences import sentences
from annotate.stance import Question, combined, judge

OWN = Path(__file__).parents[2] / "models" / "stance-minilm" / "data"
ENTAILMENTS = ("entailment", "neutral", "contradiction")
CHUNK = 512
"""Rows that are judged in one call."""


class Timed:
    """A classifier that counts pairs and seconds; the model is loaded before the clock starts."""

    def __init__(self, inner: Classifier) -> None:
        self.inner, self.name, self.two_way = inner, inner.name, inner.two_way
        self.pairs = self.truncated = 0
        self.seconds = 0.0
        inner.judge([("A premise.", "A hypothesis.")])

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """What the classifier within says."""
        began = time.perf_counter()
        judgements = self.inner.judge(pairs)
        self.seconds += time.perf_counter() - began
        self.pairs += len(pairs)
        self.truncated += sum(judgement.truncated for judgement in judgements)
        return judgements

    def table(self) -> Table:
        """Time per pair, and how many premises were cut."""
        return metrics.timing("pair", self.name, self.pairs, self.seconds, premises_cut=self.truncated)


@cache
def classifier(model: str) -> Classifier:
    """The classifier that `model` names; a folder with model.onnx is one of ours, exported for a trial."""
    exported = Path(model) if model else None
    if exported and (exported / "model.onnx").is_file() and (exported / "config.json").is_file():
        return EmbeddedClassifier(Embedded(exported))
    return stance_classifier(model)


# ---- Attribution ----


class Article(NamedTuple):
    """A text, its gold attributions and the model's spans."""

    text: str
    gold: list[dict[str, list[Span]]]
    roles: Roles

    def gold_spans(self, role: str) -> list[Span]:
        """The distinct gold spans of a role, in text order."""
        return sorted({span for attribution in self.gold for span in attribution[role]})

    def predicted_spans(self, role: int) -> list[Span]:
        """The model's spans of the role ROLES[role]."""
        return [(part.start, part.end) for part in self.roles[role]]


def attribution(arguments: argparse.Namespace) -> list[Table]:
    """Tokens by role, content spans, and whether contents are linked to their sources."""
    rows = sample(read(arguments.data / "attribution" / "dev.jsonl.gz"), arguments.limit)
    attributor = Attributor(arguments.attribution_model and Embedded(arguments.attribution_model))
    attributor.roles("A first call loads the model.")
    began = time.perf_counter()
    predicted = [attributor.roles(row["text"]) for row in rows]
    seconds = time.perf_counter() - began
    articles = [
        Article(row["text"], [{r: [(s, e) for s, e in a[r]] for r in ROLES} for a in row["attributions"]], roles)
        for row, roles in zip(rows, predicted, strict=True)
    ]
    time_table = metrics.timing("article", attributor.name, len(rows), seconds)
    return [_token_table(articles), _content_table(articles), _linking_table(articles), time_table]


def _token_table(articles: list[Article]) -> Table:
    rows = [_prf(name, [_tokens(article, role) for article in articles]) for role, name in enumerate(ROLES)]
    note = "A token is a word or a punctuation mark (`\\w+|[^\\w\\s]`); gold are those inside a span of the role."
    return Table("Tokens by role", ["role", "F1", "precision", "recall", "n gold"], rows, note)


def _tokens(article: Article, role: int) -> Counts:
    predicted = metrics.tokens_inside(article.text, article.predicted_spans(role))
    return metrics.same(predicted, metrics.tokens_inside(article.text, article.gold_spans(ROLES[role])))


def _prf(name: str, counts: list[Counts]) -> list[Any]:
    figures = metrics.overall(counts)
    return [name, figures.f1, figures.precision, figures.recall, sum(gold for _, _, gold in counts)]


def _content_table(articles: list[Article]) -> Table:
    content = ROLES.index("content")
    strict: list[Counts] = []
    exact: list[Counts] = []
    overlapping: list[Counts] = []
    nested = 0
    for article in articles:
        predicted, gold = set(article.predicted_spans(content)), set(article.gold_spans("content"))
        strict.append(metrics.same(predicted, gold))
        nested += sum(any(g != o and o[0] <= g[0] and g[1] <= o[1] for o in gold) for g in gold)
        predicted, gold = metrics.without_edges(article.text, predicted), metrics.without_edges(article.text, gold)
        exact.append(metrics.same(predicted, gold))
        overlapping.append((len(metrics.matched(predicted, gold, 0.8)), len(predicted), len(gold)))
    kinds = {"strictly exact": strict, "exact but for edges": exact, "overlap ≥ 0.8, edges ignored": overlapping}
    note = (
        "Each distinct gold content part against the predicted parts. Edges are punctuation, quotation marks and white "
        "space at both ends, ignored on both sides; overlap is intersection over union of characters, matched "
        f"greedily one to one. {nested} gold parts lie within another; the model marks only the outermost."
    )
    rows = [_prf(name, counts) for name, counts in kinds.items()]
    return Table("Content spans", ["match", "F1", "precision", "recall", "n gold"], rows, note)


def _linking_table(articles: list[Article]) -> Table:
    given: dict[str, list[tuple[int, int]]] = {"predicted": [], "gold": []}
    for article in articles:
        given["predicted"].append(linked(article, article.roles, article.predicted_spans(ROLES.index("content"))))
        spans = [article.gold_spans(role) for role in ROLES]
        roles = Roles(*([Part(start, end, 1.0) for start, end in parts] for parts in spans))
        given["gold"].append(linked(article, roles, spans[ROLES.index("content")]))
    rows = [[name, metrics.share(counts), sum(n for _, n in counts)] for name, counts in given.items()]
    note = (
        "Of gold attributions with a source and a content of which a part is found among the contents given (overlap "
        "≥ 0.8, edges ignored): any draft that overlaps a found part has a source, its own or that of the draft it "
        "runs on from, which overlaps a part of the gold source by ≥ 0.5."
    )
    return Table("Sources linked to contents", ["roles given to drafts()", "right", "n"], rows, note)


def linked(article: Article, roles: Roles, contents: list[Span]) -> tuple[int, int]:
    """How many gold attributions that could be linked are linked to their source, and how many could be."""
    found = drafts(article.text, sentences(article.text), roles)
    sources = [_source(index, found) for index in range(len(found))]
    candidates = metrics.without_edges(article.text, contents)
    right = every = 0
    for gold in article.gold:
        parts = [
            part
            for part in metrics.without_edges(article.text, gold["content"])
            if any(overlap(part, candidate) >= 0.8 for candidate in candidates)
        ]
        if gold["source"] and parts:
            every += 1
            mine = [
                source
                for draft, source in zip(found, sources, strict=True)
                if source and any(overlap((draft.start, draft.end), part) > 0 for part in parts)
            ]
            right += any(overlap((s.start, s.end), part) >= 0.5 for s in mine for part in gold["source"])
    return right, every


def _source(index: int, found: list[Draft]) -> Part | None:
    """The source of a draft, or of the one at the end of the chain it runs on from."""
    seen: set[int] = set()
    while index >= 0 and index not in seen and found[index].source is None:
        seen.add(index)
        index = found[index].runs_on
    return found[index].source if index >= 0 else None


# ---- Speakers ----


def speakers(arguments: argparse.Namespace) -> list[Table]:
    """The share of gold claims that are found and have the right speaker, and where the others are lost."""
    resolved = speaking.gold()
    rows = [r for r in read(arguments.data / "attribution" / "dev.jsonl.gz") if sha256(r["text"]) in resolved]
    attributor = Attributor(arguments.attribution_model and Embedded(arguments.attribution_model))
    articles = [speaking.heard(row, resolved[sha256(row["text"])], attributor) for row in sample(rows, arguments.limit)]
    counts = [(sum(h.right for h in article), len(article)) for article in articles]
    table = [["all", metrics.share(counts), sum(n for _, n in counts)]]
    every = [h for article in articles for h in article]
    for kind in speaking.KINDS:
        mine = [h for h in every if h.unit.kind == kind]
        table.append([kind, sum(h.right for h in mine) / max(1, len(mine)), len(mine)])
    found = [h for h in every if h.found]
    table.append(["of the claims found", sum(h.right for h in found) / max(1, len(found)), len(found)])
    reasons = [
        [reason, sum(h.right for h in mine) / len(mine), len(mine)]
        for reason in sorted({h.reason for h in found})
        if (mine := [h for h in found if h.reason == reason])
    ]
    note = "A gold claim that was missed counts as wrong; `tests/benchmarks/speaking.py` says when a speaker is right."
    head = ["gold speaker", "right", "n"]
    return [Table("Speakers, end to end", head, table, note), Table("By rule", ["reason", "right", "n"], reasons)]


def sha256(text: str) -> str:
    """What the resolved articles are known by."""
    return hashlib.sha256(text.encode()).hexdigest()


# ---- NLI and stance ----


def nli(arguments: argparse.Namespace) -> list[Table]:
    """Accuracy and macro-F1 of entailment; without contradiction in the gold for a two-way model."""
    rows = sample(read(arguments.data / "nli" / "dev.jsonl.gz"), arguments.limit)
    timed = Timed(classifier(arguments.model))
    labels = ENTAILMENTS[:2] if timed.two_way else ENTAILMENTS
    judgements = judged([(row["premise"], row["hypothesis"]) for row in rows], timed)
    predicted = [max(labels, key=lambda label, j=j: getattr(j, label)) for j in judgements]
    gold = [row["label"] if row["label"] in labels else "neutral" for row in rows]
    note = "A two-way model: neutral and contradiction are one label." if timed.two_way else ""
    result = classified(gold, predicted, labels)
    head = ["n", "accuracy", "macro-F1", *(f"F1 {label}" for label in result.f1)]
    figures = Table("NLI", head, [[*result[:3], *result.f1.values()]], note)
    return [figures, timed.table()]


def judged(pairs: list[tuple[str, str]], timed: Timed) -> list[Judgement]:
    """A judgement per pair, in their order."""
    return [j for start in range(0, len(pairs), CHUNK) for j in timed.judge(pairs[start : start + CHUNK])]


def stance(arguments: argparse.Namespace) -> list[Table]:
    """Macro-F1 and accuracy per public data set, beside two baselines."""
    timed = Timed(classifier(arguments.model))
    development = metrics.by_dataset(read(arguments.data / "stance" / "dev.jsonl.gz"))
    path = arguments.data / "stance" / "train.jsonl.gz"
    training = metrics.by_dataset(read(path)) if path.is_file() else {}
    table: list[list[Any]] = []
    for dataset, every in development.items():
        labels = [label for label in STANCES if any(row["label"] == label for row in every)]
        rows = sample(every, arguments.limit)
        gold = [row["label"] for row in rows]
        predictions = [stances(rows, labels, timed), *metrics.baselines(training.get(dataset, []), rows, labels)]
        groups = {dataset: list(range(len(rows)))}
        if zero_shot := [index for index, row in enumerate(rows) if row.get("zero_shot")]:
            groups[f"{dataset}, zero-shot rows"] = zero_shot
        for name, chosen in groups.items():
            results = [p and classified([gold[i] for i in chosen], [p[i] for i in chosen], labels) for p in predictions]
            table.append([name, "/".join(labels), len(chosen), *(r and r.macro_f1 for r in results)])
            table[-1] += [r and r.accuracy for r in results]
    systems = (timed.name, "majority", "TF-IDF")
    head = ["data set", "labels", "n", *(f"{figure} {s}" for figure in ("macro-F1", "accuracy") for s in systems)]
    note = (
        'The premise is the bare text, the hypotheses "{holder, or The text} supports/opposes {target}.". Macro-F1 is '
        "over the labels that a set has; where it has no neutral, the higher of favor and against is predicted. "
        "Baselines learn from that set's train rows: their commonest label; logistic regression, classes balanced, on "
        "TF-IDF of word 1–2-grams of text and target."
    )
    return [Table("Stance on public sets", head, table, note), timed.table()]


def stances(rows: list[Row], labels: Sequence[str], timed: Timed) -> list[str]:
    """The model's stance of each row, of the labels given."""
    about = [(row["text"], row["holder"] or "The text", row["target"]) for row in rows]
    pairs = [(text, f"{who} {verb} {target}.") for text, who, target in about for verb in ("supports", "opposes")]
    answers = judged(pairs, timed)
    scores = [combined([f], [a], two_way=timed.two_way) for f, a in zip(answers[::2], answers[1::2], strict=True)]
    return [_highest(score, labels) for score in scores]


def _highest(scores: Scores, labels: Sequence[str]) -> str:
    return max(labels, key=lambda label: float(getattr(scores, label)))


# ---- Targets of our own ----


def own(arguments: argparse.Namespace) -> list[Table]:
    """Stance toward targets that no training saw: claims written to be hard, then all claims of ordinary articles."""
    timed = Timed(classifier(arguments.model))
    tables = [
        table
        for split, name in (("dev", "hard claims"), ("news", "ordinary articles"))
        for table in _of_split(split, name, arguments.limit, timed)
    ]
    return [*tables, timed.table()]


def _of_split(split: str, name: str, limit: int, timed: Timed) -> list[Table]:
    """Figures with the default hypotheses and with the targets' own."""
    targets = {row["id"]: row for row in read(OWN / "targets.jsonl") if row["split"] == split}
    asked = [
        {**claim, "target": target, "stance": label}
        for claim in read(OWN / "claims.jsonl")
        for target, label in claim["stances"].items()
        if target in targets
    ]
    asked = sample(asked, limit)
    gold = [row["stance"] for row in asked]
    plain = {id: Target(id, row["name"]) for id, row in targets.items()}
    own_words = {id: Hypotheses(tuple(row["favor"]), tuple(row["against"])) for id, row in targets.items()}
    worded = {id: Target(id, row["name"], "", own_words[id]) for id, row in targets.items()}
    predictions = {"default": _own_stances(asked, plain, timed), "the target's own": _own_stances(asked, worded, timed)}
    results = {name: classified(gold, predicted, STANCES) for name, predicted in predictions.items()}
    tables = [_own_table(name, results)]
    tables += [_confusion(f"Confusion, {name}, hypotheses: {how}", result) for how, result in results.items()]
    for key in ("target", "kind"):
        tables.append(_accuracies(name, key, asked, list(predictions.values())))
    return tables


def _own_stances(asked: list[Row], targets: dict[str, Target], timed: Timed) -> list[str]:
    questions = [Question(row["text"], row["speaker"], targets[row["target"]]) for row in asked]
    chunks = (questions[start : start + CHUNK] for start in range(0, len(questions), CHUNK))
    return [verdict.scores.stance for chunk in chunks for verdict in judge(chunk, timed)]


def _own_table(title: str, results: dict[str, Classified]) -> Table:
    head = ["hypotheses", "n", "macro-F1", "accuracy", *(f"F1 {label}" for label in STANCES)]
    rows = [[name, r.n, r.macro_f1, r.accuracy, *map(r.f1.get, STANCES)] for name, r in results.items()]
    note = "Rows of one target resemble each other: the intervals do not tell how much the next target differs."
    return Table(f"Held-out targets: {title}", head, rows, note)


def _confusion(title: str, result: Classified) -> Table:
    rows = [[label, *counts] for label, counts in zip(STANCES, result.confusion, strict=True)]
    return Table(title, ["gold \\ predicted", *STANCES], rows)


def _accuracies(title: str, key: str, asked: list[Row], predictions: list[list[str]]) -> Table:
    """Accuracy of the rows that share a value of `key`, for both kinds of hypotheses."""
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(asked):
        groups.setdefault(row[key], []).append(index)
    rows = [
        [name, len(chosen), *(sum(p[i] == asked[i]["stance"] for i in chosen) / len(chosen) for p in predictions)]
        for name, chosen in sorted(groups.items())
    ]
    return Table(f"Accuracy by {key}, {title}", [key, "n", "default", "the target's own"], rows)


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


def plain(arguments: argparse.Namespace) -> list[Table]:
    """The share of plain sentences that are understood: a model must not lose these while it learns hard ones."""
    timed = Timed(classifier(arguments.model))
    rows = []
    for label, templates in PLAIN.items():
        texts = [(t, text.format(t=t, T=t[0].upper() + t[1:])) for t in PLAIN_TARGETS for text in templates]
        verdicts = judge([Question(text, "Ann Lee", Target("plain", t)) for t, text in texts], timed)
        rows.append([label, sum(v.scores.stance == label for v in verdicts) / len(verdicts), len(verdicts)])
    return [Table("Plain sentences", ["stance", "right", "n"], rows)]


SECTIONS: dict[str, Callable[[argparse.Namespace], list[Table]]] = {
    "attribution": attribution,
    "speakers": speakers,
    "nli": nli,
    "stance": stance,
    "own": own,
    "plain": plain,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="stance model: Hub id, folder, or folder with model.onnx")
    parser.add_argument("--attribution-model", type=Path, help="folder with model.onnx, in place of the embedded one")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas (default: all)")
    parser.add_argument("--limit", type=int, default=0, help="most articles or rows, for stance of each data set")
    parser.add_argument("--json", type=Path, help="also write the figures here, shares between 0 and 1")
    arguments = parser.parse_args()
    if unknown := set(arguments.only.split(",")) - SECTIONS.keys():
        parser.error(f"--only: no {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    report = {}
    for section in arguments.only.split(","):
        needed = arguments.data / {"speakers": "attribution"}.get(section, section) / "dev.jsonl.gz"
        if section not in ("own", "plain") and not needed.is_file():
            print(f"{section}: skipped, there is no {needed}", file=sys.stderr)
            continue
        tables = SECTIONS[section](arguments)
        print(f"## {section}", *(table.markdown() for table in tables), sep="\n\n", end="\n\n", flush=True)
        report[section] = {table.title: {"rows": table.records(), "note": table.note} for table in tables}
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
