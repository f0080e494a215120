"""Results: one bucket, one metric, one method, with everything that is needed to know what the number is."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from inpaint_bench import __version__, files
from inpaint_bench.analysis.gather import gather, lower_bounds, upper_bounds
from inpaint_bench.analysis.per_pair import PerPairData, Rows, SetFeatures, Summary, intervals_of
from inpaint_bench.analysis.statistics import Interval
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.protocols import Page, Schema, bucket_names
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.registry import ORDER, with_companions
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.weights import SYNTHETIC

ALL = "all"  # the bucket that holds every pair

# What stands beside the methods in a table; no method can have such a name.
REAL_VS_REAL = "real vs real (split half)"
MASKED_INPUT = "(masked input)"
TARGET = "(target)"
REFERENCES = (REAL_VS_REAL, MASKED_INPUT, TARGET)


class Result(Schema, frozen=True):
    """One number. `n` pairs were averaged; infinite and undefined ones are counted beside them."""

    schema: Literal[1]
    protocol: str
    fingerprint: str
    part: str
    method: str
    weights: str
    bucket: str
    metric: str
    signature: str
    value: float | Literal["inf"] | None  # "inf": every pair was infinite; none: not defined for any
    n: int
    source: str
    scores: str
    code: str
    infinite: int = 0
    undefined: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def aside(self) -> bool:
        """Whether it says what other samples of a stochastic method than the chosen one come to."""
        return any(mark in self.signature for mark in (":mean-of-", ":first-of-", "-from-"))


def derive(run: RunFolder, requested: Iterable[str] = ()) -> list[Result]:
    """The results of every method of a run whose every pair is scored, in order of method, metric and bucket.

    They hold every metric of the scores, and of those on features and objects the ones that are asked for, that the
    page names, or that had a result before. Synthetic weights give none: their outputs say nothing of quality. Beside
    the methods stand references: what the same numbers come to without any method.
    """
    names = {*with_companions([*run.info.protocol.metrics, *requested]), *measured(run)}
    results: list[Result] = []
    shown: dict[str, PerPairData] = {}
    for method in sorted(run.info.methods):
        if not missing(run, method) and run.info.methods[method].weights != SYNTHETIC:
            per_pair = gather(run, method, names)
            results += _of(run, method, run.info.methods[method].weights, per_pair)
            shown |= {one.metric.name: one for one in per_pair}
    return results + _references(run, shown)


def measured(run: RunFolder) -> set[str]:
    """The metrics that a run has results of."""
    path = results_path(run)
    if not path.is_file():
        return set()
    try:
        return {result.metric for result in read_results(path)}
    except InputError:  # of another version: they are made anew
        return set()


def missing(run: RunFolder, method: str) -> list[str]:
    """The pairs of a run for which a method has no composite yet."""
    finished = run.samples_of(method)
    return [pair.pair for pair in run.pairs if pair.pair not in finished]


def _of(run: RunFolder, method: str, weights: str, per_pair: Sequence[PerPairData]) -> list[Result]:
    """The results of one method."""
    found = {
        (number, bucket): _result(run, method, weights, bucket, one, one.summary(rows), interval)
        for bucket, rows in buckets(run).items()
        for number, (one, interval) in enumerate(
            zip(per_pair, intervals_of(per_pair, rows, f"bucket {bucket}"), strict=True)
        )
    }
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _references(run: RunFolder, shown: Mapping[str, PerPairData]) -> list[Result]:
    """What the metrics shown come to for halves of the targets, for masked targets and for the targets themselves."""
    results: list[Result] = []
    results += _of(run, MASKED_INPUT, "", lower_bounds(run, shown))
    results += _of(run, TARGET, "", upper_bounds(run, shown))
    for one in shown.values():
        if isinstance(one, SetFeatures):
            bare = dataclasses.replace(one, signature=one.signature.partition(":best-")[0])
            for bucket, rows in buckets(run).items():
                results.append(
                    _result(run, REAL_VS_REAL, "", bucket, bare, bare.real_vs_real(rows, f"bucket {bucket}"), None)
                )
    return [msgspec.structs.replace(result, source="reference") for result in results]


def buckets(run: RunFolder) -> dict[str, Rows]:
    """The pairs of each bucket that holds one, and of all."""
    of = np.array([pair.bucket for pair in run.pairs])
    named = {bucket: of == bucket for bucket in bucket_names(run.info.protocol)}
    return {bucket: rows for bucket, rows in named.items() if rows.any()} | {ALL: np.ones(len(of), dtype=np.bool_)}


def _result(
    run: RunFolder, method: str, weights: str, bucket: str, one: PerPairData, summary: Summary, interval: Interval
) -> Result:
    code = run.info.methods[method].code if method in run.info.methods else ""
    low, high = interval or (None, None)
    return Result(
        schema=1,
        protocol=run.info.protocol.name,
        fingerprint=run.info.fingerprint,
        part=run.info.part,
        method=method,
        weights=weights,
        bucket=bucket,
        metric=one.metric.name,
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


def results_path(run: RunFolder) -> Path:
    """Where the results of a run lie."""
    return run.path / "results.jsonl"


def write_results(run: RunFolder, results: list[Result]) -> None:
    """Write the results of a run whole, one a line."""
    files.write_if_changed(results_path(run), b"".join(msgspec.json.encode(result) + b"\n" for result in results))


def read_results(path: Path) -> list[Result]:
    """The results in a file. Raises InputError when a line is none, or is of a metric that is not known."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: no results here. `inpaint-bench run` or `merge` makes them.") from error
    try:
        results = [msgspec.json.decode(line, type=Result) for line in lines]
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not results of this version ({error}). Make them again with `score`.") from error
    for result in results:
        if result.metric not in ORDER:
            raise InputError(f"{path}: no metric is called '{result.metric}'. {did_you_mean(result.metric, ORDER)}")
    return results


def bucket_sizes(pairs: Iterable[Pair], page: Page) -> dict[str, int]:
    """How many pairs each bucket holds, and all."""
    listed = list(pairs)
    return {name: sum(pair.bucket == name for pair in listed) for name in bucket_names(page)} | {ALL: len(listed)}
