"""Records: one bucket, one metric, one method, with everything that is needed to know what the number is."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from inpaint_bench import __version__, files
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.evidence.gather import ceilings, floors, gather
from inpaint_bench.evidence.kinds import Evidence, Rows, SetFeatures, Summary, intervals_of
from inpaint_bench.metrics.catalogue import ORDER, with_companions
from inpaint_bench.pairs.lists import Pair
from inpaint_bench.protocols import Page, Spec, bucket_names
from inpaint_bench.run.folder import RunFolder
from inpaint_bench.stats import Interval
from inpaint_bench.weights import FILLED

ALL = "all"  # the bucket that holds every pair

# What stands beside the methods in a table; no method can have such a name.
HALVES = "(targets, half against half)"
MASKED_INPUT = "(masked input)"
TARGET = "(target)"
REFERENCES = (HALVES, MASKED_INPUT, TARGET)


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

    @property
    def aside(self) -> bool:
        """Whether it says what other samples of a stochastic method than the chosen one come to."""
        return any(mark in self.signature for mark in (":mean-of-", ":first-of-", "-from-"))


def derive(run: RunFolder, asked: Iterable[str] = ()) -> list[Record]:
    """The records of every method of a run whose every pair is scored, in order of method, metric and bucket.

    They hold every metric of the scores, and of those on features and objects the ones that are asked for, that the
    page names, or that had a record before. Filled weights give none: their outputs say nothing of quality. Beside
    the methods stand references: what the same numbers come to without any method.
    """
    names = {*with_companions([*run.info.protocol.metrics, *asked]), *measured(run)}
    records: list[Record] = []
    shown: dict[str, Evidence] = {}
    for method in sorted(run.info.methods):
        if not missing(run, method) and run.info.methods[method].weights != FILLED:
            evidence = gather(run, method, names)
            records += _of(run, method, run.info.methods[method].weights, evidence)
            shown |= {one.metric.name: one for one in evidence}
    return records + _references(run, shown)


def measured(run: RunFolder) -> set[str]:
    """The metrics that a run has records of."""
    path = records_path(run)
    if not path.is_file():
        return set()
    try:
        return {record.metric for record in read_records(path)}
    except InputError:  # of another version: they are made anew
        return set()


def missing(run: RunFolder, method: str) -> list[str]:
    """The pairs of a run for which a method has no composite yet."""
    finished = run.samples_of(method)
    return [pair.pair for pair in run.pairs if pair.pair not in finished]


def _of(run: RunFolder, method: str, weights: str, evidence: Sequence[Evidence]) -> list[Record]:
    """The records of one method."""
    found = {
        (number, bucket): _record(run, method, weights, bucket, one, one.summary(rows), interval)
        for bucket, rows in buckets(run).items()
        for number, (one, interval) in enumerate(
            zip(evidence, intervals_of(evidence, rows, f"bucket {bucket}"), strict=True)
        )
    }
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _references(run: RunFolder, shown: Mapping[str, Evidence]) -> list[Record]:
    """What the metrics shown come to for halves of the targets, for masked targets and for the targets themselves."""
    records: list[Record] = []
    records += _of(run, MASKED_INPUT, "", floors(run, shown))
    records += _of(run, TARGET, "", ceilings(run, shown))
    for one in shown.values():
        if isinstance(one, SetFeatures):
            bare = dataclasses.replace(one, signature=one.signature.partition(":best-")[0])
            for bucket, rows in buckets(run).items():
                records.append(_record(run, HALVES, "", bucket, bare, bare.floor(rows, f"bucket {bucket}"), None))
    return [msgspec.structs.replace(record, source="reference") for record in records]


def buckets(run: RunFolder) -> dict[str, Rows]:
    """The pairs of each bucket that holds one, and of all."""
    of = np.array([pair.bucket for pair in run.pairs])
    named = {bucket: of == bucket for bucket in bucket_names(run.info.protocol)}
    return {bucket: rows for bucket, rows in named.items() if rows.any()} | {ALL: np.ones(len(of), dtype=np.bool_)}


def _record(
    run: RunFolder, method: str, weights: str, bucket: str, one: Evidence, summary: Summary, interval: Interval
) -> Record:
    code = run.info.methods[method].code if method in run.info.methods else ""
    low, high = interval or (None, None)
    return Record(
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


def bucket_sizes(pairs: Iterable[Pair], page: Page) -> dict[str, int]:
    """How many pairs each bucket holds, and all."""
    listed = list(pairs)
    return {name: sum(pair.bucket == name for pair in listed) for name in bucket_names(page)} | {ALL: len(listed)}
