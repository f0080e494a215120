"""Per-pair data that a result is computed from: scores, image features, or counts of objects.

Each kind says what its pairs, or some of them, come to, how sure that is, and how far two methods lie apart.
Everything is computed over rows, a choice of the run's pairs; two methods are always compared over the same ones.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from jaxtyping import Float64

from inpaint_bench import __version__
from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.results import PairMask, Summary, Value
from inpaint_bench.analysis.statistics import (
    LEVEL,
    Difference,
    Interval,
    Significance,
    difference,
    intervals,
    mean_interval,
    separable,
)
from inpaint_bench.analysis.statistics.ratios import ratio_difference, ratio_interval
from inpaint_bench.analysis.statistics.subsampling import (
    FEWEST,
    halves_of,
    real_vs_real,
    set_difference,
    set_interval,
    set_separable,
    values_of_subsets,
)
from inpaint_bench.analysis.votes import PairVotes, compared_votes, significance_of_votes
from inpaint_bench.errors import NotComparableError
from inpaint_bench.metrics import cache_file
from inpaint_bench.metrics.base import Features, Metric, SamplesMetric, SetMetric
from inpaint_bench.metrics.detection import DetectionMetric

PerPair = Float64[np.ndarray, "pairs"]


def average(values: PerPair | Iterable[float]) -> Summary:
    """The mean of the finite values, how many they are, and how many are infinite and undefined."""
    every = values if isinstance(values, np.ndarray) else np.fromiter(values, dtype=np.float64)
    finite: np.ndarray = every[np.isfinite(every)]
    infinite = int(np.isinf(every).sum())
    mean: Value = math.fsum(finite.data) / len(finite) if len(finite) else ("inf" if infinite else None)
    return Summary(mean, len(finite), infinite, len(every) - len(finite) - infinite)


@dataclass(frozen=True, eq=False)
class PairValues:
    """A score of every pair; the result is their mean."""

    metric: Metric | SamplesMetric
    signature: str
    where: Path  # the file that it was read from
    source: str  # the sha256 of what was read
    reduction: Reduction
    values: PerPair

    def summary(self, rows: PairMask) -> Summary:
        """The mean over those pairs."""
        return average(self.values[rows])

    def interval(self, rows: PairMask, seed_text: str) -> Interval:
        """The bootstrap interval of the mean."""
        return mean_interval(self.values[rows], seed_text)


@dataclass(frozen=True, eq=False)
class SetFeatures:
    """Image features of the composite and of the target of every pair; the result is a distance of the two sets.

    A pair without features, whose image is too small for the network, is in no set and counts as undefined.
    """

    metric: SetMetric
    signature: str
    where: Path
    source: str
    reduction: Reduction
    stem: str  # the signature without what the reduction adds
    composites: Features
    targets: Features
    targets_source: str

    @cached_property
    def defined(self) -> PairMask:
        """The pairs that have features."""
        return np.asarray(np.isfinite(self.composites).all(axis=1) & np.isfinite(self.targets).all(axis=1))

    def only_defined(self) -> "SetFeatures":
        """The same data without the pairs that have no features."""
        if self.defined.all():
            return self
        composites, targets = self.composites[self.defined], self.targets[self.defined]
        return dataclasses.replace(self, composites=composites, targets=targets)

    def summary(self, rows: PairMask) -> Summary:
        """The distance of the two sets; not defined for fewer than two pairs."""
        every, rows = int(rows.sum()), rows & self.defined
        n = int(rows.sum())
        if n < 2:
            return Summary(None, 0, undefined=every)
        value = self._kept(
            float, "value", rows, lambda: self.metric.function(self.composites[rows], self.targets[rows])
        )
        return Summary(value, n, undefined=every - n)

    def interval(self, rows: PairMask, seed_text: str) -> Interval:
        """The interval of the distance, from halves of the pairs; none for too few."""
        rows = rows & self.defined

        def draw() -> Interval:
            return set_interval(self.metric.function, self.composites[rows], self.targets[rows], seed_text)

        found: Interval = self._kept(Interval, f"interval of level {LEVEL}:{seed_text}", rows, draw)
        return found

    def real_vs_real(self, rows: PairMask, seed_text: str) -> Summary:
        """The lower bound: the distance between two halves of the targets, of `n` pictures each."""
        every, rows = int(rows.sum()), rows & self.defined
        n = int(rows.sum())
        if n < 4:
            return Summary(None, 0, undefined=every)
        alone = dataclasses.replace(self, source="")  # it knows nothing of the composites
        value = alone._kept(
            float, f"floor:{seed_text}", rows, lambda: real_vs_real(self.metric.function, self.targets[rows], seed_text)
        )
        return Summary(value, n // 2)

    def at_halves(self, seed_text: str, draws: int) -> list[float]:
        """The distance at random halves of the run's pairs; NaN where fewer than two of a half have features."""
        places, rows = np.cumsum(self.defined) - 1, np.ones(len(self.defined), dtype=np.bool_)
        halves = [places[half[self.defined[half]]] for half in halves_of(len(rows), seed_text, draws)]

        def draw() -> list[float]:
            one, able = self.only_defined(), [half for half in halves if len(half) > 1]
            return values_of_subsets(self.metric.function, one.composites, one.targets, able)

        found = iter(self._kept(list[float], f"{draws} halves:{seed_text}", rows, draw))
        return [next(found) if len(half) > 1 else math.nan for half in halves]

    def without_reduction(self) -> "SetFeatures":
        """The same data under the signature of a method with one output a pair."""
        return dataclasses.replace(self, signature=self.stem, reduction=NONE)

    def significance(self, methods: Mapping[str, "SetFeatures"], rows: PairMask, seed_text: str) -> Significance:
        """Which of several methods, this one among them, differ significantly from the best."""
        rows = rows & self.defined  # the same pairs for every method: their images have one size
        if rows.sum() < FEWEST:  # of one pair a distance is not even defined
            return Significance(0, None, {}, dict.fromkeys(methods, 1.0), dict.fromkeys(methods, "not separable"))
        names = [f"{name}={one.source}" for name, one in methods.items()]
        sets = {name: one.composites[rows] for name, one in methods.items()}

        def draw() -> Significance:
            return set_separable(self.metric.function, sets, self.targets[rows], self.metric.better, seed_text)

        found: Significance = self._kept(Significance, f"significance:{seed_text}:{names}", rows, draw)
        return found

    def _kept(self, kind: Any, what: str, rows: PairMask, compute: Callable[[], Any]) -> Any:
        """A value from the cache, or computed and cached, by the features' content and the computation."""
        hashes = (self.source, self.targets_source, rows.tobytes().hex())
        key = cache_file.key_of(f"{__version__}:{what}:{self.signature}", "cpu", *hashes)
        if (kept := cache_file.get_many([key]).get(key)) is not None:
            return msgspec.json.decode(kept, type=kind)
        value = compute()
        cache_file.put_many({key: msgspec.json.encode(value)})
        return value


@dataclass(frozen=True, eq=False)
class ObjectCounts:
    """A numerator and a denominator of every pair, counted over its objects; the result is the ratio of the sums."""

    metric: DetectionMetric
    signature: str
    where: Path
    source: str
    reduction: Reduction
    counted: PerPair
    out_of: PerPair

    def summary(self, rows: PairMask) -> Summary:
        """The ratio over those pairs; a pair without an object counts as undefined."""
        held = rows & (self.out_of > 0)
        n, total = int(held.sum()), math.fsum(self.out_of[held])
        value = math.fsum(self.counted[held]) / total if n else None
        return Summary(value, n, undefined=int(rows.sum()) - n)

    def interval(self, rows: PairMask, seed_text: str) -> Interval:
        """The bootstrap interval of the ratio, over pairs."""
        return ratio_interval(self.counted[rows], self.out_of[rows], seed_text)


PerPairData: TypeAlias = PairValues | SetFeatures | ObjectCounts | PairVotes


def intervals_of(per_pair: Sequence[PerPairData], rows: PairMask, seed_text: str) -> list[Interval]:
    """The interval of each; means over pairs share their resamples, which is many times faster."""
    means = [one for one in per_pair if isinstance(one, PairValues)]
    drawn = iter(intervals(np.stack([one.values[rows] for one in means], axis=1), seed_text) if means else ())
    return [next(drawn) if isinstance(one, PairValues) else one.interval(rows, seed_text) for one in per_pair]


def compared(a: PerPairData, b: PerPairData, rows: PairMask, seed_text: str) -> tuple[Value, Value, Difference]:
    """The values of two methods over the same pairs, and their paired difference a - b.

    Of values, over the pairs in which both are finite. Raises NotComparableError for a ratio whose objects are not
    the same for both, such as those that each found.
    """
    if isinstance(a, PairValues) and isinstance(b, PairValues):
        x, y = a.values[rows], b.values[rows]
        both = np.isfinite(x) & np.isfinite(y)
        first, second = (average(values[both]).value for values in (x, y))
        return first, second, difference(x, y, seed_text)
    if isinstance(a, SetFeatures) and isinstance(b, SetFeatures):
        rows = rows & a.defined & b.defined
        if rows.sum() < 2:
            return None, None, Difference(0, None, None, 1.0)
        sets = (a.composites[rows], b.composites[rows], a.targets[rows])
        found = set_difference(a.metric.function, *sets, seed_text)
        return a.summary(rows).value, b.summary(rows).value, found
    if isinstance(a, ObjectCounts) and isinstance(b, ObjectCounts) and a.metric.paired:
        found = ratio_difference(a.counted[rows], b.counted[rows], a.out_of[rows], seed_text)
        return a.summary(rows).value, b.summary(rows).value, found
    if isinstance(a, PairVotes) and isinstance(b, PairVotes):
        return compared_votes(a, b, rows)
    raise NotComparableError(f"{a.metric.name} is a mean over what each method found: it has no paired difference.")


def significance_of(per_pair: Mapping[str, PerPairData], rows: PairMask, seed_text: str) -> Significance:
    """The best of several methods in one metric, and which of the others differ from it significantly."""
    first = next(iter(per_pair.values()))
    better = first.metric.better
    if isinstance(first, SetFeatures):
        sets = {name: one for name, one in per_pair.items() if isinstance(one, SetFeatures)}
        return first.significance(sets, rows, seed_text)
    if isinstance(first, ObjectCounts):  # out of the same objects: who counts more has the larger ratio
        held = rows & (first.out_of > 0)
        counts = {name: one.counted[held] for name, one in per_pair.items() if isinstance(one, ObjectCounts)}
        return separable(counts, better, seed_text)
    if isinstance(first, PairVotes):
        return significance_of_votes({name: one for name, one in per_pair.items() if isinstance(one, PairVotes)}, rows)
    values = {name: one.values[rows] for name, one in per_pair.items() if isinstance(one, PairValues)}
    finite = {name: some for name, some in values.items() if np.isfinite(some).any()}  # of none else there is a mean
    if not finite:
        return Significance(0, None, {}, {}, {})
    return separable(finite, better, seed_text)
