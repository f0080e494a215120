"""Merging what was measured: the scores, features and objects of the shards of a run."""

import heapq
from collections.abc import Sequence

import msgspec

from inpaint_bench import files
from inpaint_bench.metrics.detection import DETECTORS
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.features.timm_files import model_of
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.scores import each_score, scores_path, write_sorted
from inpaint_bench.runner.stored import (
    MASKED,
    TARGETS,
    extractors_of,
    features_path,
    objects_path,
    read_features,
    read_objects,
    usable_index,
    write_features,
)


def merge_scores(parts: Sequence[RunFolder], out: RunFolder) -> None:
    """Join the scores, features and objects of the parts of a run."""
    for method in out.info.methods:
        paths = [scores_path(part, method) for part in parts]
        for part, path in zip(parts, paths, strict=True):
            sums.refuse_changed(part.path, path)
        here = [path for path in paths if path.is_file()]
        if here:
            write_sorted(out, method, heapq.merge(*map(each_score, here), key=lambda score: score.key))
    for folder in (*out.info.methods, TARGETS, MASKED):
        of_timm = (name for part in parts for name in extractors_of(part, folder) if model_of(name))
        for extractor in dict.fromkeys([*EXTRACTORS, *of_timm]):
            _merge_features(parts, out, folder, extractor)
        for detector in DETECTORS:
            _merge_objects(parts, out, folder, detector)


def _merge_features(parts: Sequence[RunFolder], out: RunFolder, folder: str, extractor: str) -> None:
    """Join the feature files of the parts of a run, if all were computed by the same network."""
    paths = [features_path(part, folder, extractor) for part in parts]
    for part, path in zip(parts, paths, strict=True):
        sums.refuse_changed(part.path, path.with_suffix(".json"))
    kept = [read_features(path) for path in paths if path.is_file()]
    if not kept or len({one.index.signature for one in kept}) != 1:
        return
    found = {row: one.features[n] for one in kept for n, row in enumerate(one.index.rows)}
    rows = tuple(sorted(found, key=lambda row: (row.pair, -1 if row.sample is None else row.sample)))
    path = features_path(out, folder, extractor)
    before, signature = usable_index(path), kept[0].index.signature
    if before is None or (before.signature, before.rows) != (signature, rows):
        write_features(path, signature, rows, kept[0].features.shape[1], (found[row] for row in rows))
    sums.write_sums(out.path, path, path.with_suffix(".json"))


def _merge_objects(parts: Sequence[RunFolder], out: RunFolder, folder: str, detector: str) -> None:
    """Join the objects files of the parts of a run, if all were found by the same detector."""
    paths = [path for part in parts if (path := objects_path(part, folder, detector)).is_file()]
    for part in parts:
        sums.refuse_changed(part.path, objects_path(part, folder, detector))
    read = [read_objects(path) for path in paths]
    if not read or len({one.header for one in read}) != 1:
        return
    found = sorted((one for stored in read for one in stored.found), key=lambda one: (one.pair, one.sample or 0))
    lines = [msgspec.json.encode(read[0].header), *(msgspec.json.encode(one) for one in found)]
    files.write_if_changed(objects_path(out, folder, detector), b"\n".join([*lines, b""]))
    sums.write_sums(out.path, objects_path(out, folder, detector))
