"""Detection confidence: does a detector find in a composite the objects that it finds in the target?

from inpaint_bench.metrics.detection.matching import tally

detect = DETECTORS["nanodet"].open(device)
target, composite = detect([target_pixels, composite_pixels])
numerators, denominators = DETECTION_METRICS["det_conf"].num_den([tally(target, composite, hole)])
"""

from inpaint_bench.metrics.detection.detections import Detect, Detections, Detector, from_row, to_row
from inpaint_bench.metrics.detection.detectors import DETECTORS
from inpaint_bench.metrics.detection.measures import DetectionMetric, detection_metrics, removal_metrics
from inpaint_bench.metrics.detection.tallies import ObjectCounts, Tally, Zone

__all__ = [
    "DETECTION_METRICS",
    "DETECTORS",
    "Detect",
    "DetectionMetric",
    "Detections",
    "Detector",
    "ObjectCounts",
    "Tally",
    "Zone",
    "detection_metrics",
    "from_row",
    "removal_metrics",
    "to_row",
]

DETECTION_METRICS: dict[str, DetectionMetric] = {
    name: metric
    for detector in DETECTORS.values()
    for name, metric in detection_metrics(detector.name, detector.prefix).items()
}
DETECTION_METRICS |= {
    name: metric
    for detector in DETECTORS.values()
    for name, metric in removal_metrics(detector.name, detector.prefix).items()
}
