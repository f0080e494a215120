"""NanoDet's network: four stages that split and join, features of three sizes mixed down and up, one head each.

The layers are those of the graph that its weights were published with: batch normalisation is folded into the
convolutions, the upper and lower path have no convolution of their own.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 80
BINS = 11  # a side's distance is a distribution over 0 to 10 strides
STRIDES = (8, 16, 32)
WIDTH = 128  # channels of the mixed features

Pictures = Float[Tensor, "batch 3 height width"]
Map = Float[Tensor, "batch _ _ _"]  # channels, rows, columns
Scores = Float[Tensor, "batch _ 80"]  # cells, classes
Distances = Float[Tensor, "batch _ 44"]  # cells, four sides of 11 bins


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution of the same size, or half of it, and its rectifier."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.LeakyReLU(0.1))


def mixture(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution. Its dilation does nothing but keep it in oneDNN on one thread as on several.

    torch hands a plain 1x1 convolution to another library when it has one thread.
    """
    return nn.Conv2d(inputs, outputs, 1, dilation=2)


class Split(nn.Module):
    """Two convolutions, of which both results go on."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = convolution(inputs, width)
        self.second = convolution(width, width)

    def forward(self, features: Map) -> Map:
        """Features of twice the width: of the second convolution, then of the first."""
        first = self.first(features)
        return torch.cat([self.second(first), first], dim=1)


class Stage(nn.Module):
    """Its first convolution's result beside what the splits make of it."""

    def __init__(self, inputs: int, outputs: int, splits: int, stride: int) -> None:
        super().__init__()
        width = outputs // 2
        self.start = convolution(inputs, width, stride)
        self.splits = nn.Sequential(*(Split(width, width // 2) for _ in range(splits)))
        self.end = convolution(width, width)

    def forward(self, features: Map) -> Map:
        """Features of the stage's width, at half the size where its stride is 2."""
        start = self.start(features)
        return torch.cat([self.end(self.splits(start)), start], dim=1)


class NanoDet(nn.Module):
    """Scores and distances of 80 classes, from pictures of 416x416 pixels (any multiple of 32 goes)."""

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

    def forward(self, pictures: Pictures) -> list[tuple[Scores, Distances]]:
        """For each stride, scores in [0, 1] and raw weights of distances; cells row by row.

        The distances are those to the left, top, right and bottom, each 11 weights before their softmax.
        """
        features = F.max_pool2d(self.stem(pictures), 3, 2, 1)
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
        """Every level with the coarser ones added to it, then with the finer ones."""
        fine, middle, coarse = (lateral(level) for lateral, level in zip(self.laterals, levels, strict=True))
        middle = middle + _resized(coarse, middle)
        fine = fine + _resized(middle, fine)
        middle = middle + _resized(fine, middle)
        return [fine, middle, coarse + _resized(middle, coarse)]


def _resized(features: Map, like: Map) -> Map:
    return F.interpolate(features, like.shape[-2:], mode="bilinear", align_corners=False)
