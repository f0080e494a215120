"""The two sides of the gate: results of a folder, each with what must be the same on both, and its pairs' scores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.gather import checked, gather
from inpaint_bench.analysis.per_pair import PairValues, Rows
from inpaint_bench.analysis.results import REFERENCES, Result, buckets, read_results, results_path
from inpaint_bench.analysis.verdicts import Key, Number, Pairs
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.metrics.base import Metric, SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.runner.folder import RunFolder, open_run
from inpaint_bench.runner.scores import scores_path


@dataclass(frozen=True, eq=False)
class Side:
    """Results by method, metric and bucket, and the scores of those that are means over pairs, where they are there."""

    run: RunFolder
    results: Mapping[Key, Result]
    values: Mapping[Key, PairValues]  # by method and metric

    @property
    def rows(self) -> dict[str, Rows]:
        """The pairs of each bucket."""
        return buckets(self.run)


def open_side(path: Path) -> Side:
    """A run folder, or expected results, which lie in a folder of the same layout.

    Of a stochastic method the chosen sample counts. Raises HashError when scores are not those that a result was made
    from, or come to another number; scores that are not there are done without. Raises InputError for two results of
    one number.
    """
    run = open_run(path)
    by_key = _by_key(results_path(run))
    results, rows = list(by_key.values()), buckets(run)
    values: dict[Key, PairValues] = {}
    for method in {result.method for result in results} & run.info.methods.keys():
        if not scores_path(run, method).is_file():
            continue
        found = {(one.metric.name, one.signature): one for one in gather(run, method, ())}
        for result in results:
            if result.method == method and isinstance(KNOWN[result.metric], (Metric, SamplesMetric)):
                one = found.get((result.metric, result.signature))
                of_pairs = checked(path, method, result.metric, result.scores, one)
                assert isinstance(of_pairs, PairValues)
                _refuse_edited(results_path(run), result, of_pairs, rows)
                values[method, result.metric] = of_pairs
    return Side(run, by_key, values)


def _by_key(path: Path) -> dict[Key, Result]:
    found: dict[Key, Result] = {}
    for result in read_results(path):
        if not result.aside and found.setdefault(key_of(result), result) is not result:
            name = ", ".join(key_of(result))
            raise InputError(f"{path}: holds two results of {name}. Make the results again with `inpaint-bench score`.")
    return found


def _refuse_edited(path: Path, result: Result, scores: PairValues, rows: Mapping[str, Rows]) -> None:
    """Raise HashError for a result that its scores do not come to: pairs that did not move would let it pass."""
    if result.bucket in rows and (value := scores.summary(rows[result.bucket]).value) != result.value:
        raise HashError(
            f"{path}: {', '.join(key_of(result))} is {result.value}, but its scores come to {value}. "
            "Results are made from scores and never edited: make them again with `inpaint-bench score`."
        )


def key_of(result: Result) -> Key:
    """What both sides know a result by."""
    return result.method, result.metric, result.bucket


def choose(side: Side, methods: Sequence[str], metrics: Sequence[str]) -> list[Result]:
    """The results of those methods and metrics, or of all. Raises InputError for a name that has none."""
    known_methods = {result.method for result in side.results.values()} - set(REFERENCES)
    _refuse_unknown(side, "method", methods, known_methods)
    _refuse_unknown(side, "metric", metrics, {result.metric for result in side.results.values()})
    return [
        result
        for result in side.results.values()
        if (not methods or result.method in {*methods, *REFERENCES}) and (not metrics or result.metric in metrics)
    ]


def _refuse_unknown(side: Side, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"{side.run.path}: no {what} here is called '{name}'. {did_you_mean(name, known)}")


def numbers(side: Side, other: Side, results: Iterable[Result]) -> list[Number]:
    """Results as what is decided; the other side tells whether there are scores of both."""
    rows, pixels = side.rows, pixels_of(side.run)
    found = []
    for result in results:
        facts = {
            "fingerprint": result.fingerprint,
            "pixels": pixels,
            "weights": result.weights,
            "signature": result.signature,
            "n": str(result.n),
        }
        values, place = side.values.get((result.method, result.metric)), rows.get(result.bucket)
        pairs = None
        if values and place is not None and (result.method, result.metric) in other.values:
            names = np.array([pair.pair for pair in side.run.pairs])
            facts["pairs left out"] = " ".join(names[place & ~np.isfinite(values.values)]) or "none"
            pairs = Pairs(values, place, ":".join(key_of(result)))
        found.append(Number(key_of(result), result.value, facts, pairs))
    return found


def pixels_of(run: RunFolder) -> str:
    """Twelve hexadecimal digits for what the pictures and masks of the pairs hold."""
    hashes = "\n".join(f"{pair.pair},{pair.image_sha256},{pair.mask_sha256}" for pair in run.pairs)
    return files.sha256(hashes.encode())[:12]
