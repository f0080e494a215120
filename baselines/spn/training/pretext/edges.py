"""Canny edges as a pretext."""

import cv2
import torch
from torch import Tensor

from baselines.spn.training.config import PretextConfig
from baselines.spn.training.pretext.features import Features, Larger
from baselines.spn.tresnet import Targets
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.tensors import Images, eight_bit


class Edges(Features):
    """Canny edges of the grey image, 0 or 1, computed separately at each size."""

    channels = (1, 1, 1)

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Edges of the image at its own size."""
        maps = [torch.stack([_edges(pixels, 2**level) for pixels in eight_bit(image)]) for level in range(3)]
        return Targets(*(each.to(image) for each in maps))


def _edges(pixels: Pixels, shrink: int) -> Tensor:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(cv2.Canny(cv2.GaussianBlur(small, (0, 0), 1.0), 100, 200) > 0)[None].float()


def canny(config: PretextConfig, seed: int) -> Features:
    """Needs no weights."""
    return Edges()
