"""The report's sections on how far its numbers can be trusted: confidence, review, agreement, error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from annotate.decisions import Log
from annotate.errors import CorpusError, UsageError
from annotate.measure.intervals import Figure
from annotate.records import STANCES, Claim
from annotate.report.figures import confidences
from annotate.report.material import Material
from annotate.report.page import Numbers, Picture, Prose, Section, listed, many, number, share
from annotate.report.reviewed import Reviewed
from annotate.summary import is_decided
from annotate.tables import Cell, Measured, Table

LEAST, STEP, BINS = 0.3, 0.05, 14
"""Of the confidence histogram: a model that knows three stances is never less sure than a third."""


def confidence_section(material: Material) -> Section:
    """How sure the models are of their labels."""
    title, least = "How sure the models are", material.codebook.min_confidence
    judged = [claim for claim in material.heads if claim.prediction.stance]
    if not judged:
        return Section("confidence", title, (Prose("There is no claim that a model judged."),))
    below = [claim for claim in judged if _confidence(claim) < least]
    undecided = sum(not is_decided(claim, material.log) for claim in below)
    told = (
        f"Of {number(len(below))} of {many(len(judged), 'claim')} ({share(len(below), len(judged))}) the model is less "
        f"sure than the codebook's min_confidence, {least:g}. Of these, {number(undecided)} are undecided."
    )
    edges = [round(LEAST + place * STEP, 2) for place in range(BINS + 1)]
    mine, theirs = _histogram(judged, material.log)
    alt = f"A histogram of the models' confidence; {share(len(below), len(judged))} of the claims lie below {least:g}."
    picture = Picture(
        "confidence",
        "The models' probability of the label that they gave, per claim.",
        f"{alt} The numbers are in the next table.",
        confidences(edges, mine, theirs, least),
    )
    return Section("confidence", title, (Prose(told), picture, Numbers(_confidence_table(edges, mine, theirs))))


def _confidence(claim: Claim) -> float:
    return float(getattr(claim.prediction.scores, claim.prediction.stance))


def _histogram(claims: Iterable[Claim], log: Log) -> tuple[list[int], list[int]]:
    """Per bin, how many claims have the model's label, and of how many a person decided it."""
    counts = {False: [0] * BINS, True: [0] * BINS}
    for claim in claims:
        place = int((_confidence(claim) - LEAST) / STEP + 1e-9)
        counts[is_decided(claim, log)][min(max(place, 0), BINS - 1)] += 1
    return counts[False], counts[True]


def _confidence_table(edges: list[float], mine: list[int], theirs: list[int]) -> Table:
    head = ["probability", "label is the model's", "a person decided", "claims"]
    rows = [
        [f"{low:.2f}–{high:.2f}", one, other, one + other]
        for (low, high), one, other in zip(pairwise(edges), mine, theirs, strict=True)
    ]
    return Table("Claims by the models' confidence", head, rows)


def review_section(material: Material) -> Section:
    """What people decided, and what they changed."""
    title, done, edits = "How much people reviewed", material.reviewed, material.hand_edits()
    pending = f"Not logged yet (annotate adopt does that), but shown here: {many(edits, 'hand edit')} of claims.jsonl."
    hint = [Prose(pending)] if edits else []
    if not done.touched and not done.deleted:
        nobody = "Nobody has reviewed anything: every label is a model's. annotate review CORPUS opens a page for it."
        return Section("review", title, (Prose(nobody), *hint))
    told = (
        f"People decided the stance of {number(done.stance)} of {many(done.claims, 'claim')} "
        f"({share(done.stance, done.claims)}). To {number(done.changed)} of the {number(done.judged)} that a model had "
        f"judged they gave another label ({share(done.changed, done.judged)}). That is not how often the corpus is "
        "wrong: people mostly look where the models are unsure."
    )
    return Section("review", title, (Prose(told), *hint, *map(Numbers, _review_tables(done))))


def _review_tables(done: Reviewed) -> Iterator[Table]:
    modes = sorted({mode for work in done.work for mode in work.modes})
    if modes:
        rows = [[work.annotator, work.claims, *(work.modes.get(mode, 0) for mode in modes)] for work in done.work]
        note = "Below a mode stands the number of decisions; a claim may have several, and a confirmation is one too."
        yield Table("Who decided, and in which mode", ["annotator", "claims", *modes], rows, note)
    if done.judged:
        head = ["the model's label", *(f"people say {stance}" for stance in STANCES)]
        rows = [[said, *(done.confusion.get((said, now), 0) for now in STANCES)] for said in STANCES]
        yield Table("What became of the models' labels that people looked at", head, rows)
    yield Table("What people changed", ["of a claim", "claims"], list(_changes(done)))


def _changes(done: Reviewed) -> Iterator[list[Cell]]:
    yield ["stance confirmed", done.judged - done.changed]
    yield ["stance changed", done.changed]
    yield ["speaker confirmed", done.speakers - done.other_speaker]
    yield ["speaker changed", done.other_speaker]
    yield ["beginning or end moved", done.moved]
    yield ["added", done.added]
    yield ["deleted", done.deleted]
    yield ["disputed: annotators differ, and nobody has ruled", done.disputed]


def agreement_section(material: Material) -> Section:
    """How alike annotators judge, where there are several."""
    title, people = "How far annotators agree", [work.annotator for work in material.reviewed.work]
    if len(people) < 2:
        who = f"Only {people[0]} has" if people else "Nobody has"
        told = f"{who} decided anything, and to measure agreement takes two people who judge the same claims."
        return Section("agreement", title, (Prose(told),))
    from annotate.measure.agreement import agreement

    try:
        found = agreement(material.corpus)
    except CorpusError:  # its message names a folder, which is nobody's business who reads the report
        told = f"{listed(people)} judged no claim in common, so there is no agreement to measure."
        return Section("agreement", title, (Prose(told),))
    except UsageError as missing:
        return Section("agreement", title, (Prose(f"Not computed: {missing}."),))
    apart = f"{many(len(found.disagreements), 'disagreement')} in all; annotate agreement CORPUS lists them."
    return Section("agreement", title, (Prose(apart), *_tables(found, material)))


def error_section(material: Material) -> Section:
    """How often labels are wrong, by the audit."""
    title = "How often the labels are wrong"
    if not any(decision.mode == "audit" for decision in material.decisions):
        told = (
            "Nobody has judged a random sample without seeing the models' labels, so the rate of error is not known: "
            "annotate review CORPUS shows one."
        )
        return Section("error", title, (Prose(told),))
    from annotate.measure.estimating import audit

    try:
        found = audit(material.corpus)
    except CorpusError:
        return Section("error", title, (Prose("Every word that was said in an audit was withdrawn again."),))
    except UsageError as missing:
        return Section("error", title, (Prose(f"Not computed: {missing}."),))
    whole = next((one for one in found.estimates if (one.label, one.of) == ("stance", "all")), None)
    told = f"{many(found.audited, 'claim')}, chosen at random, were judged without sight of the models' labels."
    if whole:
        told += (
            f" By these, an estimated {_rate(whole.predictions)} of the models' stances are wrong, and "
            f"{_rate(whole.view)} of those that the corpus shows, people's corrections among them."
        )
    return Section("error", title, (Prose(told), *_tables(found, material)))


def _rate(figure: Figure) -> str:
    """A share in per cent, with its interval."""
    value, low, high = (None if end is None else f"{100 * end:.0f}" for end in figure)
    return f"{value}\u00a0% ({low} to {high})" if low else f"{value}\u00a0%"


def _tables(found: Measured, material: Material) -> Iterator[Numbers]:
    """The tables that hold numbers; lists of single claims stay where they are asked for."""
    for table in found.tables():
        if table.rows and "text" not in table.head:
            rows = [[material.told(value) if isinstance(value, str) else value for value in row] for row in table.rows]
            yield Numbers(table._replace(rows=rows))
