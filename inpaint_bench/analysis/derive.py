"""Results computed from the per-pair data of a run: values, intervals, and which methods differ significantly."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from inpaint_bench import __version__
from inpaint_bench.analysis.load import lower_bounds, upper_bounds
from inpaint_bench.analysis.per_pair import PerPairData, SetFeatures, intervals_of
from inpaint_bench.analysis.results import MASKED_INPUT, REAL_VS_REAL, TARGET, Result, Summary, missing_pairs
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.significance import significance_of_results
from inpaint_bench.analysis.statistics import Interval
from inpaint_bench.metrics.registry import with_companions
from inpaint_bench.weights import SYNTHETIC


def derive_results(run: RunData, requested: Iterable[str] = ()) -> list[Result]:
    """The results of every method of a run whose every pair is scored, in order of method, metric and bucket.

    They hold every metric of the scores, and those set and detection metrics that are requested, that the page names,
    or that had a result before. Synthetic weights give none: their outputs say nothing of quality. Reference rows
    follow the methods: the same metrics for real images, the masked input and the targets.
    """
    names = {*with_companions([*run.info.protocol.metrics, *requested]), *run.measured()}
    results: list[Result] = []
    of_metric: dict[str, PerPairData] = {}
    for method in sorted(run.info.methods):
        if not missing_pairs(run.folder, method) and run.info.methods[method].weights != SYNTHETIC:
            data = run.per_pair(method, names)
            results += results_of(run, method, run.info.methods[method].loaded_with, data)
            of_metric |= {one.metric.name: one for one in data}
    return significance_of_results(run, results, names) + _references(run, of_metric)


def results_of(run: RunData, method: str, weights: str, data: Sequence[PerPairData]) -> list[Result]:
    """The results of one method, whatever run it is of, in order of its data and of buckets."""
    found = {
        (number, bucket): _result(run, method, weights, bucket, one, one.summary(rows), interval)
        for bucket, rows in run.buckets.items()
        for number, (one, interval) in enumerate(zip(data, intervals_of(data, rows, f"bucket {bucket}"), strict=True))
    }
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _references(run: RunData, of_metric: Mapping[str, PerPairData]) -> list[Result]:
    """The same metrics for one half of the real images against the other, for the masked input and for the targets."""
    results = results_of(run, MASKED_INPUT, "", lower_bounds(run, of_metric))
    results += results_of(run, TARGET, "", upper_bounds(run, of_metric))
    for one in of_metric.values():
        if isinstance(one, SetFeatures):
            bare = one.without_reduction()
            for bucket, rows in run.buckets.items():
                summary = bare.real_vs_real(rows, f"bucket {bucket}")
                results.append(_result(run, REAL_VS_REAL, "", bucket, bare, summary, None))
    return [msgspec.structs.replace(result, source="reference") for result in results]


def _result(
    run: RunData, method: str, weights: str, bucket: str, one: PerPairData, summary: Summary, interval: Interval
) -> Result:
    code = run.info.methods[method].code if method in run.info.methods else ""
    low, high = interval or (None, None)
    return Result(
        schema=2,
        dataset=run.info.protocol.name,
        fingerprint=run.info.fingerprint,
        pixels=run.info.pixels,
        part=run.info.part,
        method=method,
        weights=weights,
        bucket=bucket,
        metric=one.metric.name,
        reduction=one.reduction.name,
        signature=one.signature,
        value=summary.value,
        n=summary.n,
        source="measured",
        scores=one.source,
        code=f"{__version__}+{code}" if code else __version__,
        infinite=summary.infinite,
        undefined=summary.undefined,
        low=low,
        high=high,
    )
