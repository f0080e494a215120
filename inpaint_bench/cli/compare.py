"""`compare`: two methods, paired."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, option


@click.command(short_help="Compare two methods in paired tests.")
@click.argument("a")
@click.argument("b")
@click.argument("run", type=FOLDER, default="runs/sample")
@click.argument("run_of_b", type=FOLDER, required=False)
@option("--metrics", default="", help="Names, separated by commas. Default: all that both were scored in.")
@option(
    "--format",
    "format_",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="What is printed.",
)
def compare(a: str, b: str, run: Path, run_of_b: Path | None, metrics: str, format_: str) -> None:
    """Compare method A with method B on the pairs of RUN, a run folder. Default: runs/sample.

    B may come from another run of the same pairs, RUN_OF_B. For each metric and bucket: both means, their
    difference with its 95% interval, p of a paired test, adjusted over the buckets of the metric, and which is better.
    """
    from inpaint_bench.api import comparing

    found = comparing.compare(a, b, run, run_of_b, metrics)
    click.echo(getattr(found, f"to_{format_}")(), nl=False)
