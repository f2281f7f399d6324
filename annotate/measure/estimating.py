"""How often the labels of a whole corpus are wrong, estimated from its audit (see auditing.py for the sample).

What counts as right is what was adjudicated, else what was decided of a claim in the mode "audit". Where auditors
differ and nobody has ruled, each of them counts for a share: to leave such claims out would leave out hard ones. An
auditor who decides the stance and says nothing of the speaker has seen that, and lets pass what the corpus shows.

The estimate is stratified: the share of errors among a stratum's audited claims stands for its others, so each counts
N/n claims, of its N of which n were audited (Cochran 1977, "Sampling Techniques", 5.3). Of a part of the corpus that
cuts across strata, such as a speaker, N and n are those of the part within the stratum. A stratum of which none was
audited counts like the others together, and is said.

The interval is that of Clopper and Pearson at the effective number (Σ N)² / Σ (N²/m): the size of a simple sample that
would be as uncertain if all strata erred alike (Kish 1965, "Survey Sampling", 11.7; Korn and Graubard 1998). Here m is
−N ln(1 − n/N): about n where few were audited, more where many were, infinite where all were, so that the bound at no
error is that of a finite population. It is sensible for few claims and no errors; the tests simulate its coverage.

Errors of the view as it stands are those that this lets expect among claims not audited, less those that people have
corrected there, which are claims whose label differs from the prediction; and those that are known, among audited
claims. What people decided counts as right, so there are no more errors than claims that nobody decided.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from annotate.auditing import Stratum, is_audited, strata
from annotate.corpus import DECISIONS, Corpus
from annotate.decisions import Log, read_decisions
from annotate.errors import CorpusError
from annotate.measure.intervals import Figure, exact, plain
from annotate.records import Claim
from annotate.tables import Cell, Table

Label = Literal["stance", "speaker"]
LABELS: tuple[Label, Label] = ("stance", "speaker")

Kind = Literal["all", "target", "predicted stance", "predicted speaker"]
DOMAINS: dict[Kind, Callable[[Claim], str]] = {
    "all": lambda _: "",
    "target": lambda claim: claim.target,
    "predicted stance": lambda claim: claim.prediction.stance,
    "predicted speaker": lambda claim: claim.prediction.speaker,
}
"""What errors are estimated for, and what names such a part of the corpus."""


@dataclass(slots=True)
class Part:
    """The claims of one stratum within what is estimated; counts of claims."""

    claims: int = 0
    audited: int = 0
    wrong: float = 0
    """Audited claims of which the prediction is wrong; a share of one where auditors differ."""
    shown_wrong: float = 0
    """Audited claims of which the view is wrong, likewise."""
    corrected: int = 0
    """Claims not audited of which the view shows another label than the prediction."""
    undecided: int = 0
    """Claims not audited whose label nobody decided."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated share of wrong labels among some claims; `unseen` are those of strata of which none was audited."""

    label: Label
    of: Kind
    name: str
    claims: int
    audited: int
    wrong: float
    unseen: int
    predictions: Figure
    """Of what the models said."""
    view: Figure
    """Of what the corpus shows now."""


@dataclass(frozen=True, slots=True)
class Share:
    """A stratum, and what was passed over in it before the last claim that was audited."""

    target: str
    predicted: str
    claims: int
    audited: int
    weight: float | None
    """How many claims each audited one stands for."""
    skipped: int
    """Claims that nobody decided."""
    seen: int
    """Claims that were decided outside the audit, where the models' labels can be seen."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that `annotate evaluate --audit` tells; counts of claims."""

    claims: int
    audited: int
    disputed: int
    """Audited claims of whose stance the auditors differ and nobody has ruled: each auditor counts for a share."""
    changed: int
    """Audited claims of which an auditor said otherwise later, the model's label in sight: the first word counts."""
    silent: int
    """Audited claims of whose speaker no auditor said anything."""
    added: int
    """Claims that people added: no model's, and not in the estimate."""
    strata: list[Share]
    estimates: list[Estimate]

    def as_dict(self) -> dict[str, Any]:
        """The figures for JSON."""
        return {key: plain(value) for key, value in asdict(self).items()}

    def tables(self) -> Iterator[Table]:
        """The figures for people."""
        for label in LABELS:
            yield _estimates_table(self, label)
        yield _strata_table(self)


class Verdict(NamedTuple):
    """A claim and, by label, what counts as right: one value, or each auditor's; none where it was not audited."""

    claim: Claim
    right: dict[Label, tuple[str, ...]]
    undecided: dict[Label, bool]


def audit(corpus: Corpus) -> Audit:
    """How often the corpus is wrong. CorpusError where nothing was audited; UsageError without the extra measure."""
    logs = _Logs.read(corpus)
    claims = list(corpus.claims())
    heads = [claim for claim in claims if is_audited(claim)]
    judged = {claim.id for claim in heads if logs.blind.said(claim.id, "stance")}
    if not judged:
        folder = corpus.folder
        raise CorpusError(
            f"{folder}: nothing was audited, so no error rate can be estimated; annotate review {folder} "
            "--annotator NAME shows the audit sample blind, 50 claims or as many as --audit says"
        )
    verdicts = [logs.verdict(claim) for claim in heads]
    return Audit(
        len(heads),
        len(judged),
        sum(logs.ruled.disputed(id, "stance") for id in judged),
        sum(logs.changed(id) for id in judged),
        sum(not logs.blind.said(id, "speaker") for id in judged),
        sum(not claim.prediction.stance and not claim.continues for claim in claims),
        [_share(stratum, ids, judged, logs.all) for stratum, ids in strata(heads).items()],
        list(_estimates(verdicts)),
    )


class _Logs(NamedTuple):
    """The log as a whole; what was said in the audit; that with what was adjudicated; and all but what was."""

    all: Log
    blind: Log
    ruled: Log
    judged: Log

    @classmethod
    def read(cls, corpus: Corpus) -> _Logs:
        made = list(read_decisions(corpus.folder / DECISIONS))
        heard = [d for d in made if d.mode in ("audit", "adjudicate", "withdraw", "reanchor")]
        blind, judged = (Log(d for d in some if d.mode != "adjudicate") for some in (heard, made))
        return cls(Log(made), blind, Log(heard), judged)

    def verdict(self, claim: Claim) -> Verdict:
        undecided = {label: self.all.in_force(claim.id, label) is None for label in LABELS}
        return Verdict(claim, {label: self._right(claim, label) for label in LABELS}, undecided)

    def _right(self, claim: Claim, label: Label) -> tuple[str, ...]:
        if not self.blind.said(claim.id, "stance"):
            return ()
        said = tuple(self.blind.said(claim.id, label).values())
        force = self.ruled.in_force(claim.id, label)
        return (force.value,) if said and force else said or (claim.speaker,)

    def changed(self, id: str) -> bool:
        """Whether somebody who audited the claim said otherwise of its stance later; to rule on it is no such word."""
        now = self.judged.said(id, "stance")
        return any(now.get(who) != value for who, value in self.blind.said(id, "stance").items())


def _share(stratum: Stratum, ids: list[str], judged: set[str], log: Log) -> Share:
    places = [place for place, id in enumerate(ids) if id in judged]
    passed = [id for id in ids[: places[-1] if places else 0] if id not in judged]
    seen = sum(map(log.decided, passed))
    weight = len(ids) / len(places) if places else None
    return Share(*stratum, len(ids), len(places), weight, len(passed) - seen, seen)


def _estimates(verdicts: Iterable[Verdict]) -> Iterator[Estimate]:
    for label in LABELS:
        for kind, parts in _parts(verdicts, label).items():
            ordered = sorted(parts.items(), key=lambda item: (-sum(p.claims for p in item[1]), item[0]))
            for name, found in ordered:
                if any(part.audited for part in found):
                    yield estimate(label, kind, name, found)


def _parts(verdicts: Iterable[Verdict], label: Label) -> dict[Kind, dict[str, list[Part]]]:
    """The parts, one a stratum, of everything that is estimated."""
    found: dict[tuple[Kind, str], dict[Stratum, Part]] = defaultdict(lambda: defaultdict(Part))
    for verdict in verdicts:
        for kind, name_of in DOMAINS.items():
            _count(found[kind, name_of(verdict.claim)][Stratum.of(verdict.claim)], verdict, label)
    parts: dict[Kind, dict[str, list[Part]]] = {kind: {} for kind in DOMAINS}
    for (kind, name), cells in found.items():
        parts[kind][name] = list(cells.values())
    return parts


def _count(part: Part, verdict: Verdict, label: Label) -> None:
    said, shown = getattr(verdict.claim.prediction, label), getattr(verdict.claim, label)
    part.claims += 1
    if right := verdict.right[label]:
        part.audited += 1
        part.wrong += sum(said != value for value in right) / len(right)
        part.shown_wrong += sum(shown != value for value in right) / len(right)
    else:
        part.corrected += said != shown
        part.undecided += said == shown and verdict.undecided[label]


def estimate(label: Label, kind: Kind, name: str, parts: list[Part]) -> Estimate:
    """The share of wrong labels among the claims of these parts, one a stratum, of which some were audited."""
    claims, audited, wrong = (sum(getattr(part, key) for part in parts) for key in ("claims", "audited", "wrong"))
    unseen = sum(part.claims for part in parts if not part.audited)
    predictions = error_rate(parts)
    view = Figure(*(_shown(rate, claims, parts) for rate in predictions))
    return Estimate(label, kind, name, claims, audited, wrong, unseen, predictions, view)


def error_rate(parts: Sequence[Part]) -> Figure:
    """The stratified estimate of the share of wrong predictions, and its interval.

    Each stratum that was audited stands for its share of those that were not, too.
    """
    seen = [part for part in parts if part.audited]
    claims = sum(part.claims for part in parts)
    more = claims / sum(part.claims for part in seen)
    rate = min(1.0, sum(more * part.claims * part.wrong / part.audited for part in seen) / claims)  # may round up
    spread = sum((more * part.claims) ** 2 / _effective(more * part.claims, part.audited) for part in seen)
    return exact(rate, claims**2 / spread if spread else math.inf)


def _effective(claims: float, audited: int) -> float:
    """How many draws from an endless population would tell as much of so many claims."""
    left = 1 - audited / claims
    return -claims * math.log(left) if left > 0 else math.inf


def _shown(rate: float | None, claims: int, parts: list[Part]) -> float:
    """The share of claims that the view shows wrongly, where `rate` of the predictions are wrong."""
    assert rate is not None
    wrong, known, corrected, undecided = (
        sum(getattr(part, key) for part in parts) for key in ("wrong", "shown_wrong", "corrected", "undecided")
    )
    left = min(max(rate * claims - wrong - corrected, 0.0), undecided)
    return float((known + left) / claims)


def _estimates_table(found: Audit, label: Label) -> Table:
    head = ["part", "of", "claims", "audited", "wrong", "predictions wrong [95 %]", "view wrong [95 %]"]
    rows: list[list[Cell]] = [
        [one.of, one.name, one.claims, one.audited, f"{one.wrong:g}", one.predictions, one.view]
        for one in found.estimates
        if one.label == label
    ]
    return Table(f"Estimated share of wrong labels: {label}", head, rows, "\n".join(_notes(found, label)), 2)


def _notes(found: Audit, label: Label) -> Iterator[str]:
    yield "wrong: audited claims whose prediction is wrong; view: what the corpus shows now, with people's corrections"
    yield "stratified by target and predicted stance; Clopper-Pearson at the effective number of claims"
    if label == "speaker" and found.silent:
        yield f"no auditor decided the speaker of {found.silent} audited claims: what the corpus shows counts as right"
    if found.disputed:
        yield (
            f"auditors differ on {found.disputed} claims, and each counts for a share: annotate review --adjudicate "
            "settles that"
        )
    if found.changed:
        yield f"{found.changed} claims were judged otherwise later, the model's label in sight: the blind word counts"
    if found.added:
        yield f"{found.added} claims that people added are not in the estimate"
    if any(one.unseen for one in found.estimates if one.of == "all"):
        yield "of some strata no claim was audited (below): they count like the others"


def _strata_table(found: Audit) -> Table:
    head = ["target", "predicted", "claims", "audited", "weight", "skipped", "decided outside the audit"]
    rows = [[s.target, s.predicted, s.claims, s.audited, _weight(s), s.skipped, s.seen] for s in found.strata]
    passed = sum(one.skipped + one.seen for one in found.strata)
    note = "weight: how many claims an audited one stands for"
    if passed:
        note += f"\n{passed} claims were passed over in the audit's order: if they are unlike the rest, that is a bias"
    return Table(f"The audit: {found.audited} of {found.claims} claims", head, rows, note, 2)


def _weight(share: Share) -> str:
    return f"{share.weight:.1f}" if share.weight else "–"
