"""`table`: records, times and what papers report, as a table."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, option, strict_option

if TYPE_CHECKING:
    from inpaint_bench.cli.names import Chosen
    from inpaint_bench.records import Record
    from inpaint_bench.reported import Reported
    from inpaint_bench.run.folder import RunFolder
    from inpaint_bench.tables.kinds import Look, Table


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
    """Print the records of RUNS, run folders, as one table. Default: runs/sample; of times, runs/timing."""
    from inpaint_bench.tables.kinds import Look

    look = Look(style, _names(buckets), _names(methods), _names(metrics), intervals, samples == "all", strict)
    if reported_only:
        made = _reported_only(runs, look, reported)
    elif style == "table6":
        made = _costs(runs or (Path("runs/timing"),), look, reported)
    else:
        made = _measured(runs or (Path("runs/sample"),), look, reported)
    deliver(made, style, format_, out)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _refuse_unknown(what: str, wanted: Iterable[str], known: set[str]) -> None:
    """Raise InputError for a name that stands nowhere here."""
    from inpaint_bench.errors import InputError, did_you_mean

    for name in wanted:
        if name not in known:
            raise InputError(f"no {what} here is called '{name}'. {did_you_mean(name, known)}")


def _cells(text: str, look: "Look", methods: Iterable[str] = (), metrics: Iterable[str] = ()) -> "list[Reported]":
    """The reported cells that are wanted, once every name is known to be theirs or measured."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.tables.papers import choose, narrowed

    cells = choose(text, look) if text else []
    _refuse_unknown("metric", look.metrics, {*metrics, *(n for cell in cells for n in (cell.ours, cell.metric) if n)})
    _refuse_unknown("method", look.methods, {*methods, *(name for cell in cells for name in (cell.row, cell.method))})
    found = narrowed(cells, look)
    if text and not found:
        raise InputError(f"--reported {text}: nothing of these methods and metrics is reported there. Leave one out.")
    return found


def _measured(runs: Sequence[Path], look: "Look", reported: str) -> "Table":
    """The records of runs, and what is reported of the same datasets."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.metrics.catalogue import KNOWN, with_companions
    from inpaint_bench.records import REFERENCES, read_records, records_path
    from inpaint_bench.run.folder import open_run

    opened = [open_run(run) for run in runs]
    found = [read_records(records_path(run)) for run in opened]
    every = [record for records in found for record in records]
    there = {record.method for record in every} - set(REFERENCES)
    measured = {record.metric for record in every}
    cells = _cells(reported, look, there, measured)
    metrics = set(with_companions(name for name in look.metrics if name in KNOWN)) or measured
    methods = {*(look.methods or there), *REFERENCES}
    shown = [[one for one in records if one.metric in metrics and one.method in methods] for records in found]
    if every and not any(shown):
        raise InputError(
            "nothing of these methods and metrics was measured here. Leave one out, or RUNS, and give "
            "--reported-only for what papers report alone."
        )
    absent = {} if look.metrics else _absent(opened)
    return table_of(list(zip(opened, shown, strict=True)), absent, look, cells)


def _costs(runs: Sequence[Path], look: "Look", reported: str) -> "Table":
    """The times of folders, and what costs are reported."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.tables.costs import cost_table
    from inpaint_bench.tables.kinds import Look
    from inpaint_bench.tables.papers import entries, notes_of
    from inpaint_bench.timing import read_timings

    if look != Look("table6", methods=look.methods):
        raise InputError("--style table6 has columns of its own: of what it shows only --methods can be chosen.")
    found = [timing for run in runs for timing in read_timings(run).values()]
    if not found:
        where = ", ".join(map(str, runs))
        raise InputError(f"{where}: nothing was timed here. `inpaint-bench time` writes what --style table6 prints.")
    cells = _cells(reported, look, {timing.method for timing in found})
    wanted = [timing for timing in found if not look.methods or timing.method in look.methods]
    return cost_table(wanted, look, entries(cells, look), notes_of(cells, look))


def _reported_only(runs: Sequence[Path], look: "Look", reported: str) -> "Table":
    """What papers report, alone."""
    from inpaint_bench.errors import InputError
    from inpaint_bench.tables.kinds import STYLES
    from inpaint_bench.tables.papers import EVERY, reported_table

    if runs or look.intervals or look.asides or look.strict:
        raise InputError("--reported-only prints what papers print. Leave out RUNS, --intervals, --samples, --strict.")
    return reported_table(_cells(reported or STYLES[look.style].own or EVERY, look), look)


def _absent(runs: "Sequence[RunFolder]") -> dict[str, str]:
    """The metrics of the runs' protocols that cannot be measured here."""
    from inpaint_bench.cli.names import chosen_metrics

    found: dict[str, str] = {}
    for run in runs:
        found |= chosen_metrics("", run.info.protocol, str(run.path)).absent
    return found


def table_of(
    runs: "Sequence[tuple[RunFolder, Sequence[Record]]]",
    absent: Mapping[str, str],
    look: "Look",
    reported: "Sequence[Reported]" = (),
) -> "Table":
    """Records of runs as one table, each with how it stands among its like."""
    from inpaint_bench.standings import standings
    from inpaint_bench.tables.make import make_table

    records = [record for _, some in runs for record in some]
    shown = [(run, [record for record in some if look.asides or not record.aside]) for run, some in runs]
    return make_table(records, look, standings(shown), absent, reported)


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
    runs: "Sequence[tuple[RunFolder, Sequence[Record]]]", absent: Mapping[str, str], format_: str, strict: bool = False
) -> None:
    """Print records of runs as one plain table."""
    from inpaint_bench.tables.kinds import Look

    deliver(table_of(runs, absent, Look(strict=strict)), "plain", format_, None)


def write_records_and_tables(run: "RunFolder", chosen: "Chosen") -> "list[Record]":
    """Make the records of a run and its table in every format, and return the records.

    The files of the table show what the run has, whatever was asked for last. What was asked for and lacks a record
    of a finished method is said.
    """
    from inpaint_bench import records
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.cli.progress import note
    from inpaint_bench.metrics.catalogue import SAMPLES_METRICS
    from inpaint_bench.standings import standings
    from inpaint_bench.tables.formats import write_tables
    from inpaint_bench.tables.make import make_table

    found = records.derive(run, chosen.names)
    records.write_records(run, found)
    if found:
        shown = [record for record in found if not record.aside]
        absent = chosen_metrics("", run.info.protocol, str(run.path)).absent
        write_tables(run.path, make_table(found, standings=standings([(run, shown)]), absent=absent))
        for method in dict.fromkeys(record.method for record in found if record.method not in records.REFERENCES):
            here = {record.metric for record in found if record.method == method}
            here |= set(SAMPLES_METRICS)  # those are of stochastic methods alone
            if lacking := ", ".join(name for name in chosen.names if name not in here):
                again = f"`inpaint-bench score {run.path} --metrics {lacking.replace(' ', '')}`"
                note(f"{run.path}: {method} was not measured of every pair in {lacking}. {again} measures what lacks.")
    return found
