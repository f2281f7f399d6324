"""What a speaker's stance is when their claims differ, and how it goes over time.

Score. A claim counts +1 for favor, 0 for neutral and -1 for against where a person decided its stance. Where nobody
did, it counts the models' probability of favor less that of against: 0.91 and 0.02 make 0.89.

A claim that its cue splits counts once. What the narrator says, and what nobody is known to have said, is left out. Of
people who found no agreement on a claim the models' label stands, as everywhere.

Label. The stance of more than half of a speaker's claims on a target, else "mixed".

Mean score. The plain mean of the claims' scores, with a 95 % interval: Student's t over the claims and two more, one
at +1 and one at -1, so that few claims, or equal ones, do not pass for certain (what Agresti and Coull 1998 do for
proportions, "Approximate is better than 'exact' for interval estimation of binomial proportions"). Claims of one
article resemble each other: the interval is widened by the root of the design effect of articles, where that is over
1 (Kish 1965, "Survey Sampling"). It tells how far the mean would move had other articles been read. It doesn't know of
wrong labels.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotate.decisions import Log
from annotate.records import NARRATOR, STANCES, UNKNOWN, Claim, Speaker, Stance

Label = Literal["favor", "neutral", "against", "mixed"]
MIXED: Literal["mixed"] = "mixed"

LEVEL = 0.95
POLES = (1.0, -1.0)
"""The scores of the two claims that are added for the interval."""

MANY = 24
"""More periods than this are told in a coarser grain."""


class Mean(NamedTuple):
    """A mean score in [-1, 1], and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} [{self.low:+.2f}, {self.high:+.2f}]".replace("-", "−")


class Counted(NamedTuple):
    """One claim on one target, as the tables count it."""

    target: str
    speaker: str
    article: str
    stance: Stance
    score: float
    decided: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Claims of each stance, and their mean score."""

    favor: int
    neutral: int
    against: int
    mean: Mean
    decided: int
    """How many of the claims a person decided the stance of."""
    articles: int

    @property
    def claims(self) -> int:
        return self.favor + self.neutral + self.against

    @property
    def label(self) -> Label:
        """The stance of more than half of the claims, else "mixed"."""
        return next((stance for stance in STANCES if 2 * self.count(stance) > self.claims), MIXED)

    def count(self, stance: Stance) -> int:
        return int(getattr(self, stance))

    def share(self, stance: Stance) -> float:
        return self.count(stance) / self.claims


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one speaker stands on one target."""

    target: str
    speaker: str
    name: str
    role: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Period:
    """The claims of one stretch of time on one target; `tally` is None where there are none."""

    name: str
    tally: Tally | None


@dataclass(frozen=True, slots=True)
class Course:
    """Stance over time: periods of one grain without a gap, none where fewer than two have a claim."""

    grain: str
    periods: tuple[Period, ...]
    dated: int
    """Claims whose article has a date that could be read."""
    undated: int


def is_decided(claim: Claim, log: Log) -> bool:
    """Whether the claim's stance is a person's word: in force in the log, or edited by hand."""
    return claim.stance != claim.prediction.stance or log.in_force(claim.id, "stance") is not None


def score(claim: Claim, log: Log) -> float:
    """Favor less against: +1, 0 or -1 where a person decided, else of the models' probabilities."""
    if is_decided(claim, log):
        return {"favor": 1.0, "neutral": 0.0, "against": -1.0}[claim.stance]
    return claim.prediction.scores.favor - claim.prediction.scores.against


def counted(claims: Iterable[Claim], log: Log) -> Iterator[Counted]:
    """The claims that count: once each, of those whose speaker is known."""
    for claim in claims:
        if not claim.continues and claim.speaker not in (NARRATOR, UNKNOWN):
            decided = is_decided(claim, log)
            yield Counted(claim.target, claim.speaker, claim.article, claim.stance, score(claim, log), decided)


def standings(claims: Iterable[Counted], speakers: Mapping[str, Speaker]) -> list[Standing]:
    """Where every speaker stands on every target: by target, then whoever has most claims first."""
    by_speaker: dict[tuple[str, str], list[Counted]] = defaultdict(list)
    for claim in claims:
        by_speaker[claim.target, claim.speaker].append(claim)
    found = []
    for (target, id), said in by_speaker.items():
        who = speakers.get(id)
        found.append(Standing(target, id, who.name if who else id, who.role if who else "", tally(said)))
    return sorted(found, key=lambda one: (one.target, -one.tally.claims, one.speaker))


def tally(claims: list[Counted]) -> Tally:
    """The sum of some claims, at least one."""
    counts = Counter(claim.stance for claim in claims)
    mean = mean_score([claim.score for claim in claims], [claim.article for claim in claims])
    decided, articles = sum(claim.decided for claim in claims), len({claim.article for claim in claims})
    return Tally(counts["favor"], counts["neutral"], counts["against"], mean, decided, articles)


def mean_score(scores: list[float], articles: list[str]) -> Mean:
    """The mean of scores, and its interval, as the head of this module says; `articles` are where each was said."""
    from scipy.special import stdtrit

    said = np.array(scores)
    padded = np.array([*scores, *POLES])
    error = padded.std(ddof=1) / math.sqrt(len(padded)) * math.sqrt(_design_effect(said, articles))
    reach = float(stdtrit(len(padded) - 1, (1 + LEVEL) / 2)) * error
    middle, value = float(padded.mean()), float(said.mean())
    low, high = min(middle - reach, value), max(middle + reach, value)
    return Mean(value, max(low, -1.0), min(high, 1.0))


def _design_effect(scores: NDArray[np.float64], articles: list[str]) -> float:
    """How much more the mean varies than it would if claims of one article did not resemble each other; 1 or more."""
    names, group = np.unique(articles, return_inverse=True)
    rest = scores - scores.mean()
    spread = float(rest @ rest)
    if len(names) < 2 or spread < 1e-12:
        return 1.0
    sums = np.bincount(group, rest)
    count = len(names)
    return max(1.0, float(sums @ sums) / spread * (count / (count - 1)) * ((len(scores) - 1) / len(scores)))


def to_pandas(rows: Iterable[Standing]) -> Any:
    """Standings as a pandas data frame: one row a target and speaker, counts, shares, mean score and label."""
    import pandas

    return pandas.DataFrame([_flat(row) for row in rows], columns=COLUMNS)


COLUMNS = (
    "target speaker name role claims favor neutral against favor_share neutral_share against_share mean_score low high "
    "label decided articles"
).split()
"""Of the data frame of standings; `low` and `high` bound the 95 % interval of `mean_score`."""


def _flat(row: Standing) -> dict[str, Any]:
    sums = row.tally
    counts = {"claims": sums.claims} | {stance: sums.count(stance) for stance in STANCES}
    shares = {f"{stance}_share": sums.share(stance) for stance in STANCES}
    mean = {"mean_score": sums.mean.value, "low": sums.mean.low, "high": sums.mean.high}
    who = {"target": row.target, "speaker": row.speaker, "name": row.name, "role": row.role}
    return who | counts | shares | mean | {"label": sums.label, "decided": sums.decided, "articles": sums.articles}


# ---- Over time ----

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?![\d/.-])")
_GRAINS = ("day", "week", "month", "quarter", "year")


class Day(NamedTuple):
    """A date as an article gives it; `finest` is the finest grain that it is good for."""

    date: date
    finest: str

    def __str__(self) -> str:
        """What is known of it: 2024-06-05, 2024-06 or 2024."""
        return _name(_index(self.date, self.finest), self.finest)


def read_date(text: str) -> Day | None:
    """The day, month or year that an article's date begins with in ISO 8601; None where it is written otherwise."""
    found = _DATE.match(text.strip())
    if not found:
        return None
    year, month, day = (int(part or 0) for part in found.groups())
    try:
        return Day(date(year, month or 1, day or 1), "day" if day else "month" if month else "year")
    except ValueError:
        return None


def course(claims: Iterable[Counted], dates: Mapping[str, str]) -> Course:
    """Stance over time, in the finest grain that all dates allow and that needs no more than MANY periods.

    `claims` are those of one target; `dates` gives the date of an article by its id.
    """
    days = {article: day for article, text in dates.items() if (day := read_date(text))}
    dated, undated = [], 0
    for claim in claims:
        if claim.article in days:
            dated.append(claim)
        else:
            undated += 1
    seen = {days[claim.article] for claim in dated}
    if not seen:
        return Course("", (), 0, undated)
    grain = _grain(seen)
    by_period: dict[int, list[Counted]] = defaultdict(list)
    for claim in dated:
        by_period[_index(days[claim.article].date, grain)].append(claim)
    if len(by_period) < 2:
        return Course(grain, (), len(dated), undated)
    span = range(min(by_period), max(by_period) + 1)
    periods = (Period(_name(i, grain), tally(by_period[i]) if i in by_period else None) for i in span)
    return Course(grain, tuple(periods), len(dated), undated)


def _grain(days: Iterable[Day]) -> str:
    """The finest grain that does for all the days."""
    days = list(days)
    coarsest = max(_GRAINS.index(day.finest) for day in days)
    first, last = min(day.date for day in days), max(day.date for day in days)
    fitting = (grain for grain in _GRAINS[coarsest:] if _index(last, grain) - _index(first, grain) < MANY)
    return next(fitting, "year")


def _index(day: date, grain: str) -> int:
    """The number of the period that a day is in; the next period has the next number."""
    match grain:
        case "day":
            return day.toordinal()
        case "week":
            return (day.toordinal() - 1) // 7  # day 1 of year 1 was a Monday
        case "month":
            return day.year * 12 + day.month - 1
        case "quarter":
            return day.year * 4 + (day.month - 1) // 3
    return day.year


def _name(index: int, grain: str) -> str:
    """What a period is called: 2024-06-05, 2024-W23, 2024-06, 2024-Q2 or 2024."""
    match grain:
        case "day":
            return date.fromordinal(index).isoformat()
        case "week":
            year, week, _ = date.fromordinal(index * 7 + 1).isocalendar()
            return f"{year}-W{week:02}"
        case "month":
            return f"{index // 12:04}-{index % 12 + 1:02}"
        case "quarter":
            return f"{index // 4:04}-Q{index % 4 + 1}"
    return f"{index:04}"
