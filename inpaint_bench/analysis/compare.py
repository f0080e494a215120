"""Paired comparison of two methods: the mean difference, its confidence interval, and a test."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from inpaint_bench.analysis.comparison import SCHEMA, Comparison, ComparisonRow
from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.per_pair import PerPairData
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import REFERENCES, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.statistics import ALPHA, RESAMPLES
from inpaint_bench.analysis.verdicts import Number, Pairs, Policy, compare_numbers
from inpaint_bench.errors import IncompleteError, InputError, NotComparableError, did_you_mean, some
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import SetMetric, StudyMetric
from inpaint_bench.metrics.detection import DetectionMetric
from inpaint_bench.metrics.registry import KNOWN, ORDER, few

BETTER: dict[str, Literal["a", "b"]] = {"better": "a", "worse": "b"}


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
    pairs = (info.protocol.name, info.part, info.fingerprint, info.pixels)
    return Comparison(SCHEMA, *pairs, *names, rows, _notes(one, other, rows))


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
            f"{a.run.path} and {b.run.path} do not hold the same pixels of pair {some(sorted(other))}: pixel digests "
            f"{a.run.info.pixels[:12]} and {b.run.info.pixels[:12]}. Run both methods on the same files."
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
    if any(isinstance(KNOWN[row.metric], StudyMetric) for row in listed):
        notes.append("of preference: interval and p over raters and pairs, a test of equal Bradley-Terry strengths")
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
