"""Where numbers stand: a block of rows for every metric, or a column for every metric."""

from collections.abc import Sequence

from inpaint_bench.tables.table import Cell, Column, Entry, Quantity, Row, Table, TableKey, TableKeys, with_sources

ALL = "all"


def heading(bucket: str) -> str:
    """A bucket as printed: 0.2-0.4, All."""
    return "All" if bucket == ALL else bucket


def lay_out(title: str, entries: Sequence[Entry], places: TableKeys, columns: str, notes: Sequence[str]) -> Table:
    """The entries of some places as a table, what papers report below what was measured.

    Its columns are 'buckets' or 'metrics'. Methods come in the order of the entries.
    """
    entries = [entry for entry in entries if entry.place in places]
    rows = _rows(entries)
    entries.sort(key=lambda entry: (*_order(entry.quantity), rows[entry.source, entry.method]))
    if columns == "buckets":
        return with_sources(Table(title, _places(places), _blocks(entries, places), tuple(notes)))
    buckets = dict.fromkeys(heading(bucket) for _, bucket in places if bucket)
    title = f"{title} · {next(iter(buckets))}" if len(buckets) == 1 else title
    heads = _heads(entries, places)
    named = tuple(_head(*head, places, len(buckets) > 1) for head in heads)
    return with_sources(Table(title, named, _wholes(entries, heads, list(rows)), tuple(notes)))


def _rows(entries: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """The rows by source and method, numbered: first what was measured."""
    found = list(dict.fromkeys((entry.source, entry.method) for entry in entries))
    sources = list(dict.fromkeys(["", *(source for source, _ in found)]))
    found.sort(key=lambda row: sources.index(row[0]))  # stable
    return {row: number for number, row in enumerate(found)}


def _order(quantity: Quantity) -> tuple[int, str, str, str]:
    return quantity.rank, quantity.metric, quantity.signature, quantity.unit


def _places(places: TableKeys) -> tuple[Column, ...]:
    return tuple(
        Column(dataset, heading(bucket), heading(bucket), places[dataset, bucket]) for dataset, bucket in places
    )


def _blocks(entries: Sequence[Entry], places: TableKeys) -> tuple[Row, ...]:
    cells: dict[tuple[Quantity, str, str], dict[TableKey, Cell]] = {}
    for entry in entries:
        cells.setdefault((entry.quantity, entry.source, entry.method), {})[entry.place] = entry.cell
    return tuple(
        Row(
            method,
            tuple(found.get(place, Cell()) for place in places),
            source,
            quantity.name,
            quantity.signature,
            quantity.label,
        )
        for (quantity, source, method), found in cells.items()
    )


def _heads(entries: Sequence[Entry], places: TableKeys) -> list[tuple[TableKey, Quantity]]:
    found = dict.fromkeys((entry.place, entry.quantity) for entry in entries)
    order = list(places)
    return sorted(found, key=lambda head: (order.index(head[0]), *_order(head[1])))


def _head(place: TableKey, quantity: Quantity, places: TableKeys, several: bool) -> Column:
    dataset, bucket = place
    group = f"{dataset} {heading(bucket)}".strip() if several else dataset
    unit = f" ({quantity.unit})" if quantity.unit else ""
    return Column(group, quantity.label, (quantity.signature or quantity.metric) + unit, places[place])


def _wholes(
    entries: Sequence[Entry], heads: Sequence[tuple[TableKey, Quantity]], rows: Sequence[tuple[str, str]]
) -> tuple[Row, ...]:
    cells = {(entry.source, entry.method, entry.place, entry.quantity): entry.cell for entry in entries}
    return tuple(
        Row(method, tuple(cells.get((source, method, *head), Cell()) for head in heads), source)
        for source, method in rows
    )
