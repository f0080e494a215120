"""Geometry of boxes: overlap, non-maximum suppression, clipping to the image, and the hole pixels within a box."""

import math

import numpy as np
from jaxtyping import Float32, Float64

from inpaint_bench.data.images import Hole
from inpaint_bench.metrics.detection.detections import MAX_DETECTIONS, Detections

Box = Float32[np.ndarray, "4"]  # one box
First = Float32[np.ndarray, "first 4"]
Second = Float32[np.ndarray, "second 4"]
Overlaps = Float64[np.ndarray, "first second"]


def overlaps(first: First, second: Second) -> Overlaps:
    """Intersection over union (IoU) of every box of `first` with every box of `second`, from 0 to 1, in float64."""
    import torch
    from torchvision.ops import box_iou

    return np.asarray(box_iou(*(torch.from_numpy(boxes.astype(np.float64)) for boxes in (first, second))).numpy())


def suppressed(detections: Detections, max_iou: float) -> Detections:
    """Apply non-maximum suppression to each class: the best 100 remaining detections, sorted by score.

    A box is dropped where its IoU with a kept box of its class and of a higher score is above `max_iou`; between equal
    scores, the first is kept. `torchvision.ops.batched_nms` is not used: it separates classes by adding offsets to
    their coordinates, which rounds them.
    """
    import torch
    from torchvision.ops import nms

    ordered = detections.sorted()
    boxes, scores = (torch.from_numpy(values.astype(np.float64)) for values in (ordered.boxes, ordered.scores))
    kept = [np.empty(0, np.int64)]
    for label in np.unique(ordered.labels):
        rows = np.flatnonzero(ordered.labels == label)
        kept.append(rows[nms(boxes[rows], scores[rows], max_iou).numpy()])
    return ordered.take(np.sort(np.concatenate(kept))[:MAX_DETECTIONS])


def within(detections: Detections, width: int, height: int) -> Detections:
    """Clip boxes to an image of the given size, and drop those that are then empty."""
    sides = np.array([width, height, width, height], dtype=np.float32)
    boxes = detections.boxes.clip(np.float32(0), sides)
    remaining = np.flatnonzero((boxes[:, :2] < boxes[:, 2:]).all(axis=1))
    return Detections(boxes, detections.scores, detections.labels).take(remaining)


def hole_pixels(box: Box, hole: Hole) -> tuple[int, int]:
    """Count the hole pixels and all pixels of a box: those whose centre lies within it.

    A box too thin to contain a centre counts the pixels on its own centre line. `hole` is bool (height, width).
    """
    height, width = hole.shape
    left, top, right, bottom = box.astype(np.float64)
    rows, columns = _covered(top, bottom, height), _covered(left, right, width)
    inside = hole[rows, columns]
    return int(np.count_nonzero(inside)), inside.size


def _covered(low: float, high: float, size: int) -> slice:
    """The pixels of a row whose centres lie in [low, high), or else the one that contains the middle."""
    first, end = math.ceil(low - 0.5), math.ceil(high - 0.5)
    if first == end:
        first = min(int((low + high) / 2), size - 1)
        end = first + 1
    return slice(first, end)
