"""The metrics of detection: each a ratio of two sums over pairs, so that pairs can be pooled and resampled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inpaint_bench.metrics.base import Better
from inpaint_bench.metrics.detection.detections import MIN_SCORE
from inpaint_bench.metrics.detection.tallies import SAME, SURE, ZONES, ObjectCounts, Tally, Zone

PairSums = Float64[np.ndarray, "pairs"]
RULES = f"sure{SURE}:floor{MIN_SCORE}:iou{SAME}"
COVERED: dict[Zone, str] = {"hole": "hole>=0.5", "edge": "0.1<=hole<0.5", "away": "hole<0.1"}


@dataclass(frozen=True)
class DetectionMetric:
    """One number of the objects of a set: the sum of `numerator` over its pairs by that of `denominator`."""

    name: str
    detector: str
    zone: Zone
    better: Better
    decimals: int
    unit: str
    stem: str  # how the signature begins; the detector's own signature follows it
    numerator: Callable[[ObjectCounts], float]
    denominator: Callable[[ObjectCounts], int] | None  # none: the number of pairs
    paired: bool = True  # whether every method has the same denominators, so that two can be compared pair by pair
    version: int = 1

    def num_den(self, tallies: Sequence[Tally]) -> tuple[PairSums, PairSums]:
        """Numerator and denominator of each pair; both are 0 for a pair with none of the objects meant."""
        counts = [getattr(tally, self.zone) for tally in tallies]
        numerators = np.array([self.numerator(count) for count in counts], dtype=np.float64)
        if self.denominator is None:
            return numerators, np.array([tally.pictures for tally in tallies], dtype=np.float64)
        return numerators, np.array([self.denominator(count) for count in counts], dtype=np.float64)


Kind = tuple[str, Better, Callable[[ObjectCounts], float], Callable[[ObjectCounts], int] | None]
_KINDS: tuple[Kind, ...] = (
    ("conf", "higher", lambda counts: counts.confidence, lambda counts: counts.objects),
    ("conf_macro", "higher", lambda counts: counts.macro, lambda counts: counts.peopled),
    ("recall", "higher", lambda counts: counts.recalled, lambda counts: counts.objects),
    ("drop", "lower", lambda counts: counts.drop, lambda counts: counts.objects),
    ("iou", "higher", lambda counts: counts.overlap, lambda counts: counts.matched),
    ("spurious", "lower", lambda counts: counts.spurious, None),
)


def detection_metrics(detector: str, prefix: str) -> dict[str, DetectionMetric]:
    """The 18 metrics of a detector by name, as det_conf, det_conf_edge and det_conf_away.

    Of the objects that the hole covers by half or more (`_edge`: by a tenth to a half; `_away`: by less, where a
    method changes next to nothing):
    `conf`        mean score in the composite, 0 for an object that is not found; the one to look at first
    `conf_macro`  the same, as the mean over pictures that have an object of the picture's own mean
    `recall`      share that is found with a score of 0.5 or more
    `drop`        mean of the score in the target less that in the composite
    `iou`         mean overlap of the boxes in target and composite, of the objects that are found at all
    `spurious`    detections of 0.5 or more in the composite that match no object of the target, per picture
    `conf`, `conf_macro`, `recall` and `iou` lie in [0, 1], `drop` in [-0.5, 1], `spurious` is 0 and above. Ours, after
    the boxes of SPN's Fig. 4.
    """
    metrics = [
        DetectionMetric(
            name=f"{prefix}_{kind}" + ("" if zone == "hole" else f"_{zone}"),
            detector=detector,
            zone=zone,
            better=better,
            decimals=3,
            unit="",
            stem=f"{prefix}_{kind}:{COVERED[zone]}:{RULES}",
            numerator=numerator,
            denominator=denominator,
            paired=kind != "iou",
        )
        for zone in ZONES
        for kind, better, numerator, denominator in _KINDS
    ]
    return {metric.name: metric for metric in metrics}
