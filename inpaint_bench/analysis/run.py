"""A run loaded once: its results and what they were computed from, each file read and hashed a single time."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.results import PairMask, Result, pairs_by_bucket, read_results, results_path
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import Metric, SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.runner.folder import RunFolder, RunInfo, open_run
from inpaint_bench.runner.scores import scores_frame, scores_path

if TYPE_CHECKING:
    import pandas as pd

    from inpaint_bench.analysis.per_pair import PerPairData
    from inpaint_bench.runner.features import StoredFeatures
    from inpaint_bench.runner.objects import StoredObjects

Loaded = TypeVar("Loaded", bound="RunData")

NO_SAMPLE = -1  # in the column `sample` of a method with one output a pair


@dataclass(frozen=True, eq=False)
class MethodScores:
    """The scores of a method as they lie on disk."""

    path: Path
    sha256: str
    frame: "pd.DataFrame"  # pair, sample, metric, signature, composite, value

    @cached_property
    def by_metric(self) -> dict[str, "pd.DataFrame"]:
        """The rows of each metric."""
        return {str(name): rows for name, rows in self.frame.groupby("metric", sort=False)}


class RunData:
    """A run folder with everything that its results are computed from; files are read when they are first needed."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._scores: dict[str, MethodScores | None] = {}
        self._features: dict[tuple[str, str], StoredFeatures | None] = {}
        self._objects: dict[tuple[str, str], StoredObjects | None] = {}
        self._per_pair: dict[str, tuple[frozenset[str], list[PerPairData]]] = {}
        self.tested: dict[Hashable, Significance] = {}  # of `significance`, which asks the same several times

    @classmethod
    def open(cls: type[Loaded], path: Path) -> Loaded:
        """The run in a folder. Raises InputError when there is none or it is of another version."""
        return cls(open_run(path))

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Its pairs, in order."""
        return self.folder.pairs

    @property
    def info(self) -> RunInfo:
        """run.json."""
        return self.folder.info

    @cached_property
    def result_list(self) -> tuple[Result, ...]:
        """The results, in the order of the file. Raises InputError when there is no file or it cannot be read.

        Raises HashError where a method's scores file is not the one that its results name.
        """
        return tuple(read_results(results_path(self.folder)))

    def verify(self) -> None:
        """Raise HashError where a method's scores are not those that its results were computed from."""
        named = {
            result.method: result
            for result in self.result_list
            if isinstance(KNOWN[result.metric], (Metric, SamplesMetric)) and result.method in self.info.methods
        }
        for method, result in named.items():
            path = scores_path(self.folder, method)
            if path.is_file() and (found := files.file_sha256(path)) != result.scores:
                raise HashError(
                    f"{path}: sha256 {found[:12]}; its results were computed from {result.scores[:12]}. "
                    f"`inpaint-bench score {self.path}` measures what has changed and makes the results again."
                )

    def set_results(self, results: Sequence[Result]) -> None:
        """Replace the results by those that were just derived and written."""
        self.__dict__["result_list"] = tuple(results)

    @cached_property
    def buckets(self) -> dict[str, PairMask]:
        """The pairs of each bucket that holds one, and of all."""
        return pairs_by_bucket(self.folder.pairs, self.info.protocol)

    def measured(self) -> set[str]:
        """The metrics that the run has results of; none where the file is missing or of another version."""
        if not results_path(self.folder).is_file():
            return set()
        try:
            return {result.metric for result in self.result_list}
        except InputError:  # of another version: the results are made anew
            return set()

    # --- files ------------------------------------------------------------------------------------

    def scores_of(self, method: str) -> MethodScores | None:
        """The scores of a method; None where it was not scored."""
        if method not in self._scores:
            path = scores_path(self.folder, method)
            data = path.read_bytes() if path.is_file() else None
            loaded = None if data is None else MethodScores(path, files.sha256(data), scores_frame(data, path))
            self._scores[method] = loaded
        return self._scores[method]

    def features_of(self, folder: str, extractor: str) -> "StoredFeatures | None":
        """The features of a method's composites or of the targets; None where there are none."""
        from inpaint_bench.runner.features import features_path, read_features

        if (folder, extractor) not in self._features:
            path = features_path(self.folder, folder, extractor)
            self._features[folder, extractor] = read_features(path) if path.is_file() else None
        return self._features[folder, extractor]

    def objects_of(self, folder: str, detector: str) -> "StoredObjects | None":
        """The objects that a detector found in a method's composites or in the targets; None where there is no file."""
        from inpaint_bench.runner.objects import objects_path, read_objects

        if (folder, detector) not in self._objects:
            path = objects_path(self.folder, folder, detector)
            self._objects[folder, detector] = read_objects(path) if path.is_file() else None
        return self._objects[folder, detector]

    # --- per-pair data ----------------------------------------------------------------------------

    def per_pair(self, method: str, metrics: Collection[str] = ()) -> "list[PerPairData]":
        """The per-pair data of every metric that every pair was scored in, and of the set and detection metrics named.

        Of a stochastic method's samples the one with the best score of the page's metric counts, the first on ties:
        one sample for all metrics (SPN, section 4.3). The other reductions follow it.
        """
        from inpaint_bench.analysis.load import load_per_pair

        loaded, data = self._per_pair.get(method, (frozenset(), None))
        if data is None or not loaded.issuperset(metrics):
            loaded = loaded.union(metrics)
            data = load_per_pair(self, method, loaded)
            self._per_pair[method] = loaded, data
        return data

    def data_of(self, result: Result) -> "PerPairData":
        """The per-pair data that a result was computed from.

        Raises HashError where the files have changed since, and InputError where they are gone.
        """
        wanted = {one.metric for one in self.result_list if one.method == result.method} | {result.metric}
        found = (one for one in self.per_pair(result.method, wanted) if one.metric.name == result.metric)
        return checked(self.path, result, next((one for one in found if one.signature == result.signature), None))

    def chosen_samples(self, method: str) -> list[int | None]:
        """The sample of each pair that counts; None for a method with one output a pair, and where none is scored."""
        from inpaint_bench.analysis.load import chosen_samples_of

        return chosen_samples_of(self, method)

    def pictures_of(self, method: str) -> dict[tuple[str, int | None], str]:
        """By pair and sample the start of the hash of each composite that was scored."""
        scores = self.scores_of(method)
        rows = scores.by_metric.get(next(iter(RECORDED))) if scores else None
        if rows is None:
            return {}
        columns = zip(rows["pair"].tolist(), rows["sample"].tolist(), rows["composite"].tolist(), strict=True)
        return {(pair, None if sample == NO_SAMPLE else sample): sha256 for pair, sample, sha256 in columns}

    def tables(self, method: str) -> "Iterator[tuple[str, np.ndarray]]":
        """By metric the scores of every sample of every pair, (pairs, samples), of a stochastic method."""
        from inpaint_bench.analysis.load import sample_tables

        yield from sample_tables(self, method).items()

    def main_reduction(self, method: str) -> Reduction:
        """How tables reduce a method's samples: none, or the best of all of them."""
        scores = self.scores_of(method)
        page = self.info.protocol
        stochastic = scores is not None and bool((scores.frame["sample"] != NO_SAMPLE).any())
        return Reduction("best", page.samples, page.samples, page.choose) if stochastic else NONE


def checked(run: Path, result: Result, found: "PerPairData | None") -> "PerPairData":
    """The per-pair data of a result, after a check of its hash."""
    again = f"`inpaint-bench score {run}` measures what has changed and makes the results again."
    if found is None:
        raise InputError(
            f"{run / result.method}: what the results of {result.metric} were made from is not here. {again}"
        )
    if found.source != result.scores:
        raise HashError(
            f"{found.where}: not what the results of {result.metric} were made from: sha256 {found.source[:12]}, "
            f"not {result.scores[:12]}. {again}"
        )
    return found
