"""TResNet-L, the pretext network: Ridnik et al. 2021, trained on OpenImages with the asymmetric loss (ASL).

SPN learns from its first stages, frozen. Images are RGB in [0, 1], without normalisation.
"""

from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.spn.blocks import EPSILON, Features
from inpaint_bench.data.tensors import Images

WIDTH = 76  # int(64 * 1.2)
LAYERS = (4, 5, 18, 3)


class SpaceToDepth(nn.Module):
    """Moves 4x4 pixels to channels, in the order row, column, colour, which is not that of PixelUnshuffle."""

    def forward(self, image: Images) -> Float[Tensor, "batch 48 rows columns"]:
        """A quarter of the height and the width, which must be multiples of 4."""
        batch, colours, height, width = image.shape
        cells = image.view(batch, colours, height // 4, 4, width // 4, 4)
        return cells.permute(0, 3, 5, 1, 2, 4).reshape(batch, 16 * colours, height // 4, width // 4)


class ActivatedNorm(nn.Module):
    """Batch norm with the absolute value of its scale, plus 1e-5, then a leaky ReLU (Inplace-ABN).

    Trained scales may be negative, so a plain batch norm would be wrong. It is frozen: it always uses the running
    statistics.
    """

    def __init__(self, channels: int, slope: float) -> None:
        """A slope of 1 means no activation."""
        super().__init__()
        self.slope = slope
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, features: Features) -> Features:
        """Features of any size."""
        scale = self.weight.abs() + EPSILON
        out = F.batch_norm(features, self.running_mean, self.running_var, scale, self.bias, eps=EPSILON)
        return out if self.slope == 1 else F.leaky_relu(out, self.slope)


class Blur(nn.Module):
    """Halves the size with a fixed binomial 3x3 filter, which is not in the state dict."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.kernel: Tensor
        kernel = (line[:, None] * line).expand(channels, 1, 3, 3).clone()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, features: Features) -> Float[Tensor, "batch channels rows columns"]:
        """Features of any size."""
        padded = F.pad(features, (1, 1, 1, 1), "reflect")
        return F.conv2d(padded, self.kernel, stride=2, groups=len(self.kernel))


class SqueezeExcite(nn.Module):
    """Scales every channel by a factor that two layers compute from the means of all channels."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, inner, 1)
        self.fc2 = nn.Conv2d(inner, channels, 1)

    def forward(self, features: Features) -> Features:
        """Features of any size."""
        means = features.mean((2, 3), keepdim=True)
        return features * torch.sigmoid(self.fc2(F.relu(self.fc1(means))))


def _unit(channels: int, out: int, kernel: int, slope: float) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, ActivatedNorm(out, slope))


def _reduced(unit: nn.Sequential, channels: int, stride: int) -> nn.Sequential:
    """The unit, followed by a blur where a block halves the size."""
    return nn.Sequential(unit, Blur(channels)) if stride == 2 else unit


def _downsample(channels: int, out: int, stride: int) -> nn.Sequential | None:
    if stride == 1:
        return None
    pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
    return nn.Sequential(pool, _unit(channels, out, 1, slope=1.0))


class BasicBlock(nn.Module):
    """Two 3x3 units, squeeze and excitation, plus the input."""

    def __init__(self, channels: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _reduced(_unit(channels, planes, 3, slope=1e-3), planes, stride)
        self.conv2 = _unit(planes, planes, 3, slope=1.0)
        self.se = SqueezeExcite(planes, max(planes // 4, 64))
        self.downsample = _downsample(channels, planes, stride)

    def forward(self, features: Features) -> Float[Tensor, "batch planes rows columns"]:
        """Features of any size."""
        residual = self.downsample(features) if self.downsample else features
        return F.relu(self.se(self.conv2(self.conv1(features))) + residual)


class Bottleneck(nn.Module):
    """Units of 1x1, 3x3 and 1x1, with squeeze and excitation in the middle if `excite`, plus the input."""

    def __init__(self, channels: int, planes: int, stride: int, excite: bool) -> None:
        super().__init__()
        self.conv1 = _unit(channels, planes, 1, slope=1e-3)
        self.conv2 = _reduced(_unit(planes, planes, 3, slope=1e-3), planes, stride)
        self.se = SqueezeExcite(planes, max(planes // 2, 64)) if excite else None
        self.conv3 = _unit(planes, 4 * planes, 1, slope=1.0)
        self.downsample = _downsample(channels, 4 * planes, stride)

    def forward(self, features: Features) -> Float[Tensor, "batch planes rows columns"]:
        """Features of any size."""
        residual = self.downsample(features) if self.downsample else features
        out = self.conv2(self.conv1(features))
        return F.relu(self.conv3(self.se(out) if self.se else out) + residual)


def _stage(number: int) -> nn.Sequential:
    """Stage 1 to 4: basic blocks in the first two, bottlenecks after; all but the first halve the size."""
    planes = WIDTH * 2 ** (number - 1)
    blocks: list[nn.Module] = []
    for i in range(LAYERS[number - 1]):
        stride = 2 if i == 0 and number > 1 else 1
        if number <= 2:
            blocks.append(BasicBlock(planes // stride, planes, stride))
        else:
            before = (planes // 2 if number == 3 else 2 * planes) if i == 0 else 4 * planes
            blocks.append(Bottleneck(before, planes, stride, excite=number == 3))
    return nn.Sequential(*blocks)


def _body(stages: int) -> nn.Sequential:
    parts: list[tuple[str, nn.Module]] = [
        ("SpaceToDepth", SpaceToDepth()),
        ("conv1", _unit(48, WIDTH, 3, slope=1e-2)),
        *((f"layer{number}", _stage(number)) for number in range(1, stages + 1)),
    ]
    return nn.Sequential(OrderedDict(parts))


class Targets(NamedTuple):
    """The targets of SPN's heads, at the sizes of its pyramid, for an image of twice the size."""

    full: Float[Tensor, "batch 76 height width"]
    half: Float[Tensor, "batch 76 rows columns"]
    quarter: Float[Tensor, "batch 152 lines places"]


class Pretext(nn.Module):
    """The first stages of TResNet-L, from which SPN learns."""

    def __init__(self) -> None:
        super().__init__()
        self.body = _body(stages=2)

    def forward(self, image: Images) -> Targets:
        """The targets for a whole image in [0, 1], twice as large as the generator's (512 for 256)."""
        to_depth, stem, layer1, layer2 = self.body
        full = stem(to_depth(image))
        half = layer1(full)
        return Targets(F.interpolate(full, scale_factor=2.0), half, layer2(half))


class GlobalPool(nn.Module):
    """The mean of every channel."""

    def forward(self, features: Features) -> Float[Tensor, "batch channels"]:
        """Features of any size."""
        return features.mean((2, 3))


class Head(nn.Module):
    """The classifier of the OpenImages file: two linear layers without activation between them."""

    def __init__(self, channels: int, inner: int, classes: int) -> None:
        super().__init__()
        self.embedding_generator = nn.Sequential(nn.Linear(channels, inner))
        self.FC = nn.Linear(inner, classes)

    def forward(self, pooled: Float[Tensor, "batch channels"]) -> Float[Tensor, "batch classes"]:
        """The logits."""
        logits: Tensor = self.FC(self.embedding_generator(pooled))
        return logits


class TResNet(nn.Module):
    """The whole TResNet-L. The authors' file holds the number of classes as `num_classes`."""

    def __init__(self, classes: int = 9605) -> None:
        super().__init__()
        self.body = _body(stages=4)
        self.global_pool = GlobalPool()
        self.head = nn.Sequential(OrderedDict(fc=Head(32 * WIDTH, 512, classes)))

    def forward(self, image: Images) -> Float[Tensor, "batch classes"]:
        """The logits of an image in [0, 1]."""
        logits: Tensor = self.head(self.global_pool(self.body(image)))
        return logits
