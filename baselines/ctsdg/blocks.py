"""The blocks of CTSDG: partial convolution, gated feature fusion, contextual feature aggregation."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Features = Float[Tensor, "batch channels height width"]
Known = Float[Tensor, "batch 1 height width"]  # 1 in the known region: the paper's masks are inverted


class Masked(NamedTuple):
    """Features and their known region; one mask serves all channels."""

    features: Features
    known: Known


class PartialConv(nn.Module):
    """Partial convolution (Liu et al. 2018, eq. 1 and 2), batch norm and activation.

    The convolution uses known positions only and is rescaled by the window size over the number of known values; a
    position becomes known if its window contains any. Zero padding counts as hole.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, activation: nn.Module, stride: int = 1, normalised: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs) if normalised else nn.Identity()
        self.activation = activation
        self.window = inputs * kernel * kernel

    def forward(self, *parts: Masked) -> Masked:
        """Convolve parts that are concatenated along the channels, each with its own mask."""
        masked = torch.cat([part.features * part.known for part in parts], dim=1)
        count = torch.stack([part.features.shape[1] * self._count(part.known) for part in parts]).sum(0)
        known = count.clamp(0, 1)
        scale = self.window / (count + 1e-8) * known
        return Masked(self.activation(self.bn(self.conv(masked).mul_(scale))), known)

    def _count(self, known: Known) -> Tensor:
        kernel, stride, padding = self.conv.kernel_size, self.conv.stride, self.conv.padding
        assert not isinstance(padding, str)
        return F.avg_pool2d(known, kernel, stride, padding, divisor_override=1)


def enlarged(state: Masked) -> Masked:
    """Twice the height and width: bilinear for features, nearest neighbour for the mask."""
    features = F.interpolate(state.features, scale_factor=2.0, mode="bilinear", align_corners=False)
    return Masked(features, F.interpolate(state.known, scale_factor=2.0, mode="nearest"))


class Projection(nn.Module):
    """Features to an image, for auxiliary losses; not used for inpainting (section 3.1)."""

    def __init__(self, resolver: str, outputs: int, activation: nn.Module) -> None:
        super().__init__()
        self.resolver = resolver
        self.add_module(resolver, Bottleneck(64, 16))
        self.out_layer = nn.Sequential(nn.Conv2d(64, outputs, 1), activation)

    def forward(self, features: Float[Tensor, "batch 64 height width"]) -> Float[Tensor, "batch c height width"]:
        """An image in [-1, 1], or an edge map in [0, 1]."""
        picture: Tensor = self.out_layer(self.get_submodule(self.resolver)(features))
        return picture


class Bottleneck(nn.Module):
    """A residual block with fewer inner channels."""

    def __init__(self, channels: int, inside: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, inside, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv2 = nn.Conv2d(inside, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, features: Features) -> Features:
        """The same number of channels as the input."""
        inside = F.relu(self.bn1(self.conv1(features)))
        return F.relu(self.bn2(self.conv2(inside)) + features)


class BiGFF(nn.Module):
    """Bi-directional gated feature fusion (section 3.2, eq. 1 to 5): gates control what each stream takes from the
    other.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.structure_gate = nn.Sequential(nn.Conv2d(2 * channels, channels, 3, padding=1), nn.Sigmoid())
        self.texture_gate = nn.Sequential(nn.Conv2d(2 * channels, channels, 3, padding=1), nn.Sigmoid())
        self.structure_gamma = nn.Parameter(torch.zeros(1))
        self.texture_gamma = nn.Parameter(torch.zeros(1))

    def forward(
        self, texture: Float[Tensor, "batch c height width"], structure: Float[Tensor, "batch c height width"]
    ) -> Float[Tensor, "batch 2*c height width"]:
        """Both streams, texture first. The structure stream uses the updated texture."""
        both = torch.cat([texture, structure], dim=1)
        texture = texture + self.texture_gamma * (self.structure_gate(both) * structure)
        structure = structure + self.structure_gamma * (self.texture_gate(both) * texture)
        return torch.cat([texture, structure], dim=1)


class RAL(nn.Module):
    """Region affinity learning (section 3.3, eq. 6 to 8): every 4x4 patch is a weighted sum of all patches.

    The weights are the softmax of 10 times the similarity: the product of 3x3 patches at half the size, one of them
    normalised to length 1. There is no mask: patches of the hole are used too.
    """

    def forward(self, features: Features) -> Features:
        """The reconstructed features, image by image; height and width must be even."""
        half = F.interpolate(features, scale_factor=0.5, mode="bilinear", align_corners=True)
        return torch.cat(
            [self._rebuilt(*one) for one in zip(torch.split(features, 1), torch.split(half, 1), strict=True)]
        )

    def _rebuilt(self, features: Tensor, half: Tensor) -> Tensor:
        """Compute the sum without materialising patches or their products. The product of two 3x3 patches is a sum of
        products of pixels; and of the 4x4 patches that overlap at a pixel, those that contribute the same pixel share
        their summed attention. A few rows of queries at a time fit the CPU cache.
        """
        height, width = half.shape[2:]
        lengths = F.avg_pool2d(half.square().sum(1, keepdim=True), 3, 1, 1, divisor_override=1).sqrt().flatten()
        pixels = F.pad(half[0], (1, 1, 1, 1))
        sources = F.pixel_unshuffle(features, 2).view(-1, 4, height * width).permute(1, 2, 0).contiguous()
        rows = 16 if features.is_cpu else height
        rebuilt = []
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            above, below = max(top - 1, 0), min(bottom + 1, height)  # includes the neighbours of these rows
            attention = _similarities(pixels[:, above : below + 2], pixels)
            attention = (attention.flatten(2) * (10 / lengths.clamp_min(1e-4))).softmax(dim=2).clamp_min_(1e-8)
            around = (1, 1, 1, 1, 1, 1, int(above == top), int(below == bottom))
            attention = F.pad(attention.view(*attention.shape[:2], height, width), around)
            rebuilt.append(_gathered(attention, sources))
        return F.pixel_shuffle(torch.cat(rebuilt, dim=2).flatten(0, 1)[None], 2) / 4  # four patches overlap at a pixel


def _similarities(
    queries: Float[Tensor, "channels few wide"], keys: Float[Tensor, "channels high wide"]
) -> Float[Tensor, "few-2 wide-2 high-2 wide-2"]:
    """The product of every 3x3 query patch with every key patch; both inputs are padded by 1."""
    products = (queries.flatten(1).T @ keys.flatten(1)).view(*queries.shape[1:], *keys.shape[1:])
    for axis in (0, 1):
        products = _moved(products, axis, -1) + _moved(products, axis, 0) + _moved(products, axis, 1)
    return products


def _gathered(
    attention: Float[Tensor, "few wide high wide"], sources: Float[Tensor, "4 places channels"]
) -> Float[Tensor, "channels 4 few-2 wide-2"]:
    """The sum over four overlapping 4x4 patches at every pixel of an output of twice the size. The pixels of a 2x2
    block are stored separately: `sources` holds those of all blocks, first row first.
    """
    pixels = []
    for row in (0, 1):
        half = _moved(attention, 0, 0) + _moved(attention, 0, 2 * row - 1)
        for column in (0, 1):
            whole = _moved(half, 1, 0) + _moved(half, 1, 2 * column - 1)
            pixels.append(whole.flatten(2) @ sources[2 * row + column])
    return torch.stack(pixels).permute(3, 0, 1, 2)


def _moved(pairs: Float[Tensor, "a b c d"], axis: int, step: int) -> Tensor:
    """Pairs of a query and a key (two axes each), both shifted by one step along rows or columns; the padding along
    that axis is removed.
    """
    for along in (axis, axis + 2):
        pairs = pairs.narrow(along, 1 + step, pairs.shape[along] - 2)
    return pairs


class MSFA(nn.Module):
    """Multi-scale feature aggregation (section 3.3, eq. 9 to 11): dilated branches, weighted pixel by pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dilations = (1, 2, 4, 8)
        self.weight_calc = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, len(self.dilations), 1),
            nn.ReLU(),
        )
        for number, dilation in enumerate(self.dilations):
            conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
            self.add_module(f"dilated_conv_{number}", nn.Sequential(conv, nn.ReLU()))

    def forward(self, features: Features) -> Features:
        """The same number of channels as the input."""
        weights = torch.split(self.weight_calc(features).softmax(dim=1), 1, dim=1)
        branches = [self.get_submodule(f"dilated_conv_{number}")(features) for number in range(len(self.dilations))]
        return sum((weight * branch for weight, branch in zip(weights, branches, strict=True)), torch.zeros(()))


class CFA(nn.Module):
    """Contextual feature aggregation (section 3.3): `ral`, then `msfa`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.ral = RAL()
        self.msfa = MSFA(channels)

    def forward(self, features: Features) -> Features:
        """The same number of channels as the input; height and width must be even."""
        rebuilt = self.ral(features).contiguous(memory_format=torch.channels_last)
        aggregated: Tensor = self.msfa(rebuilt)
        return aggregated
