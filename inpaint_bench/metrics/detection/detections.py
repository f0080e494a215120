"""Detections of one image, their form in JSON, and the declaration of a detector."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.base import Reference, resolve

if TYPE_CHECKING:
    import torch

MIN_SCORE = 0.05  # minimum score of a stored detection
MAX_DETECTIONS = 100  # stored detections per image, as in COCO's evaluation

Picture = UInt8[np.ndarray, "_ _ 3"]  # RGB; images of a batch may differ in size
Boxes = Float32[np.ndarray, "objects 4"]  # left, top, right, bottom in pixels, from the top left corner
Scores = Float32[np.ndarray, "objects"]  # from 0 to 1
Selection = Int64[np.ndarray, "chosen"] | Bool[np.ndarray, "objects"]  # indices, or a mask
Labels = Int64[np.ndarray, "objects"]  # class indices


@dataclass(frozen=True, eq=False)
class Detections:
    """Detected objects of one image, by falling score; equal scores keep the order of the detector."""

    boxes: Boxes
    scores: Scores
    labels: Labels

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, chosen: Selection) -> "Detections":
        """The detections at the given indices, in that order, or where the given mask is true."""
        return Detections(self.boxes[chosen], self.scores[chosen], self.labels[chosen])

    def sorted(self) -> "Detections":
        """By falling score; equal scores keep their order."""
        return self.take(np.argsort(-self.scores, kind="stable"))


# The detections of an image do not depend on the others.
Detect: TypeAlias = Callable[[Sequence[Picture]], list[Detections]]


@dataclass(frozen=True)
class Detector:
    """A network that finds objects, with its weights and settings. Different settings give different signatures."""

    name: str
    prefix: str  # of its metrics: 'det' gives det_conf, det_recall, ...
    absent: Callable[[], str]  # why it cannot run here and how to fix it, or ''
    sha256: Callable[[], str]  # of its weights
    size: int | None  # of the images that the network sees, in pixels; None: their own
    max_iou: float  # non-maximum suppression drops a box that overlaps a better one by more
    opened_by: Reference  # a function of the device
    classes: tuple[str, ...] = ()  # their names, where its labels have known ones

    def signature(self) -> str:
        """The name, the start of the weights' SHA-256 and the settings. Raises InputError where `absent` says why."""
        size = self.size or "own-size"
        return f"{self.name}:{self.sha256()[:8]}:{size}:nms{self.max_iou}:floor{MIN_SCORE}:top{MAX_DETECTIONS}"

    def open(self, device: "torch.device") -> Detect:
        """Load the network on a device.

        Raises InputError where a package or a file is missing, HashError for a file with another hash.
        """
        detect: Detect = resolve(self.opened_by)(device)
        return detect


def to_row(detections: Detections) -> dict[str, Any]:
    """Convert detections to JSON types, with the shortest decimals that give back the same float32 values."""
    boxes = [[_shortest(value) for value in box] for box in detections.boxes]
    scores = [_shortest(score) for score in detections.scores]
    return {"boxes": boxes, "scores": scores, "labels": detections.labels.tolist()}


def from_row(row: Mapping[str, Any]) -> Detections:
    """Read back the result of `to_row`, bit by bit. Raises InputError for anything that it cannot have written."""
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
