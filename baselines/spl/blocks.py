"""The residual and modulated blocks of SPL's generator."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3, Kept, Kernel, conv3x3

Maps = Float[Tensor, "batch channels height width"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with reflection padding, ReLU between them; the input is added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            Conv3x3(channels, channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            Conv3x3(channels, channels),
        )

    def forward(self, x: Maps) -> Maps:
        """The sum of input and block; no activation follows."""
        residual: Tensor = self.conv_block(x)
        return residual.add_(x)


class SpatialModulation(nn.Module):
    """SPADE (Park et al., CVPR 2019): instance norm, then a scale and shift per value computed from the prior."""

    def __init__(self, channels: int, prior_channels: int, hidden: int = 128) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(Conv3x3(prior_channels, hidden, padding=1), nn.ReLU(inplace=True))
        self.mlp_gamma = Conv3x3(hidden, channels, padding=1)
        self.mlp_beta = Conv3x3(hidden, channels, padding=1)
        self.kept: Kept[Kernel] = Kept()

    def forward(self, x: Maps, prior: Float[Tensor, "batch prior_channels height width"]) -> Maps:
        """The modulated map: normalised * (1 + gamma) + beta, with the statistics of each image, eps 1e-5."""
        shared = self.mlp_shared(prior)
        mean = x.mean(dim=(2, 3), keepdim=True)
        variance = (x - mean).square_().mean(dim=(2, 3), keepdim=True)
        scale = (variance + 1e-5).rsqrt()
        normalised = torch.addcmul(-mean * scale, x, scale)
        joint = self.kept.get([*self.mlp_gamma.parameters(), *self.mlp_beta.parameters()], self._joint)
        gain, shift = conv3x3(nn.functional.pad(shared, (1, 1, 1, 1)), joint).chunk(2, dim=1)
        return torch.addcmul(shift, normalised, gain)

    def _joint(self) -> Kernel:
        """One convolution for 1 + gamma and beta."""
        gamma, beta = self.mlp_gamma, self.mlp_beta
        bias = torch.cat([1 + gamma.get_parameter("bias"), beta.get_parameter("bias")])
        return Kernel(torch.cat([gamma.weight, beta.weight]), bias)


class ModulatedBlock(nn.Module):
    """Two 3x3 convolutions, the first with dilation 2, each after a modulation by the prior; the input is added."""

    def __init__(self, channels: int, prior_channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            SpatialModulation(channels, prior_channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(2),
            Conv3x3(channels, channels, dilation=2),
            SpatialModulation(channels, prior_channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            Conv3x3(channels, channels),
        )

    def forward(self, x: Maps, prior: Float[Tensor, "batch prior_channels height width"]) -> Maps:
        """The sum of input and block; no activation follows."""
        residual = x
        for layer in self.conv_block:
            modulated = isinstance(layer, SpatialModulation)
            residual = layer(residual, prior) if modulated else layer(residual)
        return residual.add_(x)
