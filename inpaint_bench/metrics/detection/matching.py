"""Matching of the detections in a target with those in its composite, one to one.

The objects are the detections in the target with a score of 0.5 or more. A detection in the composite with a score of
0.05 or more can match an object of its class with an IoU of 0.5 or more. Detections choose by falling score, each the
unmatched object with the largest IoU; ties go to the first. False positives of the detector in the target count as
objects too: the metrics compare with what the detector finds there, which is the same for every method.
"""

import math

import numpy as np
from jaxtyping import Float64, Int64

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection.boxes import Box, hole_pixels, overlaps
from inpaint_bench.metrics.detection.detections import MIN_SCORE, Detections
from inpaint_bench.metrics.detection.tallies import MATCH_IOU, OBJECT_SCORE, ObjectCounts, Tally, Zone

Matches = Int64[np.ndarray, "objects"]  # index of the matched detection, -1 for none
Ious = Float64[np.ndarray, "objects"]


def zone(box: Box, hole: Hole) -> Zone:
    """The zone of a box by its share of hole pixels: 'hole' from 1/2, 'edge' from 1/10, otherwise 'away'."""
    missing, pixels = hole_pixels(box, hole)
    if 2 * missing >= pixels:
        return "hole"
    return "edge" if 10 * missing >= pixels else "away"


def tally(target: Detections, composite: Detections, hole: Hole) -> Tally:
    """Compare the detections in a target with those in its composite; `hole` is bool (height, width).

    Raises InputError where a box extends beyond the mask, for then the detections are of another image.
    """
    objects, found = _from(target, OBJECT_SCORE), _from(composite, MIN_SCORE)
    _check(objects, hole)
    _check(found, hole)
    matches, overlap = matched(objects, found)
    scores = np.where(matches >= 0, found.scores[matches] if len(found) else 0, 0).astype(np.float64)
    sure = np.flatnonzero(found.scores >= OBJECT_SCORE)
    spurious = [zone(found.boxes[index], hole) for index in sure if index not in matches]
    zones = np.array([zone(box, hole) for box in objects.boxes], dtype="U4")

    def counts(name: Zone) -> ObjectCounts:
        own = zones == name
        objects_here, confidence = int(own.sum()), math.fsum(scores[own])
        return ObjectCounts(
            objects=objects_here,
            recalled=int((scores[own] >= OBJECT_SCORE).sum()),
            matched=int((matches[own] >= 0).sum()),
            confidence=confidence,
            drop=math.fsum(objects.scores[own] - scores[own]),
            overlap=math.fsum(overlap[own]),
            spurious=spurious.count(name),
            peopled=int(objects_here > 0),
            macro=confidence / objects_here if objects_here else 0.0,
        )

    return Tally(1, counts("hole"), counts("edge"), counts("away"))


def matched(objects: Detections, found: Detections) -> tuple[Matches, Ious]:
    """For each object, the index of the matched detection (-1 for none) and their IoU. Both inputs are sorted."""
    matches, overlap = np.full(len(objects), -1), np.zeros(len(objects))
    alike = overlaps(objects.boxes, found.boxes)
    alike[objects.labels[:, None] != found.labels] = 0
    for index in range(len(found)):
        unmatched = np.where(matches < 0, alike[:, index], 0)
        if unmatched.max(initial=0) >= MATCH_IOU:
            first = int(unmatched.argmax())
            matches[first], overlap[first] = index, unmatched[first]
    return matches, overlap


def masked_input(target: Pixels, hole: Hole) -> Pixels:
    """The target with a white hole: the reference of an image that is not inpainted."""
    return np.where(hole[..., None], np.uint8(255), target)


def _from(detections: Detections, min_score: float) -> Detections:
    ordered = detections.sorted()
    return ordered.take(ordered.scores >= min_score)


def _check(detections: Detections, hole: Hole) -> None:
    height, width = hole.shape
    if (detections.boxes < 0).any() or (detections.boxes > [width, height, width, height]).any():
        raise InputError(
            f"a detected box extends beyond the mask of {height}x{width} pixels. Detect in the image of that mask."
        )
