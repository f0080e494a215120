"""What is measured of anybody's folder of outputs: pair by pair, and of all pictures together."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.evidence.kinds import ObjectCounts, SetFeatures
from inpaint_bench.images import Pixels
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.cache import features_of
from inpaint_bench.metrics.catalogue import few, refuse_marked, signature
from inpaint_bench.metrics.detection import DETECTION_METRICS, DETECTORS, Tally, tally
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.kinds import Features
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.pairs.find import Dataset
from inpaint_bench.pairs.lists import Pair
from inpaint_bench.pairs.pixels import prepare
from inpaint_bench.run.predict import Pace
from inpaint_bench.score.measure import detectors, extractors
from inpaint_bench.score.objects import detections
from inpaint_bench.score.outputs import Outputs, score_outputs, scored_pixels
from inpaint_bench.score.pictures import offered
from inpaint_bench.threads import in_order


def evidence_of_outputs(
    dataset: Dataset, folder: Path, chosen: Mapping[str, Path], metrics: Sequence[str], raw: bool, pace: Pace
) -> list[SetFeatures | ObjectCounts]:
    """Of the output of each pair in a folder, what the metrics on features and on objects rest on, in their order."""
    rule = dataset.page.eight_bit
    found: list[SetFeatures | ObjectCounts] = []

    def composite(pair: Pair) -> Pixels:
        return scored_pixels(dataset, pair, chosen[pair.pair], raw)[1]

    def target(pair: Pair) -> Pixels:
        return prepare(dataset.page, dataset.data, pair).target

    for extractor in extractors(metrics):
        ours, theirs = (_features(extractor, dataset.pairs, read, pace) for read in (composite, target))
        hashes = [files.sha256(np.ascontiguousarray(features).tobytes()) for features in (ours, theirs)]
        for metric in (SET_METRICS[name] for name in metrics if name in SET_METRICS):
            if metric.extractor == extractor:
                named = signature(metric, rule, raw, EXTRACTORS[extractor].signature())
                found.append(SetFeatures(metric, named, folder, hashes[0], ours, theirs, hashes[1]))
    for detector in detectors(metrics):
        tallies = list(_tallies(detector, dataset, chosen, raw, pace))
        for counted in (DETECTION_METRICS[name] for name in metrics if name in DETECTION_METRICS):
            if counted.detector == detector:
                named = signature(counted, rule, raw, DETECTORS[detector].signature())
                found.append(ObjectCounts(counted, named, folder, "", *counted.num_den(tallies)))
    return found


def _features(extractor: str, pairs: Sequence[Pair], read: Callable[[Pair], Pixels], pace: Pace) -> Features:
    def source() -> Iterator[tuple[str, Callable[[], Pixels]]]:
        for pixels in in_order(read, pairs, pace.jobs):
            yield offered(pixels)

    return np.stack(list(features_of(EXTRACTORS[extractor], source(), pace.device)))


def _tallies(name: str, dataset: Dataset, chosen: Mapping[str, Path], raw: bool, pace: Pace) -> Iterator[Tally]:
    detector = DETECTORS[name]
    detect = detector.open(pace.device)

    def look(pair: Pair) -> Tally:
        prepared, pixels = scored_pixels(dataset, pair, chosen[pair.pair], raw)
        ours, theirs = (detections(one, detector, detect, pace) for one in (pixels, prepared.target))
        return tally(theirs, ours, prepared.hole)

    yield from in_order(look, dataset.pairs, pace.jobs)


def measure_outputs(
    dataset: Dataset,
    folder: Path,
    outputs: Outputs,
    metrics: Sequence[str],
    raw: bool,
    pace: Pace,
    strict: bool,
    told: Callable[[], None] = lambda: None,
) -> Iterator[dict[str, object]]:
    """A row for every output with its scores; then, of metrics on all pictures together, one row without a pair.

    That row has the value of each, the ends of its 95% interval, and of a distance the floor: half of the targets
    against the other half. Of several samples of a pair the one with the best PSNR counts, as in a run. Raises
    NotComparableError if `strict` and a Fréchet distance of so few pictures is mostly bias.
    """
    together = [name for name in metrics if name in SET_METRICS or name in DETECTION_METRICS]
    if strict:
        refuse_marked(
            [f"{name} of {len(dataset.pairs)} pictures" for name in together if few(name, len(dataset.pairs))]
        )
    single = [name for name in metrics if name in METRICS]
    sampled = any(sample is not None for samples in outputs.values() for sample in samples)
    by = dataset.page.choose
    best: dict[str, tuple[float, Path]] = {}
    for pair, sample, values in score_outputs(
        dataset, outputs, [*single, *({by} - {*single} if sampled else ())], raw, pace
    ):
        worth = (values[by] if METRICS[by].better == "higher" else -values[by]) if sampled else 0.0
        if pair.pair not in best or worth > best[pair.pair][0]:
            best[pair.pair] = (worth, outputs[pair.pair][sample])
        row: dict[str, object] = {"pair": Path(pair.image).stem} | ({} if sample is None else {"sample": sample})
        yield row | {name: plain(values[name]) for name in single}
        told()
    if together:
        chosen = {pair: path for pair, (_, path) in best.items()}
        yield _together(evidence_of_outputs(dataset, folder, chosen, together, raw, pace), len(dataset.pairs))


def _together(evidence: Sequence[SetFeatures | ObjectCounts], n: int) -> dict[str, object]:
    row: dict[str, object] = {"pair": None, "n": n}
    every = np.ones(n, dtype=np.bool_)
    for one in evidence:
        name, summary = one.metric.name, one.summary(every)
        low, high = one.interval(every, "bucket all") or (None, None)
        row |= {name: summary.value, f"{name}_low": low, f"{name}_high": high}
        if isinstance(one, SetFeatures):
            row[f"{name}_floor"] = one.floor(every, "bucket all").value
        if mark := few(name, n):
            row[f"{name}_mark"] = mark
    return row


def plain(value: float) -> float | str | None:
    """A value as JSON holds it: 'inf' for an infinite PSNR, null where a metric is not defined."""
    return "inf" if math.isinf(value) else None if math.isnan(value) else value
