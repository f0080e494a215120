"""Records: one bucket, one metric, one method, with everything that is needed to know what the number is."""

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from inpaint_bench import __version__, files
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.pairs.lists import Pair
from inpaint_bench.protocols import Page, Spec, bucket_names
from inpaint_bench.run.folder import RunFolder
from inpaint_bench.score import ORDER, Score, read_scores, scores_path
from inpaint_bench.weights import FILLED

ALL = "all"  # the bucket that holds every pair


class Record(Spec, frozen=True):
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


def derive(run: RunFolder) -> list[Record]:
    """The records of every method of a run whose every pair is scored, in order of method, metric and bucket.

    Filled weights give none: their outputs say nothing of quality.
    """
    records: list[Record] = []
    for method in sorted(run.info.methods):
        path = scores_path(run, method)
        if path.is_file() and not missing(run, method) and run.info.methods[method].weights != FILLED:
            records += _of_method(run, method, read_scores(path), files.file_sha256(path))
    return records


def missing(run: RunFolder, method: str) -> list[str]:
    """The pairs of a run for which a method has no composite yet."""
    finished = run.samples_of(method)
    return [pair.pair for pair in run.pairs if pair.pair not in finished]


def _of_method(run: RunFolder, method: str, scores: list[Score], scores_sha256: str) -> list[Record]:
    page, info = run.info.protocol, run.info.methods[method]
    chosen = choose(scores, page)
    records = []
    for metric in sorted({score.metric for score in chosen}, key=ORDER.__getitem__):
        of_metric = {score.pair: score for score in chosen if score.metric == metric}
        if len(of_metric) != len(run.pairs):
            continue  # asked for when only a part of the composites was there: not a number of this run
        for bucket in [*bucket_names(page), ALL]:
            inside = [of_metric[pair.pair] for pair in run.pairs if bucket in (pair.bucket, ALL)]
            if inside:
                mean, n, infinite, undefined = average([score.value for score in inside])
                records.append(
                    Record(
                        schema=1,
                        protocol=page.name,
                        fingerprint=run.info.fingerprint,
                        part=run.info.part,
                        method=method,
                        weights=info.weights,
                        bucket=bucket,
                        metric=metric,
                        signature=inside[0].signature,
                        value=mean,
                        n=n,
                        source="measured",
                        scores=scores_sha256,
                        code=f"{__version__}+{info.code}" if info.code else __version__,
                        infinite=infinite,
                        undefined=undefined,
                    )
                )
    return records


def choose(scores: list[Score], page: Page) -> list[Score]:
    """The scores of the sample that is scored: of a stochastic method the one with the best PSNR, the first on ties.

    The paper's rule (§4.3): one sample for all metrics. The signature says so.
    """
    samples: dict[str, dict[int, float]] = {}
    for score in scores:
        if score.sample is not None and score.metric == page.choose:
            samples.setdefault(score.pair, {})[score.sample] = score.value
    best = {pair: max(sorted(values), key=values.__getitem__) for pair, values in samples.items()}
    mark = f":best-{page.choose}-of-{page.samples}"
    return [
        score if score.sample is None else dataclasses.replace(score, signature=score.signature + mark)
        for score in scores
        if score.sample is None or score.sample == best[score.pair]
    ]


Value = float | Literal["inf"] | None


def average(values: Iterable[float]) -> tuple[Value, int, int, int]:
    """The mean of the finite values, how many they are, and how many are infinite and undefined."""
    listed = list(values)
    finite = [value for value in listed if math.isfinite(value)]
    infinite = sum(math.isinf(value) for value in listed)
    undefined = len(listed) - len(finite) - infinite
    mean: Value = math.fsum(finite) / len(finite) if finite else ("inf" if infinite else None)
    return mean, len(finite), infinite, undefined


def records_path(run: RunFolder) -> Path:
    """Where the records of a run lie."""
    return run.path / "records.jsonl"


def write_records(run: RunFolder, records: list[Record]) -> None:
    """Write the records of a run whole, one a line."""
    files.write_if_changed(records_path(run), b"".join(msgspec.json.encode(record) + b"\n" for record in records))


def read_records(path: Path) -> list[Record]:
    """The records in a file. Raises InputError when a line is none, or is of a metric that is not known."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: no records here. `inpaint-bench run` or `merge` makes them.") from error
    try:
        records = [msgspec.json.decode(line, type=Record) for line in lines]
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not records of this version ({error}). Make them again with `score`.") from error
    for record in records:
        if record.metric not in ORDER:
            raise InputError(f"{path}: no metric is called '{record.metric}'. {did_you_mean(record.metric, ORDER)}")
    return records


def chosen_scores(run: RunFolder, method: str, sha256: str) -> list[Score]:
    """The scores that records were made from, of a stochastic method those of the samples that are scored.

    Raises InputError when the file is gone, and HashError when it is not the one whose hash the records name.
    """
    path = scores_path(run, method)
    if not path.is_file():
        raise InputError(f"{path}: the scores are not here. `inpaint-bench score {run.path}` makes them again.")
    if (found := files.file_sha256(path)) != sha256:
        raise HashError(
            f"{path}: not the scores that the records were made from: sha256 {found[:12]}, not {sha256[:12]}. "
            f"`inpaint-bench score {run.path}` scores what has changed and makes the records again."
        )
    return choose(read_scores(path), run.info.protocol)


def bucket_sizes(pairs: Iterable[Pair], page: Page) -> dict[str, int]:
    """How many pairs each bucket holds, and all."""
    listed = list(pairs)
    return {name: sum(pair.bucket == name for pair in listed) for name in bucket_names(page)} | {ALL: len(listed)}
