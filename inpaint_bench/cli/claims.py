"""`claims`: what papers report, against itself and against what was measured."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, option

CONTRADICTED = 1


@click.group(short_help="Check the numbers that papers report.")
def claims() -> None:
    """Check reported numbers."""


@claims.command(short_help="Find numbers that cannot all be true.")
@option(
    "--reported",
    type=FOLDER,
    multiple=True,
    help="A CSV of reported numbers, may be repeated. Default: those that come with the package.",
)
@option("--run", "runs", type=FOLDER, multiple=True, help="A run folder to compare them with, may be repeated.")
@option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What is printed.",
)
def check(reported: tuple[Path, ...], runs: tuple[Path, ...], format_: str) -> int:
    """Find reported numbers that cannot all be true, and compare them with measured ones.

    A contradiction is what no reading of the paper allows; a suspicion is what only an unusual one allows. The output
    says which cells are covered by which checks. Exit code 1 when there is a contradiction.
    """
    from inpaint_bench.api.comparing import check_claims

    found = check_claims(reported, runs)
    click.echo(getattr(found, f"to_{format_}")(), nl=False)
    return CONTRADICTED if found.contradictions else 0
