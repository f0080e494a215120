"""Any detector that ultralytics can open (YOLOv5u, v8, 11, ...), from the file that INPAINT_BENCH_YOLO names.

ultralytics is licensed under the AGPL-3.0: it is not part of this package and is imported only when such a file is
opened. Its files are pickles: they are read as data first (`yolo_pickles`), and ultralytics then opens a copy in our
cache folder with `weights_only=True`. Its telemetry, downloads and installations are switched off before it is
imported, and its settings are stored in the cache folder. The last bits of its results may depend on torch's number of
threads.
"""

import io
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection.boxes import within
from inpaint_bench.metrics.detection.detections import MAX_DETECTIONS, MIN_SCORE, Detect, Detections, Picture
from inpaint_bench.metrics.detection.detectors import YOLO, YOLO_INSTALL, YOLO_NEEDED, yolo_path
from inpaint_bench.metrics.detection.yolo_pickles import outline_network
from inpaint_bench.weights.torch_files import check_torch

SWITCHES = {
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "ULTRALYTICS_SAFE_LOAD": "true",
    "YOLO_VERBOSE": "false",
}


def load(path: Path) -> Any:
    """Load the model from a copy that was checked: ultralytics would look online for a file with a published name.

    Raises InputError where ultralytics is missing or the file is not a detector of ultralytics.
    """
    if find_spec("ultralytics") is None:
        raise InputError(YOLO_NEEDED)
    content = _read(path)
    package = _quiet()
    with tempfile.TemporaryDirectory(dir=files.cache_folder("ultralytics")) as folder:
        copy = Path(folder).resolve() / "model.pt"
        if "'" in str(copy):
            raise InputError(f"{copy.parent}: ultralytics takes apostrophes out of paths. Move INPAINT_BENCH_CACHE.")
        copy.write_bytes(content)
        try:
            model = package.YOLO(copy)
        except Exception as error:  # its readers raise many kinds
            raise InputError(
                f"{path}: ultralytics cannot open it ({type(error).__name__}). Give a detector that it saved."
            ) from error
    if model.task != "detect":
        raise InputError(f"{path}: a model for the task {model.task!r}, and not for 'detect'. Give a detector.")
    model.overrides = {"task": model.task}  # not what its training read, which may be an address to fetch
    return model


def _read(path: Path) -> bytes:
    """The bytes of a model file, checked. Raises InputError where it is not one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    check_torch(io.BytesIO(content), str(path), read=outline_network)
    return content


def open_yolo(device: torch.device) -> Detect:
    """Load the model file that $INPAINT_BENCH_YOLO names.

    Raises InputError where it or ultralytics is missing, and for a file that is not a detector of ultralytics.
    """
    return open_file(yolo_path(), device)


def open_file(path: Path, device: torch.device) -> Detect:
    """Load a model file; it runs on one image at a time. Raises InputError as `load` does."""
    model = load(path)
    lock = threading.Lock()
    settings = {"imgsz": YOLO.size, "conf": MIN_SCORE, "iou": YOLO.max_iou, "agnostic_nms": False}

    def one(image: Picture) -> Detections:
        bgr = np.ascontiguousarray(image[..., ::-1])
        with lock:  # a model stores its inputs in itself
            try:
                (found,) = model.predict(
                    bgr, device=device, max_det=MAX_DETECTIONS, verbose=False, save=False, **settings
                )
            except Exception as error:  # a file may hold a single layer, or anything else that is no detector
                raise InputError(
                    f"{path}: ultralytics cannot run it ({type(error).__name__}). Give a detector that it saved."
                ) from error
        height, width, _ = image.shape
        boxes, scores, labels = (
            values.cpu().numpy() for values in (found.boxes.xyxy, found.boxes.conf, found.boxes.cls)
        )
        return within(Detections(boxes, scores, labels.astype(np.int64)), width, height).sorted()

    def detect(images: Sequence[Picture]) -> list[Detections]:
        return [one(image) for image in images]

    return detect


def _quiet() -> Any:
    """Import ultralytics with network access switched off. Raises InputError where that is not possible."""
    os.environ.update(SWITCHES, YOLO_CONFIG_DIR=str(files.cache_folder("ultralytics")))
    open_picture, save = Image.open, torch.save
    import ultralytics

    Image.open, torch.save = open_picture, save  # it replaces them globally
    package: Any = ultralytics
    state: Mapping[str, Any] = vars(package.utils)
    if state["ONLINE"] or state["AUTOINSTALL"] or not state.get("SAFE_LOAD"):
        raise InputError(
            "ultralytics was imported before its downloads could be switched off, or is too old to read a file safely. "
            f"Start again without importing it, or install a newer one: {YOLO_INSTALL}."
        )
    if package.settings["sync"]:
        package.settings.update({"sync": False})
    return package
