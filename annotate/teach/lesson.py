"""What `annotate train` learned: the figures, what to beware of, and the card of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.measure.intervals import plain
from annotate.records import STANCES
from annotate.tables import Table, cell
from annotate.teach.heldout import Figures


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned from, what it brought, and where it is."""

    folder: str
    model: str
    base: str
    corpus: str
    corpus_version: str
    codebook: str
    codebook_version: str
    decisions: dict[str, dict[str, int]]
    """By target and stance."""
    disputed: int
    lost: int
    held_out: int
    parts: int
    of: str
    temperature: float
    figures: Figures
    taught: bool = False
    """Whether `annotate train` made the base too, perhaps from the same decisions."""

    @property
    def corpus_name(self) -> str:
        """The corpus without the folders that lead to it."""
        return Path(self.corpus).absolute().name

    @property
    def verdict(self) -> str:
        """Whether it is "better", "perhaps better" or "not better" than the base, on held-out decisions."""
        return self.figures.rows[0].verdict

    @property
    def warnings(self) -> list[str]:
        """What a user should know before the model is used."""
        return list(_warnings(self))

    def as_dict(self) -> dict[str, Any]:
        """The figures for JSON."""
        values = {name: plain(getattr(self, name)) for name in self.__slots__}
        for row, one in zip(values["figures"]["rows"], self.figures.rows, strict=True):
            row["verdict"] = one.verdict
        return values | {"verdict": self.verdict, "warnings": self.warnings}

    def tables(self) -> Iterator[Table]:
        """The figures for people."""
        rows = [[t, *by.values(), sum(by.values())] for t, by in self.decisions.items()]
        yield Table("Decisions", ["target", *STANCES, "all"], rows)
        kind = f"{self.parts} parts of {self.of}" if self.parts > 1 else f"one part of {self.of}"
        compared = [[r.of, r.name, r.decisions, r.before, r.after, r.gain, r.verdict] for r in self.figures.rows]
        head = ["F1 of", "", "decisions", "before", "trained", "gain [95 %]", ""]
        note = f"held out: {self.held_out} decisions, {kind}; all and targets: macro-F1"
        yield Table("Held-out decisions, before training and after", head, compared, note, 2)
        both = [["accuracy", *self.figures.accuracy], ["expected calibration error", *self.figures.ece]]
        yield Table("All held-out decisions", ["", "before", "trained"], both, self._said())

    def _said(self) -> str:
        return (
            f"{self.folder}: {self.model}, from {self.base}\n"
            f"annotate relabel {self.corpus} --model {self.folder} --dry-run\n"
            "it has seen these decisions: after that, annotate evaluate is too kind to it on this corpus"
        )


def _warnings(lesson: Lesson) -> Iterator[str]:
    if lesson.verdict == "not better":
        yield f"on held-out decisions the trained model is NOT better than {lesson.base}; think twice before you use it"
    elif lesson.verdict == "perhaps better":
        yield "on held-out decisions the gain may be chance: its interval includes none; more decisions would tell"
    worse = [row for row in lesson.figures.rows[1:] if row.verdict == "not better"]
    if worse and lesson.verdict != "not better":
        names = ", ".join(f"{row.of} {row.name}" for row in worse)
        yield f"on held-out decisions the trained model is not better for: {names}"
    if lesson.taught:
        yield "its base learned from decisions before: where some of these were among them, the figures are too good"
    if lesson.of == "passages":
        yield "held-out claims are of the same articles as those trained on: expect less on new articles"
    if lesson.disputed:
        yield f"{lesson.disputed} disputed claims were left out: annotate adopt --adjudicate rules on them"
    if lesson.lost:
        yield f"{lesson.lost} decisions on targets that the codebook does not have were left out"


MADE = "A stance model that `annotate train` made"
"""How the card of such a model begins."""


def is_taught(model: str) -> bool:
    """Whether the folder that `model` names is one that `annotate train` wrote, by its card."""
    card = Path(model).expanduser() / "README.md"
    return bool(model) and card.is_file() and MADE in card.read_text(encoding="utf-8", errors="replace")


def card(lesson: Lesson) -> str:
    """The README.md of the model's folder: data, base, figures, limits, use. It holds no word of any article."""
    warnings = "".join(f"> **Beware**: {said}.\n" for said in lesson.warnings)
    tables = list(lesson.tables())
    return f"""---
tags: [nli, stance-detection, annotate-stance]
---

# {_plain(lesson.model)}

{MADE} from people's decisions in the corpus {_plain(lesson.corpus_name)}. It says
whether a hypothesis ("Ann Lee supports the ferry line.") follows from a claim ("Ann Lee said: …").

{warnings}
## Use

    annotate relabel CORPUS --model FOLDER

FOLDER is the folder of this card. What people decided stays; `--dry-run` says what would change.

## Data

- base model: {_plain(lesson.base)}
- corpus: {_plain(lesson.corpus_name)}, {lesson.corpus_version or "before its first release"}
- codebook: {lesson.codebook} {lesson.codebook_version}
- left out: {lesson.disputed} disputed claims, {lesson.lost} on targets that the codebook does not have

{_markdown(tables[0])}

## Figures

On {lesson.held_out} decisions that were held out, {_split(lesson)}.
"Before" is the base model as it is. The model here was then trained on all decisions. F1 of all and of a target is the
mean over its stances; in brackets are 95 % intervals by bootstrap over {lesson.of}.

{_markdown(tables[1])}

{_markdown(tables[2])}

Scores are divided by a temperature of {lesson.temperature:.2f} beside the base's, fitted on held-out decisions; the
calibration error above is of decisions that their temperature was not fitted on.

## Limits

- It learned from one corpus, one codebook and its annotators; on other targets it may be worse than its base.
- Half of every weight is the base's. What the base gets wrong in ways that no decision showed, it still gets wrong.
- It sees one claim at a time: irony, and what the article says before and after, are not seen.
- Figures are of claims that people chose to decide; where these were the doubtful ones, the others are easier.
- It has seen every decision, those of an audit too. Once it has relabelled that corpus, `annotate evaluate` finds its
  labels better than they are; only claims that are decided afterwards, or another corpus, tell.
"""


def _split(lesson: Lesson) -> str:
    whole = f"whole {lesson.of} together"
    if lesson.parts == 1:
        return f"one part of all, {whole}"
    return f"in {lesson.parts} parts, {whole}, each judged by a model trained on the others"


def _markdown(table: Table) -> str:
    rows: list[Sequence[object]] = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join("| " + " | ".join(_plain(cell(value)) for value in row) + " |" for row in rows)


def _plain(text: str) -> str:
    """Text that means nothing in Markdown but itself."""
    return cell(text).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
