"""WaveFill (Yu et al., ICCV 2021): the bands of a two-level Haar transform are inpainted one after the other, the low
band first, and combined by the inverse transform.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.wf.blocks import (
    Bands,
    Features,
    HaarInverse,
    HaarTransform,
    ResidualBlock,
    SelfAttention,
    gated,
    gated_plain,
)
from baselines.wf.fran import FRANBlock

DILATIONS = (1, 1, 1, 2, 4, 8, 16, 1, 1)  # of the nine residual blocks


class WaveFill(nn.Module):
    """The generator (section 3). Height and width are multiples of 4 and at least 68, because of the widest padding."""

    def __init__(self) -> None:
        super().__init__()
        relu = nn.ReLU(inplace=True)
        self.xfm = HaarTransform()
        self.ifm = HaarInverse()
        self.fc = gated(4, 256, 3, relu, padding=1)
        self.encoder = nn.Sequential(
            nn.ReflectionPad2d(2),
            gated(4, 64, 5, relu),
            gated(64, 128, 3, relu, stride=2, padding=1),
            gated(128, 256, 3, relu, stride=2, padding=1),
        )
        self.fuse_conv = gated(512, 256, 3, relu, padding=1)
        self.res_blocks = nn.Sequential(*[ResidualBlock(256, dilation) for dilation in DILATIONS])
        self.attn = SelfAttention(256)
        self.res_b1, self.conv_b1 = ResidualBlock(256), gated_plain(256, 3)
        self.sp0 = FRANBlock(512, 256, rate=1)
        self.res_b2, self.conv_b2 = ResidualBlock(256), gated_plain(256, 9)
        self.sp1 = FRANBlock(768, 128, rate=2, enlarged=True)
        self.res_b3, self.conv_b3 = ResidualBlock(128), gated_plain(128, 9)

    def forward(self, masked: Float[Tensor, "batch 4 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The image, nominally in [-1, 1] but not bounded, from the image in [-1, 1] with 1 in the hole, and the mask
        (1 = hole).
        """
        half, high_1 = self.xfm(masked)
        low, high_2 = self.xfm(half)
        features = self.fuse_conv(torch.cat([self.fc(_packed(low)), self.encoder(masked)], dim=1))
        features = self.attn(self.res_blocks(features))

        of_low = self.res_b1(features)
        features = self.sp0(torch.cat([features, of_low], dim=1), _packed(high_2.flatten(1, 2)))
        of_high_2 = self.res_b2(features)
        features = torch.cat([features, of_low, of_high_2], dim=1)
        of_high_1 = self.res_b3(self.sp1(features, _packed(high_1.flatten(1, 2))))

        pyramid = self.ifm(self.conv_b1(of_low), _bands(self.conv_b2(of_high_2)))
        picture: Tensor = self.ifm(pyramid, _bands(self.conv_b3(of_high_1)))
        return picture


def _bands(coefficients: Float[Tensor, "batch 9 height width"]) -> Bands:
    """The three high bands of each colour."""
    return torch.unflatten(coefficients, 1, (3, 3))


def _packed(features: Features) -> Features:
    return features.contiguous(memory_format=torch.channels_last)
