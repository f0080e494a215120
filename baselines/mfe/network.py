"""Rethinking Image Inpainting via a Mutual Encoder-Decoder with Feature Equalizations (Liu et al., ECCV 2020).

Shallow encoder features represent texture, deep ones structure. Both are filled by partial convolutions with three
kernel sizes, fused, equalised over channels and positions, and added to every encoder feature before decoding.
Parameter names are those of the published files EN.pkl, MEDEF.pkl and DE.pkl combined.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.mfe.blocks import Block, Resized, halved, halving, leaky, mixed, normed
from baselines.mfe.equalisation import Equalised
from baselines.mfe.filling import KnownFeatures, MaskRule, Partial, partial_blocks

Feature = Float[Tensor, "batch _ _ _"]


def encoder(inputs: int, outputs: int) -> Block:
    """Half the size, activated.

    The published blocks begin with an in-place activation of the previous block's output, which changes that output
    too. Here the activation is where it takes effect, and an Identity keeps the numbering.
    """
    convolution = halving(inputs, outputs, bias=True)
    return Block(nn.Identity(), convolution, normed(outputs, affine=True), leaky())


def decoder(inputs: int, outputs: int) -> Block:
    """Twice the size."""
    return Block(nn.ReLU(), doubling(inputs, outputs), normed(outputs, affine=True))


def doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """The transposed convolution to twice the size."""
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)


class Dilated(nn.Module):
    """The residual block at the bottom of the encoder: a dilated convolution, then a plain one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(2),
            nn.Conv2d(channels, channels, 3, dilation=2, bias=False),
            normed(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            normed(channels),
        )

    def forward(self, feature: Feature) -> Feature:
        """The sum of input and block."""
        added: Tensor = self.conv_block(feature)
        return feature + added


class FeatureEqualisation(nn.Module):
    """The module between encoder and decoder (paper, sections 3.2 and 3.3); PCblock in the authors' code."""

    def __init__(self, rule: MaskRule) -> None:
        super().__init__()
        self.known = KnownFeatures(rule)
        self.down_128 = Block(*halved(64, 128, 256))
        self.down_64 = Block(*halved(128, 256))
        self.down_32 = Block(*mixed(256, 256))
        self.up = Resized(512, 256, 32)
        self.down = Block(*mixed(768, 256))
        self.cov_3 = partial_blocks(256, 3)
        self.cov_5 = partial_blocks(256, 5)
        self.cov_7 = partial_blocks(256, 7)
        self.fuse = Block(*mixed(512, 512))
        self.base = Equalised()
        self.up_128 = Resized(512, 64, 128)
        self.up_64 = Resized(512, 128, 64)
        self.up_32 = Resized(512, 256, 32)
        self.down_16 = Block(*halved(512, 512)[:-1])  # the last of these three has no activation
        self.down_8 = Block(*halved(512, 512, 512)[:-1])
        self.down_4 = Block(*halved(512, 512, 512, 512)[:-1])

    def forward(self, features: list[Feature], mask: Float[Tensor, "batch 1 256 256"]) -> list[Feature]:
        """The six encoder features (128x128 to 4x4), each with the equalised feature added; mask 1 = hole."""
        x1, x2, x3, x4, x5, x6 = (F.leaky_relu(feature, 0.2) for feature in features)
        texture = torch.cat([self.down_128(x1), self.down_64(x2), self.down_32(x3)], dim=1)
        structure = torch.cat([self.up(x4), self.up(x5), self.up(x6)], dim=1)
        texture, structure = self.completed(torch.cat([texture, structure]), self.known(mask)).chunk(2)
        equal = self.base(self.fuse(torch.cat([structure, texture], dim=1)))
        scales = (self.up_128, self.up_64, self.up_32, self.down_16, self.down_8, self.down_4)
        return [feature + scale(equal) for feature, scale in zip(features, scales, strict=True)]

    def completed(
        self, both: Float[Tensor, "both 768 32 32"], known: Float[Tensor, "batch 1 32 32"]
    ) -> Float[Tensor, "both 256 32 32"]:
        """Textures and structures as one batch, since they share the weights."""
        partial = Partial(self.down(both), known.repeat(2, 1, 1, 1))
        sizes = [self.cov_3(partial), self.cov_5(partial), self.cov_7(partial)]
        result: Tensor = self.down(torch.cat([size.feature for size in sizes], dim=1))
        return result


class ToColour(nn.Module):
    """The head that only the training loss used; in the published files, and not run."""

    def __init__(self) -> None:
        super().__init__()
        self.down_model = nn.Sequential(nn.Conv2d(256, 3, 1), nn.Tanh())


class MEDFE(nn.Module):
    """The whole network; `rule` selects the rule for known features, which the authors changed."""

    def __init__(self, rule: MaskRule = "newest code") -> None:
        super().__init__()
        self.Encoder_1 = Block(halving(6, 64, bias=True), leaky())
        self.Encoder_2 = encoder(64, 128)
        self.Encoder_3 = encoder(128, 256)
        self.Encoder_4 = encoder(256, 512)
        self.Encoder_5 = encoder(512, 512)
        self.Encoder_6 = Block(nn.Identity(), halving(512, 512, bias=True))
        self.middle = nn.Sequential(*(Dilated(512) for _ in range(4)))
        self.pc_block = FeatureEqualisation(rule)
        self.loss = nn.ModuleList([ToColour()])
        self.Decoder_1 = decoder(512, 512)
        self.Decoder_2 = decoder(1024, 512)
        self.Decoder_3 = decoder(1024, 256)
        self.Decoder_4 = decoder(512, 128)
        self.Decoder_5 = decoder(256, 64)
        self.Decoder_6 = Block(nn.ReLU(), doubling(128, 3), nn.Tanh())

    def forward(
        self, image: Float[Tensor, "batch 6 256 256"], mask: Float[Tensor, "batch 1 256 256"]
    ) -> Float[Tensor, "batch 3 256 256"]:
        """The prediction in [-1, 1].

        `image` is RGB in [-1, 1] with the mean colour in the hole, then three channels of 1 - mask; mask 1 = hole.
        """
        return self.decoded(self.pc_block(self.encoded(image), mask))

    def encoded(self, image: Float[Tensor, "batch 6 256 256"]) -> list[Feature]:
        """The six features, 128x128 to 4x4; the first five are activated."""
        features = [self.Encoder_1(image)]
        for block in (self.Encoder_2, self.Encoder_3, self.Encoder_4, self.Encoder_5):
            features.append(block(features[-1]))
        return [*features, self.middle(self.Encoder_6(features[-1]))]

    def decoded(self, features: list[Feature]) -> Float[Tensor, "batch 3 256 256"]:
        """The image, decoded from the smallest feature upwards."""
        *shallow, deepest = features
        result: Tensor = self.Decoder_1(deepest)
        blocks = (self.Decoder_2, self.Decoder_3, self.Decoder_4, self.Decoder_5, self.Decoder_6)
        for block, feature in zip(blocks, reversed(shallow), strict=True):
            result = block(torch.cat([result, feature], dim=1))
        return result
