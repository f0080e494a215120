"""Tables of one run or several, of times, and of what papers report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench import files
from inpaint_bench.api.arguments import Names, as_names
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.errors import InputError
from inpaint_bench.figures.preview import pdflatex, write_preview
from inpaint_bench.tables.build import cost_table_of, measured_table, reported_table_of
from inpaint_bench.tables.formats import write_tables
from inpaint_bench.tables.table import TableOptions

if TYPE_CHECKING:
    from inpaint_bench.tables.table import Table


def table(
    runs: Sequence["Run | str | Path"],
    style: str = "plain",
    *,
    methods: Names = None,
    metrics: Names = None,
    buckets: Names = None,
    intervals: bool = False,
    samples: str = "chosen",
    reported: str = "",
    reported_only: bool = False,
    strict: bool = False,
) -> "Table":
    """The results of runs as one table; of times where the style is 'table6'; of papers alone if `reported_only`.

    `runs` are runs or their folders; see `Run.table` for the rest. Raises InputError for an unknown name or style, and
    for options that do not go together.
    """
    chosen = tuple(as_names(buckets)), tuple(as_names(methods)), tuple(as_names(metrics))
    options = TableOptions(style, *chosen, intervals, samples == "all", strict)
    if reported_only:
        if runs or intervals or options.all_samples or strict:
            raise InputError(
                "--reported-only prints what papers print. Leave out RUNS, --intervals, --samples, --strict."
            )
        return reported_table_of(options, reported)
    if style == "table6":
        return cost_table_of([run.path if isinstance(run, Run) else Path(run) for run in runs], options, reported)
    opened = [as_run(run) for run in runs]
    return measured_table(opened, options, reported, {} if options.metrics else absent_metrics(opened))


def absent_metrics(runs: Sequence[Run]) -> dict[str, str]:
    """The metrics of the runs' protocols that cannot be measured here, each with the reason."""
    from inpaint_bench.runner.metrics import choose_metrics

    found: dict[str, str] = {}
    for run in runs:
        found |= choose_metrics((), run.info.protocol, str(run.path), run.pairs).absent
    return found


def method_keys(runs: Sequence["Run | str | Path"]) -> dict[str, tuple[str, ...]]:
    """The keys of BibTeX that each method of some runs cites, for `Table.to_latex`."""
    return {name: keys for run in runs for name, keys in as_run(run).method_keys.items()}


def write_plain_tables(run: Run, absent: Mapping[str, str]) -> None:
    """The table of a run's results in every format, under tables/; `absent` as `absent_metrics` has it."""
    write_tables(run.path, measured_table([run], TableOptions(), "", absent))


def write_file(path: str | Path, text: str) -> None:
    """Write a table's text to a file, whole. Raises InputError where that cannot be done."""
    files.write_if_changed(Path(path), text.encode())


def has_latex() -> bool:
    """Whether pdflatex is installed."""
    return pdflatex() is not None


def write_pdf(path: str | Path, latex: str) -> Path:
    """Typeset a table of `Table.to_latex` as a PDF that fits it; the path. Raises IncompleteError where TeX fails."""
    write_preview(Path(path), [latex])
    return Path(path)
