"""The two sides of the gate: the results of a run folder with their per-pair scores, and what must be equal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inpaint_bench.analysis.per_pair import PairValues
from inpaint_bench.analysis.results import REFERENCES, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.verdicts import Key, Number, Pairs
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.base import Metric, SamplesMetric
from inpaint_bench.metrics.registry import KNOWN


@dataclass(frozen=True, eq=False)
class GateSide:
    """A run or expected results: results by key, and the per-pair scores of means, where a scores file exists."""

    run: RunData
    results: Mapping[Key, Result]  # by method, metric and bucket
    values: Mapping[Key, PairValues]  # by method and metric


def side_of(run: RunData) -> GateSide:
    """A run, or expected results, which have the same layout; of a stochastic method the chosen samples.

    A method without a scores file has results alone. Raises HashError where results are not what the scores give.
    """
    by_key = _by_key(run)
    values: dict[Key, PairValues] = {}
    for result in by_key.values():
        if result.method not in run.info.methods or run.scores_of(result.method) is None:
            continue
        if isinstance(KNOWN[result.metric], (Metric, SamplesMetric)):
            of_pairs = run.data_of(result)
            assert isinstance(of_pairs, PairValues)
            values[result.method, result.metric] = of_pairs
    return GateSide(run, by_key, values)


def _by_key(run: RunData) -> dict[Key, Result]:
    return {key_of(result): result for result in run.result_list if result.main}


def key_of(result: Result) -> Key:
    """What identifies a result on both sides."""
    return result.method, result.metric, result.bucket


def choose(side: GateSide, methods: Sequence[str], metrics: Sequence[str]) -> list[Result]:
    """The results of those methods and metrics, or all. Raises InputError for a name without results."""
    known_methods = {result.method for result in side.results.values()} - set(REFERENCES)
    _refuse_unknown(side, "method", methods, known_methods)
    _refuse_unknown(side, "metric", metrics, {result.metric for result in side.results.values()})
    return [
        result
        for result in side.results.values()
        if (not methods or result.method in {*methods, *REFERENCES}) and (not metrics or result.metric in metrics)
    ]


def _refuse_unknown(side: GateSide, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"{side.run.path}: no {what} here is called '{name}'. {did_you_mean(name, known)}")


def numbers(side: GateSide, other: GateSide, results: Iterable[Result]) -> list[Number]:
    """Results as numbers to compare, with per-pair data where both sides have it."""
    rows = side.run.buckets
    found = []
    for result in results:
        facts = {
            "fingerprint": result.fingerprint,
            "pixels": result.pixels[:12],
            "weights": result.weights,
            "signature": result.signature,
            "n": str(result.n),
        }
        values, mask = side.values.get((result.method, result.metric)), rows.get(result.bucket)
        pairs = None
        if values and mask is not None and (result.method, result.metric) in other.values:
            names = np.array([pair.pair for pair in side.run.pairs])
            facts["pairs left out"] = " ".join(names[mask & ~np.isfinite(values.values)]) or "none"
            pairs = Pairs(values, mask, ":".join(key_of(result)))
        found.append(Number(key_of(result), result.value, facts, pairs))
    return found
