"""Blocks that several papers share unchanged: region normalisation (RN, SPL) and a convolution to few channels.

Region normalisation (Yu et al., AAAI 2020): each region of a map is normalised by its own mean and deviation. The
published code fills the other region with the mean, normalises the filled map by its variance over all N pixels and
multiplies by sqrt(n / N), n being the pixels of the region. Inside the region that is

    (x - mean) / sqrt(squares / N + eps) * sqrt(n / N),    squares = sum of (x - mean)^2 over the region,

and outside it is zero, so the two regions together need one pass over the map and not two. Maps are taken as
(batch, height, width, channels), which is how channels-last memory holds them. Statistics are those of each image by
itself: RN's published code takes a batch's, and is the same for a batch of one.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

EPS = 1e-5
THRESHOLD = 0.8  # of the importance map of RN-L


Pixels = Float[Tensor, "batch height width channels"]
Region = Float[Tensor, "batch height width 1"]  # 1 in the region, 0 in the rest of the map
PerRegion = Float[Tensor, "batch 2 channels"]  # a value for every channel in the region, and one in the rest


def centre_regions(x: Pixels, region: Region) -> tuple[Pixels, PerRegion]:
    """What region normalisation is made of: each pixel less the mean of its region, and the factor it then takes.

    Both come negated, which saves a copy of the map.
    """
    pixels = x.shape[1] * x.shape[2]
    member = torch.cat([region, 1 - region], dim=3).transpose(2, 3)
    count = member.sum(dim=(1, 3))[:, :, None].clamp(min=1)  # an empty region counts as one pixel
    centred = spread(region_sums(x, member) / count, region).sub_(x)
    squares = region_sums(centred.square(), member)
    return centred, -(squares / pixels + EPS).rsqrt() * (count / pixels).sqrt()


def region_sums(x: Pixels, member: Float[Tensor, "batch height 2 width"]) -> PerRegion:
    """The sums over both regions, line by line: float32 loses digits on the whole map at a stroke."""
    return torch.matmul(member, x).sum(dim=1)


def spread(values: PerRegion, region: Region) -> Pixels:
    """A map that holds at every pixel the values of its region."""
    inside, outside = values[:, :, None, None].unbind(dim=1)
    return torch.lerp(outside, inside, region)


class BasicRegionNorm(nn.Module):
    """RN-B: the hole and the known region, each with its own gain and shift for every channel."""

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
        """The map normalised; the mask, 1 = hole, is brought to its size with nearest."""
        hole = nn.functional.interpolate(mask, size=x.shape[2:]).permute(0, 2, 3, 1)
        centred, scale = centre_regions(x.permute(0, 2, 3, 1), hole)
        gain = scale * torch.stack([self.foreground_gamma, self.background_gamma]).add(1)
        shift = self.foreground_beta + self.background_beta  # the published code adds both everywhere
        return spread(gain, hole).mul_(centred).add_(shift).permute(0, 3, 1, 2)


class SpatialAttention(nn.Module):
    """The importance of every pixel, and the convolutions that make gain and shift of it."""

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
    """RN-L: the regions are where a learned importance map is high and low; gain and shift vary by pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.sa = SpatialAttention()

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """The map normalised. Regions are hard, gain and shift come from the soft map."""
        importance = self.sa(x)
        gain = self.sa.gamma_conv(importance).permute(0, 2, 3, 1).add_(1)
        shift = self.sa.beta_conv(importance).permute(0, 2, 3, 1)
        region = (importance >= THRESHOLD).to(x.dtype).permute(0, 2, 3, 1)
        centred, scale = centre_regions(x.permute(0, 2, 3, 1), region)
        return spread(scale, region).mul_(centred).mul_(gain).add_(shift).permute(0, 3, 1, 2)


class RowwiseConv2d(nn.Conv2d):
    """A convolution to few channels: kernel rows become outputs of one convolution and are summed, each moved
    by its row.

    The same sum as nn.Conv2d in another order. A convolution computes 16 channels or more at a time, so one that
    gives 3 wastes most of its work, and one that gives 7 rows of 3 does not.
    """

    def forward(
        self, input: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch out out_height out_width"]:
        """The map, of the size that the kernel without padding leaves."""
        out, channels, rows, columns = self.weight.shape
        kernel = self.weight.permute(2, 0, 1, 3).reshape(rows * out, channels, 1, columns)
        by_row = functional.conv2d(input, kernel)
        height = input.shape[2] - rows + 1
        total = by_row[:, :out, :height]
        for row in range(1, rows):
            total = total + by_row[:, row * out : (row + 1) * out, row : row + height]
        return total if self.bias is None else total + self.bias[:, None, None]
