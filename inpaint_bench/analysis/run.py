"""A run loaded once: its results and what they were computed from, each file read and hashed a single time."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.results import PairMask, Result, pairs_by_bucket, read_results, results_path
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.data.pairs import Pairs
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import detectors, extractors
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder, open_run
from inpaint_bench.runner.run_info import RunInfo
from inpaint_bench.runner.score_table import ScoreTable, read_table
from inpaint_bench.runner.scores import MOST_SCORES, NO_SAMPLE, scores_path

if TYPE_CHECKING:
    from inpaint_bench.analysis.metric_agreement import MetricAgreement
    from inpaint_bench.analysis.per_pair import PerPairData
    from inpaint_bench.analysis.votes import Study
    from inpaint_bench.runner.stored import StoredFeatures, StoredObjects

Loaded = TypeVar("Loaded", bound="RunData")


@dataclass(frozen=True, eq=False)
class MethodScores:
    """The scores of a method as they lie on disk."""

    path: Path
    sha256: str
    table: ScoreTable


def method_scores(file: BinaryIO, path: Path, pairs: Pairs) -> MethodScores:
    """A scores file as scores of those pairs; `path` names it in errors. Raises InputError as `read_table` does."""
    table = read_table(file, path, pairs)
    file.seek(0)
    return MethodScores(path, files.stream_sha256(file), table)


class RunData:
    """A run folder with everything that its results are computed from; files are read when they are first needed."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._scores: dict[str, MethodScores | None] = {}
        self._features: dict[tuple[str, str], StoredFeatures | None] = {}
        self._objects: dict[tuple[str, str], StoredObjects | None] = {}
        self._per_pair: dict[tuple[str, ...], Sequence[PerPairData]] = {}
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
    def pairs(self) -> Pairs:
        """Its pairs, in order."""
        return self.folder.pairs

    @property
    def info(self) -> RunInfo:
        """run.json."""
        return self.folder.info

    @cached_property
    def result_list(self) -> tuple[Result, ...]:
        """The results, in the order of the file. Raises InputError when there is no file or it cannot be read.

        Raises HashError where they are not what the files of the run give, as `verify_results` says.
        """
        from inpaint_bench.analysis.verify import verify_results

        results = tuple(read_results(results_path(self.folder)))
        verify_results(self, results)
        return results

    def set_results(self, results: Sequence[Result]) -> None:
        """Replace the results by those that were just derived and written."""
        self.__dict__["result_list"] = tuple(results)

    @cached_property
    def buckets(self) -> dict[str, PairMask]:
        """The pairs of each bucket that holds one, and of all."""
        return pairs_by_bucket(self.folder.pairs, self.info.protocol)

    @cached_property
    def metric_agreement(self) -> "MetricAgreement | None":
        """How far its metrics agree; None where it has too few of them, or of methods and pairs."""
        from inpaint_bench.analysis.compare_metrics import compare_metrics, enough

        return compare_metrics(self) if enough(self) else None

    def measured(self) -> set[str]:
        """The metrics that the run has results of, whatever they are; none where they are not of this version."""
        try:
            return {result.metric for result in read_results(results_path(self.folder))}
        except InputError:  # there are none, or they are made anew
            return set()

    # --- files ------------------------------------------------------------------------------------

    def scores_of(self, method: str) -> MethodScores | None:
        """The scores of a method; None where it was not scored. Raises HashError where they were edited."""
        if method not in self._scores:
            path = scores_path(self.folder, method)
            sums.refuse_changed(self.path, path)
            self._scores[method] = self._read_scores(path) if path.is_file() else None
        return self._scores[method]

    def _read_scores(self, path: Path) -> MethodScores:
        with files.open_file(path, MOST_SCORES) as file:
            return method_scores(file, path, self.pairs)

    def set_scores(self, method: str, scores: MethodScores) -> None:
        """Give the scores of a method that were read elsewhere than in a run folder."""
        self._scores[method] = scores

    def scores_sha256(self, method: str) -> str:
        """The hash of a method's scores file, which need not be one; '' where there is none."""
        scores = self._scores.get(method)
        path = scores_path(self.folder, method)
        return scores.sha256 if scores else files.file_sha256(path) if path.is_file() else ""

    def features_of(self, folder: str, extractor: str) -> "StoredFeatures | None":
        """The features of a method's composites or of the targets; None where there are none.

        Raises HashError where they were changed.
        """
        from inpaint_bench.runner.stored import features_path, read_features

        if (folder, extractor) not in self._features:
            path = features_path(self.folder, folder, extractor)
            found = read_features(path) if path.is_file() else None
            sums.refuse_changed(self.path, path.with_suffix(".json"))
            self._features[folder, extractor] = found
        return self._features[folder, extractor]

    def objects_of(self, folder: str, detector: str) -> "StoredObjects | None":
        """The objects that a detector found in a method's composites or in the targets; None where there is no file.

        Raises HashError where they were changed.
        """
        from inpaint_bench.runner.stored import objects_path, read_objects

        if (folder, detector) not in self._objects:
            path = objects_path(self.folder, folder, detector)
            sums.refuse_changed(self.path, path)
            self._objects[folder, detector] = read_objects(path) if path.is_file() else None
        return self._objects[folder, detector]

    @cached_property
    def study(self) -> "Study | None":
        """The votes of a user study of these composites; None where there are none. Raises HashError if edited."""
        from inpaint_bench.analysis.votes import load_study

        return load_study(self)

    # --- per-pair data ----------------------------------------------------------------------------

    def per_pair(self, method: str, metrics: Collection[str] = ()) -> "list[PerPairData]":
        """The per-pair data of every metric that every pair was scored in, and of the set and detection metrics named.

        Of a stochastic method's samples the one with the best score of the page's metric counts, the first on ties:
        one sample for all metrics (SPN, section 4.3). The other reductions follow it.
        """
        from inpaint_bench.analysis.load import load_features, load_objects, load_scores, load_votes

        data = [*self._loaded(load_scores, method), *self._loaded(load_votes, method)]
        for extractor in extractors(metrics):
            data += [one for one in self._loaded(load_features, method, extractor) if one.metric.name in metrics]
        for detector in detectors(metrics):
            data += [one for one in self._loaded(load_objects, method, detector) if one.metric.name in metrics]
        return data

    def _loaded(self, load: "Callable[..., Sequence[PerPairData]]", *of: str) -> "Sequence[PerPairData]":
        """What a function loads of a method, loaded once."""
        key = (load.__name__, *of)
        if key not in self._per_pair:
            self._per_pair[key] = load(self, *of)
        return self._per_pair[key]

    def data_of(self, result: Result) -> "PerPairData":
        """The per-pair data that a result was computed from.

        Raises HashError where the files have changed since, and InputError where they are gone.
        """
        found = (one for one in self.per_pair(result.method, [result.metric]) if one.metric.name == result.metric)
        return checked(self.path, result, next((one for one in found if one.signature == result.signature), None))

    def chosen_samples(self, method: str) -> list[int | None]:
        """The sample of each pair that counts; None for a method with one output a pair, and where none is scored."""
        from inpaint_bench.analysis.load import chosen_samples_of

        return chosen_samples_of(self, method)

    def pictures_of(self, method: str) -> dict[tuple[str, int | None], str]:
        """By pair and sample the start of the hash of each composite that was scored."""
        scores = self.scores_of(method)
        rows = scores.table.of(next(iter(RECORDED))) if scores else None
        if rows is None:
            return {}
        names = self.pairs.names
        columns = zip(rows.pair.tolist(), rows.sample.tolist(), rows.composite.tolist(), strict=True)
        return {(names[pair], None if sample == NO_SAMPLE else sample): sha256 for pair, sample, sha256 in columns}

    def tables(self, method: str) -> "Iterator[tuple[str, np.ndarray]]":
        """By metric the scores of every sample of every pair, (pairs, samples), of a stochastic method."""
        from inpaint_bench.analysis.load import sample_tables

        yield from sample_tables(self, method).items()

    def main_reduction(self, method: str) -> Reduction:
        """How tables reduce a method's samples: none, or the best of all of them."""
        scores = self.scores_of(method)
        page = self.info.protocol
        stochastic = scores is not None and bool((scores.table.sample != NO_SAMPLE).any())
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
