"""The patch discriminators of both networks, for training only.

Both give one value per patch, a 30x30 map for a 256x256 image. Spectral norm is the old implementation, with tensors
`weight_orig`, `weight_u` and `weight_v`.
"""

import warnings
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.spn.blocks import EPSILON
from inpaint_bench.data.tensors import Images

Patches = Float[Tensor, "batch channels rows columns"]


class DiscriminatorOutput(NamedTuple):
    """A discriminator's patch map, and the features that training compares."""

    patches: Patches
    features: tuple[Patches, ...]


def _spectral(channels: int, out: int, stride: int) -> nn.Module:
    """A 4x4 convolution without bias under spectral norm."""
    with warnings.catch_warnings():  # deprecated; its successor has tensor names other than the authors' files
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.spectral_norm(nn.Conv2d(channels, out, 4, stride, padding=1, bias=False))


class Discriminator(nn.Module):
    """The discriminator of the deterministic network: spectral norm everywhere, and a final sigmoid."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(_spectral(3, width, 2), nn.LeakyReLU(0.2))
        self.features = self.conv1  # registered twice, as in the authors' files
        self.conv2 = nn.Sequential(_spectral(width, 2 * width, 2), nn.LeakyReLU(0.2))
        self.conv3 = nn.Sequential(_spectral(2 * width, 4 * width, 2), nn.LeakyReLU(0.2))
        self.conv4 = nn.Sequential(_spectral(4 * width, 8 * width, 1), nn.LeakyReLU(0.2))
        self.conv5 = nn.Sequential(_spectral(8 * width, 1, 1))

    def forward(self, image: Images) -> DiscriminatorOutput:
        """The probability that patches of an image in [0, 1] are real, and all five activations."""
        maps: list[Tensor] = []
        out = image
        for stage in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            out = stage(out)
            maps.append(out)
        return DiscriminatorOutput(torch.sigmoid(out), tuple(maps))


def _normalised(channels: int, out: int, stride: int) -> nn.Sequential:
    norm = nn.InstanceNorm2d(out, eps=EPSILON)
    return nn.Sequential(_spectral(channels, out, stride), norm, nn.LeakyReLU(0.2))


class ProbabilisticDiscriminator(nn.Module):
    """The discriminator of the probabilistic network: instance norm, plain first and last convolutions, no sigmoid."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, width, 4, 2, padding=1), nn.LeakyReLU(0.2))
        self.conv2 = _normalised(width, 2 * width, 2)
        self.conv3 = _normalised(2 * width, 4 * width, 2)
        self.conv4 = _normalised(4 * width, 8 * width, 1)
        self.conv5 = nn.Sequential(nn.Conv2d(8 * width, 1, 4, 1, padding=1))

    def forward(self, image: Images) -> DiscriminatorOutput:
        """The score of every patch of an image in [0, 1], unbounded, and the three middle activations."""
        second = self.conv2(self.conv1(image))
        third = self.conv3(second)
        fourth = self.conv4(third)
        return DiscriminatorOutput(self.conv5(fourth), (second, third, fourth))
