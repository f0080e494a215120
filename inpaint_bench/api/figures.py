"""Figures for a paper: pictures of a run at their own pixels, bars, and how far metrics agree."""

from collections.abc import Callable
from pathlib import Path

from inpaint_bench.api.arguments import AnyPath, Names, as_names, as_path
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.figures import sheets
from inpaint_bench.figures.draw import refuse_suffix, write_bars, write_sheet
from inpaint_bench.figures.heat_map import write_heat_map
from inpaint_bench.figures.read import FigureData, figure_data
from inpaint_bench.figures.sheets import Sheet

KINDS = ("grid", "zoom", "samples", "detection", "bars", "metrics")


def figure(
    kind: str,
    run: "Run | AnyPath",
    out: AnyPath,
    *,
    pairs: Names = None,
    methods: Names = None,
    metrics: Names = None,
    enlarge: int = 1,
    side: int | None = None,
    at: tuple[int, int] | None = None,
    detector: str = "",
    least: float = 0.5,
    over: str = "pairs",
    data: AnyPath | None = None,
    targets: AnyPath | None = None,
    masks: AnyPath | None = None,
) -> Path:
    """Draw a figure of a run into a .pdf or .png file; the path.

    `kind` is 'grid' (a row a pair: masked input, every method, target), 'zoom' (a grid with a square of `side` pixels
    enlarged, at (left, top) or where methods differ most), 'samples' (every sample of stochastic methods), 'detection'
    (boxes of a detector with scores from `least`), 'bars' (results with their intervals, of some `metrics`) or
    'metrics' (how far they agree `over` 'methods', 'pairs', or 'partial': pairs, the mask ratio held constant; or how
    often each agrees with 'people').
    `enlarge` is the side of a pixel. Raises InputError for unknown names and HashError for changed composites.
    """
    path = Path(out)
    refuse_suffix(path)
    opened = as_run(run)
    if kind == "bars":
        write_bars(opened, path, as_names(metrics), as_names(methods))
        return path
    if kind == "metrics":
        write_heat_map(opened, path, over, as_names(metrics), as_names(methods))
        return path
    draw: dict[str, Callable[[FigureData], Sheet]] = {
        "grid": sheets.grid,
        "zoom": lambda drawn: sheets.zoom(drawn, side, at),
        "samples": sheets.all_samples,
        "detection": lambda drawn: sheets.detection(drawn, detector, least),
    }
    if kind not in draw:
        raise InputError(f"no kind of figure is called '{kind}'. {did_you_mean(kind, KINDS)}")
    folder, images, holes = (as_path(one) for one in (data, targets, masks))
    drawn = figure_data(opened, folder, (images, holes), as_names(pairs), as_names(methods))
    write_sheet(draw[kind](drawn).enlarged(enlarge), path)
    return path
