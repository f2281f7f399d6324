"""The figures of the report, drawn by matplotlib: the one module that knows it.

For print and for colour-blind readers: blue, light grey and vermilion of Okabe and Ito's palette (2008, "Color
Universal Design"), hatches on top of them, and the numbers in the bars. Text is drawn as paths, in the font that
matplotlib brings, so that a figure looks alike wherever it is opened. The same data give the same bytes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

from annotate.errors import UsageError
from annotate.records import STANCES, Stance
from annotate.summary import Course, Period, Standing
from annotate.tables import cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Drawing = Figure

P = ParamSpec("P")

WIDTH = 7.5
"""Inches."""
INK, FAINT, GRID = "#1b1e23", "#4f5661", "#d4d8de"
"""Text and lines, second to these, and lines behind the bars."""
DARK = {INK: "#e7e9ec", FAINT: "#b3b9c2", GRID: "#3d434c"}
"""What stands for these where the reader's screen is dark."""


class Look(NamedTuple):
    """How a stance is drawn: fill, hatch and its colour, the number in the bar and what is behind it."""

    fill: str
    hatch: str
    lines: str
    number: str
    behind: str


LOOKS: dict[Stance, Look] = {
    "favor": Look("#0072b2", "", "#0072b2", "#ffffff", "#0072b2"),
    "neutral": Look("#e3e5e8", "", "#e3e5e8", "#16181c", "#e3e5e8"),
    "against": Look("#d55e00", "////", "#f7c6a3", "#16181c", "#ffffff"),
}

STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.9,
    "savefig.facecolor": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "annotate",
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollar signs
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


@contextmanager
def report_extra() -> Iterator[None]:
    """UsageError, with what to install, where a library of the extra `report` is imported and is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'annotate-stance[report]'") from None


def styled(draw: Callable[P, Drawing]) -> Callable[P, Drawing]:
    """A drawing function, in our style."""

    @wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> Drawing:
        with report_extra():
            import matplotlib as mpl
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return in_style


@styled
def stance_bars(rows: Sequence[Standing]) -> Drawing:
    """The shares of the stances per speaker, a bar each, the numbers of claims in it."""
    drawing, axes = _per_speaker(rows)
    left = [0.0] * len(rows)
    for stance in STANCES:
        shares = [row.tally.share(stance) for row in rows]
        _bars(axes, stance, range(len(rows)), shares, left, horizontal=True)
        for place, (row, share, start) in enumerate(zip(rows, shares, left, strict=True)):
            if share > 0:
                _number(axes, start + share / 2, place, row.tally.count(stance), stance)
        left = [start + share for start, share in zip(left, shares, strict=True)]
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(_percent)
    axes.set_xlabel("share of the speaker's claims; the numbers are claims")
    _legend(drawing, "outside upper left")
    return drawing


@styled
def mean_scores(rows: Sequence[Standing]) -> Drawing:
    """The mean score per speaker, with its interval."""
    drawing, axes = _per_speaker(rows)
    _score_axis(axes.xaxis, axes.axvline)
    axes.set_xlim(-1.04, 1.04)
    for place, row in enumerate(rows):
        mean = row.tally.mean
        axes.plot([mean.low, mean.high], [place, place], color=FAINT, linewidth=1.8, solid_capstyle="butt")
        axes.plot([mean.value], [place], marker="o", markersize=7, color=INK)
        axes.text(1.1, place, _signed(mean.value), ha="left", va="center_baseline", fontsize=9)
    axes.set_xlabel("mean score and its 95 % interval")
    return drawing


@styled
def over_time(course: Course) -> Drawing:
    """The mean score per period with its interval, above the number of claims of each stance."""
    drawing = _drawing(4.6)
    upper, lower = drawing.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    heard = [(place, period) for place, period in enumerate(course.periods) if period.tally]
    _score_axis(upper.yaxis, upper.axhline)
    upper.set_ylim(-1.04, 1.04)
    upper.set_ylabel("mean score")
    for run in _runs(heard):
        places = [place for place, _ in run]
        upper.plot(places, [_mean(period).value for _, period in run], color=INK, linewidth=1.2)
    for place, period in heard:
        mean = _mean(period)
        upper.plot([place, place], [mean.low, mean.high], color=FAINT, linewidth=1.8, solid_capstyle="butt")
        upper.plot([place], [mean.value], marker="o", markersize=6, color=INK)
    bottom = [0.0] * len(heard)
    for stance in STANCES:
        counts = [float(period.tally.count(stance)) for _, period in heard if period.tally]
        _bars(lower, stance, [place for place, _ in heard], counts, bottom)
        bottom = [a + b for a, b in zip(bottom, counts, strict=True)]
    lower.set_ylabel("claims")
    _whole_numbers(lower)
    names = [period.name for period in course.periods]
    step = 1 + (len(names) - 1) // 24
    lower.set_xticks(
        range(0, len(names), step),
        names[::step],
        rotation=45 if len(names) > 6 else 0,
        ha="right" if len(names) > 6 else "center",
    )
    _legend(lower, "lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return drawing


@styled
def confidences(edges: Sequence[float], undecided: Sequence[int], decided: Sequence[int], least: float) -> Drawing:
    """A histogram of the models' confidence; `least` is the codebook's min_confidence."""
    drawing = _drawing(2.9)
    axes = drawing.subplots()
    lefts, widths = list(edges[:-1]), [b - a for a, b in pairwise(edges)]
    look: dict[str, Any] = {"edgecolor": INK, "linewidth": 0.8, "align": "edge", "width": widths}
    axes.bar(lefts, undecided, color="#56b4e9", label="label is the model's", **look)
    axes.bar(lefts, decided, bottom=undecided, color="none", hatch="////", label="a person decided", **look)
    axes.axvline(least, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
    across = axes.get_xaxis_transform()
    axes.text(least, 1.02, f"min_confidence {least:g}", transform=across, ha="center", va="bottom", fontsize=8.5)
    axes.set_xlim(edges[0], edges[-1])
    axes.margins(y=0.08)
    axes.xaxis.set_major_formatter(_percent)
    axes.set_xlabel("the models' probability of the label that they gave")
    axes.set_ylabel("claims")
    _whole_numbers(axes)
    drawing.legend(loc="outside upper left", ncols=2, frameon=False)
    return drawing


# ---- Files ----


def svg(drawing: Drawing) -> str:
    """The drawing as an SVG file."""
    return _saved(drawing, "svg", metadata={"Date": None, "Creator": None}).decode()


def themed(drawn: str) -> str:
    """An SVG for the report: text and lines in another colour where the reader's screen is dark."""
    names = {colour: f"--c{number}" for number, colour in enumerate(DARK)}
    light = "".join(f"{name}:{colour};" for colour, name in names.items())
    dark = "".join(f"{name}:{DARK[colour]};" for colour, name in names.items())
    style = f"svg{{{light}}}@media screen and (prefers-color-scheme:dark){{svg{{{dark}}}}}"
    for colour, name in names.items():
        drawn = drawn.replace(f": {colour}", f": var({name})")
    return drawn.replace('<style type="text/css">', f'<style type="text/css">{style}', 1)


def png(drawing: Drawing) -> bytes:
    """The drawing as a PNG file of 300 dots an inch, on white."""
    return _saved(drawing, "png", dpi=300, facecolor="white", metadata={"Software": None})


def _saved(drawing: Drawing, form: str, **options: Any) -> bytes:
    import matplotlib as mpl

    with mpl.rc_context(STYLE), io.BytesIO() as file:
        drawing.savefig(file, format=form, **options)
        return file.getvalue()


# ---- Parts ----


def _drawing(height: float) -> Drawing:
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def _per_speaker(rows: Sequence[Standing]) -> tuple[Drawing, Axes]:
    """An empty drawing with a row for each speaker, the first on top."""
    drawing = _drawing(0.95 + 0.3 * len(rows))
    axes = drawing.subplots()
    axes.set_yticks(range(len(rows)), [f"{label(row.name, row.speaker)}  ({row.tally.claims})" for row in rows])
    axes.tick_params("y", length=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    return drawing, axes


def _bars(
    axes: Axes,
    stance: Stance,
    places: Sequence[int],
    sizes: Sequence[float],
    starts: Sequence[float],
    *,
    horizontal: bool = False,
) -> None:
    """One stance's part of stacked bars: the fill with its hatch, then a thin outline, which a hatch cannot have."""
    look = LOOKS[stance]
    draw: Any = axes.barh if horizontal else axes.bar
    base = {"left": starts, "height": 0.72} if horizontal else {"bottom": starts, "width": 0.72}
    draw(places, sizes, color=look.fill, hatch=look.hatch, edgecolor=look.lines, linewidth=0, **base)
    draw(places, sizes, facecolor="none", edgecolor=INK, linewidth=[0.8 if size else 0 for size in sizes], **base)


def _number(axes: Axes, x: float, y: float, count: int, stance: Stance) -> None:
    look = LOOKS[stance]
    box = {"boxstyle": "round,pad=0.15", "facecolor": look.behind, "edgecolor": "none"}
    axes.text(
        x, y, str(count), color=look.number, ha="center", va="center_baseline", fontsize=8.5, bbox=box, clip_on=True
    )


def _legend(place: Any, loc: str, **options: Any) -> None:
    """What fills and hatches mean."""
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=look.fill, hatch=look.hatch, edgecolor=look.lines, linewidth=0, label=stance)
        for stance, look in LOOKS.items()
    ]
    shape: dict[str, Any] = {"ncols": 3, "frameon": False, "handlelength": 2.4, "handleheight": 1.1}
    place.legend(handles=patches, loc=loc, **shape, **options)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _score_axis(axis: Any, line: Callable[..., Any]) -> None:
    axis.set_ticks([-1, -0.5, 0, 0.5, 1], ["−1\nagainst", "−0.5", "0", "+0.5", "+1\nfavor"])
    axis.grid(visible=True)
    line(0, color=FAINT, linewidth=1)


def _runs(heard: Sequence[tuple[int, Period]]) -> Iterator[list[tuple[int, Period]]]:
    """Periods that follow one another without a gap."""
    run: list[tuple[int, Period]] = []
    for item in heard:
        if run and item[0] != run[-1][0] + 1:
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _mean(period: Period) -> Any:
    assert period.tally
    return period.tally.mean


def _percent(value: float, _: object) -> str:
    return f"{100 * value:.0f} %"


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def label(name: str, id: str, longest: int = 34) -> str:
    """A name as the figure's font can write it: the id where it cannot write most of it, cut where it is long."""
    written = "".join(c if ord(c) in _glyphs() else "□" for c in cell(unicodedata.normalize("NFC", name)))
    if not name or written.count("□") * 2 > len(written):
        written = id
    return written if len(written) <= longest else f"{written[: longest - 1]}…"


@cache
def _glyphs() -> frozenset[int]:
    """The characters that the figures' font has."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(STYLE["font.family"])).get_charmap())
