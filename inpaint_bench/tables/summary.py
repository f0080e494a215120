"""The summary of a run: a row a method and a column a metric, over all pairs, in lines of 102 characters at most."""

from collections.abc import Sequence
from dataclasses import replace

from inpaint_bench.analysis.labels import few_notes, method_notes, metric_label, part_notes, title_of
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, FILE, REFERENCES, pair_counts
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.significance import ranks
from inpaint_bench.errors import InputError, refuse_unknown
from inpaint_bench.metrics.registry import KNOWN, with_companions
from inpaint_bench.tables.build import Absent, number_of
from inpaint_bench.tables.table import Table, TableOptions, lay_out


def summary_table(
    run: RunData,
    methods: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    absent: Absent | None = None,
) -> Table:
    """Methods and metrics in the given order; by default all methods, and the metrics of the run's protocol.

    Stochastic methods stand below the others. Raises InputError for an unknown name and where there are no results.
    """
    names = tuple(metrics or with_companions(run.info.protocol.metrics))
    refuse_unknown("metric is", names, KNOWN)
    refuse_unknown("method here is", methods or (), run.info.methods)
    results = [one for one in run.result_list if one.main and one.bucket == ALL and one.metric in names]
    shown = [one for one in results if one.method in (methods or [one.method]) and one.method not in REFERENCES]
    if not shown:
        raise InputError(f"{run.path}: no results of these methods and metrics. `inpaint-bench score` adds metrics.")
    parsed = [(one, Reduction.parse(one.reduction)) for one in shown]
    samples = dict.fromkeys(methods or sorted({one.method for one in shown}), "")  # in the order of the rows
    samples |= {one.method: reduction.label for one, reduction in parsed if reduction.label}
    (place, count), ranked = next(iter(pair_counts(shown).items())), ranks([(run, shown)])
    counted = {name: {one.n for one in shown if one.metric == name} for name in names}
    numbers = []
    for one, reduction in sorted(parsed, key=lambda row: (samples[row[0].method], [*samples].index(row[0].method))):
        number, same = number_of(one, TableOptions(metrics=names), count, ranked), len(counted[one.metric]) == 1
        heading = metric_label(one.metric) + (f" (n={one.n})" if same and one.n != count else "")
        number = number._replace(heading=heading, samples=samples[one.method], n="" if same else number.n)
        numbers.append(number._replace(reduction="", signature=one.signature.removesuffix(reduction.suffix)))
    lacking = ", ".join(name for name in absent or {} if not counted.get(name))
    moved = method_notes(run, {one.method for one in shown})
    notes = [*few_notes(shown), *moved, *part_notes(shown)]
    notes += [f"not measured here: {lacking} (`inpaint-bench doctor` says why)"] if lacking else []
    files = f"{run.path / 'tables'} (plain.txt, .md, .csv, .tex, .html), {run.path / FILE}"
    notes.append(f"every bucket and signature: {files}")
    table = lay_out(title_of(shown), numbers, {place: None}, "all", notes)
    return replace(table, title=f"{table.title} (n={count})", width=102)
