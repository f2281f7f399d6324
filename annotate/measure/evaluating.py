"""The labels of a corpus against those of another one, the gold, over the same articles.

Articles are the same where their sha256 is, so that corpora without text can be compared. Claims are matched by
their places alone, one to one, the best first. Stance and speaker are compared on claims that overlap by MATCH or
more: of the matched claims alone, and end to end, where a claim that is not found, or is none, is an error too. A
claim in two parts counts once in these, at its first.

Calibration is of the score of the predicted stance against whether the gold has that stance: the expected
calibration error over BINS bins of equal width (Guo et al. 2017, "On Calibration of Modern Neural Networks").

Intervals are percentiles of resamples: of articles where the gold has SEVERAL, since claims of one article are alike,
else of claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Any, Literal, NamedTuple

import numpy as np

from annotate.corpus import ARTICLES, CLAIMS, Corpus
from annotate.errors import CorpusError, Problem, UsageError
from annotate.measure.intervals import Figure, Numbers, bootstrapped, exact, grouped, plain, ratio
from annotate.measure.matching import Place, matched
from annotate.measure.scores import BINS, ENDS, NONE, accuracy, ece, f1, label_f1, macro, precision, recall
from annotate.records import NARRATOR, STANCES, Article, Claim, Speaker
from annotate.shards import pattern
from annotate.tables import Cell, Table

Labels = Literal["predictions", "view"]
OVERLAPS = (1.0, 0.8, 0.5)
MATCH = 0.5
"""The overlap from which claims count as the same when their labels are compared."""
SEVERAL = 5
"""Articles from which articles are resampled."""


class Piece(NamedTuple):
    """A claim of one target as one side has it; `speaker` is an id, `score` that of the stance, 0 where none judged."""

    stance: str
    speaker: str
    head: bool
    score: float
    predicted: str


Side = dict[tuple[Place, str], Piece]
"""What one side has in an article, by place and target."""


@dataclass(frozen=True, slots=True)
class Spans:
    """How well places were found, where those count as found that overlap by `least` or more."""

    least: float
    found: int
    predicted: int
    gold: int
    precision: Figure | None
    recall: Figure | None
    f1: Figure | None


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One stance: how many gold claims have it, and its F1 among matched claims and end to end."""

    label: str
    gold: int
    matched: Figure | None
    end_to_end: Figure | None


@dataclass(frozen=True, slots=True)
class Stances:
    """How well stances were told, of one target or all ("").

    Macro averages are over the stances that the gold has. Rows of `confusion` are gold, columns what is compared, both
    favor, neutral, against, none.
    """

    target: str
    gold: int
    matched: int
    accuracy: Figure | None
    macro_f1: Figure | None
    macro_f1_end_to_end: Figure | None
    labels: list[LabelFigures]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True)
class Speakers:
    """How often the speaker is the gold's: of matched claims, of those that somebody is quoted in, and of all gold."""

    matched: int
    quoted: int
    gold: int
    accuracy: Figure | None
    accuracy_quoted: Figure | None
    end_to_end: Figure | None


class Bin(NamedTuple):
    """Claims whose score is in (low, high]: the mean score, and the share whose predicted stance is the gold's."""

    low: float
    high: float
    claims: int
    score: float | None
    right: Figure | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores against what the gold says, on matched claims that a model judged."""

    claims: int
    ece: Figure | None
    bins: list[Bin]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that `annotate evaluate --gold` tells."""

    labels: Labels
    articles: int
    left_out: int
    """Articles of the corpus that the gold does not have."""
    undecided: int
    """Lines of the gold that nobody decided: a model's words, if a model made that corpus."""
    lines: int
    """Lines of the gold."""
    resampled: str
    spans: list[Spans]
    stances: list[Stances]
    speakers: Speakers
    calibration: Calibration

    def as_dict(self) -> dict[str, Any]:
        """The figures for JSON."""
        return {key: plain(value) for key, value in asdict(self).items()}

    def tables(self) -> Iterator[Table]:
        """The figures for people."""
        yield _spans_table(self)
        yield _stances_table(self)
        yield from map(_confusion_table, self.stances[:1])
        yield _speakers_table(self.speakers)
        yield _calibration_table(self.calibration)


def evaluate(corpus: Corpus, gold: Corpus, labels: str = "predictions") -> Evaluation:
    """The models' predictions, or the view of a corpus, against the gold.

    Raises CorpusError where the gold has articles or targets that the corpus has not, naming them; UsageError for
    other labels, and without the extra measure.
    """
    if labels not in ("predictions", "view"):
        raise UsageError(f"--labels {labels}: predictions or view")
    keys, left_out = _shared_articles(corpus, gold)
    names, gold_names = _names(corpus), _names(gold)
    lines = [line for line in gold.claims() if line.article in keys.gold]
    if not lines:
        raise CorpusError(f"{gold.folder}: holds no claim, so nothing can be compared; name another corpus as gold")
    targets = _targets(corpus, gold, lines)
    claims = _predicted(corpus) if labels == "predictions" else corpus.claims()
    ours = _sides(claims, keys.corpus, names, predicted=labels == "predictions")
    theirs = _sides(lines, keys.gold, gold_names, predicted=False)
    compared = _Compared([(ours[key], theirs[key]) for key in dict.fromkeys(keys.gold.values())], targets)
    return Evaluation(
        "predictions" if labels == "predictions" else "view",
        compared.articles,
        left_out,
        sum(not line.annotator for line in lines),
        len(lines),
        "articles" if compared.by_article else "claims",
        [compared.spans(least) for least in OVERLAPS],
        [compared.stances(""), *(map(compared.stances, targets) if len(targets) > 1 else ())],
        compared.speakers(),
        compared.calibration(),
    )


class _Keys(NamedTuple):
    """Article id → sha256, of the articles that are compared."""

    corpus: dict[str, str]
    gold: dict[str, str]


def _shared_articles(corpus: Corpus, gold: Corpus) -> tuple[_Keys, int]:
    """The articles of the gold in both corpora, and how many the gold has not; CorpusError where it has others."""
    ours = {article.id: article.sha256 for article in corpus.articles()}
    theirs = {article.id: article for article in gold.articles()}
    there = set(ours.values())
    problems = [_other(article, ours, gold) for article in theirs.values() if article.sha256 not in there]
    if problems:
        raise CorpusError(f"{gold.folder}: {len(problems)} articles are not those of {corpus.folder}", problems)
    if not theirs:
        raise CorpusError(f"{gold.folder}: holds no article, so nothing can be compared; name another corpus as gold")
    hashes = {article.sha256 for article in theirs.values()}
    shared = {id: sha256 for id, sha256 in ours.items() if sha256 in hashes}
    return _Keys(shared, {id: article.sha256 for id, article in theirs.items()}), len(ours) - len(shared)


def _other(article: Article, ours: dict[str, str], gold: Corpus) -> Problem:
    file = str(gold.folder / pattern(gold.folder / ARTICLES))
    if article.id in ours:
        remedy = "annotate relabel CORPUS --articles brings the corpus to the gold's text"
        return Problem(file, f"article {article.id} has another text there (its sha256 differs)", remedy)
    return Problem(file, f"article {article.id} is not there", "label it too, or leave it out of the gold")


def _targets(corpus: Corpus, gold: Corpus, lines: Iterable[Claim]) -> list[str]:
    """The targets of the gold's claims; CorpusError where the corpus does not have one of them."""
    known = {target.id for target in corpus.codebook.targets}
    targets = sorted({line.target for line in lines})
    problems = [
        Problem(
            str(gold.folder / pattern(gold.folder / CLAIMS)),
            f"target {target!r} is not in the codebook of {corpus.folder}",
        )
        for target in targets
        if target not in known
    ]
    if problems:
        raise CorpusError(f"{gold.folder}: {len(problems)} targets are not those of {corpus.folder}", problems)
    return targets


def _predicted(corpus: Corpus) -> Iterator[Claim]:
    """The claims that the models found, those that people deleted too, each later part with the first that it had."""
    there, log = {claim.id: claim for claim in corpus.claims()}, corpus.log()
    gone = (line for id, line in log.lines() if id not in there)
    for claim in (*there.values(), *gone):
        if claim.prediction.stance:
            yield replace(claim, continues=claim.continues or log.head_of(claim))


def _sides(claims: Iterable[Claim], keys: dict[str, str], names: dict[str, str], *, predicted: bool) -> dict[str, Side]:
    """Article's sha256 → what stands there, as the models said it or as the view has it."""
    found: dict[str, Side] = defaultdict(dict)
    for claim in claims:
        if claim.article in keys:
            said = claim.prediction
            place = (said.start, said.end) if predicted else (claim.start, claim.end)
            stance, speaker = (said.stance, said.speaker) if predicted else (claim.stance, claim.speaker)
            score = getattr(said.scores, said.stance) if said.stance else 0.0
            piece = Piece(stance, names.get(speaker, speaker), not claim.continues, score, said.stance)
            found[keys[claim.article]][place, claim.target] = piece
    return found


def _names(corpus: Corpus) -> dict[str, str]:
    """Speaker's id → what people are told apart by: the id if the codebook lists them, else the name."""
    return {speaker.id: speaker.id if speaker.listed else _key(speaker) for speaker in corpus.speakers().values()}


def _key(speaker: Speaker) -> str:
    return " ".join(speaker.name.casefold().split())


class _Row(NamedTuple):
    """One claim of one target, and what either side says of it; None for a side that has it not."""

    article: int
    target: str
    ours: Piece | None
    gold: Piece | None
    first: bool
    """Whether it is the first of the claims at this place, which differ by target alone."""


class _Compared:
    """Both sides of every article, and the figures that follow."""

    def __init__(self, sides: Sequence[tuple[Side, Side]], targets: Sequence[str]) -> None:
        self._sides = sides
        self.articles = len(sides)
        self.by_article = self.articles >= SEVERAL
        self._rows = [row for place, both in enumerate(sides) for row in _rows(place, *both, targets)]
        self._both = [row for row in self._rows if row.ours and row.gold]

    def _figure(
        self, parts: Numbers, articles: Sequence[int], statistic: Callable[[Numbers], Numbers]
    ) -> Figure | None:
        return bootstrapped(grouped(parts, articles, self.articles) if self.by_article else parts, statistic)

    def _share(self, right: Callable[[_Row], bool], rows: list[_Row]) -> Figure | None:
        parts = np.array([[right(row), 1.0] for row in rows]).reshape(-1, 2)
        return self._figure(parts, [row.article for row in rows], lambda sums: ratio(sums[..., 0], sums[..., 1]))

    def spans(self, least: float) -> Spans:
        articles: list[int] = []
        parts: list[tuple[int, int, int]] = []
        for place, (ours, gold) in enumerate(self._sides):
            ones, others = {where for where, _ in ours}, {where for where, _ in gold}
            pairs = len(matched(ones, others, least))
            new = [(1, 1, 1)] * pairs + [(0, 1, 0)] * (len(ones) - pairs) + [(0, 0, 1)] * (len(others) - pairs)
            parts += new
            articles += [place] * len(new)
        numbers = np.array(parts, dtype=np.float64).reshape(-1, 3)
        found, predicted, in_gold = map(int, numbers.sum(0))
        figures = [self._figure(numbers, articles, statistic) for statistic in (precision, recall, f1)]
        return Spans(least, found, predicted, in_gold, *figures)

    def stances(self, target: str) -> Stances:
        rows = [row for row in self._rows if target in ("", row.target)]
        cells = np.zeros((len(rows), len(ENDS) ** 2))
        for place, row in enumerate(rows):
            gold, ours = (piece.stance if piece else NONE for piece in (row.gold, row.ours))
            cells[place, ENDS.index(gold) * len(ENDS) + ENDS.index(ours)] = 1
        articles = [row.article for row in rows]
        confusion = cells.sum(0).reshape(len(ENDS), -1).astype(int)
        present = [place for place in range(len(STANCES)) if confusion[place].sum()]

        def figure(statistic: Callable[[Numbers], Numbers]) -> Figure | None:
            return self._figure(cells, articles, statistic)

        return Stances(
            target,
            int(confusion[: len(STANCES)].sum()),
            int(confusion[: len(STANCES), : len(STANCES)].sum()),
            figure(accuracy),
            figure(lambda sums: macro(label_f1(sums, matched_only=True), present)),
            figure(lambda sums: macro(label_f1(sums, matched_only=False), present)),
            [
                LabelFigures(
                    label,
                    int(confusion[place].sum()),
                    figure(lambda sums, at=place: label_f1(sums, matched_only=True)[..., at]),  # type: ignore[misc]
                    figure(lambda sums, at=place: label_f1(sums, matched_only=False)[..., at]),  # type: ignore[misc]
                )
                for place, label in enumerate(STANCES)
            ],
            confusion.tolist(),
        )

    def speakers(self) -> Speakers:
        gold = [row for row in self._rows if row.gold and row.first]
        both = [row for row in gold if row.ours]
        quoted = [row for row in both if row.gold and row.gold.speaker != NARRATOR]
        figures = [self._share(_same_speaker, rows) for rows in (both, quoted, gold)]
        return Speakers(len(both), len(quoted), len(gold), *figures)

    def calibration(self) -> Calibration:
        rows = [row for row in self._both if row.ours and row.ours.predicted]
        parts = np.zeros((len(rows), 3 * BINS))
        for place, row in enumerate(rows):
            assert row.ours and row.gold
            at = max(0, int(np.ceil(round(row.ours.score * BINS, 9))) - 1)
            parts[place, [at, BINS + at, 2 * BINS + at]] = 1, row.ours.score, row.ours.predicted == row.gold.stance
        figure = self._figure(parts, [row.article for row in rows], ece)
        return Calibration(len(rows), figure, list(_bins(parts.sum(0))))


def _rows(article: int, ours: Side, gold: Side, targets: Sequence[str]) -> Iterator[_Row]:
    """The claims of an article, each once: of the gold, matched or not, then those that only we have."""
    pairs = matched({place for place, _ in ours}, {place for place, _ in gold}, MATCH)
    back = {theirs: place for place, theirs in pairs.items()}
    seen: set[Place] = set()
    for (place, target), piece in gold.items():
        if piece.head:
            mine = ours.get((back[place], target)) if place in back else None
            yield _Row(article, target, mine, piece, place not in seen)
            seen.add(place)
    for (place, target), piece in ours.items():
        known = place in pairs and (pairs[place], target) in gold
        if piece.head and not known and target in targets:
            yield _Row(article, target, piece, None, False)


def _same_speaker(row: _Row) -> bool:
    return bool(row.ours and row.gold and row.ours.speaker == row.gold.speaker)


def _bins(sums: Numbers) -> Iterator[Bin]:
    edges = [0.0, *accumulate([1 / BINS] * BINS)]
    for at in range(BINS):
        claims, score, right = (float(sums[i * BINS + at]) for i in range(3))
        mean, share = (score / claims, exact(right / claims, claims)) if claims else (None, None)
        yield Bin(round(edges[at], 4), round(edges[at + 1], 4), int(claims), mean, share)


def _spans_table(found: Evaluation) -> Table:
    rows: list[list[Cell]] = [
        ["exact" if one.least == 1 else f"overlap ≥ {one.least}", one.predicted, one.gold, one.found, one.precision,
         one.recall, one.f1]
        for one in found.spans
    ]  # fmt: skip
    head = ["places", "spans", "gold", "found", "precision", "recall", "F1"]
    what = "the models' predictions" if found.labels == "predictions" else "the corpus as it stands"
    title = f"Claims: {what} against {found.articles} gold article{'' if found.articles == 1 else 's'}"
    return Table(title, head, rows, "\n".join(_notes(found)))


def _notes(found: Evaluation) -> Iterator[str]:
    yield f"overlap: characters shared, of those in either; intervals: 95 %, {found.resampled} resampled"
    yield "an interval of one point means that no resample differs, not that the figure is certain"
    if found.left_out:
        yield f"{found.left_out} articles that the gold does not have are left out"
    if found.undecided:
        yield (
            f"{found.undecided} of {found.lines} gold lines were decided by nobody: if a model made them, it is "
            "compared with itself there; confirm them first (annotate review)"
        )


def _stances_table(found: Evaluation) -> Table:
    rows: list[list[Cell]] = []
    for one in found.stances:
        name = one.target or "all"
        rows.append([name, "accuracy", one.matched, one.accuracy, None])
        rows.append([name, "macro-F1", one.gold, one.macro_f1, one.macro_f1_end_to_end])
        rows += [[name, f"F1 {label.label}", label.gold, label.matched, label.end_to_end] for label in one.labels]
    head = ["target", "stance", "n", "matched claims", "end to end"]
    note = (
        f"matched: overlap ≥ {MATCH}; end to end: claims that were missed, or are none, are errors too\n"
        "n: gold claims (with accuracy, matched ones); macro-F1 over the stances that the gold has"
    )
    return Table("Stance", head, rows, note, 2)


def _confusion_table(one: Stances) -> Table:
    rows = [[label, *row] for label, row in zip(ENDS, one.confusion, strict=True)]
    return Table("Stance: rows gold, columns compared", ["", *ENDS], rows)


def _speakers_table(one: Speakers) -> Table:
    rows: list[list[Cell]] = [
        ["matched claims", one.matched, one.accuracy],
        ["matched claims that the gold's narrator does not state", one.quoted, one.accuracy_quoted],
        ["all gold claims", one.gold, one.end_to_end],
    ]
    note = "the same person: the same id in the codebook, else the same name"
    return Table("Speakers: share that is right", ["of", "n", "right"], rows, note)


def _calibration_table(one: Calibration) -> Table:
    rows: list[list[Cell]] = [[f"{b.low:.1f}–{b.high:.1f}", b.claims, b.score, b.right] for b in one.bins if b.claims]
    note = (
        f"expected calibration error: {one.ece}, n = {one.claims}, {BINS} bins of equal width; with few claims it is "
        "too high by chance\nright: share of predicted stances that are the gold's, Clopper-Pearson"
    )
    return Table("Calibration of the predicted stance's score", ["score", "n", "mean score", "right"], rows, note)
