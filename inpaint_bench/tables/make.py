"""Tables from records: rows are methods under each metric, columns are buckets, each with its n."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Literal

from inpaint_bench.errors import InputError, NotComparableError, did_you_mean
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.catalogue import FEW, KNOWN, ORDER, VERY_FEW, biased, few, refuse_marked
from inpaint_bench.metrics.kinds import SetMetric
from inpaint_bench.records import ALL, HALVES, MASKED_INPUT, REFERENCES, TARGET, Record
from inpaint_bench.standings import Standings

STYLES: dict[str, tuple[str, ...]] = {  # the columns of the paper's tables; plain: every bucket of the protocol
    "plain": (),
    "table1": ("0.2-0.4", "0.4-0.6", ALL),
    "table2": ("0.0-0.2", "0.2-0.4", "0.4-0.6", ALL),
}

MARKS = (
    "{best}: best, and told apart from every other method; {near}: not told apart from the best "
    "(paired tests, Holm over every two methods, level 0.05)."
)
FEW_NOTES = {
    "†": f"† a Fréchet distance of under {FEW} pictures: much of it is bias. Never compare it across columns.",
    "‡": f"‡ a Fréchet distance of under {VERY_FEW} pictures: most of it is bias. Never compare it across columns.",
}
REFERENCE_NOTES = {
    HALVES: f"{HALVES}: half of the targets against the other half, of as many pictures each as its n says.",
    MASKED_INPUT: f"{MASKED_INPUT}: the targets with white holes, what a method that does nothing comes to.",
    TARGET: f"{TARGET}: the targets themselves, what a perfect method comes to.",
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
class Cell:
    """A number as it is printed, and how it stands among those of its metric and bucket."""

    text: str
    standing: Literal["", "best", "not separable"] = ""


@dataclass(frozen=True)
class Row:
    """A metric under one signature, a method, and a cell for every column."""

    metric: str
    signature: str
    method: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table before it has a format."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """What a table shows: the columns of a style, intervals or not, other samples than the chosen ones or not."""

    style: str = "plain"
    intervals: bool = False
    asides: bool = False
    strict: bool = False  # refuse what would bear a mark


PLAIN = Look()


def make_table(
    records: Sequence[Record],
    look: Look = PLAIN,
    standings: Standings = MappingProxyType({}),
    absent: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    """The records of one or more runs as one table; `absent` names metrics that could not be computed, and why.

    Raises InputError when there is nothing to put in it or two numbers for one cell, and NotComparableError when
    runs of one protocol have other pairs, or, if the look is strict, for a number that says little at its n.
    """
    if look.style not in STYLES:
        raise InputError(f"no style of table is called '{look.style}'. {did_you_mean(look.style, STYLES)}")
    if not records:
        raise InputError("there are no records to make a table of: no method has finished every pair.")
    records = [record for record in records if record.metric not in RECORDED] or list(records)
    records = [record for record in records if look.asides or not record.aside]
    cells, columns = _cells(records), _columns(records, STYLES[look.style])
    if look.strict:
        refuse_few(cells[key] for key in cells if key[-1] in {column.bucket for column in columns})
    keys = sorted({(ORDER[r.metric], r.metric, r.signature, r.method in REFERENCES, r.method) for r in records})
    rows = [
        Row(metric, signature, method, tuple(
            _cell(cells.get((metric, signature, method, c.dataset, c.bucket)), c, look, standings) for c in columns
        ))
        for _, metric, signature, _, method in keys
    ]  # fmt: skip
    lacking = {name: why for name, why in absent.items() if name not in {record.metric for record in records}}
    rows += [Row(name, "", "(every method)", (Cell("absent"),) * len(columns)) for name in lacking]
    rows.sort(key=lambda row: ORDER[row.metric])  # stable
    return Table(_title(records), columns, tuple(rows), (*_notes(records, rows), *_said(lacking)))


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
        if record.method == HALVES:
            continue
        pairs = record.n + record.infinite + record.undefined
        if found.setdefault((record.protocol, record.bucket), pairs) != pairs:
            raise InputError(f"{record.protocol}: two records of bucket {record.bucket} count different pairs.")
    names = sorted(found, key=lambda key: (key[0], key[1] == ALL, key[1]))
    return tuple(Column(*key, found[key]) for key in names if not buckets or key[1] in buckets)


def _cell(record: Record | None, column: Column, look: Look, standings: Standings) -> Cell:
    if record is None or record.value is None:
        return Cell("-")
    decimals = KNOWN[record.metric].decimals
    text = record.value if isinstance(record.value, str) else f"{record.value:.{decimals}f}"
    text += few(record.metric, record.n)
    if look.intervals and record.low is not None and record.high is not None:
        text += f" [{record.low:.{decimals}f}, {record.high:.{decimals}f}]"
    if (record.n != column.n and record.value != "inf") or biased(record.metric):
        text += f" (n={record.n})"
    found = standings.get((record.protocol, record.bucket, record.metric, record.signature))
    standing = found.standing.get(record.method, "worse") if found and found.n else "worse"
    if found is None or standing == "worse" or len(found.standing) < 2:
        return Cell(text)
    return Cell(text, "best" if found.alone else "not separable")


def refuse_few(records: Iterable[Record]) -> None:
    """Raise NotComparableError where a record would bear a mark."""
    marked = [
        one for one in records if one.value is not None and few(one.metric, one.n) and one.method not in REFERENCES
    ]
    refuse_marked(sorted({f"{one.metric} of {one.n} pictures in bucket {one.bucket}" for one in marked}))


def _title(records: Sequence[Record]) -> str:
    runs = sorted({(record.protocol, record.part, record.fingerprint) for record in records})
    return " · ".join(f"{name}{f', only the {part} pairs' if part else ''}, pairs {mark}" for name, part, mark in runs)


def _notes(records: Sequence[Record], rows: Sequence[Row]) -> tuple[str, ...]:
    arrows = {"higher": "higher is better", "lower": "lower is better"}
    notes = [
        f"{label(metric, signature)}: {signature}, {arrows[KNOWN[metric].better]}"
        for (metric, signature), _ in groupby(rows, key=lambda row: (row.metric, row.signature))
        if signature
    ]
    if any(record.infinite for record in records):
        notes.append("A cell with its own n leaves out pairs whose PSNR is infinite: output and target are the same.")
    if any(record.undefined and not isinstance(KNOWN[record.metric], SetMetric) for record in records):
        notes.append("A cell with its own n leaves out pairs for which the metric is not defined.")
    if any(cell.standing for row in rows for cell in row.cells):
        notes.append(MARKS)
    marks = {few(record.metric, record.n) for record in records if record.method not in REFERENCES} - {""}
    notes += [note for mark, note in FEW_NOTES.items() if mark in marks]
    notes += [note for name, note in REFERENCE_NOTES.items() if any(record.method == name for record in records)]
    if any(record.part for record in records):
        notes.append("A part of the protocol: not comparable with the whole.")
    return tuple(notes)


def _said(absent: Mapping[str, str]) -> list[str]:
    """Why metrics are absent, those of one reason together."""
    reasons = {why: [name for name in absent if absent[name] == why] for why in absent.values()}
    return [f"absent: {', '.join(names)}: {why}" for why, names in reasons.items()]


def label(metric: str, signature: str) -> str:
    """How a metric is headed: its name, an arrow for its direction, and which of several samples where there are."""
    arrow = "↑" if KNOWN[metric].better == "higher" else "↓"
    *_, last = signature.split(":")
    chosen = re.fullmatch(r"best-\w+-of-(\d+)(?:-from-(\d+))?|(mean|first)-of-(\d+)", last)
    if chosen is None:
        return f"{metric} {arrow}"
    best, of, other, count = chosen.groups()
    which = f"{other} of {count}" if other else f"best of {best}" + (f" from {of}" if of else "")
    return f"{metric} {which} {arrow}"
