"""Numbers that papers report, on their way into a table: every digit as printed, never ranked with measured ones."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.reported import ALL, Reported, read_all
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.tables.costs import PARAMETERS, TIME
from inpaint_bench.tables.layout import lay_out
from inpaint_bench.tables.quantities import chosen_buckets, quantity, ranks_of, style_of
from inpaint_bench.tables.table import Cell, Entry, Quantity, Table, TableKey, TableOptions

EVERY = "all"
COSTS_STYLE = "table6"
COSTS = {"params_m": (PARAMETERS, Decimal(1_000_000)), "seconds": (TIME, Decimal(1))}  # ours, and its unit


def choose(text: str, options: TableOptions) -> list[Reported]:
    """The cells that `--reported` names: PAPER, PAPER:TABLE or a CSV file, several separated by commas, or all.

    Of a table that is not named itself they are taken only where it has the shape of the style: buckets, nothing
    but All, or no dataset. Raises InputError for a name that is not there and where nothing is left.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    found = [cell for name in names for cell in _named(name, _shape_of(options))]
    if not found:
        raise InputError(
            f"--reported {text}: no table there has the shape of {options.style}. Name one, as SPN 2023:1."
        )
    return list(dict.fromkeys(found))


def narrowed(cells: Sequence[Reported], options: TableOptions) -> list[Reported]:
    """The cells of the methods and metrics that a options names, or all; methods in its order."""
    methods, metrics = options.methods, options.metrics
    kept = [
        cell
        for cell in cells
        if (not methods or cell.row in methods or cell.method in methods)
        and (not metrics or cell.ours in metrics or cell.metric in metrics)
    ]
    order = {name: number for number, name in enumerate(methods)}
    return sorted(kept, key=lambda cell: order.get(cell.row, order.get(cell.method, 0)))


def _named(name: str, shape: str) -> list[Reported]:
    of_file = name.endswith(".csv")
    paper, _, table = ("", "", "") if of_file or name == EVERY else name.partition(":")
    tables: dict[tuple[str, str], list[Reported]] = {}
    for cell in read_all([Path(name)] if of_file else ()):
        tables.setdefault((cell.paper, cell.table), []).append(cell)
    papers = {known for known, _ in tables}
    if paper and paper not in papers:
        raise InputError(f"--reported: no paper here is called '{paper}'. {did_you_mean(paper, papers)}")
    if table and (paper, table) not in tables:
        numbers = {number for known, number in tables if known == paper}
        raise InputError(f"--reported: {paper} has no table '{table}' here. {did_you_mean(table, numbers)}")
    return [
        cell
        for (known, number), cells in tables.items()
        if (not paper or known == paper) and (number == table if table else _shape(cells) == shape)
        for cell in cells
    ]


def _shape(cells: Sequence[Reported]) -> str:
    """Whether a printed table has buckets, nothing but All, or, as one of costs, no dataset."""
    if not any(cell.dataset for cell in cells):
        return "costs"
    return "buckets" if any(cell.bucket not in ("", ALL) for cell in cells) else "all"


def _shape_of(options: TableOptions) -> str:
    if style_of(options).columns == "buckets":
        return "buckets"
    return "costs" if options.style == COSTS_STYLE else "all"


def entries(cells: Sequence[Reported], options: TableOptions) -> list[Entry]:
    """Reported cells as entries of a table; those that mean a metric of ours are printed in its unit.

    Raises InputError for two numbers that nothing in the table would tell apart.
    """
    found: dict[tuple[Quantity, TableKey, str, str], Entry] = {}
    for cell in cells:
        what, value = _in_our_unit(cell, options)
        place = (cell.dataset, cell.bucket)
        if (what, place, cell.row, cell.source) in found:
            raise InputError(f"{cell.where}: a second number stands for {what.label} of {cell.row}. Keep one of them.")
        entry = Entry(what, place, cell.row, Cell(f"{value:f}"), cell.source)
        found[what, place, cell.row, cell.source] = entry
    return list(found.values())


def _in_our_unit(cell: Reported, options: TableOptions) -> tuple[Quantity, Decimal]:
    """What a cell is of, and its number in the unit of that; the digits stay as they are, only the point may move."""
    if cell.metric in COSTS:
        ours, size = COSTS[cell.metric]
        return ours, cell.value.scaleb((cell.unit_size / size).adjusted())
    ranks = ranks_of(options)
    if cell.ours:
        found = quantity(cell.ours, cell.signature, Reduction.parse(cell.samples or "none"), style_of(options), ranks)
        return found, cell.value.scaleb(cell.unit_size.adjusted() + (1 if found.unit else 0))
    unit = [f"({cell.unit})"] if cell.unit else []
    label = " ".join([cell.metric, *unit, "↑" if cell.better == "higher" else "↓"])
    return Quantity(ranks.get(cell.metric, len(ORDER)), cell.metric, "", cell.unit, label), cell.value


def reported_table(cells: Sequence[Reported], options: TableOptions) -> Table:
    """A table of nothing but reported cells, with the digits of the paper."""
    style = style_of(options)
    shown = chosen_buckets(options, (cell.bucket for cell in cells)) if any(cell.dataset for cell in cells) else {""}
    kept = [cell for cell in cells if cell.bucket in shown]
    if not kept:
        raise InputError(f"what was asked for has none of the buckets of {options.style}. Name some with --buckets.")
    title = f"{' · '.join(dict.fromkeys(cell.source for cell in kept))}, as reported"
    return lay_out(title, entries(kept, options), _places(kept), style.columns, notes_of(kept, options))


def _places(cells: Sequence[Reported]) -> dict[TableKey, int | None]:
    """Datasets as they come, of each its buckets; the number of pairs where the paper says it."""
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    places = sorted(
        {(cell.dataset, cell.bucket) for cell in cells},
        key=lambda place: (datasets.index(place[0]), place[1] == ALL, place[1]),
    )
    message = {place: {c.n for c in cells if (c.dataset, c.bucket) == place and c.n} for place in places}
    return {place: next(iter(message[place])) if len(message[place]) == 1 else None for place in places}


def notes_of(cells: Sequence[Reported], options: TableOptions) -> list[str]:
    """What is to be message of reported numbers: what each means, and what their file says of them."""
    notes: dict[str, None] = {}
    for cell in cells:
        found, _ = _in_our_unit(cell, options)
        if cell.ours:
            printed = f", which it heads {cell.metric}" if cell.metric != cell.ours else ""
            notes[f"{found.label} of {cell.paper}: read as {found.signature}{printed}"] = None
        if cell.note:
            notes[f"{found.label} of {cell.paper}: {cell.note}"] = None
    return list(notes)


def beside(
    cells: Sequence[Reported], options: TableOptions, places: Iterable[TableKey]
) -> tuple[list[Entry], list[str]]:
    """The entries and notes of those cells that belong to some places. Raises InputError when there are none."""
    places = list(places)
    kept = [cell for cell in cells if (cell.dataset, cell.bucket) in places]
    if not kept:
        have = ", ".join(sorted({cell.dataset for cell in cells}))
        requested = ", ".join(dict.fromkeys(dataset for dataset, _ in places))
        raise InputError(
            f"nothing is reported of {requested} in these buckets. Reported are: {have}. Leave out --reported."
        )
    return entries(kept, options), notes_of(kept, options)
