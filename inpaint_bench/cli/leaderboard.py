"""`leaderboard`: results as files that anyone can add."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, methods_option, option

DATASET = option("--dataset", default="sample", show_default=True, help="The protocol.")
BUCKET = option("--bucket", default="all", show_default=True, help="The bucket of mask ratios, as in 0.2-0.4.")
SUBMISSIONS = click.argument("files", type=FOLDER, nargs=-1)


@click.group(short_help="Submit results, check them, build the page.")
def leaderboard() -> None:
    """Results of methods as files, <protocol>/<method>.jsonl, that anyone adds by a pull request.

    A file carries the scores of every pair, so that its numbers can be derived again. docs/how-to/leaderboard.md shows
    the way from a run to a pull request.
    """


@leaderboard.command(short_help="Write a method of a run as a file.")
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--method", required=True, help="The method of the run.")
@option(
    "--card",
    type=FOLDER,
    required=True,
    help="A TOML file (title, authors, licences, who measured), or an earlier submission.",
)
@option("--out", type=FOLDER, help="Default: results/leaderboard/<protocol>/<method>.jsonl.")
def submit(run: Path, method: str, card: Path, out: Path | None) -> None:
    """Write a method of RUN, a run folder, as a file of the leaderboard, and check it. Default: runs/sample."""
    from inpaint_bench.api.leaderboard import submit_run

    click.echo(submit_run(run, method, card, out))


@leaderboard.command(short_help="Derive every number of files again.")
@SUBMISSIONS
def check(files: tuple[Path, ...]) -> None:
    """Derive the numbers of FILES, or of the files in folders, again from their scores. Default: those that ship.

    Exit code 0 if all agree, 2 for a file that is none or a name that is taken, 4 for other pairs, pixels or
    signatures, missing pairs, and a re-measurement that does not agree, 5 for a number that was edited.
    """
    from inpaint_bench.api.leaderboard import check_leaderboard

    click.echo(check_leaderboard(files).to_text(), nl=False)


@leaderboard.command(short_help="Write the page of all submissions.")
@SUBMISSIONS
@option("--out", type=FOLDER, required=True, help="The folder to write.")
def build(files: tuple[Path, ...], out: Path) -> None:
    """Write FILES, and what papers report, as one web page: index.html in a folder of its own.

    The page opens straight from disk or from any static host and requests nothing from elsewhere. Default: the files
    that ship.
    """
    from inpaint_bench.api.leaderboard import build_leaderboard

    click.echo(build_leaderboard(out, files))


@leaderboard.command(short_help="Print a number as a badge, in SVG.")
@click.argument("method")
@SUBMISSIONS
@DATASET
@BUCKET
@option("--metric", default="psnr", show_default=True, help="The metric.")
def badge(method: str, files: tuple[Path, ...], dataset: str, bucket: str, metric: str) -> None:
    """Print a number of METHOD's submission, one of FILES, as an SVG. Default: the files that ship."""
    from inpaint_bench.api.leaderboard import leaderboard_badge

    click.echo(leaderboard_badge(dataset, method, files, metric, bucket), nl=False)


@leaderboard.command(short_help="Print rows in LaTeX, or their BibTeX.")
@SUBMISSIONS
@DATASET
@BUCKET
@methods_option("Names, separated by commas. Default: every row of the dataset.")
@option("--metrics", default="", help="Names, separated by commas. Default: all.")
@option(
    "--format",
    "format_",
    type=click.Choice(["latex", "bibtex"]),
    default="latex",
    show_default=True,
    help="What is printed: rows of a table, or entries of the methods.",
)
def rows(files: tuple[Path, ...], dataset: str, bucket: str, methods: str, metrics: str, format_: str) -> None:
    """Print the rows of a dataset, of FILES and of what papers report, to copy into a paper."""
    from inpaint_bench.api.leaderboard import leaderboard_rows

    click.echo(leaderboard_rows(dataset, files, bucket, methods, metrics, format_), nl=False)
