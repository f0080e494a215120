"""Scoring: scores, image features and detected objects of a method's composites and of the targets."""

from collections.abc import Callable, Sequence

from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import MethodError
from inpaint_bench.metrics.detection import DETECTORS
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.registry import detectors, extractors
from inpaint_bench.runner.features import measure_features
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.objects import measure_objects
from inpaint_bench.runner.pictures import ALL, Samples
from inpaint_bench.runner.progress import Bar, no_bar
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_own import score_own
from inpaint_bench.runner.score_pairs import score_run
from inpaint_bench.runner.stored import MASKED, TARGETS

Choose = Callable[[RunFolder, str], Samples]  # of a method


def score_method(
    run: RunFolder,
    dataset: Dataset,
    method: str,
    metrics: Sequence[str],
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
    choose: Choose = lambda run, method: ALL,
) -> list[MethodError]:
    """Compute the scores, features and objects of a method's composites; what is up to date is not computed again.

    `choose` says, once the method is scored, which samples of a stochastic one have features and objects; by default
    all. Returns the failures of metrics of one's own, each a sentence: what else is measured is kept.
    """
    score_run(run, dataset, method, metrics, runtime, bar)
    failures = score_own(run, dataset, method, metrics, runtime, bar)
    of_features, of_objects = extractors(metrics), detectors(metrics)
    counted = choose(run, method) if of_features or of_objects else ALL
    for extractor in of_features:
        measure_features(run, dataset, method, EXTRACTORS[extractor], runtime, bar, counted)
    for detector in of_objects:
        measure_objects(run, dataset, method, DETECTORS[detector], runtime, bar, counted)
    return failures


def score_targets(
    run: RunFolder,
    dataset: Dataset,
    metrics: Sequence[str],
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
) -> None:
    """Compute the features and objects of the targets, and the objects of the masked targets."""
    for extractor in extractors(metrics):
        measure_features(run, dataset, TARGETS, EXTRACTORS[extractor], runtime, bar)
    for detector in detectors(metrics):
        for folder in (TARGETS, MASKED):
            measure_objects(run, dataset, folder, DETECTORS[detector], runtime, bar)
