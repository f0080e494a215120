"""The two sides of the gate: records of a folder, each with what must be the same on both, and its pairs' scores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.evidence.gather import checked, gather
from inpaint_bench.evidence.kinds import PairValues, Rows
from inpaint_bench.judge import Key, Number, Pairs
from inpaint_bench.metrics.catalogue import KNOWN
from inpaint_bench.metrics.kinds import Metric, SamplesMetric
from inpaint_bench.records import REFERENCES, Record, buckets, read_records, records_path
from inpaint_bench.run.folder import RunFolder, open_run
from inpaint_bench.score.rows import scores_path


@dataclass(frozen=True, eq=False)
class Side:
    """Records by method, metric and bucket, and the scores of those that are means over pairs, where they are there."""

    run: RunFolder
    records: Mapping[Key, Record]
    values: Mapping[Key, PairValues]  # by method and metric

    @property
    def rows(self) -> dict[str, Rows]:
        """The pairs of each bucket."""
        return buckets(self.run)


def open_side(path: Path) -> Side:
    """A run folder, or expected records, which lie in a folder of the same layout.

    Of a stochastic method the chosen sample counts. Raises HashError when scores are not those that a record was made
    from, or come to another number; scores that are not there are done without. Raises InputError for two records of
    one number.
    """
    run = open_run(path)
    by_key = _by_key(records_path(run))
    records, rows = list(by_key.values()), buckets(run)
    values: dict[Key, PairValues] = {}
    for method in {record.method for record in records} & run.info.methods.keys():
        if not scores_path(run, method).is_file():
            continue
        found = {(one.metric.name, one.signature): one for one in gather(run, method, ())}
        for record in records:
            if record.method == method and isinstance(KNOWN[record.metric], (Metric, SamplesMetric)):
                one = found.get((record.metric, record.signature))
                of_pairs = checked(path, method, record.metric, record.scores, one)
                assert isinstance(of_pairs, PairValues)
                _refuse_edited(records_path(run), record, of_pairs, rows)
                values[method, record.metric] = of_pairs
    return Side(run, by_key, values)


def _by_key(path: Path) -> dict[Key, Record]:
    found: dict[Key, Record] = {}
    for record in read_records(path):
        if not record.aside and found.setdefault(key_of(record), record) is not record:
            name = ", ".join(key_of(record))
            raise InputError(f"{path}: holds two records of {name}. Make the records again with `inpaint-bench score`.")
    return found


def _refuse_edited(path: Path, record: Record, scores: PairValues, rows: Mapping[str, Rows]) -> None:
    """Raise HashError for a record that its scores do not come to: pairs that did not move would let it pass."""
    if record.bucket in rows and (value := scores.summary(rows[record.bucket]).value) != record.value:
        raise HashError(
            f"{path}: {', '.join(key_of(record))} is {record.value}, but its scores come to {value}. "
            "Records are made from scores and never edited: make them again with `inpaint-bench score`."
        )


def key_of(record: Record) -> Key:
    """What both sides know a record by."""
    return record.method, record.metric, record.bucket


def choose(side: Side, methods: Sequence[str], metrics: Sequence[str]) -> list[Record]:
    """The records of those methods and metrics, or of all. Raises InputError for a name that has none."""
    known_methods = {record.method for record in side.records.values()} - set(REFERENCES)
    _refuse_unknown(side, "method", methods, known_methods)
    _refuse_unknown(side, "metric", metrics, {record.metric for record in side.records.values()})
    return [
        record
        for record in side.records.values()
        if (not methods or record.method in {*methods, *REFERENCES}) and (not metrics or record.metric in metrics)
    ]


def _refuse_unknown(side: Side, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"{side.run.path}: no {what} here is called '{name}'. {did_you_mean(name, known)}")


def numbers(side: Side, other: Side, records: Iterable[Record]) -> list[Number]:
    """Records as what is judged; the other side tells whether there are scores of both."""
    rows, pixels = side.rows, pixels_of(side.run)
    found = []
    for record in records:
        facts = {
            "fingerprint": record.fingerprint,
            "pixels": pixels,
            "weights": record.weights,
            "signature": record.signature,
            "n": str(record.n),
        }
        values, place = side.values.get((record.method, record.metric)), rows.get(record.bucket)
        pairs = None
        if values and place is not None and (record.method, record.metric) in other.values:
            names = np.array([pair.pair for pair in side.run.pairs])
            facts["pairs left out"] = " ".join(names[place & ~np.isfinite(values.values)]) or "none"
            pairs = Pairs(values, place, ":".join(key_of(record)))
        found.append(Number(key_of(record), record.value, facts, pairs))
    return found


def pixels_of(run: RunFolder) -> str:
    """Twelve hexadecimal digits for what the pictures and masks of the pairs hold."""
    hashes = "\n".join(f"{pair.pair},{pair.image_sha256},{pair.mask_sha256}" for pair in run.pairs)
    return files.sha256(hashes.encode())[:12]
