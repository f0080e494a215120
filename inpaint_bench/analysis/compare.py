"""Paired comparison of two methods: the mean difference, its confidence interval, and a test."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.per_pair import PerPairData
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, REFERENCES, Result, Value
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.statistics import ALPHA, RESAMPLES
from inpaint_bench.analysis.verdicts import Number, Pairs, Policy, compare_numbers
from inpaint_bench.data.parts import Part
from inpaint_bench.errors import IncompleteError, InputError, NotComparableError, did_you_mean, some
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import SetMetric
from inpaint_bench.metrics.detection import DetectionMetric
from inpaint_bench.metrics.registry import KNOWN, ORDER, few

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
BETTER: dict[str, Literal["a", "b"]] = {"better": "a", "worse": "b"}


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


@dataclass(frozen=True)
class Side:
    """A method of a run: its results, by metric and bucket, and the per-pair data that they were computed from."""

    name: str
    run: RunData
    results: dict[tuple[str, str], Result]  # by metric and bucket
    per_pair: dict[str, PerPairData]  # by metric

    @property
    def metrics(self) -> list[str]:
        """The metrics that it has results of, in their order."""
        return sorted({metric for metric, _ in self.results}, key=ORDER.__getitem__)


def compare(a: str, b: str, run_a: RunData, run_b: RunData, metrics: Iterable[str] = ()) -> Comparison:
    """Method a of one run against method b of another or the same, in the metrics given or all that both have.

    Raises NotComparableError unless both saw the same pairs and their values were computed alike, HashError when
    scores are not those that the results were made from, and InputError for a name that is not known.
    """
    if (a, run_a.path) == (b, run_b.path):
        raise InputError(f"{run_a.path}: {a} cannot be compared with itself. Give two methods, or two runs.")
    wanted = list(metrics)
    one, other = _side(run_a, a, wanted), _side(run_b, b, wanted)
    _same_pairs(one, other)
    chosen = _metrics(one, other, wanted)
    for metric in chosen:
        _same_numbers(one, other, metric)
    rows = tuple(row for metric in chosen for row in _rows(one, other, metric))
    names = (a, b) if a != b else (f"{a} of {run_a.path}", f"{b} of {run_b.path}")
    info = run_a.info
    return Comparison(SCHEMA, info.protocol.name, info.part, info.fingerprint, *names, rows, _notes(one, other, rows))


def _side(run: RunData, method: str, wanted: Sequence[str]) -> Side:
    """A method of a run, with the per-pair data of some metrics, or of all."""
    results = [one for one in run.result_list if one.method == method and one.main and method not in REFERENCES]
    if not results and method in run.info.methods:
        raise IncompleteError(
            f"{run.path}: {method} has no results: pairs are missing or not scored, or its weights are synthetic. "
            "Run it again; finished pairs are kept."
        )
    if not results:
        known = {result.method for result in run.result_list} - set(REFERENCES)
        raise InputError(f"{run.path}: no method here is called '{method}'. {did_you_mean(method, known)}")
    metrics = {result.metric: result for result in results if result.metric in wanted or not wanted}
    data = {name: run.data_of(result) for name, result in metrics.items()}
    return Side(method, run, {(result.metric, result.bucket): result for result in results}, data)


def _same_pairs(a: Side, b: Side) -> None:
    ours, theirs = a.run.info.fingerprint, b.run.info.fingerprint
    if ours != theirs:
        raise NotComparableError(
            f"{a.run.path} and {b.run.path} do not hold the same pairs: fingerprints {ours} and {theirs}. "
            "Run both methods on one dataset."
        )
    if other := {pair.pair for pair in {*a.run.pairs} ^ {*b.run.pairs}}:
        raise NotComparableError(
            f"{a.run.path} and {b.run.path} do not hold the same pixels of pair {some(sorted(other))}. "
            "Run both methods on the same files."
        )


def _metrics(a: Side, b: Side, wanted: list[str]) -> list[str]:
    both = [metric for metric in a.metrics if metric in b.metrics]
    for name in wanted:
        if name not in both:
            raise InputError(f"{a.name} and {b.name} share no metric '{name}'. {did_you_mean(name, both)}")
    chosen = [
        metric for metric in both if metric in wanted or (not wanted and metric not in RECORDED and _paired(metric))
    ]
    if not chosen:
        raise NotComparableError(
            f"{a.name} and {b.name} have no metric in common: {', '.join(a.metrics)}; {', '.join(b.metrics)}. "
            "`inpaint-bench score RUN --metrics …` adds what is missing."
        )
    return chosen


def _paired(metric: str) -> bool:
    """Whether the metric allows a paired comparison of two methods."""
    found = KNOWN[metric]
    return not isinstance(found, DetectionMetric) or found.paired


def _same_numbers(a: Side, b: Side, metric: str) -> None:
    for bucket in a.run.buckets:
        of_a, of_b = a.results.get((metric, bucket)), b.results.get((metric, bucket))
        if of_a and of_b and of_a.signature != of_b.signature:
            raise NotComparableError(
                f"{metric} of {a.name} is {of_a.signature}, of {b.name} {of_b.signature}: not the same number. "
                "Compare methods whose signatures agree."
            )
        counts = [one.n + one.infinite + one.undefined if one else 0 for one in (of_a, of_b)]
        if counts[0] != counts[1] or not counts[0]:
            raise NotComparableError(
                f"{metric} in bucket {bucket}: {counts[0]} pairs of {a.name}, {counts[1]} of {b.name}. "
                "Make the results again with `inpaint-bench score`."
            )


def _rows(a: Side, b: Side, metric: str) -> Iterator[ComparisonRow]:
    """A row for every bucket that holds a pair."""
    verdicts = compare_numbers(_numbers(a, metric), _numbers(b, metric), lambda _: Policy(KNOWN[metric].better))
    for bucket, verdict in zip(a.run.buckets, verdicts, strict=True):
        result, test = a.results[metric, bucket], verdict.test
        assert test is not None  # both sides have their pairs
        low, high = test.interval or (None, None)
        yield ComparisonRow(
            metric,
            result.signature,
            result.reduction,
            result.bucket,
            test.n,
            result.n + result.infinite + result.undefined - test.n,
            verdict.a,
            verdict.b,
            verdict.difference,
            low,
            high,
            test.p,
            verdict.adjusted,
            BETTER.get(verdict.state),
        )


def _numbers(side: Side, metric: str) -> list[Number]:
    """A metric in the buckets that hold a pair."""
    return [
        Number(
            (metric, bucket),
            side.results[metric, bucket].value,
            pairs=Pairs(side.per_pair[metric], rows, f"{metric}:{bucket}"),
        )
        for bucket, rows in side.run.buckets.items()
    ]


def _notes(a: Side, b: Side, rows: Iterable[ComparisonRow]) -> tuple[str, ...]:
    listed = list(rows)
    heads = dict.fromkeys((row.metric, row.reduction, row.signature) for row in listed)
    notes = [
        f"{metric_label(metric, Reduction.parse(reduction))}: {signature}, {KNOWN[metric].better} is better"
        for metric, reduction, signature in heads
    ]
    notes += [
        f"a - b: mean over the pairs, with its 95% bootstrap interval, {RESAMPLES} resamples",
        "p: two-sided sign-flip test of the pairs, adjusted by Holm over the buckets of a metric; "
        f"better is named where p <= {ALPHA}",
    ]
    if any(isinstance(KNOWN[row.metric], SetMetric) for row in listed):
        notes.append("of a distance of sets: interval and p from the same random halves of the pairs for both methods")
    if any(isinstance(KNOWN[row.metric], DetectionMetric) for row in listed):
        notes.append("of objects: interval and test over pictures, each with all its objects")
    if any(few(row.metric, row.n) for row in listed):
        notes.append("a Fréchet distance of few pictures is mostly bias: the difference at this n, and at no other")
    if any(row.left_out for row in listed):
        notes.append("n of more: pairs in which a value is infinite or not defined are left out")
    for side, than in ((a, b), (b, a)):
        if alone := [metric for metric in side.metrics if metric not in than.metrics]:
            notes.append(f"only of {side.name}: {', '.join(alone)}")
    if a.run.info.part:
        notes.append("a part of the protocol: not comparable with the whole")
    return tuple(notes)


# --- formats --------------------------------------------------------------------------------------


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
    text = [f"{found.dataset}{f', only the {found.part} pairs' if found.part else ''}, pairs {found.fingerprint}"]
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
