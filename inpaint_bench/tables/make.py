"""Tables from records: rows are methods under each metric, columns are buckets, each with its n."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import InputError, NotComparableError, did_you_mean
from inpaint_bench.metrics import RECORDED
from inpaint_bench.records import ALL, Record
from inpaint_bench.score import KNOWN, ORDER

STYLES: dict[str, tuple[str, ...]] = {  # the columns of the paper's tables; plain: every bucket of the protocol
    "plain": (),
    "table1": ("0.2-0.4", "0.4-0.6", ALL),
    "table2": ("0.0-0.2", "0.2-0.4", "0.4-0.6", ALL),
}


@dataclass(frozen=True)
class Column:
    """A bucket of a dataset and the number of its pairs."""

    dataset: str
    bucket: str
    n: int

    @property
    def heading(self) -> str:
        """As printed: 0.2-0.4, All."""
        return "All" if self.bucket == ALL else self.bucket


@dataclass(frozen=True)
class Row:
    """A metric under one signature, a method, and a cell for every column."""

    metric: str
    signature: str
    method: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table before it has a format."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def make_table(records: Sequence[Record], style: str = "plain") -> Table:
    """The records of one or more runs as one table.

    Raises InputError when there is nothing to put in it or two numbers for one cell, and NotComparableError when
    runs of one protocol have other pairs.
    """
    if style not in STYLES:
        raise InputError(f"no style of table is called '{style}'. {did_you_mean(style, STYLES)}")
    if not records:
        raise InputError("there are no records to make a table of: no method has finished every pair.")
    records = [record for record in records if record.metric not in RECORDED] or records
    cells = _cells(records)
    columns = _columns(records, STYLES[style])
    keys = sorted({(ORDER[r.metric], r.metric, r.signature, r.method) for r in records})
    rows = tuple(
        Row(
            metric,
            signature,
            method,
            tuple(_cell(cells.get((metric, signature, method, c.dataset, c.bucket)), c) for c in columns),
        )
        for _, metric, signature, method in keys
    )
    return Table(_title(records), columns, rows, _notes(records, rows))


def _cells(records: Sequence[Record]) -> dict[tuple[str, ...], Record]:
    """The record of every cell; runs of one protocol must have the same pairs, and agree where they overlap."""
    marks: dict[str, str] = {}
    cells: dict[tuple[str, ...], Record] = {}
    for record in records:
        if (mark := marks.setdefault(record.protocol, record.fingerprint)) != record.fingerprint:
            raise NotComparableError(
                f"two runs of {record.protocol} have other pairs: fingerprints {mark} and {record.fingerprint}. "
                "Make a table of each."
            )
        key = (record.metric, record.signature, record.method, record.protocol, record.bucket)
        if cells.setdefault(key, record).value != record.value:
            raise InputError(
                f"two runs of {record.protocol} hold different numbers for {record.method}. "
                "Make a table of each, or give one of the methods another name."
            )
    return cells


def _columns(records: Sequence[Record], buckets: tuple[str, ...]) -> tuple[Column, ...]:
    found: dict[tuple[str, str], int] = {}
    for record in records:
        pairs = record.n + record.infinite + record.undefined
        if found.setdefault((record.protocol, record.bucket), pairs) != pairs:
            raise InputError(f"{record.protocol}: two records of bucket {record.bucket} count different pairs.")
    names = sorted(found, key=lambda key: (key[0], key[1] == ALL, key[1]))
    return tuple(Column(*key, found[key]) for key in names if not buckets or key[1] in buckets)


def _cell(record: Record | None, column: Column) -> str:
    if record is None or record.value is None:
        return "-"
    value = record.value if isinstance(record.value, str) else f"{record.value:.{KNOWN[record.metric].decimals}f}"
    return value if record.n == column.n or record.value == "inf" else f"{value} (n={record.n})"


def _title(records: Sequence[Record]) -> str:
    runs = sorted({(record.protocol, record.part, record.fingerprint) for record in records})
    return " · ".join(f"{name}{f', only the {part} pairs' if part else ''}, pairs {mark}" for name, part, mark in runs)


def _notes(records: Sequence[Record], rows: Sequence[Row]) -> tuple[str, ...]:
    arrows = {"higher": "higher is better", "lower": "lower is better"}
    notes = [
        f"{label(metric, signature)}: {signature}, {arrows[KNOWN[metric].better]}"
        for (metric, signature), _ in groupby(rows, key=lambda row: (row.metric, row.signature))
    ]
    if any(record.infinite for record in records):
        notes.append("A cell with its own n leaves out pairs whose PSNR is infinite: output and target are the same.")
    if any(record.undefined for record in records):
        notes.append("A cell with its own n leaves out pairs for which the metric is not defined.")
    if any(record.part for record in records):
        notes.append("A part of the protocol: not comparable with the whole.")
    return tuple(notes)


def label(metric: str, signature: str) -> str:
    """How a metric is headed: its name, an arrow for its direction, and best of k where it is that."""
    arrow = "↑" if KNOWN[metric].better == "higher" else "↓"
    best = f" best of {signature.rsplit('-', 1)[1]}" if ":best-" in signature else ""
    return f"{metric}{best} {arrow}"


def _header(table: Table) -> list[str]:
    several = len({column.dataset for column in table.columns}) > 1
    heads = [f"{column.dataset} {column.heading}" if several else column.heading for column in table.columns]
    return [
        "metric",
        "method",
        *[f"{head} (n={column.n})" for head, column in zip(heads, table.columns, strict=True)],
    ]


def as_text(table: Table) -> str:
    """Columns padded with blanks, a line between metrics."""
    lines = [_header(table)]
    for key, rows in groupby(table.rows, key=lambda row: (row.metric, row.signature)):
        for number, row in enumerate(rows):
            lines.append([label(*key) if number == 0 else "", row.method, *row.cells])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [table.title, ""]
    for line in lines:
        if line[0] and text[-1]:
            text.append("-" * (sum(widths) + 2 * len(widths) - 2))
        padded = [
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(padded).rstrip())
    return "\n".join([*text, "", *table.notes, ""])


def as_markdown(table: Table) -> str:
    """A table of GitHub's Markdown."""
    header = _header(table)
    lines = [header, ["---", "---", *["---:"] * len(table.columns)]]
    lines += [[label(row.metric, row.signature), row.method, *row.cells] for row in table.rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(f"- {note}" for note in table.notes)
    return f"{table.title}\n\n{body}\n\n{notes}\n"


def as_csv(table: Table) -> str:
    """One line a row, with the signature; no title and no notes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    metric, method, *columns = _header(table)
    writer.writerow([metric, "signature", method, *columns])
    for row in table.rows:
        writer.writerow([row.metric, row.signature, row.method, *row.cells])
    return out.getvalue()


FORMATS: dict[str, Callable[[Table], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}
SUFFIX = {"text": "txt", "markdown": "md", "csv": "csv"}


def write_tables(run: Path, records: Sequence[Record]) -> None:
    """The plain table of a run in every format, under tables/."""
    table = make_table(records)
    for name, format_ in FORMATS.items():
        files.write_if_changed(run / "tables" / f"plain.{SUFFIX[name]}", format_(table).encode())
