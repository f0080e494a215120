"""How far metrics agree, with each other as heat maps, for the report and for a paper."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inpaint_bench.analysis.compare_metrics import compare_metrics
from inpaint_bench.analysis.metric_agreement import TITLES, MetricAgreement, Over, printed
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.votes import refuse_stale
from inpaint_bench.errors import InputError, refuse_unknown
from inpaint_bench.figures.draw import SETTINGS, refuse_suffix, save
from inpaint_bench.figures.plots import GRID, INCHES, matplotlib_with
from inpaint_bench.figures.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PEOPLE = "people"
USUAL = 8  # metrics that fit a figure of the usual size; of more it is larger
POINTS = 190  # the side of the square of cells in a figure of the usual size
COLOURS = "RdBu"  # blue where two metrics agree, red where they contradict each other
LIGHT, DARK = "#fefefe", "#0e0e0e"  # digits on a cell, whose colour is the same on every page


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Correlations of every two metrics as coloured cells."""

    name: str  # the stem of its files
    found: MetricAgreement
    over: Over
    caption: str = ""

    def draw(self) -> "Figure":
        """The heat map as a matplotlib figure."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        one = self.found.over[self.over]
        names = [self.found.metrics[i].heading for i in one.shown]
        cells = one.rho[np.ix_(one.shown, one.shown)].copy()
        np.fill_diagonal(cells, np.nan)
        enlarged = max(1.0, len(names) / USUAL)
        figure = Figure(figsize=(INCHES[0] * enlarged, INCHES[1] * enlarged), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        _draw_cells(axes, cells, names)
        if self.caption:
            figure.supxlabel(self.caption, fontsize=6)
        return figure


def _draw_cells(axes: "Axes", cells: np.ndarray, names: "Sequence[str]") -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colours = colormaps[COLOURS]
    cell = POINTS / min(len(names), USUAL)
    size, small = min(9.0, 0.5 * cell), min(9.0, 0.3 * cell)  # of names and of digits
    for (row, column), value in np.ndenumerate(cells):
        defined = bool(np.isfinite(value))
        colour = colours((value + 1) / 2) if defined else GRID
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor=GRID, linewidth=0.6))
        if defined:
            axes.text(
                column + 0.5, row + 0.5, printed(value).replace("0.", "."), ha="center", va="center", fontsize=small,
                color=LIGHT if abs(value) > 0.65 else DARK,
            )  # fmt: skip
    places = np.arange(len(names)) + 0.5
    axes.set_xlim(0, len(names))
    axes.set_ylim(len(names), 0)
    axes.set_aspect("equal")
    axes.set_xticks(places, names, rotation=90, fontsize=size)
    axes.set_yticks(places, names, fontsize=size)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def write_heat_map(
    run: RunData, path: Path, over: str, metrics: "Sequence[str]" = (), methods: "Sequence[str]" = ()
) -> None:
    """Draw how far the metrics of a run agree over 'methods', 'pairs' or 'partial' (the mask ratio held constant).

    Over 'people': how often each agrees with the votes of a study. Raises InputError for an unknown name, where the run
    has too few methods, pairs or metrics, or no votes, and unless the file is a .pdf or a .png. Raises HashError where
    people saw other composites.
    """
    refuse_suffix(path)
    refuse_unknown("rank correlation is over", [over], [*TITLES, PEOPLE])
    found = compare_metrics(run, methods, metrics)
    if over == PEOPLE:
        _write_shares(run, found, path)
        return
    refuse_unknown("rank correlation of this run is over", [over], found.over)
    kind: Over = next(name for name in found.over if name == over)
    caption = f"rank correlation {TITLES[kind]}\n{found.title}"
    with matplotlib_with(SETTINGS):
        save(HeatMap("metrics", found, kind, caption).draw(), path)


def _write_shares(run: RunData, found: MetricAgreement, path: Path) -> None:
    refuse_stale(run)
    if found.of_votes is None:
        raise InputError(
            f"{run.path}: no votes of people are here. `inpaint-bench study read` reads the answers to a study."
        )
    with matplotlib_with(SETTINGS):
        save(Shares("metrics", found.of_votes, f"{found.of_votes.question}\n{found.title}").draw(), path)
