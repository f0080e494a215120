"""Boxes: how far two overlap, and which of several on one object is kept."""

import math

import numpy as np
from jaxtyping import Float32, Float64

from inpaint_bench.data.images import Hole
from inpaint_bench.metrics.detection.detections import MOST, Detections

Box = Float32[np.ndarray, "4"]  # one box
First = Float32[np.ndarray, "first 4"]
Second = Float32[np.ndarray, "second 4"]
Overlaps = Float64[np.ndarray, "first second"]


def overlaps(first: First, second: Second) -> Overlaps:
    """The area that two boxes share over the area that they cover together (IoU), from 0 to 1, of every two."""
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(min=0).prod(axis=2)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=2) for boxes in (a, b)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def suppressed(detections: Detections, most: float) -> Detections:
    """The best 100, sorted, without those whose IoU with a better one of their class that is kept is above `most`."""
    ordered = detections.sorted()
    left = np.arange(len(ordered))
    kept: list[int] = []
    while len(left) and len(kept) < MOST:
        best, left = int(left[0]), left[1:]
        kept.append(best)
        near = overlaps(ordered.boxes[[best]], ordered.boxes[left])[0] > most
        left = left[~(near & (ordered.labels[left] == ordered.labels[best]))]
    return ordered.take(np.array(kept, dtype=np.int64))


def within(detections: Detections, width: int, height: int) -> Detections:
    """Boxes cut off at the picture's edges; those of which nothing is left are no objects of the picture."""
    sides = np.array([width, height, width, height], dtype=np.float32)
    boxes = detections.boxes.clip(np.float32(0), sides)
    left = np.flatnonzero((boxes[:, :2] < boxes[:, 2:]).all(axis=1))
    return Detections(boxes, detections.scores, detections.labels).take(left)


def hole_pixels(box: Box, hole: Hole) -> tuple[int, int]:
    """How many of a box's pixels are missing, and how many it has: those whose centre it holds.

    A box so thin that it holds no centre has the pixels that its own centre line runs through.
    """
    height, width = hole.shape
    left, top, right, bottom = box.astype(np.float64)
    rows, columns = _covered(top, bottom, height), _covered(left, right, width)
    inside = hole[rows, columns]
    return int(np.count_nonzero(inside)), inside.size


def _covered(low: float, high: float, size: int) -> slice:
    """The pixels of a row whose centres lie in [low, high), or the one that the middle is in."""
    first, end = math.ceil(low - 0.5), math.ceil(high - 0.5)
    if first == end:
        first = min(int((low + high) / 2), size - 1)
        end = first + 1
    return slice(first, end)
