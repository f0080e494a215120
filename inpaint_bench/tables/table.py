"""A table before it has a format, what it shows of what there is, and a number on its way into it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

TableKey: TypeAlias = tuple[str, str]  # dataset and bucket; in Table 6 the setting, and nothing
TableKeys: TypeAlias = Mapping[TableKey, int | None]  # in their order, with the number of pairs where it is known

BEST, NEAR = "{best}", "{near}"  # stand in notes for how a format marks a number


@dataclass(frozen=True)
class Style:
    """How a table is laid out."""

    buckets: tuple[str, ...] = ()  # which it shows; all where none is named
    columns: Literal["buckets", "metrics"] = "buckets"  # of metrics: a row is a method, whole
    tenths: bool = False  # errors on [0, 1] in 10^-1, as the paper prints them
    own: str = ""  # the one table whose layout it is, of those that papers report


STYLES = {
    "plain": Style(),
    "table1": Style(("0.2-0.4", "0.4-0.6", "all"), tenths=True, own="SPN 2023:1"),
    "table2": Style(("0.0-0.2", "0.2-0.4", "0.4-0.6", "all"), tenths=True, own="SPN 2023:2"),
    "table6": Style(columns="metrics", own="SPN 2023:6"),
    "ablation": Style(("all",), columns="metrics", tenths=True),
}


@dataclass(frozen=True)
class TableOptions:
    """What a table shows: a style, other buckets than its own, methods and metrics in an order, intervals, asides."""

    style: str = "plain"
    buckets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()  # these first, in this order
    metrics: tuple[str, ...] = ()
    intervals: bool = False
    asides: bool = False  # other samples than the chosen ones
    strict: bool = False  # refuse what would bear a mark


@dataclass(frozen=True)
class Column:
    """What stands above a column; `name` says it to a machine, and `n` pairs lie beneath, where that is known."""

    group: str  # what stands above several columns: a dataset, with the bucket where the columns are metrics
    heading: str
    name: str
    n: int | None = None


@dataclass(frozen=True)
class Cell:
    """A number as it is printed, and how it stands among those of its metric and bucket."""

    value: str = "-"
    mark: str = ""
    interval: tuple[str, str] | None = None
    n: int | None = None  # where it is not the column's
    rank: Literal["", "best", "not separable"] = ""

    @property
    def text(self) -> str:
        """All of it: 20.00 [19.01, 21.00] (n=3)."""
        interval = f" [{', '.join(self.interval)}]" if self.interval else ""
        return f"{self.value}{self.mark}{interval}{'' if self.n is None else f' (n={self.n})'}"


@dataclass(frozen=True)
class Quantity:
    """What a number is of: a metric under one signature, in one unit, and how it is headed."""

    rank: int  # where it stands among others
    metric: str
    signature: str
    unit: str
    label: str

    @property
    def name(self) -> str:
        """The metric, with the unit where it is not the metric's own."""
        return f"{self.metric} ({self.unit})" if self.unit else self.metric


@dataclass(frozen=True)
class Entry:
    """One number on its way into a table."""

    quantity: Quantity
    place: TableKey
    method: str
    cell: Cell
    source: str = ""  # the paper and table that report it; '' of what was measured


@dataclass(frozen=True)
class Row:
    """A method and a cell for every column; in a block under a metric, where the columns are not metrics."""

    method: str
    cells: tuple[Cell, ...]
    source: str = ""
    metric: str = ""
    signature: str = ""
    label: str = ""
    tag: str = ""  # what tells a reported row apart
    shaded: bool = False  # whether it stands beside measured ones without being of them

    @property
    def name(self) -> str:
        """The method, and what tells it apart."""
        return f"{self.method} {self.tag}".rstrip()

    @property
    def block(self) -> tuple[str, str, str, str]:
        """What the rows between two lines share."""
        return self.label, self.metric, self.signature, self.source


@dataclass(frozen=True)
class Table:
    """A table before it has a format."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The papers' tables that numbers are reported by, in the order in which they stand here."""
        return tuple(dict.fromkeys(row.source for row in self.rows if row.source))

    @property
    def blocks(self) -> bool:
        """Whether rows stand in blocks, each of a metric."""
        return any(row.label for row in self.rows)

    @property
    def groups(self) -> tuple[str, ...]:
        """What stands above several columns, from left to right."""
        return tuple(dict.fromkeys(column.group for column in self.columns))


def with_sources(table: Table) -> Table:
    """The table with every reported row significantly different from others, and a note of where it is reported."""
    sources = table.sources
    mixed = any(not row.source for row in table.rows)
    if not sources or (len(sources) == 1 and not mixed):
        return table
    words = ["reported"] if len(sources) == 1 else [f"reported {number}" for number in range(1, len(sources) + 1)]
    tags = {source: f"({word})" for source, word in zip(sources, words, strict=True)}
    rows = tuple(replace(row, tag=tags.get(row.source, ""), shaded=mixed and bool(row.source)) for row in table.rows)
    notes = (f"{tag}: as {source} prints it, ranked with nothing." for source, tag in tags.items())
    return replace(table, rows=rows, notes=(*table.notes, *notes))
