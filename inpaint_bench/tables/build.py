"""Tables of runs, of times and of what papers report."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from inpaint_bench.analysis import reported_selection as papers
from inpaint_bench.analysis.labels import absent_notes, method_notes, metric_label, notes_of, title_of
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.reported import Reported
from inpaint_bench.analysis.results import REFERENCES, Result, pair_counts, refuse_few
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.significance import Ranks, key_of, ranks
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import KNOWN, ORDER, biased, few, with_companions
from inpaint_bench.tables.table import Number, Table, TableOptions, lay_out
from inpaint_bench.timing import costs

TENTHS = {"mae", "mae_hole", "mae_band", "mae_spn", "mae_spn_hole", "mae_spn_band"}  # what the paper prints times 10
PLAIN = TableOptions()
Absent = Mapping[str, str]  # why metrics could not be measured


def measured_table(
    runs: Sequence[RunData], options: TableOptions = PLAIN, reported: str = "", absent: Absent | None = None
) -> Table:
    """The results of runs as one table, with the reported numbers that `select` finds below them.

    Raises InputError for a name that is neither measured nor reported and where nothing is left, and as `make_table`.
    """
    every = [result for run in runs for result in run.result_list]
    there, measured = {one.method for one in every} - {*REFERENCES}, {one.metric for one in every}
    cells = papers.select(reported, options.layout.shape, options.methods, options.metrics, (there, measured))
    metrics = {*with_companions(name for name in options.metrics if name in KNOWN)} or measured
    methods = {*(options.methods or there), *REFERENCES}
    shown = [(run, [r for r in run.result_list if r.metric in metrics and r.method in methods]) for run in runs]
    if every and not any(some for _, some in shown):
        raise InputError("nothing of these methods and metrics was measured here. Drop one, or add --reported-only.")
    moved = [note for run in runs for note in method_notes(run, methods)]
    return make_table(shown, options, {} if options.metrics else absent, cells, more_notes=moved)


def make_table(
    runs: Sequence[tuple[RunData, Sequence[Result]]],
    options: TableOptions = PLAIN,
    absent: Absent | None = None,
    reported: Sequence[Reported] = (),
    ranked: Ranks | None = None,
    more_notes: Iterable[str] = (),
) -> Table:
    """Results of runs as one table, ranked by the significance of what it shows unless ranks are given.

    Reported numbers of the same datasets and buckets stand below. Raises InputError where there are no results or no
    such numbers, for two numbers of one cell and for an unknown bucket; NotComparableError for runs of one dataset with
    other pairs and, if the options are strict, for a number that would bear a mark.
    """
    kept = [(run, [one for one in some if options.all_samples or one.main]) for run, some in runs]
    if any(one.metric not in RECORDED for _, some in kept for one in some):
        kept = [(run, [one for one in some if one.metric not in RECORDED]) for run, some in kept]
    results = [one for _, some in kept for one in some]
    if not results:
        raise InputError("there are no results to make a table of: no method has finished every pair.")
    counts, order = pair_counts(results), {name: number for number, name in enumerate(options.methods)}
    buckets = options.shown(bucket for _, bucket in counts)
    pairs = {place: count for place, count in counts.items() if place[1] in buckets}
    shown = {(key_of(one), one.method): one for one in results if (one.dataset, one.bucket) in pairs}.values()
    if options.strict:
        refuse_few(shown)
    if ranked is None:
        ranked = ranks([(run, [one for one in some if one.bucket in buckets]) for run, some in kept])
    ordered = sorted(shown, key=lambda r: (r.method in REFERENCES, order.get(r.method, len(order)), r.method))
    numbers = [number_of(one, options, pairs[one.dataset, one.bucket], ranked) for one in ordered]
    signatures = sorted({(one.order, one.signature, one.heading, KNOWN[one.metric].better) for one in numbers})
    notes = [f"{heading}: {signature}, {better} is better" for _, signature, heading, better in signatures]
    lacking = {name: why for name, why in (absent or {}).items() if name not in {one.metric for one in results}}
    if options.layout.shape == "buckets":
        blank = [empty(name, options)._replace(method="(every method)", digits="absent") for name in lacking]
        numbers += [one._replace(dataset=dataset, bucket=bucket) for one in blank for dataset, bucket in pairs]
    cells = papers.of_places(reported, pairs)
    notes += [*more_notes, *notes_of(results), *papers.notes_of(cells), *absent_notes(lacking)]
    numbers += reported_numbers(cells, options)
    return lay_out(title_of(results), numbers, pairs, options.layout.shape, notes)


def number_of(result: Result, options: TableOptions, pairs: int, ranked: Ranks) -> Number:
    """A result as a number of a column with so many pairs."""
    number = empty(result.metric, options, result.signature, result.reduction)
    number = number._replace(dataset=result.dataset, bucket=result.bucket, method=result.method)
    if result.value is None:
        return number

    def digits(value: float) -> str:
        text = f"{value:.{KNOWN[result.metric].decimals}f}"
        return f"{Decimal(text).scaleb(1):f}" if number.unit and math.isfinite(value) else text  # the point moves

    value, rank = float(result.value), ranked.get((key_of(result), result.method), "")
    low, high = (digits(end) if options.intervals and end is not None else "" for end in (result.low, result.high))
    other = biased(result.metric) or (result.n != pairs and math.isfinite(value))
    return number._replace(
        value=value * 10 if number.unit else value,
        digits=digits(value),
        mark=few(result.metric, result.n),
        low=low,
        high=high,
        n=f"n={result.n}" if other else "",
        rank="" if rank == "worse" else rank,
    )


def empty(metric: str, options: TableOptions, signature: str = "", reduction: str = "none") -> Number:
    """A number of a metric of ours, in the unit of the style, without a place and a value."""
    unit = "10^-1" if options.layout.tenths and metric in TENTHS else ""
    heading = metric_label(metric, Reduction.parse(reduction), unit)
    return Number(_order(metric, options), metric, heading, signature, reduction, unit)


def _order(metric: str, options: TableOptions) -> int:
    return [*dict.fromkeys([*options.metrics, *ORDER, metric])].index(metric)


def cost_table_of(folders: Sequence[Path], options: TableOptions, reported: str = "") -> Table:
    """The times in run folders: a row a method, the columns of one setting and machine together; reported costs below.

    Raises InputError for other options, an unknown method, no times, and two of one method in one setting and machine.
    """
    if options != TableOptions("table6", methods=options.methods):
        raise InputError("--style table6 has columns of its own: of what it shows only --methods can be chosen.")
    every = costs.read_all(folders)
    cells = papers.select(reported, "costs", options.methods, (), ({timing.method for timing in every}, ()))
    timings = costs.compared(every, options.methods)
    numbers = [
        _cost(name, value)._replace(dataset=setting, method=timing.method)
        for setting, timing in timings
        for name, value in costs.costs_of(timing).items()
    ]
    numbers += reported_numbers(cells, options)
    settings = sorted({setting for setting, _ in timings})
    if len(settings) == 1:
        numbers = [one._replace(dataset=settings[0]) for one in numbers]
    title = ", ".join(["costs", *(settings if len(settings) == 1 else [])])
    notes = [*costs.notes_of([timing for _, timing in timings]), *papers.notes_of(cells)]
    return lay_out(title, numbers, dict.fromkeys((one.dataset, "") for one in numbers), "costs", notes)


def _cost(name: str, value: float | None) -> Number:
    order, unit, heading = costs.heading_of(name)
    number = Number(len(ORDER) + 1 + order, name, heading, unit=unit)
    return number if value is None else number._replace(value=value, digits=costs.significant(value))


def reported_table_of(options: TableOptions, reported: str = "") -> Table:
    """Reported numbers; by default the table that the style is named for. Raises InputError where there are none."""
    text = reported or options.layout.paper_table or papers.EVERY
    cells = papers.select(text, options.layout.shape, options.methods, options.metrics)
    shown = options.shown(cell.bucket for cell in cells) if any(cell.dataset for cell in cells) else {""}
    cells = [cell for cell in cells if cell.bucket in shown]
    if not cells:
        raise InputError(f"none of these numbers has a bucket of {options.style}. Name some with --buckets.")
    title = f"{' · '.join(dict.fromkeys(cell.source for cell in cells))}, as reported"
    numbers, pairs = reported_numbers(cells, options), papers.reported_pair_counts(cells)
    return lay_out(title, numbers, pairs, options.layout.shape, papers.notes_of(cells))


def reported_numbers(cells: Iterable[Reported], options: TableOptions) -> list[Number]:
    """Reported cells as numbers of a table, with every printed digit; only the point may move, to our unit.

    Raises InputError for two that nothing in the table would tell apart.
    """
    found: dict[tuple[object, ...], Number] = {}
    for cell in cells:
        value = cell.our_value
        if cell.cost:
            number = _cost(cell.cost, None)
        elif cell.ours:
            number = empty(cell.ours, options, cell.signature, cell.samples or "none")
            value = value.scaleb(1) if number.unit else value
        else:
            number = Number(_order(cell.metric, options), cell.metric, cell.heading, unit=cell.unit)
        number = number._replace(dataset=cell.dataset, bucket=cell.bucket, method=cell.row, source=cell.source)
        if number[:10] in found:
            raise InputError(
                f"{cell.where}: a second number stands for {number.heading} of {cell.row}. Keep one of them."
            )
        found[number[:10]] = number._replace(value=float(value), digits=f"{value:f}")
    return list(found.values())
