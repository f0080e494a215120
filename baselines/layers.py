"""Layers that several papers share unchanged: region normalisation (RN, SPL), dense blocks (SPN, SPL), the size check.

Region normalisation (Yu et al., AAAI 2020) normalises each region of a map by its own mean and deviation. The published
code fills the other region with the mean, normalises the filled map by its variance over all N pixels and multiplies by
sqrt(n / N), where n is the number of pixels of the region. Inside the region that is

    (x - mean) / sqrt(squares / N + eps) * sqrt(n / N),    squares = sum of (x - mean)^2 over the region,

and zero outside, so both regions need only one pass over the map. Maps have the shape (batch, height, width, channels),
the order of channels-last memory. Statistics are those of each image: RN's published code takes those of a batch, which
is the same for a batch of one.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Kept, Kernel, conv3x3
from inpaint_bench.data.tensors import Images
from inpaint_bench.errors import InputError

EPS = 1e-5
THRESHOLD = 0.8  # of the importance map of RN-L


def refuse_size(method: str, image: Images, multiple: int, min_size: int = 1) -> None:
    """Raise InputError unless height and width are multiples of `multiple` and at least `min_size`."""
    height, width = image.shape[2:]
    if height % multiple or width % multiple or min(height, width) < min_size:
        steps = f"multiples of {multiple}" if multiple > 1 else ""
        allowed = " and ".join(filter(None, (steps, f"at least {min_size}" if min_size > 1 else "")))
        raise InputError(
            f"{method}: images of {height}x{width}; allowed: height and width {allowed}. Choose a size in the protocol."
        )


def refuse_side(method: str, image: Images, side: int) -> None:
    """Raise InputError unless images are squares of this side."""
    height, width = image.shape[2:]
    if (height, width) != (side, side):
        raise InputError(
            f"{method}: images of {height}x{width}; allowed: {side}x{side} pixels only. Choose a size in the protocol."
        )


Pixels = Float[Tensor, "batch height width channels"]
Region = Float[Tensor, "batch height width 1"]  # 1 in the region, 0 in the rest of the map
PerRegion = Float[Tensor, "batch 2 channels"]  # a value per channel in the region, and one in the rest


def centre_regions(x: Pixels, region: Region) -> tuple[Pixels, PerRegion]:
    """The parts of region normalisation: each pixel minus the mean of its region, and the factor to scale it by.

    Both are negated, which saves a copy of the map.
    """
    pixels = x.shape[1] * x.shape[2]
    member = torch.cat([region, 1 - region], dim=3).transpose(2, 3)
    count = member.sum(dim=(1, 3))[:, :, None].clamp(min=1)  # an empty region counts as one pixel
    centred = spread(region_sums(x, member) / count, region).sub_(x)
    squares = region_sums(centred.square(), member)
    return centred, -(squares / pixels + EPS).rsqrt() * (count / pixels).sqrt()


def region_sums(x: Pixels, member: Float[Tensor, "batch height 2 width"]) -> PerRegion:
    """The sums over both regions, row by row: one sum over the whole map would lose digits in float32."""
    return torch.matmul(member, x).sum(dim=1)


def spread(values: PerRegion, region: Region) -> Pixels:
    """A map with the values of its region at every pixel."""
    inside, outside = values[:, :, None, None].unbind(dim=1)
    return torch.lerp(outside, inside, region)


class BasicRegionNorm(nn.Module):
    """RN-B: hole and known region, each with its own scale and shift per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.foreground_gamma = nn.Parameter(torch.zeros(channels))
        self.foreground_beta = nn.Parameter(torch.zeros(channels))
        self.background_gamma = nn.Parameter(torch.zeros(channels))
        self.background_beta = nn.Parameter(torch.zeros(channels))

    def forward(
        self,
        x: Float[Tensor, "batch channels height width"],
        mask: Float[Tensor, "batch 1 full_height full_width"],
    ) -> Float[Tensor, "batch channels height width"]:
        """The normalised map; the mask, 1 = hole, is resized by nearest neighbour."""
        hole = nn.functional.interpolate(mask, size=x.shape[2:]).permute(0, 2, 3, 1)
        centred, scale = centre_regions(x.permute(0, 2, 3, 1), hole)
        gain = scale * torch.stack([self.foreground_gamma, self.background_gamma]).add(1)
        shift = self.foreground_beta + self.background_beta  # the published code adds both everywhere
        return spread(gain, hole).mul_(centred).add_(shift).permute(0, 3, 1, 2)


class SpatialAttention(nn.Module):
    """The importance of every pixel, and the convolutions that compute scale and shift from it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.gamma_conv = nn.Conv2d(1, 1, 7, padding=3)
        self.beta_conv = nn.Conv2d(1, 1, 7, padding=3)

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch 1 height width"]:
        """The importance map, in (0, 1), from the mean and the maximum over the channels."""
        pooled = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.conv1(pooled))


class LearnableRegionNorm(nn.Module):
    """RN-L: the regions are where a learned importance map is high and low; scale and shift vary by pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.sa = SpatialAttention()

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """The normalised map. The regions are binary; scale and shift come from the soft map."""
        importance = self.sa(x)
        gain = self.sa.gamma_conv(importance).permute(0, 2, 3, 1).add_(1)
        shift = self.sa.beta_conv(importance).permute(0, 2, 3, 1)
        region = (importance >= THRESHOLD).to(x.dtype).permute(0, 2, 3, 1)
        centred, scale = centre_regions(x.permute(0, 2, 3, 1), region)
        return spread(scale, region).mul_(centred).mul_(gain).add_(shift).permute(0, 3, 1, 2)


Maps = Float[Tensor, "batch channels height width"]


class DenseLayer(nn.Module):
    """Names a dense layer's convolution; `ResidualDenseBlock` computes it."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, growth, 3, padding=1)


class ResidualDenseBlock(nn.Module):
    """Six dense layers, fused by a 1x1 convolution, plus the identity (Zhang et al. 2018).

    A dense layer convolves the concatenation of the input and the outputs of all previous layers, followed by ReLU. Its
    part of the input is computed for all layers at once, so that the input is not copied for each.
    """

    def __init__(self, channels: int, growth: int, layers: int = 6) -> None:
        super().__init__()
        self.layers = nn.ModuleList([DenseLayer(channels + i * growth, growth) for i in range(layers)])
        self.lff = nn.Conv2d(channels + layers * growth, channels, 1)
        self.kept: Kept[Kernel] = Kept()

    def forward(self, features: Maps) -> Maps:
        """Maps of any size."""
        channels, count = features.shape[1], len(self.layers)
        weights, biases = (
            [self.get_parameter(f"layers.{i}.conv.{kind}") for i in range(count)] for kind in ("weight", "bias")
        )

        def joint() -> Kernel:
            return Kernel(torch.cat([weight[:, :channels] for weight in weights]), torch.cat(tuple(biases)))

        kernel = self.kept.get([*weights, *biases], joint)
        parts = conv3x3(nn.functional.pad(features, (1, 1, 1, 1)), kernel).chunk(count, dim=1)
        dense = [nn.functional.relu(parts[0])]
        for weight, part in zip(weights[1:], parts[1:], strict=True):
            rest = nn.functional.conv2d(torch.cat(dense, dim=1), weight[:, channels:], padding=1)
            dense.append(rest.add_(part).relu_())
        out: Tensor = self.lff(torch.cat([features, *dense], dim=1))
        return out.add_(features)
