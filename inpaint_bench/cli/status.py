"""`status`."""

from pathlib import Path

import click

from inpaint_bench.cli.console import in_one_line
from inpaint_bench.cli.options import FOLDER


@click.command(short_help="Show how far the units of a run are.")
@click.argument("run", type=FOLDER)
def status(run: Path) -> None:
    """Show how far the units of RUN are: where each is worked on, its pairs a second, and the end of the logs of those
    that failed. Any machine that sees the folder can ask."""
    from inpaint_bench.api.status import status as lines

    for line in lines(run):
        click.echo(in_one_line(line))
