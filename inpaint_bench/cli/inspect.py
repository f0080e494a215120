"""`inspect`: look inside a method's network."""

from pathlib import Path
from typing import Any

import click

from inpaint_bench.cli.options import (
    FOLDER,
    data_option,
    device_option,
    folder_options,
    option,
    quiet_option,
    weights_option,
)
from inpaint_bench.cli.render import note


@click.command(short_help="Pictures of a network's feature maps.")
@click.argument("method")
@option("--dataset", default="", help="A protocol's name, or the path of your own page. Default: sample.")
@data_option
@folder_options
@option("--run", type=FOLDER, help="In place of --dataset: a run folder, whose results are placed by t-SNE too.")
@option("--methods", default="", help="With --run: the methods to place, separated by commas. Default: all of them.")
@option("--features", default="lite0", show_default=True, help="With --run: the features to place them by.")
@option("--pairs", default="", help="The pairs to show, as in 00003,00017.")
@option("--limit", type=click.IntRange(1), help="Only the first so many pairs. Default: 4.")
@weights_option
@device_option
@option("--out", type=FOLDER, required=True, help="The folder of the pictures and of their page, inspect.md.")
@quiet_option
def inspect(method: str, out: Path, quiet: bool, **options: Any) -> None:
    """Look inside METHOD: pictures (PNG and PDF) of its feature maps for some pairs, and a page about them."""
    from inpaint_bench.api import extensions

    click.echo(extensions.inspect(method, out, on_note=lambda line: note(line, quiet), **options))
