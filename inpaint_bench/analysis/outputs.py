"""What is measured of anybody's folder of outputs: pair by pair, of a pair's samples, and of all pictures together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.per_pair import ObjectCounts, SetFeatures
from inpaint_bench.analysis.reductions import NONE
from inpaint_bench.analysis.results import json_value
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.errors import InputError
from inpaint_bench.methods.folder import read_output
from inpaint_bench.methods.layouts import Outputs
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.base import Features
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.cache import cached_values, features_of
from inpaint_bench.metrics.detection import DETECTION_METRICS, DETECTORS, Tally
from inpaint_bench.metrics.detection.matching import tally
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.pixel import known_error
from inpaint_bench.metrics.registry import SAMPLES_METRICS, detectors, extractors, few, refuse_marked, signature
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.runner.objects import detections
from inpaint_bench.runner.pictures import offered
from inpaint_bench.runner.predict import RuntimeOptions
from inpaint_bench.threads import in_order

Row = dict[str, object]


@dataclass(frozen=True)
class Folder:
    """Outputs of a dataset's pairs, and how they are taken: composited with the known region, or raw."""

    path: Path
    dataset: Dataset
    outputs: Outputs
    raw: bool
    runtime: RuntimeOptions

    @property
    def sampled(self) -> bool:
        """Whether they are samples of a stochastic method."""
        return any(sample is not None for samples in self.outputs.values() for sample in samples)

    def prepared(self, pair: Pair) -> Prepared:
        """A pair's target and hole."""
        return prepare(self.dataset.page, self.dataset.data, pair)

    def scored(self, prepared: Prepared, prediction: Pixels) -> Pixels:
        """What is scored of an output."""
        return prediction if self.raw else np.where(prepared.hole[..., None], prediction, prepared.target)


def measure_outputs(
    folder: Folder, metrics: Sequence[str], strict: bool, on_progress: Callable[[], None] = lambda: None
) -> Iterator[Row]:
    """A row for every output with its scores, one for the samples of each pair, and one for all pictures together.

    The last has no pair. It holds the value of each metric, the ends of its 95% interval, how many pairs were counted,
    its signature, and of a distance the floor: half of the targets against the other half. Of several samples of a
    pair the one with the best PSNR counts, as in a run. Raises InputError, by pair, for an output that cannot be read
    or has another size, and NotComparableError if `strict` and a Fréchet distance of so few pictures is mostly bias.
    """
    count = len(folder.dataset.pairs)
    together = [name for name in metrics if name in SET_METRICS or name in DETECTION_METRICS]
    if strict:
        refuse_marked([f"{name} of {count} pictures" for name in together if few(name, count)])
    of_samples = [name for name in metrics if name in SAMPLES_METRICS]
    if of_samples and not folder.sampled:
        raise InputError(
            f"{folder.path}: {of_samples[0]} compares samples, and every pair has one output. Leave it out."
        )
    single = [name for name in metrics if name in METRICS]
    chosen: dict[str, tuple[float, Path]] = {}
    for pair, sample, values in _scores(folder, single):
        worth = _worth(folder, values)
        if pair.pair not in chosen or worth > chosen[pair.pair][0]:
            chosen[pair.pair] = worth, folder.outputs[pair.pair][sample]
        named: Row = {"pair": Path(pair.image).stem} | ({} if sample is None else {"sample": sample})
        yield named | {name: json_value(values[name]) for name in [*single, "known_error"]}
        on_progress()
    if of_samples:
        yield from in_order(
            lambda pair: _of_samples(folder, pair, of_samples), folder.dataset.pairs, folder.runtime.jobs
        )
    if together:
        yield _together(_evidence(folder, {pair: path for pair, (_, path) in chosen.items()}, together), count)


# --- pair by pair ---------------------------------------------------------------------------------


def _scores(folder: Folder, metrics: Sequence[str]) -> Iterator[tuple[Pair, int | None, dict[str, float]]]:
    """Of each pair and sample, in order, every metric; of samples also the one that chooses among them."""
    by = folder.dataset.page.choose
    names = [*metrics, *({by} - {*metrics} if folder.sampled else ())]
    jobs = [(pair, *one) for pair in folder.dataset.pairs for one in _in_order(folder.outputs[pair.pair])]

    def score(job: tuple[Pair, int | None, Path]) -> tuple[Pair, int | None, dict[str, float]]:
        pair, sample, path = job
        prepared = folder.prepared(pair)
        prediction = read_output(path, prepared)
        pixels = folder.scored(prepared, prediction)
        batch = Batch(pixels[None], prepared.target[None], prepared.hole[None], folder.runtime.device)
        chosen = [METRICS[name] for name in names]
        values = {one.name: float((cached_values(one, batch) if one.slow else one.of(batch))[0]) for one in chosen}
        return pair, sample, values | {"known_error": known_error(prediction, prepared.target, prepared.hole)}

    yield from in_order(score, jobs, folder.runtime.jobs)


def _in_order(samples: Mapping[int | None, Path]) -> list[tuple[int | None, Path]]:
    return sorted(samples.items(), key=lambda one: -1 if one[0] is None else one[0])


def _worth(folder: Folder, values: Mapping[str, float]) -> float:
    """By what one sample is chosen: the larger, the better."""
    if not folder.sampled:
        return 0.0
    by = folder.dataset.page.choose
    return values[by] if METRICS[by].better == "higher" else -values[by]


def _of_samples(folder: Folder, pair: Pair, metrics: Sequence[str]) -> Row:
    prepared = folder.prepared(pair)
    read = [read_output(path, prepared) for _, path in _in_order(folder.outputs[pair.pair])]
    samples = [folder.scored(prepared, prediction) for prediction in read]
    values = {name: SAMPLES_METRICS[name].function(samples, prepared.hole, folder.runtime.device) for name in metrics}
    return {"pair": Path(pair.image).stem} | {name: json_value(value) for name, value in values.items()}


# --- all together ---------------------------------------------------------------------------------


def _evidence(
    folder: Folder, chosen: Mapping[str, Path], metrics: Sequence[str]
) -> Iterator[SetFeatures | ObjectCounts]:
    """What the metrics on features and on objects rest on."""
    rule, pairs = folder.dataset.page.eight_bit, folder.dataset.pairs

    def composite(pair: Pair) -> Pixels:
        prepared = folder.prepared(pair)
        return folder.scored(prepared, read_output(chosen[pair.pair], prepared))

    for name in extractors(metrics):
        ours = _features(name, pairs, composite, folder.runtime)
        theirs = _features(name, pairs, lambda pair: folder.prepared(pair).target, folder.runtime)
        hashes = [files.sha256(np.ascontiguousarray(features).tobytes()) for features in (ours, theirs)]
        for metric in (SET_METRICS[one] for one in metrics if one in SET_METRICS):
            if metric.extractor == name:
                named = signature(metric, rule, folder.raw, EXTRACTORS[name].signature())
                yield SetFeatures(metric, named, folder.path, hashes[0], NONE, named, ours, theirs, hashes[1])
    for name in detectors(metrics):
        tallies = list(_tallies(name, folder, composite))
        for counted in (DETECTION_METRICS[one] for one in metrics if one in DETECTION_METRICS):
            if counted.detector == name:
                named = signature(counted, rule, folder.raw, DETECTORS[name].signature())
                yield ObjectCounts(counted, named, folder.path, "", NONE, *counted.num_den(tallies))


def _features(
    extractor: str, pairs: Sequence[Pair], read: Callable[[Pair], Pixels], runtime: RuntimeOptions
) -> Features:
    pictures = (offered(pixels) for pixels in in_order(read, pairs, runtime.jobs))
    return np.stack(list(features_of(EXTRACTORS[extractor], pictures, runtime.device)))


def _tallies(name: str, folder: Folder, composite: Callable[[Pair], Pixels]) -> Iterator[Tally]:
    detector = DETECTORS[name]
    detect = detector.open(folder.runtime.device)

    def look(pair: Pair) -> Tally:
        prepared = folder.prepared(pair)
        ours, theirs = (detections(one, detector, detect, folder.runtime) for one in (composite(pair), prepared.target))
        return tally(theirs, ours, prepared.hole)

    yield from in_order(look, folder.dataset.pairs, folder.runtime.jobs)


def _together(per_pair: Iterator[SetFeatures | ObjectCounts], count: int) -> Row:
    row: Row = {"pair": None, "n": count}
    every = np.ones(count, dtype=np.bool_)
    for one in per_pair:
        name, summary = one.metric.name, one.summary(every)
        low, high = one.interval(every, "bucket all") or (None, None)
        row |= {name: summary.value, f"{name}_low": low, f"{name}_high": high, f"{name}_n": summary.n}
        if isinstance(one, SetFeatures):
            row[f"{name}_floor"] = one.real_vs_real(every, "bucket all").value
        if summary.value is not None and few(name, count):
            row[f"{name}_mark"] = few(name, count)
        row[f"{name}_signature"] = one.signature
    return row
