"""Loads the per-pair data of a method from its files; data of composites that are no longer there are left out."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float64, Int64

from inpaint_bench import files
from inpaint_bench.analysis.per_pair import ObjectCounts, PairValues, SetFeatures
from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.statistics.samples import best_of, best_of_each, chosen_samples, first_of, mean_of
from inpaint_bench.analysis.votes import PairVotes
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import Features, Metric, SamplesMetric
from inpaint_bench.metrics.declarations import PREFERENCE
from inpaint_bench.metrics.detection import DETECTION_METRICS
from inpaint_bench.metrics.registry import KNOWN, ORDER, detectors, signature
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.runner.score_table import ScoreTable
from inpaint_bench.runner.scores import NO_SAMPLE
from inpaint_bench.runner.stored import MASKED, TARGETS, StoredFeatures

if TYPE_CHECKING:
    from inpaint_bench.analysis.run import MethodScores, RunData

Samples = Float64[np.ndarray, "pairs samples"]
Choice = Int64[np.ndarray, "pairs"]
Scored = dict[tuple[str, int | None], str]  # pair and sample → the start of the hash of the picture that counts


def load_scores(run: "RunData", method: str) -> list[PairValues]:
    """The data of every image metric that every pair was scored in, in every reduction of a method's samples."""
    scores = run.scores_of(method)
    if scores is None:
        return []
    choosing = _sample_table(run, scores.table.of(run.info.protocol.choose))
    names = sorted(scores.table.metrics, key=ORDER.__getitem__)
    return [one for name in names for one in _of_scores(run, scores, name, choosing)]


def load_features(run: "RunData", method: str, extractor: str) -> list[SetFeatures]:
    """The data of every set metric on an extractor's features; none where features of a pair are missing."""
    scored, reduction = _scored(run, method)
    return list(_of_features(run, method, scored, reduction, extractor)) if len(scored) == len(run.pairs) else []


def load_objects(run: "RunData", method: str, detector: str) -> list[ObjectCounts]:
    """The data of every metric on a detector's objects; none where objects of a pair are missing."""
    scored, reduction = _scored(run, method)
    return list(_of_objects(run, method, scored, reduction, detector)) if len(scored) == len(run.pairs) else []


def load_votes(run: "RunData", method: str) -> list[PairVotes]:
    """What people said of a method; none where no study is here, or it did not show this method's composites."""
    study = run.study
    if study is None or method not in study.votes.methods:
        return []
    page = run.info.protocol
    named = signature(PREFERENCE, page.eight_bit, run.info.raw, study.stem)
    return [PairVotes(PREFERENCE, named, study.path, study.sha256, NONE, method, study)]


def lower_bounds(run: "RunData", metrics: Collection[str]) -> list[ObjectCounts]:
    """What the detectors find in the masked input: a method that does nothing."""
    return _references(run, MASKED, metrics)


def upper_bounds(run: "RunData", metrics: Collection[str]) -> list[ObjectCounts]:
    """What the detectors find in the targets: a perfect method."""
    return _references(run, TARGETS, metrics)


def _references(run: "RunData", folder: str, metrics: Collection[str]) -> list[ObjectCounts]:
    found = (one for name in detectors(metrics) for one in _of_objects(run, folder, _targets(run), NONE, name))
    return [one for one in found if one.metric.name in metrics]


def chosen_samples_of(run: "RunData", method: str) -> list[int | None]:
    """As `RunData.chosen_samples` says."""
    scores, by = run.scores_of(method), run.info.protocol.choose
    choosing = _sample_table(run, scores.table.of(by)) if scores else None
    if choosing is None:
        return [None] * len(run.pairs)
    return list(chosen_samples(choosing, KNOWN[by].better).tolist())


def sample_tables(run: "RunData", method: str) -> dict[str, Samples]:
    """As `RunData.tables` says, by metric."""
    scores = run.scores_of(method)
    names = sorted(scores.table.metrics, key=ORDER.__getitem__) if scores else []
    tables = {name: _sample_table(run, scores.table.of(name)) for name in names} if scores else {}
    return {name: table for name, table in tables.items() if table is not None}


# --- scores ---------------------------------------------------------------------------------------


def _of_scores(run: "RunData", scores: "MethodScores", name: str, choosing: Samples | None) -> Iterator[PairValues]:
    metric, rows, source = KNOWN[name], scores.table.of(name), (scores.path, scores.sha256)
    assert isinstance(metric, (Metric, SamplesMetric))
    assert rows is not None
    stem = rows.signature.texts[rows.signature.number[0]]
    if not (rows.sample >= 0).any():  # of one output a pair, or of all samples together
        if (values := _by_pair(run, rows, NO_SAMPLE, 1)) is not None:
            yield PairValues(metric, stem, *source, NONE, values[:, 0])
        return
    table, by = _sample_table(run, rows), run.info.protocol.choose
    if table is None or choosing is None:
        return
    count, better = table.shape[1], KNOWN[by].better
    reduced = {_chosen(run): best_of(table, chosen_samples(choosing, better))}
    if count > 1 and name not in RECORDED:
        reduced |= {Reduction("mean", count, count): mean_of(table), Reduction("first", 1, count): first_of(table)}
        each = best_of_each(table, choosing, better)
        reduced |= {Reduction("best", k, count, by): each[:, k - 1] for k in range(2, count)}  # best of 1 is the mean
    for reduction, per_pair in reduced.items():
        yield PairValues(metric, stem + reduction.suffix, *source, reduction, per_pair)


def _sample_table(run: "RunData", rows: ScoreTable | None) -> Samples | None:
    """Scores of one metric by pair and sample; none unless every sample of every pair is there."""
    return None if rows is None else _by_pair(run, rows.where(rows.sample >= 0), 0, run.info.protocol.samples)


def _by_pair(run: "RunData", rows: ScoreTable, first: int, count: int) -> Samples | None:
    """Values in the order of pairs, of so many samples from the first; none where one lacks or there are others.

    Of two rows of one pair and sample the later counts.
    """
    samples = rows.sample.astype(np.int64) - first
    if len(samples) and samples.max() >= count:
        return None
    values, there = np.empty((len(run.pairs), count)), np.zeros((len(run.pairs), count), dtype=np.bool_)
    values[rows.pair, samples], there[rows.pair, samples] = rows.value, True
    return values if there.all() else None


def _chosen(run: "RunData") -> Reduction:
    page = run.info.protocol
    return Reduction("best", page.samples, page.samples, page.choose)


# --- features and objects -------------------------------------------------------------------------


def _scored(run: "RunData", method: str) -> tuple[Scored, Reduction]:
    """The composite of every pair that counts, and the reduction that chose it."""
    hashes, samples = run.pictures_of(method), run.chosen_samples(method)
    keys = [(pair.pair, sample) for pair, sample in zip(run.pairs, samples, strict=True)]
    reduction = NONE if all(sample is None for sample in samples) else _chosen(run)
    return {key: hashes[key] for key in keys if key in hashes}, reduction


def _targets(run: "RunData") -> Scored:
    return {(pair.pair, None): pair.image_sha256[:16] for pair in run.pairs}


def _of_features(
    run: "RunData", method: str, scored: Scored, reduction: Reduction, extractor: str
) -> Iterator[SetFeatures]:
    composites, targets = run.features_of(method, extractor), run.features_of(TARGETS, extractor)
    if composites is None or targets is None:
        return
    rows, target_rows = _row_numbers(composites, scored), _row_numbers(targets, _targets(run))
    if rows is None or target_rows is None or composites.index.signature != targets.index.signature:
        return  # computed before a composite changed, or by another network
    ours, theirs = _in_order(composites.features, rows), _in_order(targets.features, target_rows)
    source = files.sha256(f"{composites.index.sha256}:{rows.tolist()}".encode())
    for metric in SET_METRICS.values():
        if metric.extractor == extractor:
            stem = signature(metric, run.info.protocol.eight_bit, run.info.raw, composites.index.signature)
            named = stem + reduction.suffix
            where = (composites.path, source, reduction, stem)
            yield SetFeatures(metric, named, *where, ours, theirs, targets.index.sha256)


def _in_order(features: Features, rows: Choice) -> Float[np.ndarray, "pairs width"]:
    """Rows of a file in the order of the pairs; a file that has that order stays on disk."""
    return features if np.array_equal(rows, np.arange(len(features))) else features[rows]


def _row_numbers(stored: StoredFeatures, scored: Scored) -> Choice | None:
    places = {(row.pair, row.sample, row.picture): number for number, row in enumerate(stored.index.rows)}
    rows = [places.get((*key, picture)) for key, picture in scored.items()]
    return None if None in rows else np.array(rows, dtype=np.int64)


def _of_objects(
    run: "RunData", folder: str, scored: Scored, reduction: Reduction, detector: str
) -> Iterator[ObjectCounts]:
    stored = run.objects_of(folder, detector)
    if stored is None:
        return
    tallies = {(one.pair, one.sample, one.picture): one.tally for one in stored.found}
    chosen = [tallies.get((*key, picture)) for key, picture in scored.items()]
    counted = [one for one in chosen if one is not None]
    if len(counted) != len(run.pairs):
        return
    for metric in DETECTION_METRICS.values():
        if metric.detector == detector:
            stem = signature(metric, run.info.protocol.eight_bit, run.info.raw, stored.header.signature)
            named, data = stem + reduction.suffix, metric.num_den(counted)
            yield ObjectCounts(metric, named, stored.path, stored.sha256, reduction, *data)
