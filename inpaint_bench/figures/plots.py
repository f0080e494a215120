"""Plots as SVG, byte for byte reproducible, for light and for dark pages.

Drawn without pyplot, which shares state between threads, and with text as text, so that it can be searched and takes
the font of the page.
"""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from inpaint_bench import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (  # distinguishable on white and on near-black; after ten they repeat with other marks
    "#4c78a8",
    "#e8862e",
    "#3a9d8f",
    "#d9575e",
    "#8a6fc0",
    "#a68b1d",
    "#c86fa5",
    "#5d9b3c",
    "#9d755d",
    "#7f8c99",
)
MARKS = "osD^vP"
INK, GRID = "#1f2328", "#e3e4e1"  # on a light page; a dark page replaces both
DARK = {INK: "#dadbd8", GRID: "#35383c"}
FONT = "DejaVu Sans"  # ships with matplotlib, so that text has the same size on every machine
PAGE_FONT = f"system-ui, -apple-system, 'Segoe UI', Roboto, '{FONT}'"
INCHES = (5.4, 4.0)


@dataclass(frozen=True)
class Point:
    """A value with its interval, if it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """The points of one method. `number` gives the method the same colour and mark in every plot."""

    label: str
    points: tuple[Point, ...]
    number: int | None = None  # None for a reference, which is grey and dashed


@dataclass(frozen=True)
class Plot:
    """The data and axes of a plot. With `joined` the points of each line are connected."""

    name: str  # the stem of its files
    x: str
    y: str
    lines: tuple[Line, ...]
    x_scale: Literal["linear", "log"] = "linear"
    joined: bool = True
    whole: bool = False  # x is a count: ticks at whole numbers

    def draw(self) -> "Figure":
        """The plot as a matplotlib figure."""
        return _draw(self)


@runtime_checkable
class Drawn(Protocol):
    """What a page shows as a picture; `name` is the stem of its files."""

    @property
    def name(self) -> str: ...

    def draw(self) -> "Figure": ...


def svg(plot: Drawn) -> bytes:
    """The plot as a transparent SVG file for a light page, about 390 x 290 points."""
    out = io.BytesIO()
    with matplotlib_with(_settings(plot.name)):
        plot.draw().savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return out.getvalue().decode().replace(f"'{FONT}'", PAGE_FONT).encode()


def for_dark(light: bytes) -> bytes:
    """The same plot for a dark page."""
    text = light.decode()
    for old, new in DARK.items():
        text = text.replace(old, new)
    return text.encode()


@contextmanager
def matplotlib_with(settings: Mapping[Any, Any]) -> Iterator[None]:
    """Matplotlib with these settings instead of the user's; its cache is in ours."""
    os.environ.setdefault("MPLCONFIGDIR", str(files.cache_dir() / "matplotlib"))
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context():
        rcdefaults()
        rcParams.update(settings)
        yield


def _settings(name: str) -> dict[Any, Any]:
    return {
        "svg.hashsalt": name,
        "svg.fonttype": "none",
        "text.parse_math": False,  # a name may hold dollar signs
        "text.color": INK,
        "font.family": "sans-serif",
        "font.sans-serif": [FONT],
        "font.size": 10,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
    }


def _draw(plot: Plot) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set_xscale(plot.x_scale)
    _set_ticks(axes, plot)
    for line in plot.lines:
        _draw_line(axes, plot, line)
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    columns = 3 if max((len(line.label) for line in plot.lines), default=0) < 24 else 2
    figure.legend(loc="outside lower center", ncols=columns, handlelength=1.8, columnspacing=1.4)
    return figure


def _draw_line(axes: "Axes", plot: Plot, line: Line) -> None:
    x, y = [point.x for point in line.points], [point.y for point in line.points]
    colour = "#8b9096" if line.number is None else COLOURS[line.number % len(COLOURS)]
    mark = "" if line.number is None else MARKS[(line.number // len(COLOURS)) % len(MARKS)]
    style = ("--" if line.number is None else "-") if plot.joined else "none"
    axes.plot(
        x, y, style, marker=mark, markersize=4.2 if plot.joined else 6, linewidth=1.5, color=colour, label=line.label
    )
    for point in line.points:
        if point.low is not None and point.high is not None:
            axes.plot([point.x, point.x], [point.low, point.high], "-", linewidth=1.1, color=colour, alpha=0.65)


def _set_ticks(axes: "Axes", plot: Plot) -> None:
    """Ticks of a log axis at the points or at round numbers, denser for a small range, printed as plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if plot.x_scale == "linear":
        if plot.whole:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    axes.xaxis.set_minor_locator(NullLocator())
    where = sorted({point.x for line in plot.lines for point in line.points})
    span = where[-1] / where[0] if where else 1.0
    subs = (1.0,) if span > 100 else (1.0, 2.0, 5.0) if span > 8 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
    axes.xaxis.set_major_locator(FixedLocator(where) if plot.whole else LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
