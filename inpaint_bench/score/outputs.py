"""Anybody's folder of outputs, without a run: what is scored of it, picture by picture."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from inpaint_bench.images import Pixels
from inpaint_bench.methods.folders import read_output
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.cache import cached_values
from inpaint_bench.pairs.find import Dataset
from inpaint_bench.pairs.lists import Pair
from inpaint_bench.pairs.pixels import Prepared, prepare
from inpaint_bench.run.predict import Pace
from inpaint_bench.threads import in_order

Outputs = Mapping[str, Mapping[int | None, Path]]  # pair → sample → file
Scores = tuple[Pair, int | None, dict[str, float]]


def score_outputs(
    dataset: Dataset, outputs: Outputs, metrics: Sequence[str], raw: bool, pace: Pace
) -> Iterator[Scores]:
    """For each pair and sample, in order, the value of every metric.

    Raises InputError, by pair, for an output that cannot be read or has another size.
    """
    jobs = [
        (pair, sample, path) for pair in dataset.pairs for sample, path in sorted(outputs[pair.pair].items(), key=str)
    ]

    def score(job: tuple[Pair, int | None, Path]) -> Scores:
        pair, sample, path = job
        prepared, pixels = scored_pixels(dataset, pair, path, raw)
        batch = Batch(pixels[None], prepared.target[None], prepared.hole[None], pace.device)
        chosen = [METRICS[name] for name in metrics]
        values = {one.name: cached_values(one, batch) if one.slow else one.of(batch) for one in chosen}
        return pair, sample, {name: float(value[0]) for name, value in values.items()}

    yield from in_order(score, jobs, pace.jobs)


def scored_pixels(dataset: Dataset, pair: Pair, path: Path, raw: bool) -> tuple[Prepared, Pixels]:
    """A pair, and what is scored of an output: its composite with the target's known region, or `raw` itself."""
    prepared = prepare(dataset.page, dataset.data, pair)
    prediction = read_output(path, prepared)
    return prepared, prediction if raw else np.where(prepared.hole[..., None], prediction, prepared.target)
