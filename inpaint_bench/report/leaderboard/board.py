"""A leaderboard in memory: rows of submissions and of what papers report, with the columns that they share."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.per_pair import PairValues
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import Result, Value
from inpaint_bench.metrics.registry import KNOWN, ORDER, few
from inpaint_bench.report.leaderboard.card import EntryCard
from inpaint_bench.report.leaderboard.check import Entry, Tier
from inpaint_bench.report.leaderboard.submission import Submission, Time

Basis: TypeAlias = Literal["derived", "stated", "printed"]


@dataclass(frozen=True)
class Column:
    """What numbers of one column share: numbers of unlike signatures never do."""

    metric: str
    signature: str
    label: str
    better: Literal["higher", "lower"]
    unit: str
    order: int

    @property
    def key(self) -> str:
        """Its name in the data of the page."""
        return f"{self.metric}|{self.signature}"


@dataclass(frozen=True)
class BoardNumber:
    """One number: `text` as tables print it, `basis` says whether scores gave it, a file or a paper states it."""

    bucket: str
    column: Column
    value: Value
    text: str
    basis: Basis
    n: int | None = None
    low: float | None = None
    high: float | None = None
    scores: str = ""
    source: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """A method on a protocol, with its numbers by bucket and column."""

    id: str  # also the name of its files on the site
    protocol: str
    name: str
    tier: Tier
    card: EntryCard | None  # none of what a paper reports
    title: str
    year: int | None
    licences: tuple[str, str]  # of the code, of the weights
    parameters: int | None
    time: Time | None
    numbers: Mapping[tuple[str, str], BoardNumber]
    submission: Submission | None = None
    again: tuple[Submission, ...] = ()
    values: Mapping[str, PairValues] = field(default_factory=dict)  # by column


def column_of(result: Result) -> Column:
    """The column of a result."""
    metric = KNOWN[result.metric]
    label = metric_label(result.metric, Reduction.parse(result.reduction))
    return Column(result.metric, result.signature, label, metric.better, metric.unit, ORDER[result.metric])


def row_of(entry: Entry) -> Row:
    """The row of a submission: the numbers that tables show by default."""
    one, card = entry.submission, entry.submission.header.card
    numbers = [_number(entry, result) for result in one.results if Reduction.parse(result.reduction).main]
    return Row(
        id=f"{one.protocol}.{one.method}",
        protocol=one.protocol,
        name=one.method,
        tier=entry.tier,
        card=card,
        title=card.title,
        year=card.year,
        licences=(card.code_licence, card.weights_licence),
        parameters=card.parameters,
        time=one.header.time,
        numbers={(number.bucket, number.column.key): number for number in numbers},
        submission=one,
        again=entry.again,
        values={f"{metric}|{signature}": data for (metric, signature), data in entry.values.items()},
    )


def _number(entry: Entry, result: Result) -> BoardNumber:
    text = "–" if result.value is None else f"{float(result.value):.{KNOWN[result.metric].decimals}f}"
    mark = few(result.metric, result.n) if result.value is not None else ""
    basis: Basis = "derived" if entry.derived(result) else "stated"
    ends = (result.low, result.high)
    return BoardNumber(
        result.bucket, column_of(result), result.value, text + mark, basis, result.n, *ends, scores=result.scores
    )


def columns_of(rows: Iterable[Row]) -> list[Column]:
    """The columns of some rows, in the order of tables."""
    found = dict.fromkeys(number.column for row in rows for number in row.numbers.values())
    return sorted(found, key=lambda column: (column.order, column.metric, column.signature))


def buckets_of(rows: Iterable[Row]) -> list[str]:
    """The buckets of some rows, all pairs first."""
    return sorted({bucket for row in rows for bucket, _ in row.numbers}, key=lambda name: (name != "all", name))


def ranked(rows: Sequence[Row], bucket: str, column: Column) -> Iterator[Row]:
    """The rows with a number in a column, the best first."""

    def value_of(row: Row) -> float:
        number = row.numbers.get((bucket, column.key))
        value = math.nan if number is None or number.value is None else float(number.value)
        return -value if column.better == "higher" else value

    return iter(sorted((row for row in rows if not math.isnan(value_of(row))), key=value_of))
