"""Which metrics of a run say the same: rank correlations over its methods and over its pairs, with intervals.

Over methods the results are ranked, of metrics of every kind. Over pairs the values of metrics of pairs are ranked
within each method, and the correlations averaged over methods: that one method is better than another in everything
makes no two metrics agree there. A large hole makes every metric worse, so the same is also computed with the mask
ratio held constant. Values are turned so that more is better: +1 is agreement.

Where people voted on the composites, `people` says how often each metric of pairs agrees with them.

Intervals come from halves of the pairs, as those of set metrics do (`statistics.subsampling`): every metric and method
is computed again for the same halves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64

from inpaint_bench.analysis.labels import pairs_label
from inpaint_bench.analysis.metric_agreement import (
    LEAST_METHODS,
    ComparedMetric,
    Correlations,
    MetricAgreement,
    Over,
    notes_of_few,
)
from inpaint_bench.analysis.people import PeopleAgreement, agreement_with_people
from inpaint_bench.analysis.per_pair import ObjectCounts, PairValues, PerPairData, SetFeatures, average
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, REFERENCES, Result
from inpaint_bench.analysis.run import RunData, checked
from inpaint_bench.analysis.statistics import drawn_words
from inpaint_bench.analysis.statistics.correlation import Matrix, Table, held_constant, interval_ends, rank_correlations
from inpaint_bench.analysis.statistics.subsampling import FEWEST, Subset, draws_of, halves_of
from inpaint_bench.errors import InputError, refuse_unknown
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import Metric, SamplesMetric, SetMetric
from inpaint_bench.metrics.detection import DetectionMetric
from inpaint_bench.metrics.registry import KNOWN, ORDER

DRAWS = 100  # halves, at most
SEED_TEXT = "agreement of metrics"
MOST_AGAIN = 1000  # pairs up to which distances of sets are computed again for halves; of more it would take hours
T95 = 1.959964  # of a normal distribution: from an interval back to its standard error
Key: TypeAlias = tuple[str, str]  # metric, signature without what a reduction adds
Subsets: TypeAlias = list[Subset]
Signs = Float64[np.ndarray, "metrics"]
PerPair = Float64[np.ndarray, "pairs"]
PerHalf = Float64[np.ndarray, "draws"]


def compare_metrics(run: RunData, methods: Sequence[str] = (), metrics: Sequence[str] = ()) -> MetricAgreement:
    """The agreement of the metrics given, or of all, over the methods given, or all.

    Raises InputError for a name that is not known, and where there are fewer than two metrics, or neither 4 methods
    nor 8 pairs, nor votes of people. Raises HashError where scores are not those that the results were made from.
    """
    results = _results(run, methods, metrics)
    keys = sorted({_key(one) for one in results}, key=lambda key: (ORDER[key[0]], key[1]))
    names = sorted({one.method for one in results})
    of = {(one.method, _key(one)): one for one in results}
    data = {place: _data(run, one) for place, one in of.items()}
    people = _with_people(run, names, keys, data)
    if (lacking := _lacking(len(run.pairs), names, keys)) and people is None:
        raise InputError(f"{run.path}: {lacking}")
    signs = np.array([1.0 if KNOWN[metric].better == "higher" else -1.0 for metric, _ in keys])
    over = _over_methods(run, names, keys, of, data) if len(names) >= LEAST_METHODS else {}
    over |= _over_pairs(run, names, keys, data) if len(run.pairs) >= FEWEST else {}
    found: dict[Over, Correlations] = {name: _turned(one, signs) for name, one in over.items() if one.shown}
    info = run.info
    pairs = (info.protocol.name, info.part, info.fingerprint, info.pixels)
    notes = _notes(len(names), len(run.pairs), keys, found, bool(info.part))
    of_people = people.notes() if people else ()
    return MetricAgreement(*pairs, pairs_label(*pairs), _compared(keys), found, (*notes, *of_people), people)


def enough(run: RunData) -> bool:
    """Whether a run has the metrics, and the methods or pairs, that a comparison of metrics needs."""
    results = _results(run, (), ())
    return not _lacking(len(run.pairs), {one.method for one in results}, {_key(one) for one in results})


def _with_people(
    run: RunData, names: Sequence[str], keys: Sequence[Key], data: Mapping[tuple[str, Key], PerPairData | None]
) -> PeopleAgreement | None:
    """How often the metrics agree with the votes on the run's composites; None where there are none."""
    if run.study is None:
        return None
    of_methods = [{name: data.get((name, key)) for name in names} for key in keys]
    facts = zip(_compared(keys), of_methods, strict=True)
    return agreement_with_people(run.study, names, [(one.label, one.better, of) for one, of in facts])


def _lacking(pairs: int, methods: Collection[str], keys: Collection[Key]) -> str:
    """What is missing for a comparison, in a sentence; '' for nothing."""
    if len(keys) < 2:
        return (
            f"results of {len(keys)} metric, and two are needed to compare metrics. "
            "`inpaint-bench score RUN --metrics …` adds some."
        )
    if len(methods) < LEAST_METHODS and pairs < FEWEST:
        return (
            f"{len(methods)} methods on {pairs} pairs are too few to compare metrics: {LEAST_METHODS} methods or "
            f"{FEWEST} pairs are needed."
        )
    return ""


def _results(run: RunData, methods: Sequence[str], metrics: Sequence[str]) -> list[Result]:
    """The results over all pairs of the methods and metrics."""
    every = [r for r in run.result_list if r.main and r.bucket == ALL]
    every = [r for r in every if r.metric not in RECORDED and r.method not in REFERENCES]
    refuse_unknown("metric here is", metrics, {one.metric for one in every})
    refuse_unknown("method here is", methods, {one.method for one in every})
    return [r for r in every if r.metric in (metrics or [r.metric]) and r.method in (methods or [r.method])]


def _key(result: Result) -> Key:
    return result.metric, result.signature.removesuffix(Reduction.parse(result.reduction).suffix)


def _compared(keys: Sequence[Key]) -> tuple[ComparedMetric, ...]:
    names = [metric for metric, _ in keys]
    labels = [metric if names.count(metric) == 1 else signature for metric, signature in keys]
    facts = zip(labels, keys, strict=True)
    return tuple(ComparedMetric(label, KNOWN[metric].better, signature) for label, (metric, signature) in facts)


def _data(run: RunData, result: Result) -> PerPairData | None:
    """The per-pair data of a result; None where the run has none of it, as of what people prefer."""
    if not isinstance(KNOWN[result.metric], (Metric, SamplesMetric, SetMetric, DetectionMetric)):
        return None
    candidates = (one for one in run.per_pair(result.method, [result.metric]) if one.metric.name == result.metric)
    found = next((one for one in candidates if one.signature == result.signature), None)
    return None if found is None else checked(run.path, result, found)


# --- over methods ---------------------------------------------------------------------------------


def _over_methods(
    run: RunData,
    names: Sequence[str],
    keys: Sequence[Key],
    of: Mapping[tuple[str, Key], Result],
    data: Mapping[tuple[str, Key], PerPairData | None],
) -> dict[Over, Correlations]:
    """The correlations of results, and those of the same results over halves of the pairs."""
    n, values = len(run.pairs), np.full((len(names), len(keys)), np.nan)
    draws = min(DRAWS, draws_of(n))
    halves = halves_of(n, SEED_TEXT, draws) if n >= FEWEST else []
    drawn = np.full((len(halves), *values.shape), np.nan)
    for (row, method), (column, key) in (
        (one, other) for one in enumerate(names) for other in enumerate(keys) if (one[1], other[1]) in of
    ):
        result = of[method, key]
        values[row, column] = np.nan if result.value is None else float(result.value)
        drawn[:, row, column] = _at(data[method, key], result, halves)
    rho = rank_correlations(values, LEAST_METHODS)
    if halves:
        of_halves = np.stack([rank_correlations(one, LEAST_METHODS) for one in drawn])
        ends = interval_ends(rho, of_halves, n)
    else:
        ends = (np.full_like(rho, np.nan), np.full_like(rho, np.nan))
    there = (~np.isnan(values)).astype(float)
    return {"methods": Correlations(rho, *ends, there.T @ there, n)}


def _at(data: PerPairData | None, result: Result, halves: Subsets) -> Iterable[float]:
    """What a result would be over each half of the pairs."""
    if isinstance(data, PairValues):
        found = [average(data.values[half].tolist()).value for half in halves]
        return [np.nan if one is None else float(one) for one in found]
    if isinstance(data, ObjectCounts):
        totals = np.array([data.out_of[half].sum() for half in halves])
        counted = np.array([data.counted[half].sum() for half in halves])
        return np.where(totals > 0, counted / np.where(totals > 0, totals, 1), np.nan)
    if isinstance(data, SetFeatures) and halves and len(data.targets) <= MOST_AGAIN:
        return data.at_halves(SEED_TEXT, len(halves))
    return _within_interval(result, len(halves))


def _within_interval(result: Result, draws: int) -> PerHalf:
    """Normal values as wide as the interval of a result: one without data of pairs, or a distance of large sets."""
    from scipy import special

    if result.low is None or result.high is None or result.value is None:
        return np.full(draws, np.nan)
    words = drawn_words("agreement", f"{result.metric}:{result.method}", 0, (1, draws))[0]
    normal = special.ndtri(((words >> np.uint64(11)) + 0.5) * 2.0**-53)
    return np.asarray(float(result.value) + (result.high - result.low) / (2 * T95) * normal)


# --- over pairs -----------------------------------------------------------------------------------


def _over_pairs(
    run: RunData, names: Sequence[str], keys: Sequence[Key], data: Mapping[tuple[str, Key], PerPairData | None]
) -> dict[Over, Correlations]:
    """The correlations within each method, averaged over methods: plain, and with the mask ratio held constant."""
    n = len(run.pairs)
    ratios = [float(pair.ratio) for pair in run.pairs]
    tables = []
    for method in names:
        columns = [_values(data.get((method, key)), n) for key in keys]
        tables.append(np.stack([*columns, np.array(ratios)], axis=1))
    halves = halves_of(n, SEED_TEXT, min(DRAWS, draws_of(n)))
    values, counts = _within_methods(tables, FEWEST)
    drawn = [_within_methods([table[half] for table in tables], FEWEST // 2)[0] for half in halves]
    found: dict[Over, Correlations] = {}
    for number, over in enumerate(("pairs", "partial")):
        ends = interval_ends(values[number], np.stack([one[number] for one in drawn]), n)
        found[over] = Correlations(values[number], *ends, counts[number], n)  # type: ignore[index]
    return found


def _values(data: PerPairData | None, n: int) -> PerPair:
    return data.values if isinstance(data, PairValues) else np.full(n, np.nan)


def _within_methods(tables: Sequence[Table], fewest: int) -> tuple[list[Matrix], list[Matrix]]:
    """The mean over methods of both kinds of correlation, and over how many methods each mean is."""
    every = [rank_correlations(table, fewest) for table in tables]
    means, counts = [], []
    for kind in (np.stack([one[:-1, :-1] for one in every]), np.stack([held_constant(one) for one in every])):
        count = np.isfinite(kind).sum(axis=0)
        total = np.where(np.isfinite(kind), kind, 0).sum(axis=0)
        means.append(np.where(count > 0, total / np.maximum(1, count), np.nan))
        counts.append(count.astype(float))
    return means, counts


def _turned(one: Correlations, signs: Signs) -> Correlations:
    """The same correlations of values of which more is better."""
    sign = np.outer(signs, signs)
    low, high = np.where(sign > 0, one.low, -one.high), np.where(sign > 0, one.high, -one.low)
    return Correlations(sign * one.rho, low, high, one.methods, one.pairs)


# --- notes ----------------------------------------------------------------------------------------


def _notes(
    methods: int, pairs: int, keys: Sequence[Key], found: Mapping[Over, Correlations], part: bool
) -> tuple[str, ...]:
    rho = "Spearman's rank correlation, turned so that +1 means that two metrics agree on what is better"
    notes = [rho] if found else []
    notes += notes_of_few(methods)
    if pairs < FEWEST:
        notes.append(f"over pairs: {pairs} of them are too few, {FEWEST} are needed; no intervals")
    else:
        draws = min(DRAWS, draws_of(pairs))
        notes.append(f"95% intervals from {draws} random halves of the {pairs} pairs, the same for all (--intervals)")
        of_sets = [metric for metric, _ in keys if not isinstance(KNOWN[metric], (Metric, SamplesMetric))]
        if pairs > MOST_AGAIN and of_sets:
            notes.append(
                "distances of so many pairs are drawn within their own intervals, not computed again for halves"
            )
        if of_sets:
            notes.append(f"without a value of single pairs, over methods alone: {', '.join(dict.fromkeys(of_sets))}")
    if "partial" in found:
        notes.append("over pairs a large hole makes every metric worse: see also with the mask ratio held constant")
    return (*notes, "a part of the protocol: not comparable with the whole") if part else tuple(notes)
