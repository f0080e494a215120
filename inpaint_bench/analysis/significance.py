"""Significance: for each metric and bucket the best method, and which others differ from it significantly."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import msgspec

from inpaint_bench.analysis.per_pair import ObjectCounts, PerPairData, significance_of
from inpaint_bench.analysis.results import REFERENCES, Rank, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.data.pairs import Pairs
from inpaint_bench.metrics import RECORDED

ResultKey: TypeAlias = tuple[str, str, str, str]  # dataset, bucket, metric, signature
SignificanceTable: TypeAlias = Mapping[ResultKey, Significance]
Ranks: TypeAlias = Mapping[tuple[ResultKey, str], Rank]  # the last is the method


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


def ranks(runs: Sequence[tuple[RunData, Sequence[Result]]]) -> Ranks:
    """How the methods of those results rank, in every metric and bucket; nothing where nothing was compared.

    Results of a run say it themselves, and it was tested when they were made: where all methods of the run that have a
    number are shown, and those of no other run, nothing is tested again. Raises as `significance` does.
    """
    groups: dict[ResultKey, list[tuple[RunData, Result]]] = {}
    for run, results in runs:
        for result in results:
            if result.method not in REFERENCES:
                run.data_of(result)  # raises where files are gone or others
                groups.setdefault(key_of(result), []).append((run, result))
    every = {run: Counter(key_of(one) for one in run.result_list if one.method not in REFERENCES) for run, _ in runs}
    stated = {
        key: results
        for key, results in groups.items()
        if {run for run, _ in results} == {results[0][0]}
        and len(results) == every[results[0][0]][key]
        and any(one.significance for _, one in results)
    }
    left = [(run, [one for one in results if key_of(one) not in stated]) for run, results in runs]
    of_results = {(key, one.method): one.significance for key, results in stated.items() for _, one in results}
    return of_results | dict(ranks_of(significance(left)))


def ranks_of(tested: SignificanceTable) -> Ranks:
    """How methods rank by tests that were made."""
    return {(key, method): rank_of(found, method) for key, found in tested.items() for method in found.ranks}


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
