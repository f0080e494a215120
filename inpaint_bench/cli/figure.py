"""`figure`: figures for a paper."""

from pathlib import Path
from typing import Any

import click

from inpaint_bench.cli.options import FOLDER, methods_option, option, run_data_options, several
from inpaint_bench.errors import InputError

run_argument = click.argument("run", type=FOLDER, default="runs/sample")
which_methods = methods_option("Names, separated by commas. Default: all of the run.")
out_option = option("--out", type=FOLDER, required=True, help="The file to write: .pdf or .png.")
sheet_options = several(
    run_argument,
    option("--pairs", default="", help="Names, separated by commas, as 00003,00017. Default: the first four."),
    which_methods,
    out_option,
    option("--enlarge", type=click.IntRange(1), default=1, show_default=True, help="Side of a pixel, in pixels."),
    run_data_options,
)


@click.group(short_help="Draw a run's pictures and bars for a paper.")
def figure() -> None:
    """Draw figures for a paper from a run folder: pictures at their own pixels, bars, and heat maps of metrics."""


@figure.command(short_help="A row a pair, a column a method.")
@sheet_options
def grid(run: Path, out: Path, **options: Any) -> None:
    """A row a pair: the masked input, every method, the target."""
    _draw("grid", run, out, **options)


@figure.command(short_help="A grid with an enlarged square.")
@sheet_options
@option("--side", type=click.IntRange(1), help="Pixels of the square's side. Default: a quarter of the picture's.")
@option("--at", metavar="LEFT,TOP", help="The square's position. Default: where the methods differ most.")
def zoom(run: Path, out: Path, at: str | None, **options: Any) -> None:
    """A grid with a square of every picture framed, and that square enlarged beneath it."""
    _draw("zoom", run, out, at=_position(at) if at else None, **options)


@figure.command(short_help="Every sample of stochastic methods.")
@sheet_options
def samples(run: Path, out: Path, **options: Any) -> None:
    """A row a pair and stochastic method: the masked input, every sample, the target."""
    _draw("samples", run, out, **options)


@figure.command(short_help="A grid with detected objects.")
@sheet_options
@option("--detector", default="", help="Its name. Default: the first that the run has objects of.")
@option("--least", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="The lowest score shown.")
def detection(run: Path, out: Path, **options: Any) -> None:
    """A grid with the boxes and scores of what a detector found."""
    _draw("detection", run, out, **options)


@figure.command(short_help="Bars with 95% intervals.")
@run_argument
@which_methods
@option("--metrics", default="", help="Names, separated by commas. Default: all that have results.")
@out_option
def bars(run: Path, out: Path, **options: Any) -> None:
    """Bars with 95% intervals: a plot a metric, a group a bucket, a bar a method."""
    _draw("bars", run, out, **options)


@figure.command(short_help="How far metrics agree.")
@run_argument
@which_methods
@option("--metrics", default="", help="Names, separated by commas. Default: all that have results.")
@option(
    "--over",
    type=click.Choice(["methods", "pairs", "partial", "people"]),
    default="pairs",
    show_default=True,
    help="What is ranked: methods; pairs, within each method; pairs with the mask ratio held constant; or, with the "
    "votes of a study, how often each metric agrees with people.",
)
@out_option
def metrics(run: Path, out: Path, **options: Any) -> None:
    """A heat map of how far every two metrics agree, as `metrics compare` prints it."""
    _draw("metrics", run, out, **options)


def _draw(kind: str, run: Path, out: Path, **options: Any) -> None:
    from inpaint_bench.api import figures

    click.echo(figures.figure(kind, run, out, **options))


def _position(text: str) -> tuple[int, int]:
    left, _, top = text.partition(",")
    if not (left.strip().isdigit() and top.strip().isdigit()):
        raise InputError(f"--at '{text}' is no position; give LEFT,TOP in pixels, as in 96,40.")
    return int(left), int(top)
