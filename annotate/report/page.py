"""What a report consists of, and its one HTML file.

The file is complete: pictures are in it, nothing is fetched, no script runs, and its content security policy allows
neither. Whatever is printed is escaped, and what would turn the direction of writing is taken out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from annotate.report.figures import report_extra, svg, themed
from annotate.tables import Table, cell

if TYPE_CHECKING:
    from annotate.report.figures import Drawing

OPEN_ROWS = 25
"""A table with more rows is folded on a screen."""

MARK = '<meta name="generator" content="annotate report">'
"""By this a file is known for a report, which another one may replace."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph."""

    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """Points, one below the other."""

    kind: ClassVar[str] = "bullets"
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure; `name` is its file's, without the suffix."""

    kind: ClassVar[str] = "picture"
    name: str
    caption: str
    alt: str
    drawing: Drawing

    @property
    def width(self) -> int:
        """CSS pixels."""
        return round(self.drawing.get_figwidth() * 96)

    @property
    def height(self) -> int:
        return round(self.drawing.get_figheight() * 96)

    @property
    def uri(self) -> str:
        return "data:image/svg+xml;base64," + base64.b64encode(themed(svg(self.drawing)).encode()).decode()


@dataclass(frozen=True, slots=True)
class Numbers:
    """A table; `folded` where it is long."""

    kind: ClassVar[str] = "numbers"
    table: Table

    @property
    def folded(self) -> bool:
        return len(self.table.rows) > OPEN_ROWS


@dataclass(frozen=True, slots=True)
class Quote:
    """One claim shown, and its place; `text` is "" where it is left out."""

    stance: str
    text: str
    language: str
    label_by: str
    place: str
    url: str
    digest: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """The claims of one speaker."""

    kind: ClassVar[str] = "quotes"
    speaker: str
    role: str
    label: str
    quotes: tuple[Quote, ...]


Block = Prose | Heading | Bullets | Picture | Numbers | Quotes


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report; `id` is what links name."""

    id: str
    title: str
    blocks: tuple[Block, ...]


class Fact(NamedTuple):
    """One of the figures that stand at the top."""

    value: str
    name: str


@dataclass(frozen=True, slots=True)
class Report:
    """The report, before it is laid out."""

    title: str
    lead: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]

    def pictures(self) -> Iterator[Picture]:
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Picture))


def rendered(made: Report) -> str:
    """The report as HTML."""
    with report_extra():
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup

    css = _data("report.css")
    policy = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()

    def plain(value: Any) -> Any:
        return value if isinstance(value, Markup) else cell(value)

    layout = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    layout.finalize = plain
    page = layout.from_string(_data("report.html"))
    return page.render(report=made, css=Markup(css), policy=policy, mark=Markup(MARK))  # noqa: S704


def _data(name: str) -> str:
    return resources.files("annotate.report").joinpath(name).read_text(encoding="utf-8")


# ---- Words ----


def number(count: int) -> str:
    return f"{count:,}"


def many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}\u00a0%" if whole else "none"


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)
