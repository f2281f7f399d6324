"""A corpus in the terminal: its claims, and the table per speaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from annotate.decisions import Log
from annotate.records import STANCES, Claim, Speaker
from annotate.summary import Standing, counted, standings
from annotate.tables import Table, print_tables

MARKS = {"favor": "+", "neutral": "·", "against": "−"}
COLOURS = {"favor": "green", "neutral": "dim", "against": "red"}


def chosen(claims: Iterable[Claim], speaker: str = "", stance: str = "", target: str = "") -> Iterator[Claim]:
    """The claims of a speaker, stance and target; "" lets all pass."""
    for claim in claims:
        if speaker in ("", claim.speaker) and stance in ("", claim.stance) and target in ("", claim.target):
            yield claim


def show(claims: list[Claim], speakers: dict[str, Speaker], console: Console, log: Log) -> None:
    """Print the claims, article by article, then the table per speaker, then what annotators differ on."""
    targets = {claim.target for claim in claims}
    article = ""
    for claim in claims:
        if claim.article != article:
            article = claim.article
            console.print(Text(f"\n{article}", style="bold underline"))
        console.print(_line(claim, speakers, targets))
    console.print()
    print_tables([table(standings(counted(claims, log), speakers))], console)
    ids = {claim.id for claim in claims}
    for dispute in log.disputes():
        if dispute.claim in ids:
            console.print(Text(str(dispute), style="yellow"))


def _line(claim: Claim, speakers: dict[str, Speaker], targets: set[str]) -> Text:
    scores = claim.prediction.scores
    name = speakers[claim.speaker].name if claim.speaker in speakers else claim.speaker
    line = Text(f"{MARKS[claim.stance]} {claim.stance:<8}", style=COLOURS[claim.stance])
    line.append(f"{getattr(scores, claim.stance):4.2f}  ", style="dim")
    line.append(name, style="bold")
    line.append(f" ({claim.prediction.speaker_reason or claim.annotator}, {claim.quotation})  ", style="dim")
    line.append(f"[{claim.start}:{claim.end}] ", style="dim")
    if len(targets) > 1:
        line.append(f"{claim.target} ", style="cyan")
    line.append("… " if claim.continues else "")
    line.append(claim.text)
    if claim.annotator:
        line.append(f"  — decided by {claim.annotator}", style="yellow")
    return line


def table(rows: Iterable[Standing]) -> Table:
    """The table per speaker."""
    head = ["target", "speaker", *STANCES, "mean score [95 %]", "stance"]
    cells = [
        [row.target, row.name, *map(row.tally.count, STANCES), row.tally.mean, f"{row.tally.label}"] for row in rows
    ]
    note = (
        "A claim that its cue splits counts once; narrator and unknown are left out. Score: +1, 0, −1 where a person "
        "decided, else the probability of favor less that of against. Stance: that of more than half of the claims."
    )
    return Table("claims per speaker", head, cells, note, 2)
