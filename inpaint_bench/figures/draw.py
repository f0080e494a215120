"""Figures as PNG, where a panel keeps its pixels, or as PDF with embedded fonts; byte for byte reproducible."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_bench import files
from inpaint_bench.analysis.labels import metric_label, pairs_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, REFERENCES, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.errors import InputError, refuse_unknown
from inpaint_bench.figures.plots import COLOURS, FONT, matplotlib_with
from inpaint_bench.figures.sheets import Box, Panel, Sheet
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import KNOWN, ORDER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100  # a panel of 256 pixels is 2.56 inches wide in a PDF
GAP, HEAD, SIDE = 4, 22, 22  # pixels between panels, above them, and left of them
# Sizes are fractions, which round: matplotlib before 3.11 gives a figure of 56.99… pixels 56, a panel of 16.00…1, 17.
ROUNDING, LESS = 1e-6, 1e-4  # pixels
FRAME = "#ff3b30"
HATCHES = ("", "////", "....")  # for bars when the colours repeat
CLASSES = COLOURS[:9]  # for boxes; the last colour is grey
SETTINGS: dict[Any, Any] = {  # instead of the user's, so that the same figure has the same bytes
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],
    "font.size": 8,
    "pdf.fonttype": 42,  # embedded TrueType, which publishers require
    "text.parse_math": False,  # a name may hold dollar signs
    "axes.linewidth": 0.6,
}
METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
}


def refuse_suffix(path: Path) -> None:
    """Raise InputError unless the name ends in .pdf or .png."""
    if path.suffix not in METADATA:
        raise InputError(f"{path}: a figure is a .pdf or a .png file. Give --out a name that ends so.")


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Draw a sheet. Raises InputError unless the file is a .pdf or a .png."""
    refuse_suffix(path)
    with matplotlib_with(SETTINGS):
        save(draw_sheet(sheet), path)


def save(figure: "Figure", path: Path) -> None:
    """Write a figure whole, with the same bytes every time."""
    out = io.BytesIO()
    figure.savefig(out, format=path.suffix[1:], dpi=DPI, metadata=METADATA[path.suffix])
    files.write_whole(path, out.getvalue())


# --- sheets ---------------------------------------------------------------------------------------


def positions(sheet: Sheet) -> tuple[list[int], list[int], int, int]:
    """Left of each column, top of each row, width and height of the figure; in pixels from its top left."""
    rows = [panels for _, panels in sheet.rows]
    widths = [max((p.pixels.shape[1] for p in column if p), default=0) for column in zip(*rows, strict=True)]
    heights = [max((p.pixels.shape[0] for p in row if p), default=0) for row in rows]
    lefts = [SIDE + sum(widths[:n]) + GAP * n for n in range(len(widths))]
    tops = [HEAD + sum(heights[:n]) + GAP * n for n in range(len(heights))]
    return lefts, tops, lefts[-1] + widths[-1] + GAP, tops[-1] + heights[-1] + GAP


def draw_sheet(sheet: Sheet) -> "Figure":
    """A sheet as a matplotlib figure, with panels at whole pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lefts, tops, width, height = positions(sheet)
    figure = Figure(figsize=((width + ROUNDING) / DPI, (height + ROUNDING) / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    for number, (name, panels) in enumerate(sheet.rows):
        middle = tops[number] + max(panel.pixels.shape[0] for panel in panels if panel) / 2
        figure.text(SIDE / 2 / width, 1 - middle / height, name, rotation=90, ha="center", va="center")
        for left, panel in zip(lefts, panels, strict=True):
            if panel is not None:
                _draw_panel(figure, panel, left, tops[number], (width, height))
    for column, (left, heading) in enumerate(zip(lefts, sheet.columns, strict=True)):
        wide = max(panels[column].pixels.shape[1] for _, panels in sheet.rows if panels[column])  # type: ignore[union-attr]
        figure.text((left + wide / 2) / width, 1 - HEAD / 2 / height, heading, ha="center", va="center")
    return figure


def _draw_panel(figure: "Figure", panel: Panel, left: int, top: int, size: tuple[int, int]) -> None:
    width, height = size
    rows, columns, _ = panel.pixels.shape
    wide, high = (columns - LESS) / width, (rows - LESS) / height
    axes = figure.add_axes((left / width, 1 - (top + rows) / height, wide, high))
    axes.set_axis_off()
    axes.imshow(panel.pixels, interpolation="none", aspect="auto", extent=(0, columns, rows, 0))
    for box in panel.boxes:
        _draw_box(axes, box)


def _draw_box(axes: "Axes", box: Box) -> None:
    from matplotlib.patches import Rectangle

    left, top, right, bottom = box.ends
    colour = CLASSES[box.colour % len(CLASSES)] if box.text else FRAME
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=1.2))
    if box.text:
        patch = {"facecolor": colour, "edgecolor": "none", "pad": 0.8}
        axes.text(left, top, box.text, color="white", fontsize=6, va="top", ha="left", bbox=patch, clip_on=True)


# --- bars -----------------------------------------------------------------------------------------


def write_bars(run: RunData, path: Path, metrics: Sequence[str] = (), methods: Sequence[str] = ()) -> None:
    """Draw the results of a run: a plot per metric, a group per bucket, a bar from zero per method, 95% intervals.

    Raises InputError for a metric or method without results, and unless the file is a .pdf or a .png.
    """
    refuse_suffix(path)
    shown = [r for r in run.result_list if r.main and r.metric not in RECORDED and r.method not in REFERENCES]
    refuse_unknown("metric here is", metrics, {result.metric for result in shown})
    refuse_unknown("method here is", methods, {result.method for result in shown})
    shown = [r for r in shown if r.metric in (metrics or [r.metric]) and r.method in (methods or [r.method])]
    if not shown:
        raise InputError("there are no results to draw bars of: no method has finished every pair.")
    with matplotlib_with(SETTINGS):
        save(draw_bars(shown, methods), path)


def draw_bars(results: Sequence[Result], methods: Sequence[str] = ()) -> "Figure":
    """Bars of results as a matplotlib figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    plots = sorted({(ORDER[one.metric], one.metric, one.signature, one.reduction) for one in results})
    names = list(methods) or sorted({one.method for one in results})
    figure = Figure(figsize=(6.4, 2.4 * len(plots)), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (_, metric, signature, reduction) in zip(
        figure.subplots(len(plots), squeeze=False)[:, 0], plots, strict=True
    ):
        _draw_bars(axes, [one for one in results if one.signature == signature], names)
        axes.set_ylabel(f"{metric_label(metric, Reduction.parse(reduction))} {KNOWN[metric].unit}".strip())
        axes.set_title(signature, fontsize=6, loc="right")
    keys = [Patch(**bar_style(number)) for number in range(len(names))]  # no single plot has bars of every method
    figure.legend(keys, names, loc="outside upper center", ncols=4, frameon=False)
    first = results[0]
    pairs = pairs_label(first.dataset, first.part, first.fingerprint, first.pixels)
    figure.supxlabel(f"mask ratio; bars with 95% intervals; {pairs}", fontsize=6)
    return figure


def bar_style(number: int) -> dict[str, Any]:
    """The colour of a method's bars by its number, and a hatch when the colours repeat."""
    hatch = HATCHES[number // len(COLOURS) % len(HATCHES)]
    return {"facecolor": COLOURS[number % len(COLOURS)], "hatch": hatch, "edgecolor": "white", "linewidth": 0}


def _draw_bars(axes: "Axes", results: Sequence[Result], methods: Sequence[str]) -> None:
    buckets = sorted({one.bucket for one in results}, key=lambda bucket: (bucket == ALL, bucket))
    wide = 0.8 / len(methods)
    for number, method in enumerate(methods):
        found = {one.bucket: one for one in results if one.method == method}
        drawn = [(position, found[b]) for position, b in enumerate(buckets) if b in found]
        finite = [(p + (number + 0.5) * wide - 0.4, r, r.value) for p, r in drawn if isinstance(r.value, (int, float))]
        axes.bar([x for x, _, _ in finite], [v for _, _, v in finite], wide * 0.92, label=method, **bar_style(number))
        for x, result, value in finite:
            if result.low is not None and result.high is not None:
                axes.plot([x, x], [result.low, result.high], color="black", linewidth=0.8)
            text = f" {value:.{KNOWN[result.metric].decimals}f}"
            top = max(value, result.high if result.high is not None else value)
            axes.text(x, top, text, rotation=90, ha="center", va="bottom", fontsize=5)
        for position, result in drawn:
            if not isinstance(result.value, (int, float)):
                axes.text(position + (number + 0.5) * wide - 0.4, 0, f" {result.value or '-'}", rotation=90, fontsize=5)
    axes.set_xticks(range(len(buckets)), ["All" if bucket == ALL else bucket for bucket in buckets])
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)
