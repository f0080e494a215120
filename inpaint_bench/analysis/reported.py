"""Reported numbers: the printed cells of papers with every digit, and the number of ours that each one means.

They are read from CSV files whose first line is the version; results/reported/README.md explains the columns.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec

from inpaint_bench import files
from inpaint_bench.data.protocols import EightBit
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.base import Better, Metric, SamplesMetric
from inpaint_bench.metrics.registry import CHOOSABLE, find
from inpaint_bench.metrics.registry import signature as signature_of

SCHEMA = "# inpaint-bench reported 1"
MOST_CELLS = 10_000  # of a file; all tables of the SPN paper together have 400
ALL = "all"  # the bucket that holds every pair

# One printed unit in the unit of our metrics; for metrics that we do not measure it is only a label.
UNITS = {
    "": Decimal(1),
    "dB": Decimal(1),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
    "million": Decimal(1_000_000),
    "percent": Decimal("0.01"),
    "10^-1": Decimal("0.1"),
    "10^-2": Decimal("0.01"),
    "10^-3": Decimal("0.001"),
}
COSTS = {"params_m": ("parameters", -6), "seconds": ("time", 0)}  # by printed name: ours, and the power of its unit
SHARES = ("percent", "10^-1", "10^-2", "10^-3")  # in which a number without a unit may be printed

Over: TypeAlias = Literal["pairs", "set", "method"]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Printed = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
Pairs = Annotated[str, msgspec.Meta(pattern=r"^([1-9][0-9]*)?$")]
Samples = Annotated[str, msgspec.Meta(pattern=r"^((best-[a-z0-9_]+|mean|first)-of-[1-9][0-9]*)?$")]
RATIO = r"[01]\.([0-9]|[0-9]+[1-9])"  # as in results, so that 0.2 and 0.20 are not two buckets
Bucket = Annotated[str, msgspec.Meta(pattern=rf"^(|all|{RATIO}-{RATIO})$")]


class Line(Schema, frozen=True):
    """A line of the file."""

    paper: Text
    table: Text
    dataset: str
    row: Text
    method: Text
    bucket: Bucket
    metric: Text
    value: Printed
    unit: str
    over: Over
    better: Better
    ours: str
    eight_bit: Literal["round", "truncate", ""]
    samples: Samples
    n: Pairs
    note: str


COLUMNS = Line.__struct_fields__


@dataclass(frozen=True)
class Reported:
    """One printed cell. `row` is the heading of its row, `method` the system; one system has one set of numbers."""

    paper: str
    table: str
    dataset: str
    row: str
    method: str
    bucket: str
    metric: str  # the heading of the column in the paper
    value: Decimal  # with every printed digit, in printed units
    unit: str
    over: Over  # a mean over pairs, a number of the whole set, or one of the method alone
    better: Better
    ours: str  # the metric of ours that it means; '' where none fits for certain
    eight_bit: EightBit | None
    samples: str  # the reduction of a stochastic method's samples, as results name it: best-psnr-of-5
    n: int | None  # pairs; None where the paper does not say
    note: str
    where: str  # file and line

    @property
    def half(self) -> Decimal:
        """Half a unit of the last printed digit: how far rounding may have moved the number."""
        exponent = self.value.as_tuple().exponent
        assert isinstance(exponent, int)
        return Decimal(5).scaleb(exponent - 1)

    @property
    def low(self) -> Decimal:
        """The smallest number that rounds to the printed one."""
        return self.value - self.half

    @property
    def high(self) -> Decimal:
        """The largest number that rounds to the printed one."""
        return self.value + self.half

    @property
    def unit_size(self) -> Decimal:
        """One printed unit, in the unit of our metric."""
        return UNITS[self.unit]

    @property
    def cost(self) -> str:
        """Our name of the cost that it is; '' where it is none."""
        return COSTS[self.metric][0] if self.metric in COSTS else ""

    @property
    def our_value(self) -> Decimal:
        """The value in the unit of our metric or cost, with the same digits; as printed where it is neither."""
        power = COSTS[self.metric][1] if self.cost else 0
        return self.value.scaleb(self.unit_size.adjusted() + power) if self.cost or self.ours else self.value

    @property
    def heading(self) -> str:
        """Name, unit and direction as printed: 'quality ↑', 'error (percent) ↓'."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.metric}{unit} {'↑' if self.better == 'higher' else '↓'}"

    @property
    def signature(self) -> str:
        """The signature of results of ours that measure the same; '' where `ours` is ''."""
        if not self.ours or self.eight_bit is None:
            return ""
        mark = f":{self.samples}" if self.samples else ""
        return signature_of(find(self.ours), self.eight_bit, raw=False) + mark

    @property
    def source(self) -> str:
        """Where it is printed: 'SPN 2023, Table 2'."""
        return f"{self.paper}, Table {self.table}"

    @property
    def name(self) -> str:
        """The cell as a text: 'Table 1 spn, paris all: psnr 29.69'."""
        place = " ".join(part for part in (self.dataset, self.bucket) if part)
        return f"Table {self.table} {self.row}{f', {place}' if place else ''}: {self.metric} {self.value}"


def reported_files() -> list[Path]:
    """The files of reported numbers that ship with the package."""
    return sorted((files.shipped("results") / "reported").glob("*.csv"))


def read_all(paths: Sequence[Path] = ()) -> list[Reported]:
    """The cells of some files, or of those that ship with the package. Raises InputError as `read_reported` does."""
    cells = [cell for path in dict.fromkeys(paths or reported_files()) for cell in read_reported(path)]
    _refuse_twice(cells)
    return cells


def read_reported(path: Path) -> list[Reported]:
    """The cells of a file, in its order. Raises InputError with the line, the column and what is allowed there."""
    try:
        text = files.read_bytes(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no reported numbers can be read here ({error}).") from error
    first, _, table = text.partition("\n")
    if first.strip() != SCHEMA:
        raise InputError(
            f"{path}: a file of reported numbers begins with the line '{SCHEMA}'; this begins {first[:60]!a}."
        )
    reader = csv.DictReader(io.StringIO(table, newline=""), strict=True)
    columns = list(reader.fieldnames or ())
    if sorted(columns) != sorted(COLUMNS):
        wrong = sorted({*columns} ^ {*COLUMNS}) or ["one twice"]
        raise InputError(f"{path}: the columns must be {', '.join(COLUMNS)}. Missing or unknown: {', '.join(wrong)}.")
    try:
        cells = [_cell(row, f"{path}:{reader.line_num + 1}") for row in islice(reader, MOST_CELLS + 1)]
    except csv.Error as error:
        raise InputError(f"{path}:{reader.reader.line_num + 1}: not a line of CSV ({error}).") from error
    if len(cells) > MOST_CELLS:
        raise InputError(f"{path}: more than {MOST_CELLS:,} numbers, the most that are read. Give those of one paper.")
    if not cells:
        raise InputError(f"{path}: there is no number in it. Give one line per printed cell.")
    _refuse_twice(cells)
    return cells


def _cell(row: dict[str, str], where: str) -> Reported:
    if None in row or None in row.values():
        raise InputError(f"{where}: a line has {len(COLUMNS)} cells, as its header. Quote a text that holds a comma.")
    try:
        line = msgspec.convert(row, Line)
    except msgspec.ValidationError as error:
        column = str(error).rpartition("$.")[2].rstrip("`")
        raise InputError(f"{where}: {column} is '{row.get(column, '')}'. {_allowed(column)}") from error
    _check(line, where)
    return Reported(
        **{name: getattr(line, name) for name in COLUMNS if name not in ("value", "eight_bit", "n")},
        value=Decimal(line.value),
        eight_bit=line.eight_bit or None,
        n=int(line.n) if line.n else None,
        where=where,
    )


def _allowed(column: str) -> str:
    rules = {
        "value": "Give the digits as printed, as in 0.880.",
        "bucket": "Give all, an interval of mask ratios as in 0.2-0.4, or nothing.",
        "n": "Give a number of pairs, or nothing.",
        "samples": "Give which sample of a stochastic method it is of, as in best-psnr-of-5 or mean-of-5, or nothing.",
    }
    hint = Line.__annotations__.get(column)
    words = " or ".join(word or "nothing" for word in get_args(hint) if isinstance(word, str))
    return rules.get(column) or (f"Allowed: {words}." if words else "It may not be empty.")


def _check(line: Line, where: str) -> None:
    """Raise InputError where the columns of a line contradict each other."""
    if line.unit not in UNITS:
        raise InputError(f"{where}: unit is '{line.unit}'. Allowed: {', '.join(filter(None, UNITS))}, or nothing.")
    if line.ours and line.ours not in CHOOSABLE:
        raise InputError(
            f"{where}: ours: no metric is called '{line.ours}'. {did_you_mean(line.ours, CHOOSABLE)} "
            "Leave it empty, with a note, where none fits for certain."
        )
    if line.ours and line.unit and line.unit not in (allowed := _units_of(line.ours)):
        raise InputError(f"{where}: unit is '{line.unit}'. Allowed of {line.ours}: {', '.join(allowed)}, or nothing.")
    low, _, high = line.bucket.partition("-")
    if high and not Decimal(low) < Decimal(high) <= 1:
        raise InputError(f"{where}: bucket is '{line.bucket}'. Mask ratios rise, up to 1.0, as in 0.2-0.4.")
    if line.ours and line.over != ("pairs" if isinstance(CHOOSABLE[line.ours], (Metric, SamplesMetric)) else "set"):
        raise InputError(
            f"{where}: {line.ours} is not over '{line.over}'. Scores are over pairs, distances of sets over a set."
        )
    if bool(line.ours) != bool(line.eight_bit):
        raise InputError(f"{where}: eight_bit is given where ours is, and only there: it is part of what ours means.")
    if line.ours and CHOOSABLE[line.ours].better != line.better:
        raise InputError(f"{where}: better is '{line.better}', but of {line.ours} {CHOOSABLE[line.ours].better} is.")
    if line.over != "method" and not (line.dataset and line.bucket):
        raise InputError(f"{where}: a number over pairs or a set needs a dataset and a bucket.")


def _units_of(ours: str) -> tuple[str, ...]:
    """The units in which a metric of ours may be printed, besides none."""
    unit = CHOOSABLE[ours].unit
    return (unit,) if unit else SHARES


def _refuse_twice(cells: Iterable[Reported]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for cell in cells:
        key = (cell.paper, cell.table, cell.dataset, cell.row, cell.bucket, cell.metric, cell.samples)
        if (other := seen.setdefault(key, cell.where)) != cell.where:
            raise InputError(f"{cell.where}: the cell {cell.name} is in {other} already. Keep one of them.")
