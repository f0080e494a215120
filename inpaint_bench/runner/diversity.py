"""Diversity: how much the samples of a stochastic method differ, one number a pair."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import prepare
from inpaint_bench.metrics import cache_file
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import SAMPLES_METRICS, signature
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.hashes import sha256_of
from inpaint_bench.runner.pictures import content
from inpaint_bench.runner.progress import Bar
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.scores import Score
from inpaint_bench.threads import in_order


def scores_of_samples(
    run: RunFolder,
    dataset: Dataset,
    method: str,
    requested: Sequence[str],
    before: Sequence[Score],
    runtime: RuntimeOptions,
    bar: Bar,
) -> Iterator[Score]:
    """Scores that compare the samples of each pair, requested or there already; none for a single output."""
    names = {*requested, *(score.metric for score in before)}
    old = {(score.pair, score.metric, score.signature, score.composite): score for score in before}

    def score(pair: Pair, samples: list[Path], metric: SamplesMetric) -> Score:
        named = signature(metric, run.info.protocol.eight_bit, run.info.raw)
        hashes = files.sha256("".join(sha256_of(path) for path in samples).encode())[:16]
        if kept := old.get((pair.pair, metric.name, named, hashes)):
            return kept
        return Score(pair.pair, None, metric.name, named, hashes, _value(dataset, pair, samples, metric, runtime))

    metrics = [metric for metric in SAMPLES_METRICS.values() if metric.name in names]
    finished = run.samples_of(method) if metrics else {}
    jobs = [
        (pair, [run.composite(method, pair.pair, sample) for sample in finished[pair.pair]], metric)
        for pair in run.pairs
        for metric in metrics
        if len(finished.get(pair.pair, ())) > 1
    ]
    with bar(f"{method}: samples of a pair", len(jobs)) as advance:
        for one in in_order(lambda job: score(*job), jobs, runtime.jobs):
            advance(1)
            yield one


def _value(dataset: Dataset, pair: Pair, samples: list[Path], metric: SamplesMetric, runtime: RuntimeOptions) -> float:
    """The value of one pair, from the cache where the same pixels were compared before."""
    pixels = [images.read_png(path)[0] for path in samples]
    hole = prepare(dataset.page, dataset.data, pair).hole
    key = cache_file.key_of(metric.stem, str(runtime.metric_device), *map(content, pixels), images.hole_sha256(hole))
    kept = cache_file.get_many([key]).get(key)
    if kept is None:
        kept = np.float64(metric.function(pixels, hole, runtime.metric_device)).tobytes()
        cache_file.put_many({key: kept})
    return float(np.frombuffer(kept, np.float64)[0])
