"""What a detector is: pictures in, boxes with scores and labels out, and the same written on one line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8

from inpaint_bench.errors import InputError

FLOOR = 0.05  # the least score that is written down
MOST = 100  # objects of a picture that are written down, as COCO's evaluation takes

Picture = UInt8[np.ndarray, "_ _ 3"]  # RGB; the pictures of a batch may differ in size
Boxes = Float32[np.ndarray, "objects 4"]  # left, top, right, bottom in pixels, from the picture's top left corner
Scores = Float32[np.ndarray, "objects"]  # from 0 to 1
Places = Int64[np.ndarray, "chosen"] | Bool[np.ndarray, "objects"]
Labels = Int64[np.ndarray, "objects"]  # the number of the class


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects of one picture, the highest score first; of equal scores, the one that the detector has first."""

    boxes: Boxes
    scores: Scores
    labels: Labels

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, chosen: Places) -> "Detections":
        """Those at the places given, or where the mask given is true, in that order."""
        return Detections(self.boxes[chosen], self.scores[chosen], self.labels[chosen])

    def sorted(self) -> "Detections":
        """The highest score first, ties in the order they have."""
        return self.take(np.argsort(-self.scores, kind="stable"))


Detect: TypeAlias = Callable[[Sequence[Picture]], list[Detections]]  # of each picture, whatever the others are


@dataclass(frozen=True)
class Detector:
    """A network that finds objects, fixed with its weights and settings: what differs has another signature."""

    name: str
    prefix: str  # of its metrics: 'det' gives det_conf, det_recall, ...
    absent: Callable[[], str]  # why it cannot run here and what mends that; '' where it can
    signature: Callable[[], str]  # name, start of the weights' SHA-256, input size, IoU of suppression, floor
    open: Callable[[torch.device], Detect]
    classes: tuple[str, ...] = ()  # their names, where its labels have known ones


def to_row(detections: Detections) -> dict[str, Any]:
    """Detections as JSON holds them: the shortest decimals that give the same float32 numbers back."""
    boxes = [[_shortest(value) for value in box] for box in detections.boxes]
    scores = [_shortest(score) for score in detections.scores]
    return {"boxes": boxes, "scores": scores, "labels": detections.labels.tolist()}


def from_row(row: Mapping[str, Any]) -> Detections:
    """What `to_row` wrote, to the bit. Raises InputError for a row that it cannot have written."""
    try:
        scores = np.array(row["scores"], dtype=np.float32)
        boxes = np.array(row["boxes"], dtype=np.float32).reshape(len(scores), 4)
        labels = np.array(row["labels"], dtype=np.int64).reshape(len(scores))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"a row of detections holds no boxes, scores and labels ({error}). Detect again.") from error
    sides_right = (boxes[:, :2] < boxes[:, 2:]).all() and np.isfinite(boxes).all()
    if not (sides_right and (np.diff(scores) <= 0).all() and ((scores >= 0) & (scores <= 1)).all()):
        raise InputError(
            "a row of detections has a box with no area, a score outside [0, 1] or a rising one. Detect again."
        )
    return Detections(boxes, scores, labels)


def _shortest(value: np.float32) -> float:
    return float(np.format_float_positional(value, unique=True, trim="-"))
