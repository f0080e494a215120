"""Counts of the objects that a detector finds in a target and in its composite: of one pair, or added up.

They are stored in runs (objects.*.jsonl): the names of the fields are part of that format.
"""

from dataclasses import astuple, dataclass
from typing import Literal, TypeAlias

OBJECT_SCORE = 0.5  # minimum score of an object in the target, and of a recalled one in the composite
MATCH_IOU = 0.5  # minimum IoU of two boxes around one object

Zone: TypeAlias = Literal["hole", "edge", "away"]
ZONES: tuple[Zone, ...] = ("hole", "edge", "away")


@dataclass(frozen=True)
class ObjectCounts:
    """Sums over the objects of one zone."""

    objects: int = 0  # in the target
    recalled: int = 0  # of those, matched with a score of 0.5 or more
    matched: int = 0  # of those, matched with any score
    confidence: float = 0.0  # sum of the scores in the composite, 0 where unmatched
    drop: float = 0.0  # sum of the scores in the target minus those in the composite
    overlap: float = 0.0  # sum of the IoU of the matched ones
    spurious: int = 0  # detections of 0.5 or more in the composite that match no object
    peopled: int = 0  # images with an object in this zone
    macro: float = 0.0  # sum over those images of their mean confidence

    def __add__(self, other: "ObjectCounts") -> "ObjectCounts":
        return ObjectCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Tally:
    """The counts of one pair, or of several added up, by the share of an object's box that the hole covers."""

    pictures: int = 0  # images
    hole: ObjectCounts = ObjectCounts()  # half of the box or more
    edge: ObjectCounts = ObjectCounts()  # from a tenth to less than half
    away: ObjectCounts = ObjectCounts()  # less than a tenth: the control

    def __add__(self, other: "Tally") -> "Tally":
        zones = {zone: getattr(self, zone) + getattr(other, zone) for zone in ZONES}
        return Tally(self.pictures + other.pictures, **zones)
