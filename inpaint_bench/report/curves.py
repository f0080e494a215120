"""The plots of a report, from per-pair data and results."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.metric_agreement import TITLES
from inpaint_bench.analysis.people import TITLE
from inpaint_bench.analysis.per_pair import SetFeatures, average
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, REAL_VS_REAL, PairMask, Result
from inpaint_bench.analysis.statistics import drawn_words, intervals
from inpaint_bench.figures.heat_map import HeatMap
from inpaint_bench.figures.plots import Drawn, Line, Plot, Point
from inpaint_bench.figures.shares import Shares
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN, biased
from inpaint_bench.report.read import MethodData, ReportData
from inpaint_bench.report.times import times_shown
from inpaint_bench.timing import read_timings

BINS = 10  # of the mask ratio
FEWEST = 8  # images of which a set metric is plotted
SIZES = 8  # at most so many values of n, each half of the next
DRAWN = 4000  # images drawn at each n, so that small n are means over more subsets
MOST = 20  # subsets at one n


@dataclass(frozen=True)
class Curve:
    """A plot, its kind, its metric, and notes beneath it."""

    kind: str
    metric: str
    plot: Drawn
    notes: tuple[str, ...] = ()
    title: str = ""  # in the list of plots of a kind; '' for the metric


def curves(data: ReportData) -> list[Callable[[], Curve]]:
    """A function that draws each plot that the run has data for, in their order; some take long."""
    metrics = list(dict.fromkeys(result.metric for result in data.results))
    of_pairs = [name for name in metrics if any(name in method.values() for method in data.methods)]
    means = [name for name in of_pairs if not isinstance(KNOWN[name], SamplesMetric)]
    sampled = [method for method in data.methods if method.samples]
    found = [_later(_against_ratio, data, name) for name in means]
    if sampled and data.run.info.protocol.samples > 1:
        names = [name for name in means if any(method.samples and name in method.samples.tables for method in sampled)]
        found += [_later(_best_of_k, data, name) for name in names]
    if sizes(len(data.run.pairs)):
        found += [_later(_against_n, data, name) for name in metrics if biased(name)]
    times, notes = times_shown(data, read_timings(data.run.path))
    agreement = data.run.metric_agreement
    if times:
        found += [_later(partial(_against_time, times, notes), data, name) for name in means]
    found += [_later(_of_metrics, data, over) for over in (agreement.over if agreement else ())]
    return found + ([_later(_of_people, data, "people")] if agreement and agreement.of_votes else [])


def _later(draw: Callable[[ReportData, str], Curve], data: ReportData, metric: str) -> Callable[[], Curve]:
    return lambda: draw(data, metric)


def label_of(method: MethodData, data: ReportData) -> str:
    """The name of a method in plots; for a stochastic one with the number of samples."""
    return f"{method.name} (best of {data.run.info.protocol.samples})" if method.samples else method.name


def axis_label(metric: str) -> str:
    """The label of an axis: metric, direction and unit."""
    unit = KNOWN[metric].unit
    return metric_label(metric) + (f" [{unit}]" if unit else "")


def _of_all(data: ReportData, method: str, metric: str) -> Result | None:
    """The result over all pairs that tables show of a method; None if there is none."""
    wanted = (method, metric, ALL)
    found = (one for one in data.results if (one.method, one.metric, one.bucket) == wanted and one.main)
    return next(found, None)


# --- score against mask ratio ---------------------------------------------------------------------


def _against_ratio(data: ReportData, metric: str) -> Curve:
    """The mean over the pairs of each tenth of the mask ratio, with its interval, at the mean ratio of those pairs."""
    ratios = np.array([float(pair.ratio) for pair in data.run.pairs])
    bins = np.ceil(ratios * BINS).astype(int)
    numbers = [number for number, method in enumerate(data.methods) if metric in method.values()]
    table = np.stack([data.methods[number].values()[metric].values for number in numbers], axis=1)
    points: list[list[Point]] = [[] for _ in numbers]
    for bin_ in sorted(set(bins.tolist())):
        rows = bins == bin_
        drawn = intervals(table[rows], f"report:ratio:{metric}:{bin_}")
        for column, interval in enumerate(drawn):
            value = average(table[rows, column].tolist()).value
            if isinstance(value, float):
                points[column].append(Point(float(ratios[rows].mean()), value, *(interval or (None, None))))
    lines = tuple(
        Line(label_of(data.methods[number], data), tuple(some), number)
        for number, some in zip(numbers, points, strict=True)
    )
    infinite = int(np.isinf(table).sum())
    notes = (f"infinite scores (output equal to target) left out of the means: {infinite}",) if infinite else ()
    return Curve("ratio", metric, Plot(f"ratio.{metric}", "mask ratio", axis_label(metric), lines), notes)


# --- quality against time -------------------------------------------------------------------------


def _against_time(times: Mapping[str, float], notes: tuple[str, ...], data: ReportData, metric: str) -> Curve:
    lines = []
    for number, method in enumerate(data.methods):
        result = _of_all(data, method.name, metric)
        if result and isinstance(result.value, float) and method.name in times:
            point = Point(times[method.name], result.value, result.low, result.high)
            lines.append(Line(label_of(method, data), (point,), number))
    plot = Plot(f"time.{metric}", "seconds per image", axis_label(metric), tuple(lines), "log", joined=False)
    return Curve("time", metric, plot, notes)


# --- metrics against metrics ----------------------------------------------------------------------


def _of_metrics(data: ReportData, over: str) -> Curve:
    """How far every two metrics agree over methods, over pairs, or over pairs with the mask ratio held constant."""
    found = data.run.metric_agreement
    assert found is not None
    kind = next(name for name in found.over if name == over)
    of_methods = [note for note in found.notes if note.startswith("over methods")]
    notes = [TITLES[kind], *found.verdicts(kind), *(of_methods if kind == "methods" else ())]
    sentences = tuple(note[:1].upper() + note[1:] for note in notes)
    return Curve("metrics", kind, HeatMap(f"metrics.{kind}", found, kind), sentences, TITLES[kind].partition(",")[0])


def _of_people(data: ReportData, kind: str) -> Curve:
    """How often every metric of pairs agrees with the votes of people."""
    found = data.run.metric_agreement
    assert found is not None
    assert found.of_votes is not None
    notes = [TITLE, *found.of_votes.notes()]
    sentences = tuple(note[:1].upper() + note[1:] for note in notes)
    return Curve("metrics", kind, Shares(f"metrics.{kind}", found.of_votes), sentences, TITLE.partition(":")[0])


# --- best of k ------------------------------------------------------------------------------------


def _best_of_k(data: ReportData, metric: str) -> Curve:
    """The score of the best of k samples: k = 1 is the mean over samples, the last point the value of the table."""
    lines = []
    for number, method in enumerate(data.methods):
        points = [
            Point(float(k), result.value, result.low, result.high)
            for result in data.results
            if (result.method, result.metric, result.bucket) == (method.name, metric, ALL)
            if isinstance(result.value, float) and (k := chosen_among(Reduction.parse(result.reduction)))
        ]
        if points:
            lines.append(Line(method.name, tuple(sorted(points, key=lambda point: point.x)), number))
    choose = data.run.info.protocol.choose
    plot = Plot(f"best-of-k.{metric}", f"k, the best by {choose}", axis_label(metric), tuple(lines), whole=True)
    return Curve("best-of-k", metric, plot)


def chosen_among(reduction: Reduction) -> int:
    """The k of a best of k samples; 1 for the mean of all, 0 for anything else."""
    return {"best": reduction.k, "mean": 1}.get(reduction.kind, 0)


# --- a Fréchet distance against n -----------------------------------------------------------------


def _against_n(data: ReportData, metric: str) -> Curve:
    """A Fréchet distance at each n, the mean over subsets of n images; of all images it is the value of the result."""
    lines = []
    for number, method in enumerate(data.methods):
        for (name, signature), one in method.per_pair.items():
            if name == metric and isinstance(one, SetFeatures) and one.summary(_all(one)).n:
                one = one.only_defined()
                result = _of_all(data, method.name, metric)
                low, high = (result.low, result.high) if result and result.signature == signature else (None, None)
                points = [*_of_subsets(one), Point(float(len(one.targets)), _value(one, _all(one)), low, high)]
                lines.append(Line(label_of(method, data), tuple(points), number))
    if real := _real_vs_real(data, metric):
        lines.append(Line(REAL_VS_REAL, real, None))
    plot = Plot(f"n.{metric}", "n, number of images", axis_label(metric), tuple(lines), "log", whole=True)
    return Curve("n", metric, plot)


def sizes(pairs: int) -> list[int]:
    """The numbers of images below all of them, each half of the next, down to 8."""
    halves = [pairs >> power for power in range(1, SIZES)]
    return sorted(n for n in halves if n >= FEWEST)


def subsets(pairs: int, n: int) -> Iterator[PairMask]:
    """Random subsets of n pairs, the same ones for every method."""
    draws = max(1, min(MOST, DRAWN // n))
    orders = np.argsort(drawn_words("report", f"subsets of {n}", 0, (draws, pairs)), axis=1, kind="stable")
    for order in orders:
        rows = np.zeros(pairs, dtype=np.bool_)
        rows[order[:n]] = True
        yield rows


def _of_subsets(one: SetFeatures) -> Iterator[Point]:
    pairs = len(one.targets)
    for n in sizes(pairs):
        values = [_value(one, rows) for rows in subsets(pairs, n)]
        yield Point(float(n), math.fsum(values) / len(values))


def _real_vs_real(data: ReportData, metric: str) -> tuple[Point, ...]:
    found = [one for method in data.methods for (name, _), one in method.per_pair.items() if name == metric]
    one = next((one for one in found if isinstance(one, SetFeatures)), None)
    if one is None:
        return ()
    one = one.only_defined()
    pairs = len(one.targets)
    points = []
    for n in [n for n in sizes(pairs) if 2 * n <= pairs]:
        rows = _all(one) if n == pairs // 2 else next(subsets(pairs, 2 * n))
        value = one.real_vs_real(rows, f"bucket {ALL}").value
        if isinstance(value, float):
            points.append(Point(float(n), value))
    return tuple(points)


def _all(one: SetFeatures) -> PairMask:
    return np.ones(len(one.targets), dtype=np.bool_)


def _value(one: SetFeatures, rows: PairMask) -> float:
    value = one.summary(rows).value
    assert isinstance(value, float)  # of eight images or more it always is
    return value
