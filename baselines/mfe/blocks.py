"""The layers of encoder, equalisation and decoder."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """A sequence of layers, numbered under `model` as in the published files."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, feature: Float[Tensor, "batch _ _ _"]) -> Float[Tensor, "batch _ _ _"]:
        """The layers, applied in order."""
        result: Tensor = self.model(feature)
        return result


def leaky() -> nn.LeakyReLU:
    """The activation of the paper."""
    return nn.LeakyReLU(0.2, inplace=True)


def normed(channels: int, affine: bool = False) -> nn.GroupNorm:
    """Instance normalisation, as group norm with one channel per group: the same, and several times as fast on a CPU.

    Not in the channels_last layout, where the output would lose three digits.
    """
    return nn.GroupNorm(channels, channels, affine=affine)


def halving(inputs: int, outputs: int, bias: bool = False) -> nn.Conv2d:
    """The convolution to half the size."""
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)


def halved(inputs: int, *outputs: int) -> list[nn.Module]:
    """A downsampling block per entry of `outputs`, each normalised and activated."""
    layers: list[nn.Module] = []
    for count in outputs:
        layers += [halving(inputs, count), normed(count), leaky()]
        inputs = count
    return layers


def mixed(inputs: int, outputs: int) -> list[nn.Module]:
    """A 1x1 convolution, normalised and activated."""
    return [nn.Conv2d(inputs, outputs, 1, bias=False), normed(outputs), leaky()]


class Resized(nn.Module):
    """A feature resized (bilinear), its channels mixed by a 1x1 convolution, normalised and activated."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = normed(outputs)
        self.size = size

    def forward(self, feature: Float[Tensor, "batch _ _ _"]) -> Float[Tensor, "batch _ {self.size} {self.size}"]:
        """The feature at the new size."""
        small = self.conv(feature)  # before the interpolation: the two commute, and the map is still smaller
        large = F.interpolate(small, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return F.leaky_relu(self.norm(large), 0.2, inplace=True)
