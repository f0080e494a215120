"""Frequency region attentive normalisation (WaveFill, section 3.3): features are scaled and shifted by values computed
from the wavelet bands, which are attended by similarity of the features.
"""

from itertools import product

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.wf.blocks import Features, SpectralConv, SpectralConvTranspose, attend, gated_spectral

Bands = Float[Tensor, "batch 12 bands_height bands_width"]  # three high bands of each colour and of the mask


def positional_norm(features: Features) -> Features:
    """Normalise every pixel to mean 0 and variance 1 over its channels; the variance divides by channels - 1."""
    centred = features - features.mean(dim=1, keepdim=True)
    variance = centred.square().sum(dim=1, keepdim=True) / (features.shape[1] - 1)
    return centred.mul_((variance + 1e-5).rsqrt())


class EnlargedConv(nn.Conv2d):
    """A 3x3 convolution of features enlarged by repetition, computed at their original size.

    In every 2x2 block, the four results depend on 2x2 features each, so 16 products do the work of 36.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, features: Features) -> Float[Tensor, "batch outputs 2*height 2*width"]:
        """Twice the height and width."""
        batch, _, height, width = features.shape
        padded = F.pad(features, (1, 1, 1, 1))
        out = features.new_empty(batch, 2 * height, 2 * width, self.out_channels).permute(0, 3, 1, 2)
        for row, column in product((0, 1), (0, 1)):
            seen = padded[:, :, row : row + height + 1, column : column + width + 1]
            kernel = _merged(_merged(self.weight, 2, row), 3, column)
            out[:, :, row::2, column::2] = F.conv2d(seen, kernel, self.bias)
        return out


def _merged(kernel: Tensor, axis: int, second: int) -> Tensor:
    """Reduce three taps to two along an axis: two of them read the same feature, the first two if `second`, else the
    last.
    """
    first, middle, last = torch.split(kernel, 1, dim=axis)
    return torch.cat([first + middle, last] if second else [first, middle + last], dim=axis)


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
    """The normalisation: positional norm, then scale and shift computed from the attended bands.

    With `enlarged`, the features are treated as if each were repeated 2x2 times.
    """

    def __init__(self, channels: int, rate: int, enlarged: bool = False) -> None:
        super().__init__()
        hidden = channels // 4
        self.enlarged = enlarged
        conv = EnlargedConv(channels, hidden) if enlarged else nn.Conv2d(channels, hidden, 3, padding=1)
        self.mlp_shared0 = nn.Sequential(conv, nn.ReLU(inplace=True))
        self.mlp_shared1 = nn.Sequential(nn.Conv2d(12, hidden, 3, padding=1), nn.ReLU(inplace=True))
        self.an = BandAttention(hidden, rate)
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, features: Features, bands: Bands) -> Float[Tensor, "batch channels bands_height bands_width"]:
        """The channels of the features, the size of the bands."""
        attended = positional_norm(self.an(self.mlp_shared0(features), self.mlp_shared1(bands)))
        normal = positional_norm(features)
        if self.enlarged:
            normal = F.interpolate(normal, scale_factor=2.0, mode="nearest")
        scale: Tensor = self.mlp_gamma(attended).add_(1)
        return torch.addcmul(self.mlp_beta(attended), normal, scale)


class FRANBlock(nn.Module):
    """A residual block of gated convolutions (spectral norm only), each after its own FRAN.

    With `enlarged`, the features are treated as if each were repeated 2x2 times.
    """

    def __init__(self, inputs: int, outputs: int, rate: int, enlarged: bool = False) -> None:
        super().__init__()
        inside = min(inputs, outputs)
        self.conv_0 = gated_spectral(inputs, inside, 3)
        self.conv_1 = gated_spectral(inside, outputs, 3)
        self.conv_s = gated_spectral(inputs, outputs, 1, bias=False)
        self.norm_0 = FRAN(inputs, rate, enlarged)
        self.norm_1 = FRAN(inside, rate)
        self.norm_s = FRAN(inputs, rate, enlarged)

    def forward(self, features: Features, bands: Bands) -> Float[Tensor, "batch outputs bands_height bands_width"]:
        """Features of the size of the high bands that guide them."""
        inside = self.conv_0(F.leaky_relu(self.norm_0(features, bands), 0.2))
        inside = self.conv_1(F.leaky_relu(self.norm_1(inside, bands), 0.2))
        shortcut: Tensor = self.conv_s(self.norm_s(features, bands))
        return torch.add(shortcut, inside)
