"""Attribution against gold: tokens by role, content spans, and whether contents are linked to their sources."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import metrics
from bench import Run, attributor
from metrics import Counts, Span, Table, read, sample

from annotate.attribution import ROLES, Part, Roles
from annotate.claims import Draft, drafts
from annotate.measure.matching import matched, overlap
from annotate.sentences import sentences


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


def attribution(run: Run) -> list[Table]:
    """Tokens by role, content spans, and whether contents are linked to their sources."""
    rows = sample(read(run.data / "attribution" / "dev.jsonl.gz"), run.limit)
    model = attributor(run)
    model.roles("A first call loads the model.")
    began = time.perf_counter()
    predicted = [model.roles(row["text"]) for row in rows]
    seconds = time.perf_counter() - began
    articles = [
        Article(row["text"], [{r: [(s, e) for s, e in a[r]] for r in ROLES} for a in row["attributions"]], roles)
        for row, roles in zip(rows, predicted, strict=True)
    ]
    time_table = metrics.timing("article", model.name, len(rows), seconds)
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
        overlapping.append((len(matched(predicted, gold, 0.8)), len(predicted), len(gold)))
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
