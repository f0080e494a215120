"""RN: Region Normalization for Image Inpainting (Yu et al., AAAI 2020).

An encoder, eight residual blocks and a decoder. Every normalisation treats two regions separately: the hole and the
known region in the encoder (RN-B), later two regions that the network determines itself (RN-L).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3, RowwiseConv2d
from baselines.layers import BasicRegionNorm, LearnableRegionNorm


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the first with dilation 2, each followed by RN-L; the input is added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(2),
            Conv3x3(channels, channels, dilation=2),
            LearnableRegionNorm(),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            Conv3x3(channels, channels),
            LearnableRegionNorm(),
        )

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """The sum of input and block; no activation follows."""
        residual: Tensor = self.conv_block(x)
        return residual.add_(x)


class RegionNormGenerator(nn.Module):
    """The generator of RN, with the published parameter names.

    Height and width are multiples of 4. All maps are channels-last: the normalisations operate on rows of pixels.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(3)
        self.encoder_conv1 = nn.Conv2d(3, 64, 7)
        self.encoder_in1 = BasicRegionNorm(64)
        self.encoder_conv2 = nn.Conv2d(64, 128, 4, stride=2, padding=1)
        self.encoder_in2 = BasicRegionNorm(128)
        self.encoder_conv3 = nn.Conv2d(128, 256, 4, stride=2, padding=1)
        self.encoder_in3 = BasicRegionNorm(256)
        self.middle = nn.Sequential(*(ResidualBlock(256) for _ in range(8)))
        self.decoder = nn.Sequential(
            Conv3x3(256, 512, padding=1),
            nn.PixelShuffle(2),
            LearnableRegionNorm(),
            nn.ReLU(inplace=True),
            Conv3x3(128, 256, padding=1),
            nn.PixelShuffle(2),
            LearnableRegionNorm(),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(3),
            RowwiseConv2d(64, 3, 7),
        )
        self.to(memory_format=torch.channels_last)

    def forward(
        self, x: Float[Tensor, "batch 3 height width"], mask: Float[Tensor, "batch 1 height width"]
    ) -> Float[Tensor, "batch 3 height width"]:
        """The whole image in [0, 1] from an RGB image in [0, 1] and its mask, 1 = hole.

        The hole is set to white here, so its content is ignored.
        """
        x = (x * (1 - mask) + mask).contiguous(memory_format=torch.channels_last)
        x = self.encoder_in1(self.encoder_conv1(self.pad(x)), mask).relu_()
        x = self.encoder_in2(self.encoder_conv2(x), mask).relu_()
        x = self.encoder_in3(self.encoder_conv3(x), mask).relu_()
        x = self.decoder(self.middle(x))
        return (x.tanh() + 1) / 2
