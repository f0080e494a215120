"""`table`: records as a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, format_option, option, strict_option

if TYPE_CHECKING:
    from inpaint_bench.cli.names import Chosen
    from inpaint_bench.records import Record
    from inpaint_bench.run.folder import RunFolder


@click.command()
@click.argument("runs", type=FOLDER, nargs=-1)
@option(
    "--style",
    type=click.Choice(["plain", "table1", "table2"]),
    default="plain",
    show_default=True,
    help="Which buckets: the protocol's, or those of the paper's Table 1 or 2.",
)
@option("--metrics", default="", help="Names, separated by commas. Default: all that were scored.")
@option("--methods", default="", help="Names, separated by commas. Default: all of the run.")
@option("--intervals", is_flag=True, help="The 95% interval in every cell.")
@option(
    "--samples",
    type=click.Choice(["chosen", "all"]),
    default="chosen",
    show_default=True,
    help="Of a stochastic method: the chosen sample, or also the mean, the first, and the best of fewer.",
)
@format_option
@strict_option
def table(
    runs: tuple[Path, ...],
    style: str,
    metrics: str,
    methods: str,
    intervals: bool,
    samples: str,
    format_: str,
    strict: bool,
) -> None:
    """Print the records of RUNS, run folders, as one table. Default: runs/sample."""
    from inpaint_bench.metrics.catalogue import with_companions
    from inpaint_bench.records import REFERENCES, read_records, records_path
    from inpaint_bench.run.folder import open_run

    opened = [open_run(run) for run in runs or (Path("runs/sample"),)]
    found = [read_records(records_path(run)) for run in opened]
    every = [record for records in found for record in records]
    by_metric = with_companions(_wanted("metric", metrics, {record.metric for record in every}))
    by_method = _wanted("method", methods, {record.method for record in every} - set(REFERENCES))
    shown = [
        [r for r in records if r.metric in by_metric and r.method in {*by_method, *REFERENCES}] for records in found
    ]
    absent = {} if metrics else _absent(opened)
    looks = {"style": style, "intervals": intervals, "asides": samples == "all", "strict": strict}
    print_table(list(zip(opened, shown, strict=True)), absent, format_, **looks)


def _wanted(what: str, text: str, known: set[str]) -> set[str]:
    """The names of an option, or all. Raises InputError for one that was not measured."""
    from inpaint_bench.errors import InputError, did_you_mean

    wanted = [name.strip() for name in text.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise InputError(f"no {what} here is called '{name}'. {did_you_mean(name, known)}")
    return set(wanted) or known


def _absent(runs: "Sequence[RunFolder]") -> dict[str, str]:
    """The metrics of the runs' protocols that cannot be measured here."""
    from inpaint_bench.cli.names import chosen_metrics

    found: dict[str, str] = {}
    for run in runs:
        found |= chosen_metrics("", run.info.protocol, str(run.path)).absent
    return found


def print_table(
    runs: "Sequence[tuple[RunFolder, Sequence[Record]]]", absent: Mapping[str, str], format_: str, **looks: object
) -> None:
    """Print records of runs as one table, each with how it stands among its like."""
    from inpaint_bench.standings import standings
    from inpaint_bench.tables.formats import FORMATS
    from inpaint_bench.tables.make import Look, make_table

    look = Look(**looks)  # type: ignore[arg-type]  # options of the command line
    records = [record for _, some in runs for record in some]
    shown = [(run, [record for record in some if look.asides or not record.aside]) for run, some in runs]
    click.echo(FORMATS[format_](make_table(records, look, standings(shown), absent)), nl=False)


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
