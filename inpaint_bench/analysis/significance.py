"""Which numbers of a table the pairs can tell apart: of each metric and bucket the best, and who is not worse."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from inpaint_bench.analysis.gather import checked, gather
from inpaint_bench.analysis.per_pair import ObjectCounts, PerPairData, separation
from inpaint_bench.analysis.results import REFERENCES, Result, buckets
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.runner.folder import RunFolder

TableKey: TypeAlias = tuple[str, str, str, str]  # protocol, bucket, metric, signature
SignificanceTable: TypeAlias = Mapping[TableKey, Significance]


def significance(runs: Sequence[tuple[RunFolder, Sequence[Result]]]) -> dict[TableKey, Significance]:
    """The separation of the methods of those results, wherever a metric and bucket has two or more.

    Methods of several runs stand together where the runs saw the same pairs, to the pixel. Raises HashError where a
    file is not the one that a result was made from, and InputError where it is gone.
    """
    groups: dict[TableKey, dict[str, PerPairData]] = {}
    pairs: dict[TableKey, dict[tuple[Pair, ...], RunFolder]] = {}
    for run, results in runs:
        listed = [result for result in results if result.method not in REFERENCES]
        for result, one in zip(listed, _evidence(run, listed), strict=True):
            if not (isinstance(one, ObjectCounts) and not one.metric.paired):
                place = (result.protocol, result.bucket, result.metric, result.signature)
                groups.setdefault(place, {})[result.method] = one
                pairs.setdefault(place, {})[run.pairs] = run
    return {
        place: separation(methods, buckets(run)[place[1]], f"{place[2]}:{place[1]}")
        for place, methods in groups.items()
        if len(methods) > 1 and len(pairs[place]) == 1
        for run in pairs[place].values()
    }


def _evidence(run: RunFolder, results: Sequence[Result]) -> Iterator[PerPairData]:
    """What each result was made from."""
    found: dict[tuple[str, str, str], PerPairData] = {}
    for method in dict.fromkeys(result.method for result in results):
        for one in gather(run, method, {result.metric for result in results}):
            found[method, one.metric.name, one.signature] = one
    for result in results:
        now = found.get((result.method, result.metric, result.signature))
        yield checked(run.path, result.method, result.metric, result.scores, now)
