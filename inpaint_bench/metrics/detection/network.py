"""NanoDet's network: a backbone of four stages, a feature pyramid of three levels, and one head per level.

The layers are those of the published graph: batch normalisation is folded into the convolutions, and the top-down and
bottom-up paths of the pyramid have no convolutions of their own.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 80
BINS = 11  # the distance to a side is a distribution over 0 to 10 strides
STRIDES = (8, 16, 32)
WIDTH = 128  # channels of the pyramid

Images = Float[Tensor, "batch 3 height width"]
Map = Float[Tensor, "batch _ _ _"]  # channels, rows, columns
Scores = Float[Tensor, "batch _ 80"]  # cells, classes
Distances = Float[Tensor, "batch _ 44"]  # cells, four sides of 11 bins


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution of stride 1 or 2 and a leaky ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.LeakyReLU(0.1, inplace=True))


def mixture(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution. Its dilation has no effect but to keep it in oneDNN, whatever the number of threads.

    With one thread, torch runs a plain 1x1 convolution in another library.
    """
    return nn.Conv2d(inputs, outputs, 1, dilation=2)


def pooled(features: Map) -> Map:
    """The maximum of 3x3 cells at every other one, of an even number of rows and columns.

    As `max_pool2d` with padding 1, to the bit, in a sixth of its time on a CPU: that also finds where each maximum is.
    """
    rows = torch.maximum(features[:, :, ::2], features[:, :, 1::2])
    torch.maximum(rows[:, :, 1:], features[:, :, 1:-1:2], out=rows[:, :, 1:])
    found = torch.maximum(rows[..., ::2], rows[..., 1::2])
    torch.maximum(found[..., 1:], rows[..., 1:-1:2], out=found[..., 1:])
    return found


class Split(nn.Module):
    """Two convolutions in a row, whose outputs are concatenated."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = convolution(inputs, width)
        self.second = convolution(width, width)

    def forward(self, features: Map) -> Map:
        """Features (batch, 2 * width, rows, columns): those of the second convolution, then those of the first."""
        first = self.first(features)
        return torch.cat([self.second(first), first], dim=1)


class Stage(nn.Module):
    """A convolution, then splits; the outputs of both are concatenated."""

    def __init__(self, inputs: int, outputs: int, splits: int, stride: int) -> None:
        super().__init__()
        width = outputs // 2
        self.start = convolution(inputs, width, stride)
        self.splits = nn.Sequential(*(Split(width, width // 2) for _ in range(splits)))
        self.end = convolution(width, width)

    def forward(self, features: Map) -> Map:
        """Features (batch, outputs, rows, columns), at half the size with a stride of 2."""
        start = self.start(features)
        return torch.cat([self.end(self.splits(start)), start], dim=1)


class NanoDet(nn.Module):
    """Scores of 80 classes and distances to the sides of boxes, from images of 416x416 pixels or multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(3, 32, 2)
        self.stages = nn.ModuleList(
            [Stage(32, 64, 1, 1), Stage(64, 128, 2, 2), Stage(128, 256, 2, 2), Stage(256, 512, 3, 2)]
        )
        self.laterals = nn.ModuleList(mixture(channels, WIDTH) for channels in (128, 256, 512))
        self.heads = nn.ModuleList(
            nn.Sequential(*convolution(WIDTH, WIDTH), mixture(WIDTH, CLASSES + 4 * BINS)) for _ in STRIDES
        )

    def forward(self, images: Images) -> list[tuple[Scores, Distances]]:
        """For each stride, scores in [0, 1] and logits of distances; cells row by row.

        The distances are those to the left, top, right and bottom, each with 11 logits.
        """
        features = pooled(self.stem(images))
        levels = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        found = []
        for head, level in zip(self.heads, self._mixed(levels[1:]), strict=True):
            cells = head(level).flatten(2).transpose(1, 2)
            found.append((cells[..., :CLASSES].sigmoid(), cells[..., CLASSES:]))
        return found

    def _mixed(self, levels: list[Map]) -> list[Map]:
        """Add coarser levels to finer ones (top-down), then finer ones to coarser ones (bottom-up)."""
        fine, middle, coarse = (lateral(level) for lateral, level in zip(self.laterals, levels, strict=True))
        middle = middle + _resized(coarse, middle)
        fine = fine + _resized(middle, fine)
        middle = middle + _resized(fine, middle)
        return [fine, middle, coarse + _resized(middle, coarse)]


def _resized(features: Map, like: Map) -> Map:
    return F.interpolate(features, like.shape[-2:], mode="bilinear", align_corners=False)
