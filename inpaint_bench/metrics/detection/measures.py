"""Detection metrics. Each is a ratio of two sums over pairs, so that pairs can be pooled and resampled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inpaint_bench.metrics.base import Better, Compares
from inpaint_bench.metrics.detection.detections import MIN_SCORE
from inpaint_bench.metrics.detection.tallies import MATCH_IOU, OBJECT_SCORE, ZONES, ObjectCounts, Tally, Zone

PerPair = Float64[np.ndarray, "pairs"]
RULES = f"sure{OBJECT_SCORE}:floor{MIN_SCORE}:iou{MATCH_IOU}"
COVERED: dict[Zone, str] = {"hole": "hole>=0.5", "edge": "0.1<=hole<0.5", "away": "hole<0.1"}


@dataclass(frozen=True)
class DetectionMetric:
    """A detection metric: one number per set of pairs, the sum of `numerator` divided by the sum of `denominator`."""

    name: str
    detector: str
    zone: Zone
    better: Better
    decimals: int
    unit: str
    stem: str  # the start of the signature; that of the detector follows
    numerator: Callable[[ObjectCounts], float]
    denominator: Callable[[ObjectCounts], int] | None  # None: the number of pairs
    paired: bool = True  # whether all methods have the same denominators, as comparisons pair by pair need
    version: int = 1
    compares: Compares = "target"

    def num_den(self, tallies: Sequence[Tally]) -> tuple[PerPair, PerPair]:
        """Numerator and denominator of each pair, float64 (pairs,); both are 0 for a pair without such objects."""
        counts = [getattr(tally, self.zone) for tally in tallies]
        numerators = np.array([self.numerator(count) for count in counts], dtype=np.float64)
        if self.denominator is None:
            return numerators, np.array([tally.pictures for tally in tallies], dtype=np.float64)
        return numerators, np.array([self.denominator(count) for count in counts], dtype=np.float64)


Formula = tuple[str, Better, Callable[[ObjectCounts], float], Callable[[ObjectCounts], int] | None]
_FORMULAS: tuple[Formula, ...] = (
    ("conf", "higher", lambda counts: counts.confidence, lambda counts: counts.objects),
    ("conf_macro", "higher", lambda counts: counts.macro, lambda counts: counts.peopled),
    ("recall", "higher", lambda counts: counts.recalled, lambda counts: counts.objects),
    ("drop", "lower", lambda counts: counts.drop, lambda counts: counts.objects),
    ("iou", "higher", lambda counts: counts.overlap, lambda counts: counts.matched),
    ("spurious", "lower", lambda counts: counts.spurious, None),
)

_REMOVAL: tuple[Formula, ...] = (
    ("rate", "higher", lambda counts: counts.objects - counts.recalled, lambda counts: counts.objects),
    ("invented", "lower", lambda counts: counts.spurious, None),
)


def removal_metrics(detector: str, prefix: str) -> dict[str, DetectionMetric]:
    """The two metrics of a detector for protocols whose images hold what is to be removed, by name.

    The objects are detections in the image with a score of 0.5 or more that the hole covers by half or more; matched as
    the other detection metrics of the detector say.

    `removal_rate`      share of these objects that are not found any more: matched by nothing of 0.5 or more
    `removal_invented`  detections with a score of 0.5 or more in the composite, half in the hole or more, that match no
    object in the image, per image

    Range: `removal_rate` 0 to 1, higher is better; `removal_invented` 0 and above, lower is better. A hole that is left
    grey, or smeared, has the best values of both: print them beside a measure of what the hole looks like.
    Source: inpaint-bench.
    """
    metrics = []
    for kind, better, numerator, denominator in _REMOVAL:
        name = f"removal_{kind}" + ("" if prefix == "det" else f"_{prefix}")
        stem = f"{name}:{COVERED['hole']}:{RULES}"
        metrics.append(
            DetectionMetric(name, detector, "hole", better, 3, "", stem, numerator, denominator, compares="image")
        )
    return {metric.name: metric for metric in metrics}


def detection_metrics(detector: str, prefix: str) -> dict[str, DetectionMetric]:
    """The 18 metrics of a detector by name, such as det_conf, det_conf_edge and det_conf_away.

    Objects are detections in the target with a score of 0.5 or more. They are matched one to one with detections of
    the same class in the composite, by falling score, at an IoU of 0.5 or more. Metrics without a suffix are of the
    objects that the hole covers by half or more; `_edge`: by a tenth to less than half; `_away`: by less than a tenth,
    a control.

    `conf`        mean score in the composite, 0 for an object without a match; the main metric
    `conf_macro`  the mean over images with an object of the mean score in the composite
    `recall`      share of objects matched with a score of 0.5 or more
    `drop`        mean of the score in the target minus the score in the composite
    `iou`         mean IoU of the boxes in target and composite, over matched objects
    `spurious`    detections with a score of 0.5 or more in the composite that match no object, per image

    Range: `conf`, `conf_macro`, `recall` and `iou` 0 to 1, higher is better; `drop` -0.5 to 1, `spurious` 0 and above,
    lower is better.
    Source: inpaint-bench, after the boxes of Fig. 4 of SPN.
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
        for kind, better, numerator, denominator in _FORMULAS
    ]
    return {metric.name: metric for metric in metrics}
