"""A corpus in the terminal: its claims, and the table per speaker."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from annotate.decisions import Dispute
from annotate.records import NARRATOR, STANCES, UNKNOWN, Claim, Speaker

MARKS = {"favor": "+", "neutral": "·", "against": "−"}
COLOURS = {"favor": "green", "neutral": "dim", "against": "red"}


def chosen(claims: Iterable[Claim], speaker: str = "", stance: str = "", target: str = "") -> Iterator[Claim]:
    """The claims of a speaker, stance and target; "" lets all pass."""
    for claim in claims:
        if speaker in ("", claim.speaker) and stance in ("", claim.stance) and target in ("", claim.target):
            yield claim


def counts(claims: Iterable[Claim]) -> dict[tuple[str, str], Counter[str]]:
    """(Target, speaker) → how many claims of each stance; a claim in two parts counts once, nobody's claims not."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for claim in claims:
        if not claim.continues and claim.speaker not in (NARRATOR, UNKNOWN):
            found[claim.target, claim.speaker][claim.stance] += 1
    return dict(sorted(found.items(), key=lambda item: (item[0][0], -item[1].total(), item[0][1])))


def show(claims: list[Claim], speakers: dict[str, Speaker], console: Console, disputes: Sequence[Dispute] = ()) -> None:
    """Print the claims, article by article, then the table per speaker, then what annotators differ on."""
    targets = {claim.target for claim in claims}
    article = ""
    for claim in claims:
        if claim.article != article:
            article = claim.article
            console.print(Text(f"\n{article}", style="bold underline"))
        console.print(_line(claim, speakers, targets))
    console.print()
    console.print(_table(claims, speakers))
    for dispute in disputes:
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


def _table(claims: list[Claim], speakers: dict[str, Speaker]) -> Table:
    table = Table(title="claims per speaker (narrator and unknown left out)", title_justify="left")
    table.add_column("target")
    table.add_column("speaker")
    for stance in STANCES:
        table.add_column(stance, justify="right", style=COLOURS[stance])
    for (target, speaker), counter in counts(claims).items():
        name = speakers[speaker].name if speaker in speakers else speaker
        table.add_row(target, name, *(str(counter[stance]) for stance in STANCES))
    return table
