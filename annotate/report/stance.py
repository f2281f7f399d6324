"""The report's sections of a target: who stands where, how that went over time, and the claims that show it best."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from annotate.codebook import Target
from annotate.corpus import ARTICLES
from annotate.records import STANCES
from annotate.report.figures import mean_scores, over_time, stance_bars
from annotate.report.material import Material
from annotate.report.page import (
    Block,
    Heading,
    Numbers,
    Picture,
    Prose,
    Quote,
    Quotes,
    Section,
    listed,
    many,
    number,
    share,
)
from annotate.report.telling import Telling, telling
from annotate.summary import Course, Period, Standing, course
from annotate.tables import Cell, Table
from annotate.texts import ArticleIndex

SPEAKERS_DRAWN = 20
"""Speakers in a figure, and with claims quoted."""
SPEAKERS_LISTED = 200
"""Speakers in a table."""


def target_section(material: Material, target: Target, *, shown: bool) -> Section:
    """All that is told of one target; `shown` where the articles may be quoted."""
    id, title = f"target-{target.id}", f"Stance on {target.name}"
    rows = [row for row in material.standings if row.target == target.id]
    if not rows:
        return Section(id, title, (Prose("No speaker makes a claim about it."),))
    said = (claim for claim in material.counted if claim.target == target.id)
    days = course(said, {id: about.date for id, about in material.articles.items()})
    blocks = (
        Heading("Per speaker"),
        *_speakers(rows, target),
        Heading("Over time"),
        *_time(days, target),
        Heading("The most telling claims"),
        *_claims(material, rows, shown=shown),
    )
    return Section(id, title, blocks)


SCORE = (
    "A claim scores +1 for favor, 0 for neutral and −1 for against where a person decided its stance; where nobody "
    "did, it scores the model's probability of favor less that of against. A claim that its cue splits counts once; "
    "the narrator and unknown speakers are left out. A speaker's stance is that of more than half of their claims, "
    "else “mixed”. The interval tells how far the mean might move had other articles been read: by Student's t, with "
    "one more claim at either end of the scale, and wider where claims of one article are alike. It does not know of "
    "wrong labels."
)


def _speakers(rows: Sequence[Standing], target: Target) -> Iterator[Block]:
    drawn = rows[:SPEAKERS_DRAWN]
    cut = f" Drawn are the {len(drawn)} of {number(len(rows))} speakers with most claims." if drawn != rows else ""
    yield Picture(
        f"stance-{target.id}",
        f"Claims of each stance on {target.name} per speaker; in brackets, how many claims.{cut}",
        "Stacked bars, one a speaker, of the shares of favor, neutral and against. "
        f"{_some(drawn, _standing_told)} All numbers are in the next table.",
        stance_bars(drawn),
    )
    yield Numbers(_speakers_table(rows, target))
    yield Picture(
        f"score-{target.id}",
        f"Mean score of each speaker's claims on {target.name}, with its 95 % interval.{cut}",
        "A dot for each speaker's mean score between −1, against, and +1, in favor, and a line for its interval. "
        f"{_some(drawn, lambda row: f'{row.name} {row.tally.mean}')} All numbers are in the table above.",
        mean_scores(drawn),
    )
    yield Prose(SCORE)


def _some(rows: Sequence[Standing], tell: Callable[[Standing], str]) -> str:
    """What there is to tell of the first rows."""
    return "; ".join(tell(row) for row in rows[:5]) + ("." if len(rows) <= 5 else "; and so on.")


def _standing_told(row: Standing) -> str:
    return f"{row.name}: " + ", ".join(f"{row.tally.count(stance)} {stance}" for stance in STANCES)


def _speakers_table(rows: Sequence[Standing], target: Target) -> Table:
    head = ["speaker", "claims", *STANCES, "mean score [95 %]", "stance", "decided", "articles"]
    left = rows[SPEAKERS_LISTED:]
    rest = sum(row.tally.claims for row in left)
    note = "decided: claims whose stance a person decided"
    if left:
        more = f"{many(len(left), 'more speaker')} with {many(rest, 'claim')} between them are left out"
        note += f"\n{more}; in Python, Corpus.speakers_to_pandas() has all"
    cells = [list(_speaker_row(row)) for row in rows[:SPEAKERS_LISTED]]
    return Table(f"Stance on {target.name} per speaker", head, cells, note)


def _speaker_row(row: Standing) -> Iterator[Cell]:
    sums = row.tally
    yield from (row.name, sums.claims)
    yield from (f"{sums.count(stance)} ({share(sums.count(stance), sums.claims)})" for stance in STANCES)
    yield from (sums.mean, sums.label, sums.decided, sums.articles)


def _time(days: Course, target: Target) -> Iterator[Block]:
    undated = f"Left out for want of a date that can be read: {many(days.undated, 'claim')}." if days.undated else ""
    if not days.dated:
        yield Prose("No article has a date that can be read (2024-06-05, 2024-06 or 2024), so no course can be drawn.")
    elif not days.periods:
        yield Prose(f"All dated claims are of one {days.grain}, so there is no course to draw. {undated}")
    else:
        yield Picture(
            f"time-{target.id}",
            f"Stance on {target.name} per {days.grain} of publication, all speakers together: mean score with its 95 % "
            f"interval, and claims.",
            f"Above, the mean score per {days.grain}, with intervals; below, stacked bars of claims by stance. "
            "The numbers are in the next table.",
            over_time(days),
        )
        head = [days.grain, *STANCES, "mean score [95 %]"]
        yield Numbers(
            Table(f"Stance on {target.name} per {days.grain}", head, [*map(_period_row, days.periods)], undated)
        )


def _period_row(period: Period) -> list[Cell]:
    sums = period.tally
    return (
        [period.name, *(sums.count(stance) for stance in STANCES), sums.mean] if sums else [period.name, 0, 0, 0, None]
    )


def _claims(material: Material, rows: Sequence[Standing], *, shown: bool) -> Iterator[Block]:
    drawn = rows[:SPEAKERS_DRAWN]
    found = telling(material.claims, material.log, {(row.target, row.speaker) for row in drawn})
    index = ArticleIndex(material.corpus.folder / ARTICLES) if shown else None
    yield Prose(
        "Per speaker up to two claims in favor and two against: first those whose stance a person decided, then those "
        "of which the model is surest. "
        + (PARAGRAPHS if shown else "Their text is left out: place and digest say which they are.")
    )
    silent = []
    for row in drawn:
        quotes = tuple(_quote(material, one, index) for one in found[row.target, row.speaker])
        if quotes:
            yield Quotes(row.name, row.role, f"{row.tally.label}, {many(row.tally.claims, 'claim')}", quotes)
        else:
            silent.append(row.name)
    if silent:
        yield Prose(f"Neutral throughout: {listed(silent)}.")


PARAGRAPHS = "A paragraph is a line that is not empty, headings among them."


def _quote(material: Material, one: Telling, index: ArticleIndex | None) -> Quote:
    claim, about = one.claim, material.articles[one.claim.article]
    article = index.get(claim.article) if index else None
    words = " … ".join(filter(None, one.parts)) if index else ""
    url = about.url if about.url.startswith(("https://", "http://")) else ""
    place = [f"“{about.title}”" if about.title and index else claim.article, about.outlet, about.date]
    if article and article.text:
        place.append(f"paragraph {_paragraph(article.text, claim.start)}")
    place.append(f"characters {claim.start}–{claim.end}")
    told = ", ".join(filter(None, place))
    return Quote(claim.stance, words, _language(about.language), _label_by(one), told, url, claim.digest)


def _language(code: str) -> str:
    """The code of an article's language, "" where it is none."""
    return code if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code) else ""


def _label_by(one: Telling) -> str:
    if not one.decided:
        return f"the model is {100 * one.confidence:.0f}\u00a0% sure"
    return f"decided by {listed(one.decided_by)}" if one.decided_by else "edited by hand, not adopted yet"


def _paragraph(text: str, start: int) -> int:
    """Which of the lines that are not empty holds the offset, counted from 1."""
    return sum(bool(line.strip()) for line in text[:start].split("\n")[:-1]) + 1
