"""The plots of a report, from what the results rest on."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.per_pair import SetFeatures, average
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, PairMask, Result
from inpaint_bench.analysis.statistics import drawn_words, intervals
from inpaint_bench.figures.plots import Line, Plot, Point
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN, biased
from inpaint_bench.report.read import Contents, ReportedMethod
from inpaint_bench.report.times import times_shown
from inpaint_bench.timing import read_timings

BINS = 10  # of the mask ratio: tenths
FEWEST = 8  # pictures of a distance between sets
SIZES = 8  # at most so many n, each half of the one before
DRAWN = 4000  # pictures at each n, so that small n are means of more subsets
MOST = 20  # subsets at one n


@dataclass(frozen=True)
class Curve:
    """A plot, the kind of plots that it belongs to, and what is particular to it."""

    kind: str
    metric: str
    plot: Plot
    notes: tuple[str, ...] = ()


def curves(contents: Contents) -> list[Callable[[], Curve]]:
    """What draws each plot that the run has numbers for, in their order; some take long."""
    metrics = list(dict.fromkeys(result.metric for result in contents.results))
    of_pairs = [name for name in metrics if any(name in method.values() for method in contents.methods)]
    means = [name for name in of_pairs if not isinstance(KNOWN[name], SamplesMetric)]
    sampled = [method for method in contents.methods if method.samples]
    found = [_later(_against_ratio, contents, name) for name in means]
    if sampled and contents.run.info.protocol.samples > 1:
        names = [name for name in means if any(method.samples and name in method.samples.tables for method in sampled)]
        found += [_later(_best_of_k, contents, name) for name in names]
    if sizes(len(contents.run.pairs)):
        found += [_later(_against_n, contents, name) for name in metrics if biased(name)]
    times, notes = times_shown(contents, read_timings(contents.run.path))
    if times:
        found += [_later(partial(_against_time, times, notes), contents, name) for name in means]
    return found


def _later(draw: Callable[[Contents, str], Curve], contents: Contents, metric: str) -> Callable[[], Curve]:
    return lambda: draw(contents, metric)


def called(method: ReportedMethod, contents: Contents) -> str:
    """A method as plots name it; of a stochastic one, how many samples were chosen from."""
    return f"{method.name} (best of {contents.run.info.protocol.samples})" if method.samples else method.name


def axis(metric: str) -> str:
    """A metric as axes name it."""
    unit = KNOWN[metric].unit
    return metric_label(metric) + (f" [{unit}]" if unit else "")


def _of_all(contents: Contents, method: str, metric: str) -> Result | None:
    """The result of all pairs that a table shows of a method."""
    wanted = (method, metric, ALL)
    found = (one for one in contents.results if (one.method, one.metric, one.bucket) == wanted and one.main)
    return next(found, None)


# --- score against mask ratio ---------------------------------------------------------------------


def _against_ratio(contents: Contents, metric: str) -> Curve:
    """The mean of each tenth of the mask ratio that holds a pair, with its interval, at those pairs' mean ratio."""
    ratios = np.array([float(pair.ratio) for pair in contents.run.pairs])
    tenth = np.ceil(ratios * BINS).astype(int)
    places = [place for place, method in enumerate(contents.methods) if metric in method.values()]
    table = np.stack([contents.methods[place].values()[metric].values for place in places], axis=1)
    points: list[list[Point]] = [[] for _ in places]
    for bin_ in sorted(set(tenth.tolist())):
        rows = tenth == bin_
        drawn = intervals(table[rows], f"report:ratio:{metric}:{bin_}")
        for number, interval in enumerate(drawn):
            value = average(table[rows, number].tolist()).value
            if isinstance(value, float):
                points[number].append(Point(float(ratios[rows].mean()), value, *(interval or (None, None))))
    lines = tuple(
        Line(called(contents.methods[place], contents), tuple(some), place)
        for place, some in zip(places, points, strict=True)
    )
    infinite = int(np.isinf(table).sum())
    notes = (f"infinite scores, of outputs that are their targets, are in no mean: {infinite}",) if infinite else ()
    return Curve("ratio", metric, Plot(f"ratio.{metric}", "mask ratio", axis(metric), lines), notes)


# --- quality against time -------------------------------------------------------------------------


def _against_time(times: Mapping[str, float], notes: tuple[str, ...], contents: Contents, metric: str) -> Curve:
    lines = []
    for place, method in enumerate(contents.methods):
        result = _of_all(contents, method.name, metric)
        if result and isinstance(result.value, float) and method.name in times:
            point = Point(times[method.name], result.value, result.low, result.high)
            lines.append(Line(called(method, contents), (point,), place))
    plot = Plot(f"time.{metric}", "seconds a picture", axis(metric), tuple(lines), "log", joined=False)
    return Curve("time", metric, plot, notes)


# --- best of k ------------------------------------------------------------------------------------


def _best_of_k(contents: Contents, metric: str) -> Curve:
    """What the best of k samples comes to: k = 1 is the mean over samples, the last one what the table shows."""
    lines = []
    for place, method in enumerate(contents.methods):
        points = [
            Point(float(k), result.value, result.low, result.high)
            for result in contents.results
            if (result.method, result.metric, result.bucket) == (method.name, metric, ALL)
            if isinstance(result.value, float) and (k := chosen_from(Reduction.parse(result.reduction)))
        ]
        if points:
            lines.append(Line(method.name, tuple(sorted(points, key=lambda point: point.x)), place))
    choose = contents.run.info.protocol.choose
    plot = Plot(f"best-of-k.{metric}", f"k, the best by {choose}", axis(metric), tuple(lines), whole=True)
    return Curve("best-of-k", metric, plot)


def chosen_from(reduction: Reduction) -> int:
    """From how many samples the one was chosen that a result is of; 1 for the mean of all, 0 for anything else."""
    return {"best": reduction.k, "mean": 1}.get(reduction.kind, 0)


# --- a Fréchet distance against n -----------------------------------------------------------------


def _against_n(contents: Contents, metric: str) -> Curve:
    """A distance of fewer and fewer pictures, each a mean over subsets; of all of them it is the result's number."""
    lines = []
    for place, method in enumerate(contents.methods):
        for (name, signature), one in method.per_pair.items():
            if name == metric and isinstance(one, SetFeatures):
                result = _of_all(contents, method.name, metric)
                low, high = (result.low, result.high) if result and result.signature == signature else (None, None)
                points = [*_of_subsets(one), Point(float(len(one.targets)), _value(one, _all(one)), low, high)]
                lines.append(Line(called(method, contents), tuple(points), place))
    if floor := _floor(contents, metric):
        lines.append(Line("targets against other targets", floor, None))
    plot = Plot(f"n.{metric}", "n, number of pictures", axis(metric), tuple(lines), "log", whole=True)
    return Curve("n", metric, plot)


def sizes(pairs: int) -> list[int]:
    """The numbers of pictures below all of them, each half of the next, from 8 on."""
    halves = [pairs >> power for power in range(1, SIZES)]
    return sorted(n for n in halves if n >= FEWEST)


def subsets(pairs: int, n: int) -> Iterator[PairMask]:
    """Some of the subsets of n pairs, the same ones for every method."""
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


def _floor(contents: Contents, metric: str) -> tuple[Point, ...]:
    found = [one for method in contents.methods for (name, _), one in method.per_pair.items() if name == metric]
    one = next((one for one in found if isinstance(one, SetFeatures)), None)
    if one is None:
        return ()
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
    assert isinstance(value, float)  # of eight pictures and more it always is
    return value
