"""`figure`: figures for a paper."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, option, several
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from inpaint_bench.figures.read import FigureData
    from inpaint_bench.figures.sheets import Sheet

run_argument = click.argument("run", type=FOLDER, default="runs/sample")
methods_option = option("--methods", default="", help="Names, separated by commas. Default: all of the run.")
out_option = option("--out", type=FOLDER, required=True, help="The file to write: .pdf or .png.")
sheet_options = several(
    run_argument,
    option("--pairs", default="", help="Names, separated by commas, as 00003,00017. Default: the first four."),
    methods_option,
    out_option,
    option("--enlarge", type=click.IntRange(1), default=1, show_default=True, help="Side of a pixel, in pixels."),
    option("--data", type=FOLDER, help="Where the dataset's images/ and masks/ lie."),
    option("--images", type=FOLDER, help="Of a run of two folders: the pictures."),
    option("--masks", type=FOLDER, help="Their masks, by the same names; 255 is the hole."),
)


@click.group()
def figure() -> None:
    """Draw figures for a paper from a run folder: pictures at their own pixels, and bars."""


@figure.command()
@sheet_options
def grid(**options: object) -> None:
    """A row a pair: the masked input, every method, the target."""
    from inpaint_bench.figures.sheets import grid as make

    _write(make, **options)  # type: ignore[arg-type]  # options of the command line


@figure.command()
@sheet_options
@option("--side", type=click.IntRange(1), help="Pixels of the square's side. Default: a quarter of the picture's.")
@option("--at", metavar="LEFT,TOP", help="The square's place. Default: where the methods differ most.")
def zoom(side: int | None, at: str | None, **options: object) -> None:
    """A grid with a square of every picture framed, and that square enlarged beneath it."""
    from inpaint_bench.figures.sheets import zoom as make

    place = _place(at) if at else None
    _write(lambda data: make(data, side, place), **options)  # type: ignore[arg-type]  # options of the command line


@figure.command()
@sheet_options
def samples(**options: object) -> None:
    """A row a pair and stochastic method: the masked input, every sample, the target."""
    from inpaint_bench.figures.sheets import all_samples

    _write(all_samples, **options)  # type: ignore[arg-type]  # options of the command line


@figure.command()
@sheet_options
@option("--detector", default="", help="Its name. Default: the first that has looked at the run.")
@option("--least", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="The least score that is shown.")
def detection(detector: str, least: float, **options: object) -> None:
    """A grid with the boxes and scores of what a detector found."""
    from inpaint_bench.figures.sheets import detection as make

    _write(lambda data: make(data, detector, least), **options)  # type: ignore[arg-type]  # options of the command line


@figure.command()
@run_argument
@methods_option
@option("--metrics", default="", help="Names, separated by commas. Default: all that have results.")
@out_option
def bars(run: Path, methods: str, metrics: str, out: Path) -> None:
    """Bars with 95% intervals: a plot a metric, a group a bucket, a bar a method."""
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.figures.draw import write_bars

    write_bars(RunData.open(run), out, _names(metrics), _names(methods))
    click.echo(out)


def _write(
    make: "Callable[[FigureData], Sheet]",
    run: Path,
    pairs: str,
    methods: str,
    out: Path,
    enlarge: int,
    data: Path | None,
    images: Path | None,
    masks: Path | None,
) -> None:
    """Draw a sheet of the pairs and methods asked for."""
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.figures.draw import refuse_suffix, write_sheet
    from inpaint_bench.figures.read import figure_data

    refuse_suffix(out)
    chosen = figure_data(RunData.open(run), data, (images, masks), _names(pairs), _names(methods))
    write_sheet(make(chosen).enlarged(enlarge), out)
    click.echo(out)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _place(text: str) -> tuple[int, int]:
    left, _, top = text.partition(",")
    if not (left.strip().isdigit() and top.strip().isdigit()):
        raise InputError(f"--at '{text}' is no place; give LEFT,TOP in pixels, as in 96,40.")
    return int(left), int(top)
