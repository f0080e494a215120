"""Which objects of the target the composite still shows: detections of both, matched one to one.

What the detector finds in the target with a score of 0.5 or more are the objects. What it finds in the composite
with 0.05 or more may answer for one of the same class that it overlaps by an IoU of 0.5 or more: the highest score
chooses first, and of several the one that it overlaps most; ties go to the first. A detector's own errors in the
target are taken for objects too: these are measures of likeness to what it saw there, the same for every method.
"""

import math

import numpy as np
from jaxtyping import Float64, Int64

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection.boxes import Box, hole_pixels, overlaps
from inpaint_bench.metrics.detection.detections import MIN_SCORE, Detections
from inpaint_bench.metrics.detection.tallies import SAME, SURE, ObjectCounts, Tally, Zone

Places = Int64[np.ndarray, "objects"]
Values = Float64[np.ndarray, "objects"]


def zone(box: Box, hole: Hole) -> Zone:
    """Where a box lies, counted in whole pixels: 'hole' from 1/2 of it, 'edge' from 1/10, else 'away'."""
    missing, pixels = hole_pixels(box, hole)
    if 2 * missing >= pixels:
        return "hole"
    return "edge" if 10 * missing >= pixels else "away"


def tally(target: Detections, composite: Detections, hole: Hole) -> Tally:
    """What one detector found in a target and in a composite of it, compared.

    Raises InputError when a box reaches out of the mask: they are not of one picture.
    """
    objects, found = _from(target, SURE), _from(composite, MIN_SCORE)
    _check(objects, hole)
    _check(found, hole)
    answers, overlap = matched(objects, found)
    scores = np.where(answers >= 0, found.scores[answers] if len(found) else 0, 0).astype(np.float64)
    sure = np.flatnonzero(found.scores >= SURE)
    spurious = [zone(found.boxes[place], hole) for place in sure if place not in answers]
    zones = np.array([zone(box, hole) for box in objects.boxes], dtype="U4")

    def counts(name: Zone) -> ObjectCounts:
        own = zones == name
        objects_here, confidence = int(own.sum()), math.fsum(scores[own])
        return ObjectCounts(
            objects=objects_here,
            recalled=int((scores[own] >= SURE).sum()),
            matched=int((answers[own] >= 0).sum()),
            confidence=confidence,
            drop=math.fsum(objects.scores[own] - scores[own]),
            overlap=math.fsum(overlap[own]),
            spurious=spurious.count(name),
            peopled=int(objects_here > 0),
            macro=confidence / objects_here if objects_here else 0.0,
        )

    return Tally(1, counts("hole"), counts("edge"), counts("away"))


def matched(objects: Detections, found: Detections) -> tuple[Places, Values]:
    """For each object, the place of what answers for it, -1 where nothing does, and their IoU; both come sorted."""
    answers, overlap = np.full(len(objects), -1), np.zeros(len(objects))
    alike = overlaps(objects.boxes, found.boxes)
    alike[objects.labels[:, None] != found.labels] = 0
    for place in range(len(found)):
        left = np.where(answers < 0, alike[:, place], 0)
        if left.max(initial=0) >= SAME:
            first = int(left.argmax())
            answers[first], overlap[first] = place, left[first]
    return answers, overlap


def masked_input(target: Pixels, hole: Hole) -> Pixels:
    """The target with its hole white: what no method at all would show, to read the measures of methods against."""
    return np.where(hole[..., None], np.uint8(255), target)


def _from(detections: Detections, least: float) -> Detections:
    ordered = detections.sorted()
    return ordered.take(ordered.scores >= least)


def _check(detections: Detections, hole: Hole) -> None:
    height, width = hole.shape
    if (detections.boxes < 0).any() or (detections.boxes > [width, height, width, height]).any():
        raise InputError(
            f"a detected box reaches out of the mask of {height}x{width} pixels. Detect in the picture of that mask."
        )
