"""Detection confidence: does a detector find in a composite what it found in the target?

detect = DETECTORS["nanodet"].open(device)
target, composite = detect([target_pixels, composite_pixels])
numerators, denominators = DETECTION_METRICS["det_conf"].num_den([tally(target, composite, hole)])
"""

from inpaint_bench.metrics.detection.centerface import CENTERFACE
from inpaint_bench.metrics.detection.detections import Detect, Detections, Detector, from_row, to_row
from inpaint_bench.metrics.detection.matching import Counts, Tally, Zone, masked_input, tally
from inpaint_bench.metrics.detection.measures import DetectionMetric, detection_metrics
from inpaint_bench.metrics.detection.nanodet import NANODET
from inpaint_bench.metrics.detection.yolo import YOLO

__all__ = [
    "DETECTION_METRICS",
    "DETECTORS",
    "Counts",
    "Detect",
    "DetectionMetric",
    "Detections",
    "Detector",
    "Tally",
    "Zone",
    "detection_metrics",
    "from_row",
    "masked_input",
    "tally",
    "to_row",
]

DETECTORS: dict[str, Detector] = {detector.name: detector for detector in (NANODET, CENTERFACE, YOLO)}

DETECTION_METRICS: dict[str, DetectionMetric] = {
    name: metric
    for detector in DETECTORS.values()
    for name, metric in detection_metrics(detector.name, detector.prefix).items()
}
