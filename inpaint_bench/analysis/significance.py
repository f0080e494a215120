"""Significance: for each metric and bucket the best method, and which others differ from it significantly."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import msgspec

from inpaint_bench.analysis.per_pair import ObjectCounts, PerPairData, significance_of
from inpaint_bench.analysis.results import REFERENCES, Rank, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.data.pair_lists import Pairs
from inpaint_bench.metrics import RECORDED

ResultKey: TypeAlias = tuple[str, str, str, str]  # dataset, bucket, metric, signature
SignificanceTable: TypeAlias = Mapping[ResultKey, Significance]


def significance(runs: Sequence[tuple[RunData, Sequence[Result]]]) -> dict[ResultKey, Significance]:
    """The significance of the methods of those results, for every metric and bucket with two or more of them.

    Methods of several runs are compared where the runs hold the same pairs, to the pixel. Raises HashError where a
    file is not the one that a result was made from, and InputError where it is gone.
    """
    groups: dict[ResultKey, dict[str, PerPairData]] = {}
    pairs: dict[ResultKey, dict[Pairs, RunData]] = {}
    for run, results in runs:
        for result in results:
            if result.method in REFERENCES:
                continue
            one = run.data_of(result)
            if not (isinstance(one, ObjectCounts) and not one.metric.paired):
                groups.setdefault(key_of(result), {})[result.method] = one
                pairs.setdefault(key_of(result), {})[run.pairs] = run
    return {
        key: _tested(run, key, methods)
        for key, methods in groups.items()
        if len(methods) > 1 and len(pairs[key]) == 1
        for run in pairs[key].values()
    }


def key_of(result: Result) -> ResultKey:
    """What results that are compared with each other share."""
    return result.dataset, result.bucket, result.metric, result.signature


def rank_of(found: Significance | None, method: str) -> Rank:
    """How a method ranks: 'best' only if it differs significantly from every other; '' where nothing was compared."""
    if found is None or not found.n or method not in found.ranks:
        return ""
    rank = found.ranks[method]
    return "not separable" if rank == "best" and not found.alone else rank


def significance_of_results(run: RunData, results: Sequence[Result], metrics: Collection[str]) -> list[Result]:
    """New results of one run, each with its rank among the methods of the run."""
    groups: dict[ResultKey, dict[str, PerPairData]] = {}
    data = {
        (method, one.metric.name, one.signature): one
        for method in dict.fromkeys(result.method for result in results)
        for one in run.per_pair(method, metrics)
    }
    for result in results:
        one = data[result.method, result.metric, result.signature]
        if (
            result.main
            and result.metric not in RECORDED
            and not (isinstance(one, ObjectCounts) and not one.metric.paired)
        ):
            groups.setdefault(key_of(result), {})[result.method] = one
    tested = {key: _tested(run, key, methods) for key, methods in groups.items() if len(methods) > 1}
    return [
        msgspec.structs.replace(result, significance=rank_of(tested.get(key_of(result)), result.method))
        for result in results
    ]


def _tested(run: RunData, key: ResultKey, methods: Mapping[str, PerPairData]) -> Significance:
    """The test of one group, made once for the same methods of a run."""
    _, bucket, metric, _ = key
    remembered = (key, tuple((name, one.source) for name, one in methods.items()))
    if remembered not in run.tested:
        run.tested[remembered] = significance_of(methods, run.buckets[bucket], f"{metric}:{bucket}")
    return run.tested[remembered]
