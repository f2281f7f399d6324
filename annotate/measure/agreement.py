"""How far annotators agree: on stance, on speakers, and on where claims begin and end.

Of each annotator the last word in force counts, as the log has it; what was said to settle a dispute (mode
"adjudicate") is no independent judgement and is left out. A claim in two parts counts once, at its first; who speaks
is asked once a span, whatever the number of targets. Labels given without sight of another's, or the models', are
those of the modes "blind" and "audit"; all others may have been led by what stood there.

- Krippendorff's α, nominal, any number of annotators and gaps: Krippendorff (2011), "Computing Krippendorff's
  Alpha-Reliability"; its interval by resampling claims. Of one label: that label against the rest.
- Cohen's κ (1960) of two annotators on what both judged; Fleiss' κ (1971) on the claims that the same number judged,
  the number that most claims have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from annotate.corpus import DECISIONS, Corpus
from annotate.decisions import Log, read_decisions
from annotate.errors import CorpusError
from annotate.measure.intervals import Figure, Numbers, bootstrapped, measure_extra, plain, ratio
from annotate.measure.spans import CLOSE, SAYABLE, SpanAgreement, span_agreement
from annotate.records import NARRATOR, STANCES, UNKNOWN, Claim, DecidedField, Decision, Mode
from annotate.tables import Cell, Table

BLIND: tuple[Mode, ...] = ("blind", "audit")
"""Modes in which an annotator sees no label of anybody's."""
NEUTRAL: tuple[Mode, ...] = ("withdraw", "reanchor")
"""Modes in which nothing new is said."""
NOBODY = (NARRATOR, UNKNOWN)
"""Who is no speaker, and has no row among speakers."""
ENOUGH = 10
"""Claims of which two or more labels are blind, from which their agreement is told apart."""

Said = dict[str, str]
"""Annotator → what they say of one claim."""


class Unit(NamedTuple):
    """A claim, and who says what of one field of it; `blind` are the words said without sight of another's."""

    claim: Claim
    said: Said
    blind: Said


@dataclass(frozen=True, slots=True)
class Reliability:
    """Agreement on some claims; `name` says which.

    `agreed` is the share of pairs of labels that are alike, of which each claim weighs as many as it has labels, as in
    α. `alpha` is None where it is undefined: where fewer than two claims or two labels are there to compare.
    """

    name: str
    claims: int
    """Claims that two or more annotators judged."""
    labels: int
    """Labels that they gave these."""
    agreed: float | None
    alpha: Figure | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators: how many claims each and both judged, and how alike; rows of `confusion` are the first's."""

    annotators: tuple[str, str]
    each: tuple[int, int]
    both: int
    agreed: float | None
    kappa: float | None
    labels: tuple[str, ...]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True)
class Fleiss:
    """Fleiss' κ on the claims that `annotators` people each judged."""

    annotators: int
    claims: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """All that is said of one field."""

    field: DecidedField
    overall: Reliability
    labels: int
    """Labels that were given, those that only one annotator gave too."""
    blind_labels: int
    blind: Reliability | None
    """Agreement of blind labels alone; None where fewer than ENOUGH claims have two."""
    fleiss: Fleiss | None
    targets: list[Reliability]
    by_label: list[Reliability]
    speakers: list[Reliability]
    pairs: list[Pair]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A claim of which two annotators say different things; `ruled` is what was adjudicated, if anything was."""

    claim: str
    article: str
    start: int
    end: int
    field: DecidedField
    said: Said
    ruled: str
    text: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Everything that `annotate agreement` tells."""

    annotators: dict[str, int]
    """Who decided anything → the number of claims they did so of."""
    stance: Judged
    speaker: Judged
    spans: list[SpanAgreement]
    disagreements: list[Disagreement]

    def as_dict(self) -> dict[str, Any]:
        """The figures for JSON."""
        return {key: plain(value) for key, value in asdict(self).items()}

    def tables(self) -> Iterator[Table]:
        """The figures for people."""
        yield _whole_table(self)
        for judged in (self.stance, self.speaker):
            yield _pairs_table(judged)
        for pair in self.stance.pairs:
            yield _confusion_table(pair)
        yield _spans_table(self.spans)
        yield _disagreements_table(self.disagreements)


def agreement(corpus: Corpus) -> Agreement:
    """How far the annotators of a corpus agree.

    Raises CorpusError, and says what to do, where there is nothing to compare; UsageError without the extra measure.
    """
    made = list(read_decisions(corpus.folder / DECISIONS))
    log, blind = _heard(made, {"adjudicate"}), Log(d for d in made if d.mode in (*BLIND, *NEUTRAL))
    claims = list(corpus.claims())
    words = {name: list(_units(claims, name, log, blind)) for name in _FIELDS}
    annotators = _annotators(claims, log)
    spans = [span_agreement(pair, claims, log) for pair in combinations(annotators, 2)]
    spans = [one for one in spans if any(one.spans)]
    _refuse_too_few(corpus, annotators, words, spans)
    stance, speaker = (_judged(name, words[name]) for name in _FIELDS)
    listed = [one for name in _FIELDS for one in _disagreements(name, words[name], corpus.log())]
    return Agreement(annotators, stance, speaker, spans, listed)


_FIELDS: tuple[DecidedField, DecidedField] = ("stance", "speaker")


def _heard(made: Iterable[Decision], without: set[Mode]) -> Log:
    return Log(decision for decision in made if decision.mode not in without)


def _units(claims: Iterable[Claim], name: DecidedField, log: Log, blind: Log) -> Iterator[Unit]:
    """The claims of which anybody said anything of the field."""
    seen: set[tuple[str, int, int]] = set()
    for claim in claims:
        place = claim.article, claim.start, claim.end
        if claim.continues or (name == "speaker" and place in seen):
            continue
        if said := log.said(claim.id, name):
            seen.add(place)
            yield Unit(claim, said, blind.said(claim.id, name))


def _annotators(claims: Sequence[Claim], log: Log) -> dict[str, int]:
    """Everybody whose word on anything stands, and on how many claims; whoever judged most comes first."""
    lines = dict(log.lines()) | {claim.id: claim for claim in claims}
    spoken = {
        (who, line.continues or id) for id, line in lines.items() for name in SAYABLE for who in log.said(id, name)
    }
    found = Counter(who for who, _ in spoken)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _refuse_too_few(
    corpus: Corpus, annotators: Said | dict[str, int], words: dict[DecidedField, list[Unit]], spans: list[SpanAgreement]
) -> None:
    folder = corpus.folder
    if len(annotators) < 2:
        who = f"only {next(iter(annotators))} has" if annotators else "nobody has"
        raise CorpusError(
            f"{folder}: {who} decided anything here, and agreement needs two people; annotate review {folder} "
            f"--annotator NAME --blind, or annotate import {folder} COPY --format corpus"
        )
    if not spans and not any(len(unit.said) > 1 for units in words.values() for unit in units):
        raise CorpusError(
            f"{folder}: {', '.join(annotators)} judged no claim in common; annotate review {folder} --annotator NAME "
            "--blind lets each judge the same ones"
        )


def _judged(name: DecidedField, units: list[Unit]) -> Judged:
    said = [unit.said for unit in units]
    blind = [unit.blind for unit in units]
    seen = name == "stance"
    enough = sum(len(words) > 1 for words in blind) >= ENOUGH
    return Judged(
        name,
        reliability("all", said),
        sum(map(len, said)),
        sum(map(len, blind)),
        reliability("blind only", blind) if enough else None,
        fleiss(said),
        _per({claim.target: "" for claim, *_ in units}, units, "target") if seen else [],
        [_of_label(label, said) for label in STANCES] if seen else [],
        _per({claim.speaker: "" for claim, *_ in units if claim.speaker not in NOBODY}, units, "speaker")
        if seen
        else [],
        [pair_agreement(pair, said) for pair in _pairs(said)],
    )


def _per(values: Iterable[str], units: list[Unit], key: str) -> list[Reliability]:
    """Agreement on the claims of each target or speaker, the most judged first; those that nobody shares are left."""
    found = [reliability(value, [unit.said for unit in units if getattr(unit.claim, key) == value]) for value in values]
    return sorted((one for one in found if one.claims), key=lambda one: (-one.claims, one.name))


def _of_label(label: str, said: list[Said]) -> Reliability:
    """Agreement on one label against the rest; counted are the claims to which anybody gave it."""
    both = [{who: value if value == label else "" for who, value in words.items()} for words in said]
    whole = reliability(label, both)
    given = [words for words in said if len(words) > 1 and label in words.values()]
    labels = sum(list(words.values()).count(label) for words in given)
    return Reliability(label, len(given), labels, whole.agreed, whole.alpha)


def reliability(name: str, said: Iterable[Said]) -> Reliability:
    """The agreement of any number of annotators, each of whom judged some of the claims."""
    shared = [words for words in said if len(words) > 1]
    counts = _counts(shared)
    parts = _alpha_parts(counts)
    agreed = float(1 - ratio(parts[:, 0].sum(), counts.sum())) if shared else None
    return Reliability(name, len(shared), int(counts.sum()), agreed, _alpha(counts, parts))


def _counts(said: Sequence[Said]) -> Numbers:
    """How many gave each claim each value: (claims, values)."""
    values = {value: place for place, value in enumerate(sorted({v for words in said for v in words.values()}))}
    counts = np.zeros((len(said), len(values)))
    for row, words in enumerate(said):
        for value in words.values():
            counts[row, values[value]] += 1
    return counts


def _alpha(counts: Numbers, parts: Numbers) -> Figure | None:
    claims, values = counts.shape
    if claims < 2 or values < 2:
        return None
    with measure_extra():
        from krippendorff import alpha
    figure = bootstrapped(parts, _alpha_of)
    assert figure
    return figure._replace(value=float(alpha(value_counts=counts, level_of_measurement="nominal")))


def _alpha_parts(counts: Numbers) -> Numbers:
    """Of each claim, the disagreement of its labels and how many have each value: (claims, 1 + values)."""
    number = counts.sum(1, keepdims=True)
    return np.hstack([ratio(number**2 - (counts**2).sum(1, keepdims=True), number - 1), counts])


def _alpha_of(sums: Numbers) -> Numbers:
    """α from sums over claims, so that all resamples are one matrix; the value itself is the library's."""
    disagreement, values = sums[..., 0], sums[..., 1:]
    number = values.sum(-1)
    return np.asarray(1 - ratio((number - 1) * disagreement, number**2 - (values**2).sum(-1)))


def fleiss(said: Iterable[Said]) -> Fleiss | None:
    """Fleiss' κ on the claims that the commonest number of two or more annotators judged."""
    shared = [words for words in said if len(words) > 1]
    if not shared:
        return None
    sizes = Counter(map(len, shared))
    number = max(sizes, key=lambda size: (sizes[size], size))
    counts = _counts([words for words in shared if len(words) == number])
    if counts.shape[1] < 2:
        return Fleiss(number, len(counts), None)
    with measure_extra():
        from statsmodels.stats.inter_rater import fleiss_kappa
    return Fleiss(number, len(counts), float(fleiss_kappa(counts)))


def _pairs(said: Iterable[Said]) -> Iterator[tuple[str, str]]:
    who = Counter(name for words in said for name in words)
    yield from combinations(sorted(who, key=lambda name: (-who[name], name)), 2)


def pair_agreement(pair: tuple[str, str], said: Sequence[Said]) -> Pair:
    """How two annotators agree on what both judged."""
    one, other = pair
    both = [(words[one], words[other]) for words in said if one in words and other in words]
    used = {value for values in both for value in values}
    labels = tuple(label for label in STANCES if label in used) if used <= {*STANCES} else tuple(sorted(used))
    table = [[both.count((row, column)) for column in labels] for row in labels]
    each = sum(one in words for words in said), sum(other in words for words in said)
    agreed = sum(a == b for a, b in both) / len(both) if both else None
    return Pair(pair, each, len(both), agreed, _kappa(table), labels, table)


def _kappa(table: list[list[int]]) -> float | None:
    if len(table) < 2:
        return None
    with measure_extra():
        from statsmodels.stats.inter_rater import cohens_kappa
    return float(cohens_kappa(np.array(table), return_results=False))


def _disagreements(name: DecidedField, units: Iterable[Unit], log: Log) -> Iterator[Disagreement]:
    for claim, said, _ in units:
        if len(set(said.values())) > 1:
            force = log.in_force(claim.id, name)
            ruled = force.value if force else ""
            place = claim.article, claim.start, claim.end
            yield Disagreement(claim.id, *place, name, said, ruled, claim.text)


def _whole_table(found: Agreement) -> Table:
    rows: list[list[Cell]] = []
    for judged in (found.stance, found.speaker):
        some = [judged.overall, *([judged.blind] if judged.blind else []), *judged.targets, *judged.by_label]
        rows += [[judged.field, *_row(one)] for one in some if one.claims]
    rows += [["stance, claims of", *_row(one)] for one in found.stance.speakers]
    head = ["what", "of", "claims", "labels", "agreed", "Krippendorff's α [95 %]"]
    return Table("Agreement", head, rows, "\n".join(_notes(found)), 2)


def _row(one: Reliability) -> list[Cell]:
    return [one.name, one.claims, one.labels, one.agreed, one.alpha]


def _notes(found: Agreement) -> Iterator[str]:
    yield f"annotators: {', '.join(f'{who} ({count} claims)' for who, count in found.annotators.items())}"
    yield "claims: judged by two or more; α of one label: that label against the rest; intervals: claims resampled"
    for judged in (found.stance, found.speaker):
        if not judged.labels:
            yield f"{judged.field}: nobody decided any"
            continue
        yield f"{judged.field}: {judged.blind_labels} of {judged.labels} labels were made blind" + (
            "" if judged.blind else f"; fewer than {ENOUGH} claims have two blind labels, so no α of these alone"
        )
        if judged.overall.claims and judged.overall.alpha is None:
            yield f"{judged.field}: α is undefined, since everybody gave the same label or only one claim is shared"
        if judged.fleiss and judged.fleiss.kappa is not None:
            one = judged.fleiss
            yield f"{judged.field}: Fleiss' κ {one.kappa:.3f} ({one.claims} claims, {one.annotators} labels each)"


def _pairs_table(judged: Judged) -> Table:
    head = ["annotators", "first judged", "second judged", "both", "agreed", "Cohen's κ"]
    rows = [[" / ".join(one.annotators), *one.each, one.both, one.agreed, one.kappa] for one in judged.pairs]
    return Table(f"Pairs: {judged.field}", head, rows)


def _confusion_table(pair: Pair) -> Table:
    first, second = pair.annotators
    rows = [[label, *row] for label, row in zip(pair.labels, pair.confusion, strict=True)]
    return Table(f"Stance: rows {first}, columns {second}", ["", *pair.labels], rows)


def _spans_table(spans: Iterable[SpanAgreement]) -> Table:
    head = ["annotators", "articles", "first's spans", "second's spans", "F1 exact", f"F1 at overlap ≥ {CLOSE}"]
    rows = [[" / ".join(one.annotators), one.articles, *one.spans, one.exact, one.close] for one in spans]
    note = "spans that either corrected, added or deleted, in articles in which both decided anything"
    return Table("Where claims begin and end", head, rows, note)


def _disagreements_table(found: Iterable[Disagreement]) -> Table:
    head = ["claim", "place", "field", "who says what", "ruled", "text"]
    rows = [
        [one.claim, f"{one.article} {one.start}:{one.end}", one.field, _sides(one.said), one.ruled, _short(one.text)]
        for one in found
    ]
    return Table("Disagreements", head, rows, words=len(head))


def _sides(said: Said) -> str:
    return ", ".join(f"{who} {value}" for who, value in sorted(said.items()))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
