"""Boxes: how far two overlap, and which of several on one object is kept."""

import math

import numpy as np
import torch
from jaxtyping import Float32, Float64

from inpaint_bench.data.images import Hole
from inpaint_bench.metrics.detection.detections import MOST, Detections

Box = Float32[np.ndarray, "4"]  # one box
First = Float32[np.ndarray, "first 4"]
Second = Float32[np.ndarray, "second 4"]
Overlaps = Float64[np.ndarray, "first second"]


def overlaps(first: First, second: Second) -> Overlaps:
    """Intersection over union (IoU) of every box of `first` with every box of `second`, from 0 to 1, in float64."""
    from torchvision.ops import box_iou

    return np.asarray(box_iou(*(torch.from_numpy(boxes.astype(np.float64)) for boxes in (first, second))).numpy())


def suppressed(detections: Detections, max_iou: float) -> Detections:
    """Non-maximum suppression within each class: the 100 best that remain, sorted by score.

    A box is dropped where its IoU with a better one of its class that is kept is above `max_iou`; of equal scores,
    the first is the better one. Each class is done by itself: `torchvision.ops.batched_nms` moves the classes apart
    by adding to their coordinates, which rounds them.
    """
    from torchvision.ops import nms

    ordered = detections.sorted()
    boxes, scores = (torch.from_numpy(values.astype(np.float64)) for values in (ordered.boxes, ordered.scores))
    kept = [np.empty(0, np.int64)]
    for label in np.unique(ordered.labels):
        rows = np.flatnonzero(ordered.labels == label)
        kept.append(rows[nms(boxes[rows], scores[rows], max_iou).numpy()])
    return ordered.take(np.sort(np.concatenate(kept))[:MOST])


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
