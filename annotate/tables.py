"""Tables of figures, for the terminal and for whoever else shows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

Cell = object
"""Text, a count, a share, a figure with its interval, or None."""


class Table(NamedTuple):
    """A table; of its columns the first `words` hold words, the others numbers."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    words: int = 1


class Measured(Protocol):
    """Figures that can be told to a program and to people."""

    def as_dict(self) -> dict[str, Any]: ...

    def tables(self) -> Iterator[Table]: ...


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Print the tables that have rows, each with its note below."""
    for table in tables:
        if table.rows:
            console.print(_grid(table))
            if table.note:
                console.print(Text(table.note, style="dim"))
            console.print()


def _grid(table: Table) -> Grid:
    grid = Grid(title=Text(table.title, style="bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(table.head):
        words = place < table.words
        grid.add_column(Text(name), justify="left" if words else "right", overflow="fold", no_wrap=not words)
    for row in table.rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    return grid


def cell(value: Cell) -> str:
    """A cell as text, in which nothing steers the terminal or turns the line's direction."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "".join("\ufffd" if _steers(character) else character for character in str(value))


def _steers(character: str) -> bool:
    """Whether it is a control character, or one that overrides or embeds a direction of writing."""
    return unicodedata.category(character) == "Cc" or unicodedata.bidirectional(character) in _DIRECTIONS


_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
