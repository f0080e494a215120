"""The per_pair of a method of a run: what of its files belongs to the composites that are there."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from inpaint_bench import files
from inpaint_bench.analysis.per_pair import ObjectCounts, PairValues, PerPairData, SetFeatures
from inpaint_bench.analysis.statistics.samples import best_of, best_of_each, chosen_samples, first_of, mean_of
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import Metric, SamplesMetric
from inpaint_bench.metrics.detection import DETECTION_METRICS
from inpaint_bench.metrics.registry import KNOWN, ORDER, detectors, extractors, signature
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.runner.features import Kept, features_path, read_features
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.objects import objects_path, read_objects
from inpaint_bench.runner.pictures import MASKED, TARGETS
from inpaint_bench.runner.scores import Score, read_scores, scores_path

Samples = Float64[np.ndarray, "pairs samples"]
Choice = Int64[np.ndarray, "pairs"]


def gather(run: RunFolder, method: str, names: Collection[str]) -> list[PerPairData]:
    """The per_pair of every metric that every pair of the run was scored in, and of those names on networks.

    Of a stochastic method's samples the one with the best score of the page's metric counts, the first on ties: one
    sample for all metrics, as in the paper (SPN, 4.3). Beside it stand the mean over samples, the first sample, and
    what fewer samples would have given. The signature says which.
    """
    path = scores_path(run, method)
    if not path.is_file():
        return []
    scores, source = read_scores(path), files.file_sha256(path)
    by_metric: dict[str, list[Score]] = {}
    for score in scores:
        by_metric.setdefault(score.metric, []).append(score)
    by = run.info.protocol.choose
    choosing = _table(run, by_metric.get(by, []))
    choice = None if choosing is None else chosen_samples(choosing, KNOWN[by].better)
    found: list[PerPairData] = []
    for name in sorted(by_metric, key=ORDER.__getitem__):
        found += _of_scores(run, by_metric[name], (path, source), choosing)
    shown = _shown(run, by_metric.get("known_error", []), choice)
    if len(shown) == len(run.pairs):
        mark = _mark(run) if choice is not None else ""
        found += _of_features(run, method, shown, mark, names)
        found += _of_objects(run, method, shown, mark, names)
    return found


def checked(run: Path, method: str, metric: str, source: str, found: PerPairData | None) -> PerPairData:
    """The per_pair of a result that names that source. Raises HashError when it is not what the result was made from.

    Raises InputError when there is none any more.
    """
    again = f"`inpaint-bench score {run}` measures what has changed and makes the results again."
    if found is None:
        raise InputError(f"{run / method}: what the results of {metric} were made from is not here. {again}")
    if found.source != source:
        raise HashError(
            f"{found.where}: not what the results of {metric} were made from: sha256 {found.source[:12]}, "
            f"not {source[:12]}. {again}"
        )
    return found


def lower_bounds(run: RunFolder, names: Collection[str]) -> list[ObjectCounts]:
    """What the detectors find in the targets with white holes: a method that does nothing."""
    return _of_objects(run, MASKED, _targets(run), "", names)


def upper_bounds(run: RunFolder, names: Collection[str]) -> list[ObjectCounts]:
    """What the detectors find in the targets themselves."""
    return _of_objects(run, TARGETS, _targets(run), "", names)


# --- scores ---------------------------------------------------------------------------------------


def _of_scores(
    run: RunFolder, scores: list[Score], source: tuple[Path, str], choosing: Samples | None
) -> Iterator[PairValues]:
    metric, named = KNOWN[scores[0].metric], scores[0].signature
    assert isinstance(metric, (Metric, SamplesMetric))
    if not any(score.sample is not None for score in scores):  # of one output, or of all samples together
        values = {score.pair: score.value for score in scores}
        if len(values) == len(run.pairs):
            ordered = np.array([values[pair.pair] for pair in run.pairs], dtype=np.float64)
            yield PairValues(metric, named, *source, ordered)
        return
    table, by = _table(run, scores), run.info.protocol.choose
    if table is None or choosing is None:
        return
    count, better = table.shape[1], KNOWN[by].better
    yield PairValues(metric, named + _mark(run), *source, best_of(table, chosen_samples(choosing, better)))
    if count > 1 and metric.name not in RECORDED:
        yield PairValues(metric, f"{named}:mean-of-{count}", *source, mean_of(table))
        yield PairValues(metric, f"{named}:first-of-{count}", *source, first_of(table))
        each = best_of_each(table, choosing, better)
        for k in range(2, count):  # of one it is the mean
            yield PairValues(metric, f"{named}:best-{by}-of-{k}-from-{count}", *source, each[:, k - 1])


def _table(run: RunFolder, scores: Sequence[Score]) -> Samples | None:
    """Scores of one metric by pair and sample; none unless every sample of every pair is there."""
    count = run.info.protocol.samples
    values = {(score.pair, score.sample): score.value for score in scores if score.sample is not None}
    if len(values) != len(run.pairs) * count:
        return None
    return np.array([[values[pair.pair, k] for k in range(count)] for pair in run.pairs], dtype=np.float64)


def _mark(run: RunFolder) -> str:
    page = run.info.protocol
    return f":best-{page.choose}-of-{page.samples}"


# --- features and objects -------------------------------------------------------------------------

Shown = dict[tuple[str, int | None], str]  # pair and chosen sample → the start of the hash of that picture


def _shown(run: RunFolder, recorded: Sequence[Score], choice: Choice | None) -> Shown:
    """The composite of every pair that counts."""
    hashes = {(score.pair, score.sample): score.composite for score in recorded}
    samples = [None] * len(run.pairs) if choice is None else choice.tolist()
    keys = [(pair.pair, sample) for pair, sample in zip(run.pairs, samples, strict=True)]
    return {key: hashes[key] for key in keys if key in hashes}


def _targets(run: RunFolder) -> Shown:
    return {(pair.pair, None): pair.image_sha256[:16] for pair in run.pairs}


def _of_features(run: RunFolder, method: str, shown: Shown, mark: str, names: Collection[str]) -> Iterator[SetFeatures]:
    for extractor in extractors(names):
        ours = features_path(run, method, extractor)
        theirs = features_path(run, TARGETS, extractor)
        if not (ours.is_file() and theirs.is_file()):
            continue
        composites, targets = read_features(ours), read_features(theirs)
        rows, target_rows = _rows(composites, shown), _rows(targets, _targets(run))
        if rows is None or target_rows is None or composites.index.signature != targets.index.signature:
            continue  # made before a composite changed, or by another network: not of this run as it stands
        for metric in SET_METRICS.values():
            if metric.extractor == extractor and metric.name in names:
                yield SetFeatures(
                    metric,
                    signature(metric, run.info.protocol.eight_bit, False, composites.index.signature) + mark,
                    ours,
                    files.sha256(f"{composites.index.sha256}:{rows.tolist()}".encode()),
                    composites.features[rows],
                    targets.features[target_rows],
                    targets.index.sha256,
                )


def _rows(kept: Kept, shown: Shown) -> Choice | None:
    places = {(row.pair, row.sample, row.picture): number for number, row in enumerate(kept.index.rows)}
    rows = [places.get((*key, picture)) for key, picture in shown.items()]
    return None if None in rows else np.array(rows, dtype=np.int64)


def _of_objects(run: RunFolder, folder: str, shown: Shown, mark: str, names: Collection[str]) -> list[ObjectCounts]:
    per_pair = []
    for detector in detectors(names):
        path = objects_path(run, folder, detector)
        if not path.is_file():
            continue
        header, found = read_objects(path)
        tallies = {(one.pair, one.sample, one.picture): one.tally for one in found}
        chosen = [tallies.get((*key, picture)) for key, picture in shown.items()]
        counted = [one for one in chosen if one is not None]
        if len(counted) != len(run.pairs):
            continue
        for metric in DETECTION_METRICS.values():
            if metric.detector == detector and metric.name in names:
                named = signature(metric, run.info.protocol.eight_bit, False, header.signature) + mark
                per_pair.append(ObjectCounts(metric, named, path, files.file_sha256(path), *metric.num_den(counted)))
    return per_pair
