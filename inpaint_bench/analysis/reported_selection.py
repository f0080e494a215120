"""Which reported numbers a table shows: by paper and table, method and metric."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from inpaint_bench.analysis.reported import ALL, Reported, read_all
from inpaint_bench.errors import InputError, refuse_unknown

EVERY = "all"  # names every paper
Shape: TypeAlias = Literal["buckets", "all", "costs"]  # a printed table has buckets, only all pairs, or no dataset
Names: TypeAlias = Collection[str]


def select(
    text: str,
    shape: Shape,
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
    measured: tuple[Names, Names] = ((), ()),
) -> list[Reported]:
    """The reported numbers that a text names, of some methods and metrics or of all; methods in the given order.

    The text holds PAPER, PAPER:TABLE and the paths of CSV files, separated by commas, or 'all'; '' selects nothing.
    Tables that it does not name themselves must have the shape. Raises InputError for an unknown paper or table, for a
    method or metric that is neither reported nor among the `measured` methods and metrics, and where nothing is left.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    cells = list(dict.fromkeys(cell for name in names for cell in _named(name, shape)))
    if names and not cells:
        raise InputError(f"--reported {text}: no table there has this shape: {shape}. Name one, as SPN 2023:1.")
    refuse_unknown("metric here is", metrics, {*measured[1], *(n for c in cells for n in (c.ours, c.metric) if n)})
    refuse_unknown("method here is", methods, {*measured[0], *(n for c in cells for n in (c.row, c.method))})
    found = [
        cell
        for cell in cells
        if (not methods or cell.row in methods or cell.method in methods)
        and (not metrics or cell.ours in metrics or cell.metric in metrics)
    ]
    if names and not found:
        raise InputError(f"--reported {text}: nothing of these methods and metrics is reported there. Leave one out.")
    order = {name: number for number, name in enumerate(methods)}
    return sorted(found, key=lambda cell: order.get(cell.row, order.get(cell.method, 0)))


def _named(name: str, shape: Shape) -> list[Reported]:
    """The numbers of a paper, of one of its tables, of a file, or of all papers."""
    of_file = name.endswith(".csv")
    paper, _, table = ("", "", "") if of_file or name == EVERY else name.partition(":")
    tables: dict[tuple[str, str], list[Reported]] = {}
    for cell in read_all([Path(name)] if of_file else ()):
        tables.setdefault((cell.paper, cell.table), []).append(cell)
    refuse_unknown("paper here is", [paper] if paper else [], {known for known, _ in tables})
    numbers = {number for known, number in tables if known == paper}
    refuse_unknown(f"table of {paper} is", [table] if table else [], numbers)
    return [
        cell
        for (known, number), cells in tables.items()
        if (not paper or known == paper) and (number == table if table else _shape(cells) == shape)
        for cell in cells
    ]


def _shape(cells: Sequence[Reported]) -> Shape:
    if not any(cell.dataset for cell in cells):
        return "costs"
    return "buckets" if any(cell.bucket not in ("", ALL) for cell in cells) else "all"


def of_places(cells: Sequence[Reported], places: Collection[tuple[str, str]]) -> list[Reported]:
    """The numbers of some datasets and buckets. Raises InputError where there are some, but none of these."""
    kept = [cell for cell in cells if (cell.dataset, cell.bucket) in places]
    if cells and not kept:
        have = ", ".join(sorted({cell.dataset for cell in cells}))
        requested = ", ".join(dict.fromkeys(dataset for dataset, _ in places))
        raise InputError(
            f"nothing is reported of {requested} in these buckets. Reported are: {have}. Leave out --reported."
        )
    return kept


def reported_pair_counts(cells: Sequence[Reported]) -> dict[tuple[str, str], int | None]:
    """How many pairs each dataset and bucket has, where the paper says so, in the order of `results.pair_counts`."""
    counts: dict[tuple[str, str], set[int]] = {}
    for cell in cells:
        counts.setdefault((cell.dataset, cell.bucket), set()).update([cell.n] if cell.n else [])
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    places = sorted(counts, key=lambda place: (datasets.index(place[0]), place[1] == ALL, place[1]))
    return {place: next(iter(counts[place])) if len(counts[place]) == 1 else None for place in places}


def notes_of(cells: Iterable[Reported]) -> list[str]:
    """Which metric of ours each reported number is taken for, and the notes of its file."""
    notes = []
    for cell in cells:
        printed = f", printed as {cell.metric}" if cell.metric != cell.ours else ""
        notes += [f"{cell.ours} of {cell.paper}: read as {cell.signature}{printed}"] if cell.ours else []
        notes += [f"{cell.metric} of {cell.paper}: {cell.note}"] if cell.note else []
    return list(dict.fromkeys(notes))
