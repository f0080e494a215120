"""Rows of images with titles under a heading, as PNG and PDF; the same images give the same bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from baselines.spn.inspect.clusters import Labels
from inpaint_bench import files
from inpaint_bench.data.images import Pixels
from inpaint_bench.figures.plots import matplotlib_with

# The eight colours of Okabe and Ito, distinguishable with most colour vision deficiencies.
COLOURS = np.array(
    [
        (0, 114, 178),
        (230, 159, 0),
        (0, 158, 115),
        (86, 180, 233),
        (213, 94, 0),
        (204, 121, 167),
        (240, 228, 66),
        (0,) * 3,
    ],
    dtype=np.uint8,
)
SUFFIXES: tuple[Literal["png", "pdf"], ...] = ("png", "pdf")
NO_DATE = {"png": {"Software": None}, "pdf": {"Creator": None, "Producer": None, "CreationDate": None}}
STYLE = {"font.family": "DejaVu Sans", "font.size": 8, "pdf.fonttype": 42, "figure.dpi": 100, "savefig.dpi": 150}
SIDE, GAP, TITLE, HEADING = 2.1, 0.08, 0.36, 0.3  # inches: an image, the gap, its title, the heading


@dataclass(frozen=True, eq=False)
class Panel:
    """One image and its title."""

    title: str
    pixels: Pixels


def coloured(labels: Labels) -> Pixels:
    """The label map with one colour per cluster."""
    return np.asarray(COLOURS[labels])


def save_rows(stem: Path, heading: str, rows: Sequence[Sequence[Panel]]) -> None:
    """Write rows of equal length as STEM.png and STEM.pdf. Raises as `files.write_whole` does."""
    width, height = GAP + len(rows[0]) * (SIDE + GAP), HEADING + len(rows) * (TITLE + SIDE) + GAP
    with matplotlib_with(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height))
        figure.text(0.5, 1 - HEADING / 2 / height, heading, ha="center", va="center", fontsize=10)
        for row, panels in enumerate(rows):
            bottom = height - HEADING - (row + 1) * (TITLE + SIDE)
            for column, panel in enumerate(panels):
                left = GAP + column * (SIDE + GAP)
                axes = figure.add_axes((left / width, bottom / height, SIDE / width, SIDE / height))
                axes.imshow(panel.pixels, interpolation="none")
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set(linewidth=0.4, color="0.6")  # a white hole may reach the border
                middle, above = (left + SIDE / 2) / width, (bottom + SIDE + GAP / 2) / height
                figure.text(middle, above, panel.title, ha="center", va="bottom")
        save_figure(stem, figure)


def save_figure(stem: Path, figure: Any) -> None:
    """Write a matplotlib figure as STEM.png and STEM.pdf, without a date or version."""
    for suffix in SUFFIXES:
        out = io.BytesIO()
        figure.savefig(out, format=suffix, metadata=NO_DATE[suffix])
        files.write_whole(stem.with_name(f"{stem.name}.{suffix}"), out.getvalue())
