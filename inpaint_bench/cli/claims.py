"""`claims`: what papers report, against itself and against what was measured."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, option

CONTRADICTED = 1


@click.group()
def claims() -> None:
    """Check reported numbers."""


@claims.command()
@option(
    "--reported",
    type=FOLDER,
    multiple=True,
    help="A CSV of reported numbers, may be repeated. Default: those that come with the package.",
)
@option("--run", "runs", type=FOLDER, multiple=True, help="A run folder to compare them with, may be repeated.")
@option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(reported: tuple[Path, ...], runs: tuple[Path, ...], format_: str) -> int:
    """Find reported numbers that cannot all be true, and compare them with measured ones.

    A contradiction is what no reading of the paper allows; a suspicion is what only an unusual one allows. Which
    cells are covered by which checks is said. Exit code 1 when there is a contradiction.
    """
    from inpaint_bench.analysis.reported import read_all
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.checks.claims import check as check_claims
    from inpaint_bench.checks.claims.formats import FORMATS
    from inpaint_bench.checks.claims.measured import against

    cells = read_all(reported)
    compared = [row for run in runs for row in against(cells, RunData.open(run))]
    found = check_claims(cells)
    click.echo(FORMATS[format_](found, compared), nl=False)
    return CONTRADICTED if found.contradictions else 0
