"""Frequency region attentive normalisation (WaveFill, section 3.3): features are scaled and shifted by values computed
from the wavelet bands, which are attended by similarity of the features.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3, Kept, Kernel, conv3x3
from baselines.wf.blocks import Features, SpectralConv, SpectralConvTranspose, attend, gated_spectral

Bands = Float[Tensor, "batch 12 bands_height bands_width"]  # three high bands of each colour and of the mask


def positional_norm(features: Features) -> Features:
    """Normalise every pixel to mean 0 and variance 1 over its channels; the variance divides by channels - 1."""
    centred = features - features.mean(dim=1, keepdim=True)
    variance = centred.square().sum(dim=1, keepdim=True) / (features.shape[1] - 1)
    return centred.mul_((variance + 1e-5).rsqrt())


class BandAttention(nn.Module):
    """Attention with queries and keys from the features, and values from the bands.

    `rate` is the factor by which the attention is coarser than the bands.
    """

    def __init__(self, channels: int, rate: int) -> None:
        super().__init__()
        self.down0 = SpectralConv(channels, channels, rate, stride=rate)
        self.down1 = SpectralConv(channels, channels, rate, stride=rate)
        self.theta = SpectralConv(channels, channels // 2, 1, bias=False)
        self.phi = SpectralConv(channels, channels // 2, 1, bias=False)
        self.g = SpectralConv(channels, channels // 2, 1, bias=False)
        self.o = SpectralConv(channels // 2, channels, 1, bias=False)
        self.up = SpectralConvTranspose(channels, channels, rate, stride=rate)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Features, bands: Features) -> Features:
        """The shape of the bands, which have as many channels as the features."""
        coarse = self.down0(features)
        keys, values = F.max_pool2d(self.phi(coarse), 2), F.max_pool2d(self.g(self.down1(bands)), 2)
        gathered: Tensor = self.up(self.o(attend(self.theta(coarse), keys, values, temperature=5.0)))
        return gathered + self.gamma * bands


class FRAN(nn.Module):
    """The normalisation: positional norm, then scale and shift computed from the attended bands."""

    def __init__(self, channels: int, rate: int) -> None:
        super().__init__()
        hidden = channels // 4
        self.mlp_shared0 = nn.Sequential(Conv3x3(channels, hidden, padding=1), nn.ReLU(inplace=True))
        self.mlp_shared1 = nn.Sequential(nn.Conv2d(12, hidden, 3, padding=1), nn.ReLU(inplace=True))
        self.an = BandAttention(hidden, rate)
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)
        self.kept: Kept[Kernel] = Kept()

    def forward(self, features: Features, normal: Features, bands: Bands) -> Features:
        """The channels of the features and of their positional norm, which have the size of the bands."""
        attended = positional_norm(self.an(self.mlp_shared0(features), self.mlp_shared1(bands)))
        joint = self.kept.get([*self.mlp_gamma.parameters(), *self.mlp_beta.parameters()], self._joint)
        scale, shift = conv3x3(F.pad(attended, (1, 1, 1, 1)), joint).chunk(2, dim=1)
        return torch.addcmul(shift, normal, scale)

    def _joint(self) -> Kernel:
        """One convolution for scale and shift; the scale's bias is 1 larger than published."""
        gamma, beta = self.mlp_gamma, self.mlp_beta
        bias = torch.cat([1 + gamma.get_parameter("bias"), beta.get_parameter("bias")])
        return Kernel(torch.cat([gamma.weight, beta.weight]), bias)


class FRANBlock(nn.Module):
    """A residual block of gated convolutions (spectral norm only), each after its own FRAN.

    With `enlarged`, every one of the features is first repeated 2x2 times.
    """

    def __init__(self, inputs: int, outputs: int, rate: int, enlarged: bool = False) -> None:
        super().__init__()
        inside = min(inputs, outputs)
        self.enlarged = enlarged
        self.conv_0 = gated_spectral(inputs, inside, 3)
        self.conv_1 = gated_spectral(inside, outputs, 3)
        self.conv_s = gated_spectral(inputs, outputs, 1, bias=False)
        self.norm_0 = FRAN(inputs, rate)
        self.norm_1 = FRAN(inside, rate)
        self.norm_s = FRAN(inputs, rate)

    def forward(
        self, features: Float[Tensor, "batch _ height width"], bands: Bands
    ) -> Float[Tensor, "batch outputs bands_height bands_width"]:
        """Features of the size of the high bands that guide them."""
        normal = positional_norm(features)
        if self.enlarged:  # which leaves mean and variance of a pixel as they are
            features, normal = (F.interpolate(each, scale_factor=2.0, mode="nearest") for each in (features, normal))
        inside = self.conv_0(F.leaky_relu(self.norm_0(features, normal, bands), 0.2))
        inside = self.conv_1(F.leaky_relu(self.norm_1(inside, positional_norm(inside), bands), 0.2))
        shortcut: Tensor = self.conv_s(self.norm_s(features, normal, bands))
        return torch.add(shortcut, inside)
