"""The first layers of object detectors: NanoDet, which is in a package, and those that ultralytics opens."""

from itertools import takewhile
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.spn.training.config import PretextConfig
from baselines.spn.training.pretext.features import Features, Larger, Scaled, path_of
from baselines.spn.tresnet import Targets
from inpaint_bench.data.tensors import Images
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection import nanodet, yolo
from inpaint_bench.metrics.detection.network import NanoDet

STRIDES = (2, 4, 8)  # in the enlarged image
PROBE = 64  # pixels a side of an image that measures the strides of the layers


class NanoDetStages(Features):
    """NanoDet's stem and its first two stages, at a half, a quarter and an eighth of the enlarged image."""

    channels = (32, 64, 128)

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        self.network = network
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.tensor(nanodet.MEAN).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor(nanodet.SPREAD).view(1, 3, 1, 1))

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Features of the enlarged image."""
        full = self.network.stem((larger.flip(1) * 255 - self.mean) / self.spread)
        half = self.network.stages[0](F.max_pool2d(full, 3, 2, 1))
        return Targets(full, half, self.network.stages[1](half))


class Parts(nn.Module):
    """Layers in order, in several parts; returns the map after each part."""

    def __init__(self, parts: list[list[nn.Module]]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Sequential(*part) for part in parts)

    def forward(self, x: Tensor) -> list[Tensor]:
        """One map per part."""
        return [x := part(x) for part in self.parts]


def from_package(config: PretextConfig, seed: int) -> Features:
    """NanoDet, trained on COCO."""
    return NanoDetStages(nanodet.load_network(nanodet.WEIGHTS))


def from_ultralytics(config: PretextConfig, seed: int) -> Features:
    """The backbone of a YOLOv5u, v8, 11, ...: the last maps at strides 2, 4 and 8.

    Its input is RGB in [0, 1]. Raises InputError if ultralytics is missing or the file is not one of its detectors.
    """
    path = path_of(config)
    model: Any = yolo.load(path).model.float().eval()
    chain = list(takewhile(lambda layer: layer.f == -1, model.model))  # layers that read only the previous one
    parts: list[list[nn.Module]] = [[] for _ in STRIDES]
    x = torch.zeros(1, 3, PROBE, PROBE)
    channels = [0, 0, 0]
    with torch.no_grad():
        for layer in chain:
            x = layer(x)
            stride = PROBE // x.shape[-1]
            if stride not in STRIDES:
                break
            parts[STRIDES.index(stride)].append(layer)
            channels[STRIDES.index(stride)] = x.shape[1]
    if not all(parts):
        raise InputError(f"{path}: its first layers have no maps at strides 2, 4 and 8. Give another detector.")
    full, half, quarter = channels
    return Scaled(Parts(parts), (full, half, quarter), (0.0,) * 3, (1.0,) * 3)
