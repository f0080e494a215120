"""Results: one number for one method, metric and bucket, with everything that says what the number is."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np
from jaxtyping import Bool

from inpaint_bench import decode, files
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.parts import Part
from inpaint_bench.data.protocols import Protocol, bucket_names
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, NotComparableError, did_you_mean
from inpaint_bench.metrics.registry import ORDER, few, refuse_marked
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

FILE = "results.jsonl"
ALL = "all"  # the bucket that holds every pair

# Reference rows beside the methods; no method can have such a name.
REAL_VS_REAL = "real vs real (split half)"
MASKED_INPUT = "(masked input)"
TARGET = "(target)"
REFERENCES = (REAL_VS_REAL, MASKED_INPUT, TARGET)

Value: TypeAlias = float | Literal["inf"] | None  # "inf": infinite for every pair; None: undefined for every pair
Rank: TypeAlias = Literal["best", "not separable", "worse", ""]
PairMask = Bool[np.ndarray, "pairs"]  # which pairs of a run, in their order


@dataclass(frozen=True)
class Summary:
    """A value over some pairs: `n` of them were averaged; infinite and undefined ones are counted apart."""

    value: Value  # "inf": every pair was infinite; none: not defined for any
    n: int
    infinite: int = 0
    undefined: int = 0


class Result(Schema, frozen=True):
    """One line of results.jsonl. The value is over `n` pairs; infinite and undefined ones are counted beside it."""

    schema: Literal[2]
    dataset: str
    fingerprint: str
    pixels: str  # the pixel digest of the pairs
    part: Part
    method: str
    weights: str  # sha256 of the weights file, '' for a method without; then the values of its options
    bucket: str
    metric: str
    reduction: str  # how samples became one value a pair: 'none', 'best-psnr-of-5', …
    signature: str
    value: Value
    n: int
    source: str  # 'measured' or 'reference'
    scores: str  # sha256 of the per-pair data that it was computed from
    code: str
    infinite: int = 0
    undefined: int = 0
    low: float | None = None  # ends of the 95% interval
    high: float | None = None
    significance: Rank = ""  # among the methods of the run, by paired tests; '' where nothing was compared

    @property
    def main(self) -> bool:
        """Whether tables show it by default; others are further reductions of a stochastic method's samples."""
        return Reduction.parse(self.reduction).main


def json_value(value: float) -> float | str | None:
    """A score as JSON holds it: 'inf' for an infinite PSNR, null where a metric is not defined."""
    return "inf" if math.isinf(value) else None if math.isnan(value) else value


def results_path(run: RunFolder) -> Path:
    """The file of a run's results."""
    return run.path / FILE


def encode_results(results: Iterable[Result]) -> bytes:
    """Results as JSON Lines."""
    return b"".join(msgspec.json.encode(result) + b"\n" for result in results)


def write_results(run: RunFolder, results: Iterable[Result]) -> None:
    """Write the results of a run whole, and note their hash."""
    files.write_if_changed(results_path(run), encode_results(results))
    sums.write_sums(run.path, results_path(run))


def read_results(path: Path) -> list[Result]:
    """The results in a file. Raises InputError for a missing file, another schema or an unknown metric."""
    try:
        lines = files.read_bytes(path).splitlines()
    except OSError as error:
        raise InputError(f"{path}: no results here. `inpaint-bench run` or `merge` makes them.") from error
    try:
        results = [decode.json(line, Result) for line in lines]
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not results of this version ({error}). Make them again with `score`.") from error
    for result in results:
        if result.metric not in ORDER:
            raise InputError(f"{path}: no metric is called '{result.metric}'. {did_you_mean(result.metric, ORDER)}")
        Reduction.parse(result.reduction)
    return results


def results_frame(results: Sequence[Result]) -> "pd.DataFrame":
    """Results as a DataFrame, one row a number, in their order; an infinite value is inf, an undefined one NaN."""
    import pandas as pd

    columns = ["dataset", "method", "metric", "reduction", "bucket", "value", "low", "high", "n", "infinite"]
    columns += ["undefined", "significance", "signature", "fingerprint", "pixels", "part", "weights", "source"]
    columns += ["scores", "code"]
    frame = pd.DataFrame([[getattr(result, name) for name in columns] for result in results], columns=columns)
    frame["part"] = frame["part"].map(str)
    numbers = ["value", "low", "high"]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def pair_counts(results: Sequence[Result]) -> dict[tuple[str, str], int]:
    """How many pairs each dataset and bucket of results has: datasets in their order, buckets by name, all pairs last.

    Raises NotComparableError where runs of one dataset have different pairs or pixels, and InputError where they hold
    two numbers for one metric, method and bucket.
    """
    for what, column in (("pairs: fingerprints", "fingerprint"), ("pixels: digests", "pixels")):
        marks: dict[str, str] = {}
        for one in results:
            first, mark = marks.setdefault(one.dataset, getattr(one, column)), getattr(one, column)
            if first != mark:
                raise NotComparableError(
                    f"two runs of {one.dataset} have other {what} {first[:12]} and {mark[:12]}. Make a table of each."
                )
    values: dict[tuple[str, ...], Value] = {}
    for one in results:
        if values.setdefault((one.metric, one.signature, one.method, one.dataset, one.bucket), one.value) != one.value:
            raise InputError(
                f"two runs of {one.dataset} hold different numbers for {one.method}. "
                "Make a table of each, or give one of the methods another name."
            )
    counted: dict[tuple[str, str], int] = {}
    for one in results:
        pairs = one.n + one.infinite + one.undefined
        if one.method != REAL_VS_REAL and counted.setdefault((one.dataset, one.bucket), pairs) != pairs:
            raise InputError(f"{one.dataset}: two results of bucket {one.bucket} count different pairs.")
    datasets = list(dict.fromkeys(dataset for dataset, _ in counted))
    ordered = sorted(counted, key=lambda place: (datasets.index(place[0]), place[1] == ALL, place[1]))
    return {place: counted[place] for place in ordered}


def refuse_few(results: Iterable[Result]) -> None:
    """Raise NotComparableError where a number says little because it is over few pictures."""
    able = [one for one in results if one.value is not None and one.method not in REFERENCES]
    refuse_marked(sorted({f"{r.metric} of {r.n} pictures in bucket {r.bucket}" for r in able if few(r.metric, r.n)}))


def pairs_by_bucket(pairs: Sequence[Pair], page: Protocol) -> dict[str, PairMask]:
    """The pairs of each bucket that holds one, and of all."""
    of = np.array([pair.bucket for pair in pairs])
    named = {bucket: of == bucket for bucket in bucket_names(page)}
    return {bucket: rows for bucket, rows in named.items() if rows.any()} | {ALL: np.ones(len(of), dtype=np.bool_)}


def bucket_sizes(pairs: Sequence[Pair], page: Protocol) -> dict[str, int]:
    """How many pairs each bucket of the page holds, empty ones too, and all."""
    return {name: sum(pair.bucket == name for pair in pairs) for name in bucket_names(page)} | {ALL: len(pairs)}


def missing_pairs(run: RunFolder, method: str) -> list[str]:
    """The pairs of a run for which a method has no composite yet."""
    finished = run.samples_of(method)
    return [name for name in run.pairs.names if name not in finished]
