"""What a paired comparison found, as a DataFrame, text, CSV and JSON."""

import csv
import dataclasses
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from inpaint_bench.analysis.labels import metric_label, pairs_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, Value
from inpaint_bench.data.parts import Part
from inpaint_bench.metrics.registry import KNOWN

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1


@dataclass(frozen=True)
class ComparisonRow:
    """One metric and bucket. Both means are over the n pairs in which both values are finite."""

    metric: str
    signature: str
    reduction: str
    bucket: str
    n: int
    left_out: int
    a: Value
    b: Value
    difference: float | None  # a - b
    low: float | None  # of its 95% interval
    high: float | None
    p: float
    adjusted: float  # p by Holm, over the buckets of the metric
    better: Literal["a", "b", None]  # none where they are not separable


@dataclass(frozen=True)
class Comparison:
    """Method a against method b on the same pairs; `frame` has the rows, `str` the text."""

    schema: int
    dataset: str
    part: Part
    fingerprint: str
    pixels: str  # the pixel digest of the pairs
    a: str
    b: str
    rows: tuple[ComparisonRow, ...]
    notes: tuple[str, ...]

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a metric and bucket; an infinite mean is inf, one that is not defined NaN."""
        import pandas as pd

        frame = pd.DataFrame([dataclasses.asdict(row) for row in self.rows])
        numbers = ["a", "b", "difference", "low", "high", "p", "adjusted"]
        return frame.astype(dict.fromkeys(numbers, float)) if self.rows else frame

    def to_text(self) -> str:
        """One line a metric and bucket, numbers rounded as in tables, differences with one more digit."""
        return as_text(self)

    def to_csv(self) -> str:
        """One line a metric and bucket, with every digit; no notes."""
        return as_csv(self)

    def to_json(self) -> str:
        """Everything, with every digit."""
        return as_json(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.frame.to_html(index=False)


def as_text(found: Comparison) -> str:
    """One line a metric and bucket, numbers rounded as in tables, differences with one more digit."""
    lines = [["metric", "bucket", "n", "a", "b", "a - b", "95% interval", "p", ""]]
    for number, row in enumerate(found.rows):
        first = not number or found.rows[number - 1].metric != row.metric
        digits = KNOWN[row.metric].decimals
        none = "not separable" if row.n else "-"
        interval = f"{_signed(row.low, digits + 1)} to {_signed(row.high, digits + 1)}" if row.low is not None else "-"
        lines.append(
            [
                metric_label(row.metric, Reduction.parse(row.reduction)) if first else "",
                "All" if row.bucket == ALL else row.bucket,
                f"{row.n} of {row.n + row.left_out}" if row.left_out else str(row.n),
                *("-" if mean is None else f"{mean:.{digits}f}" for mean in (row.a, row.b)),
                _signed(row.difference, digits + 1),
                interval,
                f"{row.adjusted:.4f}",
                {"a": f"{found.a} better", "b": f"{found.b} better"}.get(row.better or "", none),
            ]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [pairs_label(found.dataset, found.part, found.fingerprint, found.pixels)]
    text += [f"a: {found.a}", f"b: {found.b}", ""]
    for line in lines:
        cells = [
            cell.rjust(width) if 2 <= i <= 7 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join([*text, "", *found.notes, ""])


def _signed(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:+.{digits}f}"


def as_csv(found: Comparison) -> str:
    """One line a metric and bucket, with every digit; no notes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method_a", "method_b", *(field.name for field in dataclasses.fields(ComparisonRow))])
    for row in found.rows:
        writer.writerow([found.a, found.b, *dataclasses.astuple(row)])
    return out.getvalue()


def as_json(found: Comparison) -> str:
    """Everything, with every digit."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"
