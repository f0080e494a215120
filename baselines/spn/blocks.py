"""The blocks of SPN: region normalisation, spatially-adaptive modulation, residual and dense blocks.

Submodules have the published names; a container that is not run as a sequence exists only for those names.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3, Kept, Kernel, conv3x3

Features = Float[Tensor, "batch channels height width"]
EPSILON = 1e-5


def instance_norm(features: Features) -> Features:
    """Normalise every channel of every image to mean 0 and variance 1 (biased, plus 1e-5), without scale and shift.

    Written out because PyTorch's implementation leaves the channels-last layout, at several times the cost.
    """
    centred = features - features.mean((2, 3), keepdim=True)
    return centred * torch.rsqrt(centred.square().mean((2, 3), keepdim=True) + EPSILON)


class RegionNorm(nn.Module):
    """Normalises hole and known region separately (basic region normalisation, Yu et al. 2020; the paper's E_img).

    As in SPN's code: statistics of each image, and both shifts at every pixel. The mask must be 0 or 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.foreground_gamma = nn.Parameter(torch.zeros(channels))
        self.foreground_beta = nn.Parameter(torch.zeros(channels))
        self.background_gamma = nn.Parameter(torch.zeros(channels))
        self.background_beta = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Features, mask: Float[Tensor, "batch 1 rows columns"]) -> Features:
        """Features at any fraction of the mask's size; the mask is resized by nearest neighbour."""
        hole = F.interpolate(mask, size=features.shape[2:])
        foreground = _normalised_region(features, hole, self.foreground_gamma)
        background = _normalised_region(features, 1 - hole, self.background_gamma)
        beta = self.foreground_beta + self.background_beta
        return foreground + background + beta[:, None, None]


def _normalised_region(
    features: Features, region: Float[Tensor, "batch 1 height width"], gamma: Float[Tensor, " channels"]
) -> Features:
    """The features of a region normalised and scaled by 1 + gamma; zero elsewhere.

    The published code sets every other pixel to the region's mean and normalises the whole map, so the variance is
    taken over all pixels, then multiplies by the square root of the region's share of the map.
    """
    share = region.mean((2, 3), keepdim=True)
    share = torch.where(share == 0, 1 / region[0].numel(), share)  # an empty region counts as one pixel
    centred = (features - (features * region).mean((2, 3), keepdim=True) / share) * region
    deviation = torch.sqrt(centred.square().mean((2, 3), keepdim=True) + EPSILON)
    return centred * (share.sqrt() / deviation * (1 + gamma[:, None, None]))


class Modulation(nn.Module):
    """The modulation of normalised features by a label map. The paper's is `Spade`; ablations use others."""


class Spade(Modulation):
    """Scales and shifts normalised features pixel by pixel, with values that convolutions compute from a label map (Eq.
    8).
    """

    def __init__(self, channels: int, label: int, hidden: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(Conv3x3(label, hidden, padding=1), nn.ReLU(inplace=True))
        self.mlp_gamma = Conv3x3(hidden, channels, padding=1)
        self.mlp_beta = Conv3x3(hidden, channels, padding=1)
        self.kept: Kept[Kernel] = Kept()

    def forward(self, normalised: Features, label: Float[Tensor, "batch label height width"]) -> Features:
        """Takes the output of `instance_norm`, which the caller applies: two modulations may share it."""
        hidden: Tensor = self.mlp_shared(label)
        joint = self.kept.get([*self.mlp_gamma.parameters(), *self.mlp_beta.parameters()], self._joint)
        scale, shift = conv3x3(F.pad(hidden, (1, 1, 1, 1)), joint).chunk(2, dim=1)
        return torch.addcmul(shift, normalised, scale)

    def _joint(self) -> Kernel:
        """One convolution for scale and shift; the 1 of 1 + gamma is in its bias."""
        gamma, beta = self.mlp_gamma, self.mlp_beta
        bias = torch.cat([1 + gamma.get_parameter("bias"), beta.get_parameter("bias")])
        return Kernel(torch.cat([gamma.weight, beta.weight]), bias)


class MiddleBlock(nn.Module):
    """The image generator's residual block: twice modulation, ReLU and a convolution, plus an identity shortcut."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv_block = nn.ModuleList(
            [
                Spade(channels, channels, hidden),
                nn.ReLU(inplace=True),
                nn.ReflectionPad2d(2),
                Conv3x3(channels, channels, dilation=2),
                Spade(channels, channels, hidden),
                nn.ReLU(inplace=True),
                nn.ReflectionPad2d(1),
                Conv3x3(channels, channels),
            ]
        )

    def forward(self, features: Features, prior: Float[Tensor, "batch label height width"]) -> Features:
        """Image features and the prior S_prior^3, of one size."""
        out = features
        for layer in self.conv_block:
            out = layer(instance_norm(out), prior) if isinstance(layer, Modulation) else layer(out)
        return out.add_(features)


class DecoderBlock(nn.Module):
    """The image decoder's residual block, modulated by a prior on both branches (Fig. 3b)."""

    def __init__(self, channels: int, out: int, label: int, hidden: int) -> None:
        super().__init__()
        self.conv_block = nn.ModuleList(
            [
                Spade(channels, label, hidden),
                nn.LeakyReLU(0.2, inplace=True),
                Conv3x3(channels, out, padding=1),
                Spade(out, label, hidden),
                nn.LeakyReLU(0.2, inplace=True),
                Conv3x3(out, out, padding=1),
            ]
        )
        self.conv_s = Conv3x3(channels, out, padding=1)
        self.SPADE_s = Spade(channels, label, hidden)

    def forward(
        self, normalised: Features, prior: Float[Tensor, "batch label height width"]
    ) -> Float[Tensor, "batch out height width"]:
        """Image features after `instance_norm`, and the prior of their size."""
        first, act, conv, second, act_out, conv_out = self.conv_block
        main = conv(act(first(normalised, prior)))
        main = conv_out(act_out(second(instance_norm(main), prior)))
        side: Tensor = self.conv_s(self.SPADE_s(normalised, prior))
        return side.add_(main)


def _two_convolutions(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ReflectionPad2d(1),
        Conv3x3(channels, out),
        nn.ReLU(inplace=True),
        nn.ReflectionPad2d(1),
        Conv3x3(out, out),
    )


class ResidualBlock(nn.Module):
    """Two convolutions with reflection padding, plus the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = _two_convolutions(channels, channels)

    def forward(self, features: Features) -> Features:
        """Features of any size."""
        out: Tensor = self.conv_block(features)
        return out.add_(features)


class MergeBlock(nn.Module):
    """A residual block over concatenated encoder and decoder features, with a convolution as the shortcut (Eq. 3).

    A convolution of concatenated features is a sum of two convolutions. The encoder's part, `skip`, is separate because
    it is the same for every sample of the probabilistic network.
    """

    def __init__(self, encoded: int, decoded: int, out: int) -> None:
        super().__init__()
        self.encoded = encoded
        self.conv_block = _two_convolutions(encoded + decoded, out)
        self.shortcut = nn.Sequential(nn.ReflectionPad2d(1), Conv3x3(encoded + decoded, out))
        self.kept: Kept[tuple[Kernel, Kernel]] = Kept()

    def skip(self, encoded: Features) -> Float[Tensor, "batch both height width"]:
        """The encoder's contribution to the first convolution and to the shortcut, concatenated."""
        return conv3x3(F.pad(encoded, (1, 1, 1, 1), "reflect"), self._joint()[0])

    def forward(
        self, skip: Float[Tensor, "batch both height width"], decoded: Features
    ) -> Float[Tensor, "batch out height width"]:
        """Takes the encoder's contribution, and decoded features of the same size."""
        both = conv3x3(F.pad(decoded, (1, 1, 1, 1), "reflect"), self._joint()[1]).add_(skip)
        main, side = both.chunk(2, dim=1)
        out: Tensor = self.conv_block[3:](F.relu(main))
        return out.add_(side)

    def _joint(self) -> tuple[Kernel, Kernel]:
        """The first convolution and the shortcut as one: the encoder's part, and the decoder's."""
        weights, biases = (
            [self.get_parameter(f"{name}.{kind}") for name in ("conv_block.1", "shortcut.1")]
            for kind in ("weight", "bias")
        )

        def derived() -> tuple[Kernel, Kernel]:
            weight, bias = torch.cat(tuple(weights)), torch.cat(tuple(biases))
            return Kernel(weight[:, : self.encoded], bias), Kernel(weight[:, self.encoded :])

        return self.kept.get([*weights, *biases], derived)
