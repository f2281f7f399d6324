"""The tables of the model cards, written from what was measured.

A card says where a table belongs, by its section and title:

    <!-- quality: own / Held-out targets -->
    <!-- /quality -->

What stands between the two lines is replaced; everything else is prose, and is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from metrics import Table

MODELS = Path(__file__).parents[2] / "models"
PLACE = re.compile(
    r"^<!-- quality: (?P<section>[^/\n]+) / (?P<title>[^\n]+) -->\n(?P<table>.*?)^<!-- /quality -->$",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(r"<!-- */?quality\b")

Report = Mapping[str, Sequence[Table]]
"""The tables of each section that was measured."""


def places(card: str) -> list[tuple[str, str]]:
    """The section and title of each table in a card. Errors: ValueError, where a marker has no partner."""
    found = [(place["section"], place["title"]) for place in PLACE.finditer(card)]
    if len(_MARK.findall(card)) != 2 * len(found) or any(
        _MARK.search(place["table"]) for place in PLACE.finditer(card)
    ):
        raise ValueError("a marker has no partner, or is not written as `<!-- quality: SECTION / TITLE -->`")
    return found


def filled(card: str, report: Report) -> str:
    """The card with the tables of the sections that were measured; those of other sections stay.

    Errors: ValueError for markers without a partner, and for a title that its section does not have.
    """
    places(card)
    return PLACE.sub(lambda place: _filled(place, report), card)


def _filled(place: re.Match[str], report: Report) -> str:
    section, title = place["section"], place["title"]
    if section not in report:
        return place[0]
    tables = {table.title: table for table in report[section]}
    if title not in tables:
        raise ValueError(f"no table {section} / {title}; there are {', '.join(tables)}")
    return f"<!-- quality: {section} / {title} -->\n\n{tables[title].body()}\n\n<!-- /quality -->"


def rewrite(folder: Path, report: Report) -> list[Path]:
    """Write the tables into the cards of the models in `folder`; the cards that changed. Errors: as of `filled`."""
    old = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/README.md"))}
    new = {path: filled(card, report) for path, card in old.items()}
    changed = [path for path in old if new[path] != old[path]]
    for path in changed:
        path.write_text(new[path], encoding="utf-8", newline="\n")
    return changed
