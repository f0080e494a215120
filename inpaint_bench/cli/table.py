"""`table`: results, times and what papers report, as a table."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, methods_option, option, strict_option
from inpaint_bench.cli.render import colour, frame_text, note, write_parquet
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inpaint_bench.tables.table import Table

    Keys = Mapping[str, Sequence[str]] | None  # of BibTeX by method

SUFFIX = {"text": "txt", "markdown": "md", "csv": "csv", "latex": "tex", "html": "html"}
LONG = ("csv", "json", "parquet")


@click.command(short_help="Print results as a paper's table.")
@click.argument("runs", type=FOLDER, nargs=-1)
@option(
    "--style",
    type=click.Choice(["plain", "table1", "table2", "table6", "ablation"]),
    default="plain",
    show_default=True,
    help="plain: every bucket, in the metrics' units. table1, table2: the buckets of the SPN paper's tables, MAE in "
    "10^-1. ablation: a column for every metric, over all pairs. table6: what `time` measured.",
)
@option("--buckets", default="", help="As 0.2-0.4,all. Default: the style's.")
@option("--metrics", default="", help="Names, separated by commas, in their order. Default: all that were scored.")
@methods_option("Names, separated by commas, in their order. Default: all of the run.")
@option("--intervals", is_flag=True, help="The 95% interval in every cell.")
@option(
    "--samples",
    type=click.Choice(["chosen", "all"]),
    default="chosen",
    show_default=True,
    help="Of a stochastic method: the chosen sample, or also the mean, the first, and the best of fewer.",
)
@option(
    "--reported",
    default="",
    help="Add the numbers of papers: a paper as 'SPN 2023', one of its tables as 'SPN 2023:1', a CSV file, or all.",
)
@option(
    "--reported-only",
    is_flag=True,
    help="No run, only what papers report; by default the table that the style is named for.",
)
@option(
    "--long",
    type=click.Choice(["results", "scores"]),
    help="In place of a layout one row a result, or one row a score, of one run: csv, json or parquet.",
)
@option(
    "--format",
    "format_",
    type=click.Choice([*SUFFIX, "json", "parquet"]),
    help="Default: by the suffix of --out, else text. json and parquet go with --long.",
)
@option("--cite", is_flag=True, help="In LaTeX: methods with \\cite, by the keys that `inpaint-bench cite` prints.")
@option("--out", type=FOLDER, help="A file, or a folder for it. With a .tex file a PDF is made, where pdflatex is.")
@strict_option
def table(
    runs: tuple[Path, ...],
    style: str,
    buckets: str,
    metrics: str,
    methods: str,
    intervals: bool,
    samples: str,
    reported: str,
    reported_only: bool,
    long: str | None,
    format_: str | None,
    cite: bool,
    out: Path | None,
    strict: bool,
) -> None:
    """Print the results of RUNS, run folders, as one table. Default: runs/sample; of times, runs/timing."""
    from inpaint_bench.api import tables

    if long:
        _long(runs or (Path("runs/sample"),), long, format_, out)
        return
    usual = Path("runs/timing" if style == "table6" else "runs/sample")
    made = tables.table(
        runs or (() if reported_only else (usual,)), style, methods=methods, metrics=metrics, buckets=buckets,
        intervals=intervals, samples=samples, reported=reported, reported_only=reported_only, strict=strict,
    )  # fmt: skip
    if format_ in ("json", "parquet"):
        raise InputError(f"--format {format_} goes with --long results or --long scores.")
    keys = None
    if cite:
        if style == "table6" or not (format_ == "latex" or (format_ is None and out and out.suffix == ".tex")):
            raise InputError("--cite goes with --format latex, and not with --style table6.")
        keys = tables.method_keys(runs or (() if reported_only else (usual,)))
    _deliver(made, style, format_, out, keys)


def _deliver(made: "Table", name: str, format_: str | None, out: Path | None, keys: "Keys") -> None:
    """Print a table, or write it to a file, or to one of its name in a folder, and say which."""
    from inpaint_bench.api import tables

    if out is None:
        click.echo(
            made.to_text(colour()) if format_ in (None, "text") else _formatted(made, format_ or "", keys), nl=False
        )
        return
    ends = {suffix: known for known, suffix in SUFFIX.items()}
    format_ = format_ or ends.get(out.suffix.removeprefix("."), "text")
    path = out / f"{name}.{SUFFIX[format_]}" if out.is_dir() else out
    text = _formatted(made, format_, keys)
    tables.write_file(path, text)
    click.echo(str(path))
    if format_ == "latex":
        if not tables.has_latex():
            note(f"{path}: no pdflatex is installed here, so no PDF was made.")
            return
        click.echo(str(tables.write_pdf(path.with_suffix(".pdf"), text)))


def _formatted(made: "Table", format_: str, keys: "Keys") -> str:
    if keys is not None:
        return made.to_latex(keys)
    text: str = getattr(made, f"to_{format_}")()
    return text


def _long(runs: tuple[Path, ...], what: str, format_: str | None, out: Path | None) -> None:
    from inpaint_bench.api import tables
    from inpaint_bench.api.run import load_run

    if len(runs) > 1:
        raise InputError("--long takes one run folder.")
    format_ = format_ or (out.suffix.removeprefix(".") if out else "csv")
    if format_ not in LONG or (format_ == "parquet" and out is None):
        raise InputError(f"--long {what} writes csv, json, or parquet with --out FILE; not {format_}.")
    run = load_run(runs[0])
    frame = run.results if what == "results" else run.scores
    if out is None:
        click.echo(frame_text(frame, format_), nl=False)
        return
    if format_ == "parquet":
        write_parquet(frame, out)
    else:
        tables.write_file(out, frame_text(frame, format_))
    click.echo(str(out))
