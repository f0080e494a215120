"""`table`: results, times and what papers report, as a table."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, option, strict_option

if TYPE_CHECKING:
    from inpaint_bench.analysis.reported import Reported
    from inpaint_bench.analysis.results import Result
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.cli.names import Chosen
    from inpaint_bench.runner.folder import RunFolder
    from inpaint_bench.tables.table import Table, TableOptions


@click.command()
@click.argument("runs", type=FOLDER, nargs=-1)
@option(
    "--style",
    type=click.Choice(["plain", "table1", "table2", "table6", "ablation"]),
    default="plain",
    show_default=True,
    help="plain: every bucket, in the metrics' units. table1, table2: the buckets of the paper's tables, its MAE in "
    "10^-1. ablation: a column for every metric, of all pairs. table6: what `time` found.",
)
@option("--buckets", default="", help="As 0.2-0.4,all. Default: the style's.")
@option("--metrics", default="", help="Names, separated by commas, in their order. Default: all that were scored.")
@option("--methods", default="", help="Names, separated by commas, in their order. Default: all of the run.")
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
    help="Numbers of papers beside: a paper as 'SPN 2023', one of its tables as 'SPN 2023:1', a CSV file, or all.",
)
@option(
    "--reported-only",
    is_flag=True,
    help="No run, but what papers report; by default the table that the style is named for.",
)
@option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "csv", "latex", "html"]),
    help="Default: as --out ends, else text.",
)
@option("--out", type=FOLDER, help="A file, or a folder for it. Beside a .tex file comes its PDF, where pdflatex is.")
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
    format_: str | None,
    out: Path | None,
    strict: bool,
) -> None:
    """Print the results of RUNS, run folders, as one table. Default: runs/sample; of times, runs/timing."""
    from inpaint_bench.tables.table import TableOptions

    options = TableOptions(
        style, _names(buckets), _names(methods), _names(metrics), intervals, samples == "all", strict
    )
    if reported_only:
        made = _reported_only(runs, options, reported)
    elif style == "table6":
        made = _costs(runs or (Path("runs/timing"),), options, reported)
    else:
        made = _measured(runs or (Path("runs/sample"),), options, reported)
    deliver(made, style, format_, out)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _refuse_unknown(what: str, wanted: Iterable[str], known: set[str]) -> None:
    """Raise InputError for a name that stands nowhere here."""
    from inpaint_bench.errors import InputError, did_you_mean

    for name in wanted:
        if name not in known:
            raise InputError(f"no {what} here is called '{name}'. {did_you_mean(name, known)}")


def _cells(
    text: str, options: "TableOptions", methods: Iterable[str] = (), metrics: Iterable[str] = ()
) -> "list[Reported]":
    """The reported cells that are wanted, once every name is known to be theirs or measured."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.tables.papers import choose, narrowed

    cells = choose(text, options) if text else []
    _refuse_unknown(
        "metric", options.metrics, {*metrics, *(n for cell in cells for n in (cell.ours, cell.metric) if n)}
    )
    _refuse_unknown(
        "method", options.methods, {*methods, *(name for cell in cells for name in (cell.row, cell.method))}
    )
    found = narrowed(cells, options)
    if text and not found:
        raise InputError(f"--reported {text}: nothing of these methods and metrics is reported there. Leave one out.")
    return found


def _measured(runs: Sequence[Path], options: "TableOptions", reported: str) -> "Table":
    """The results of runs, and what is reported of the same datasets."""
    from inpaint_bench.analysis.results import REFERENCES
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.errors import InputError
    from inpaint_bench.metrics.registry import KNOWN, with_companions

    opened = [RunData.open(run) for run in runs]
    found = [list(run.result_list) for run in opened]
    every = [result for results in found for result in results]
    there = {result.method for result in every} - set(REFERENCES)
    measured = {result.metric for result in every}
    cells = _cells(reported, options, there, measured)
    metrics = set(with_companions(name for name in options.metrics if name in KNOWN)) or measured
    methods = {*(options.methods or there), *REFERENCES}
    shown = [[one for one in results if one.metric in metrics and one.method in methods] for results in found]
    if every and not any(shown):
        raise InputError(
            "nothing of these methods and metrics was measured here. Leave one out, or RUNS, and give "
            "--reported-only for what papers report alone."
        )
    absent = {} if options.metrics else _absent(opened)
    return table_of(list(zip(opened, shown, strict=True)), absent, options, cells)


def _costs(runs: Sequence[Path], options: "TableOptions", reported: str) -> "Table":
    """The times of folders, and what costs are reported."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.tables.costs import cost_table
    from inpaint_bench.tables.papers import entries, notes_of
    from inpaint_bench.tables.table import TableOptions
    from inpaint_bench.timing import read_timings

    if options != TableOptions("table6", methods=options.methods):
        raise InputError("--style table6 has columns of its own: of what it shows only --methods can be chosen.")
    found = [timing for run in runs for timing in read_timings(run).values()]
    if not found:
        where = ", ".join(map(str, runs))
        raise InputError(f"{where}: nothing was timed here. `inpaint-bench time` writes what --style table6 prints.")
    cells = _cells(reported, options, {timing.method for timing in found})
    wanted = [timing for timing in found if not options.methods or timing.method in options.methods]
    return cost_table(wanted, options, entries(cells, options), notes_of(cells, options))


def _reported_only(runs: Sequence[Path], options: "TableOptions", reported: str) -> "Table":
    """What papers report, alone."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.tables.papers import EVERY, reported_table
    from inpaint_bench.tables.table import STYLES

    if runs or options.intervals or options.asides or options.strict:
        raise InputError("--reported-only prints what papers print. Leave out RUNS, --intervals, --samples, --strict.")
    return reported_table(_cells(reported or STYLES[options.style].own or EVERY, options), options)


def _absent(runs: "Sequence[RunData]") -> dict[str, str]:
    """The metrics of the runs' protocols that cannot be measured here."""
    from inpaint_bench.cli.names import chosen_metrics

    found: dict[str, str] = {}
    for run in runs:
        found |= chosen_metrics("", run.info.protocol, str(run.path)).absent
    return found


def table_of(
    runs: "Sequence[tuple[RunData, Sequence[Result]]]",
    absent: Mapping[str, str],
    options: "TableOptions",
    reported: "Sequence[Reported]" = (),
) -> "Table":
    """Results of runs as one table, each with how it stands among its like."""
    from inpaint_bench.analysis.significance import significance
    from inpaint_bench.tables.make import make_table

    results = [result for _, some in runs for result in some]
    shown = [(run, [result for result in some if options.asides or result.main]) for run, some in runs]
    return make_table(results, options, significance(shown), absent, reported)


def deliver(made: "Table", name: str, format_: str | None, out: Path | None) -> None:
    """Print a table, or write it to a file, or to one of its name in a folder, and say which."""
    from inpaint_bench import files
    from inpaint_bench.tables.formats import FORMATS, SUFFIX, as_text

    if out is None:
        text = as_text(made, _dimmed) if format_ in (None, "text") else FORMATS[format_ or ""](made)
        click.echo(text, nl=False)  # which takes the shade off where no terminal reads
        return
    ends = {suffix: known for known, suffix in SUFFIX.items()}
    format_ = format_ or ends.get(out.suffix.removeprefix("."), "text")
    path = out / f"{name}.{SUFFIX[format_]}" if out.is_dir() else out
    text = FORMATS[format_](made)
    files.write_if_changed(path, text.encode())
    click.echo(str(path))
    if format_ == "latex":
        _preview(path, text)


def _dimmed(line: str) -> str:
    return line if "NO_COLOR" in os.environ else click.style(line, dim=True)


def _preview(path: Path, text: str) -> None:
    from inpaint_bench.cli.progress import note
    from inpaint_bench.tables.preview import pdflatex, write_preview

    if pdflatex() is None:
        note(f"{path}: no pdflatex is installed here, so no PDF stands beside it.")
        return
    write_preview(path.with_suffix(".pdf"), [text])
    click.echo(str(path.with_suffix(".pdf")))


def print_table(
    runs: "Sequence[tuple[RunData, Sequence[Result]]]", absent: Mapping[str, str], format_: str, strict: bool = False
) -> None:
    """Print results of runs as one plain table."""
    from inpaint_bench.tables.table import TableOptions

    deliver(table_of(runs, absent, TableOptions(strict=strict)), "plain", format_, None)


def write_results_and_tables(run: "RunFolder", chosen: "Chosen") -> "list[Result]":
    """Make the results of a run and its table in every format, and return the results.

    The files of the table show what the run has, whatever was asked for last. What was asked for and lacks a result
    of a finished method is said.
    """
    from inpaint_bench.analysis import results
    from inpaint_bench.analysis.derive import derive_results
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.analysis.significance import significance
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.cli.progress import note
    from inpaint_bench.metrics.registry import SAMPLES_METRICS
    from inpaint_bench.tables.formats import write_tables
    from inpaint_bench.tables.make import make_table

    loaded = RunData(run)
    found = derive_results(loaded, chosen.names)
    results.write_results(run, found)
    if found:
        shown = [result for result in found if result.main]
        absent = chosen_metrics("", run.info.protocol, str(run.path)).absent
        write_tables(run.path, make_table(found, significance=significance([(loaded, shown)]), absent=absent))
        for method in dict.fromkeys(result.method for result in found if result.method not in results.REFERENCES):
            here = {result.metric for result in found if result.method == method}
            here |= set(SAMPLES_METRICS)  # those are of stochastic methods alone
            if lacking := ", ".join(name for name in chosen.names if name not in here):
                again = f"`inpaint-bench score {run.path} --metrics {lacking.replace(' ', '')}`"
                note(f"{run.path}: {method} was not measured of every pair in {lacking}. {again} measures what lacks.")
    return found
