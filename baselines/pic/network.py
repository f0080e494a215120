"""PIC (Zheng, Cham, Cai, CVPR 2019): the encoder gives a distribution over the content of the hole, the generator an
image for each draw from it, the discriminator a score for the image.

`call` counts the calls of a network since its weights were loaded, from 0 (see spectral.py).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.pic.blocks import (
    Block,
    DownBlock,
    FirstBlock,
    Known,
    LongShortAttention,
    OutBlock,
    ShortAttention,
    UpBlock,
)
from baselines.pic.spectral import Features, SpectralConv


class Code(NamedTuple):
    """The output of the encoder for an image."""

    mean: Features  # of the distribution, 1/32 of the size
    deviation: Features
    deepest: Features  # 1/32 of the size
    middle: Features  # 1/8 of the size


class Encoder(nn.Module):
    """The encoder and its prior (section 3.2). `posterior` is for training only: it is loaded, not used."""

    def __init__(self) -> None:
        super().__init__()
        self.block0 = FirstBlock(3, 32, 32)
        self.encoder0 = DownBlock(32, 64, 32)
        self.encoder1 = DownBlock(64, 128, 64)
        self.encoder2 = DownBlock(128, 128, 128)
        self.encoder3 = DownBlock(128, 128, 128)
        for number in range(6):
            self.add_module(f"infer_prior{number}", Block(128, 128, 128))
        self.posterior = Block(128, 256, 128)
        self.prior = Block(128, 256, 128)

    def forward(self, image: Float[Tensor, "batch 3 height width"], call: int) -> Code:
        """The code of an image in [-1, 1] with 0 in the hole; sizes are multiples of 32."""
        middle = self.encoder1(self.encoder0(self.block0(image, call), call), call)
        deepest = self.encoder3(self.encoder2(middle, call), call)
        features = deepest
        for number in range(6):
            features = self.get_submodule(f"infer_prior{number}")(features, call)
        mean, deviation = self.prior(features, call).chunk(2, dim=1)
        return Code(mean, F.softplus(deviation), deepest, middle)


class Generator(nn.Module):
    """The generator (section 3.2): an image at four sizes, of which the largest is the result."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Block(128, 128, 128)
        self.decoder0 = UpBlock(128, 128, 128)
        self.decoder1, self.out1 = UpBlock(128, 128, 128), OutBlock(128)
        self.attn1 = LongShortAttention(128)
        self.decoder2, self.out2 = UpBlock(131, 128, 128), OutBlock(128)
        self.decoder3, self.out3 = UpBlock(131, 64, 64), OutBlock(64)
        self.decoder4, self.out4 = UpBlock(67, 32, 32), OutBlock(32)

    def forward(
        self, draw: Float[Tensor, "batch 128 h w"], code: Code, known: Float[Tensor, "batch 1 4*h 4*w"], call: int
    ) -> Float[Tensor, "batch 3 32*h 32*w"]:
        """An image in [-1, 1] for a draw from the code's distribution; `known` has the size of `code.middle`."""
        features = self.decoder0(self.generator(draw, call) + code.deepest, call)
        features = self.attn1(self.decoder1(features, call), code.middle, known, call)
        features = torch.cat([features, self.out1(features, call)], dim=1)
        features = self.decoder2(features, call)
        features = torch.cat([features, self.out2(features, call)], dim=1)
        features = self.decoder3(features, call)
        features = torch.cat([features, self.out3(features, call)], dim=1)
        picture: Tensor = self.out4(self.decoder4(features, call), call)
        return picture


def drawn(code: Code, noise: Features) -> Features:
    """A draw from the code's distribution, given standard normal noise."""
    return code.mean + code.deviation * noise


def shrunk(known: Known, code: Code) -> Float[Tensor, "batch 1 h w"]:
    """The mask at the size of the code's middle features, soft at the edge of the hole."""
    return F.interpolate(known, code.middle.shape[2:], mode="bilinear", align_corners=True)


class Discriminator(nn.Module):
    """The discriminator, which ranks samples; the benchmark selects samples itself and does not use it."""

    def __init__(self) -> None:
        super().__init__()
        self.block0 = FirstBlock(3, 32, 32)
        self.encoder0 = DownBlock(32, 64, 32)
        self.encoder1 = DownBlock(64, 128, 64)
        self.attn2 = ShortAttention(128)
        self.encoder2 = DownBlock(128, 128, 128)
        self.encoder3 = DownBlock(128, 128, 128)
        self.block1 = Block(128, 128, 128)
        self.conv = SpectralConv(128, 1, 3, padding=0)

    def forward(self, picture: Float[Tensor, "batch 3 height width"], call: int) -> Float[Tensor, "batch 1 h w"]:
        """A map whose mean is the score of an image in [-1, 1], higher for real images."""
        features = self.encoder1(self.encoder0(self.block0(picture, call), call), call)
        features = self.encoder3(self.encoder2(self.attn2(features), call), call)
        score: Tensor = self.conv(F.leaky_relu(self.block1(features, call), 0.1), call)
        return score
