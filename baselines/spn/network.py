"""SPN: Zhang, Wang, Ni, Yang, "Fully Context-Aware Image Inpainting with a Learned Semantic Pyramid", 2023.

A prior learner takes the masked image at twice its size and learns a pyramid of semantic features from a pretext
network; an image generator, modulated by that pyramid, inpaints.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3
from baselines.layers import ResidualDenseBlock
from baselines.spn.blocks import (
    DecoderBlock,
    Features,
    MergeBlock,
    MiddleBlock,
    RegionNorm,
    ResidualBlock,
    instance_norm,
)
from inpaint_bench.data.tensors import Images, Masks

Channels = tuple[int, int, int]  # of the pretext features at full, half and quarter size
PRETEXT: Channels = (76, 76, 152)  # those of TResNet-L, the paper's


class Encoded(NamedTuple):
    """The output of both encoders for a masked image; sizes are fractions of the image's."""

    image: Features  # F_enc, quarter size
    quarter: Features  # S_enc^3
    half: Features  # S_enc^2, as `MergeBlock.skip`
    full: Features  # S_enc^1, as `MergeBlock.skip`


class Priors(NamedTuple):
    """The learned semantic pyramid: S_prior^1, S_prior^2, S_prior^3."""

    full: Features
    half: Features
    quarter: Features


class Add(nn.Module):
    """A sum as a module, so that it can be traced."""

    def forward(self, one: Features, other: Features) -> Features:
        """The sum of two maps of one shape."""
        return one + other


def white_hole(image: Images, mask: Masks) -> Images:
    """The image with its hole set to 1, the input of the networks."""
    return image * (1 - mask) + mask


def doubled(image: Images, mask: Masks) -> Float[Tensor, "batch 4 2*height 2*width"]:
    """The input of the prior learner: masked image and mask, both at twice the size (Eq. 1).

    The masked image itself is enlarged by nearest neighbour; the paper's larger original is not used.
    """
    return F.interpolate(torch.cat([image, mask], dim=1), scale_factor=2.0)


def upsampling(channels: int, out: int) -> list[nn.Module]:
    """A convolution to `out` channels and a pixel shuffle: every four channels become the four pixels of one."""
    return [Conv3x3(channels, out, padding=1), nn.PixelShuffle(2), nn.ReLU(inplace=True)]


class Generator(nn.Module):
    """The common part of the deterministic and the probabilistic network. `width` is 64 in the paper."""

    def __init__(self, width: int, recon: nn.Module, hidden: Callable[[int], int], pretext: Channels | None) -> None:
        """`recon` is the first block of the prior's decoder; `hidden` gives the inner width of a modulation.

        `pretext` are the channels of the features that the heads learn; without it there are no heads.
        """
        super().__init__()
        self._build_image_encoder(width)
        self._build_prior_encoder(width)
        self._build_prior_decoder(width, recon)
        if pretext is not None:
            self._build_heads(width, pretext)
        self.middle = nn.ModuleList([MiddleBlock(4 * width, hidden(4 * width)) for _ in range(8)])
        self.decoder = nn.ModuleList(
            [
                nn.Upsample(scale_factor=2),
                DecoderBlock(4 * width, 2 * width, 2 * width, hidden(2 * width)),
                nn.Upsample(scale_factor=2),
                DecoderBlock(2 * width, width, width, hidden(width)),
                nn.LeakyReLU(0.2, inplace=True),
                nn.ReflectionPad2d(3),
                nn.Conv2d(width, 3, 7),
                nn.Tanh(),
            ]
        )

    def _build_image_encoder(self, width: int) -> None:
        self.pad = nn.ReflectionPad2d(3)
        self.encoder_conv1 = nn.Conv2d(3, width, 7)
        self.encoder_in1 = RegionNorm(width)
        self.encoder_conv2 = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
        self.encoder_in2 = RegionNorm(2 * width)
        self.encoder_conv3 = nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1)
        self.encoder_in3 = RegionNorm(4 * width)
        self.encoder_out = nn.ReLU(inplace=True)

    def _build_prior_encoder(self, width: int) -> None:
        self.encoder_conv1_sm = nn.Conv2d(4, width, 7)
        self.encoder_conv2_sm = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
        self.encoder_full = nn.ReLU(inplace=True)
        self.encoder_conv3_sm = nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1)
        self.encoder_half = nn.ReLU(inplace=True)
        self.encoder_conv4_sm = nn.Conv2d(4 * width, 4 * width, 4, stride=2, padding=1)
        self.encoder_quarter = nn.ReLU(inplace=True)
        self.encoder_sm_out = Conv3x3(4 * width, 4 * width, padding=1)
        self.rdbs = nn.ModuleList([ResidualDenseBlock(4 * width, width // 2) for _ in range(16)])
        self.gff = nn.Sequential(nn.Conv2d(16 * 4 * width, 4 * width, 1), Conv3x3(4 * width, 4 * width, padding=1))
        self.gff_sum = Add()

    def _build_prior_decoder(self, width: int, recon: nn.Module) -> None:
        self.feature_recon = nn.ModuleList([recon, *(ResidualBlock(4 * width) for _ in range(3))])
        self.feature_recon_decoder = nn.ModuleList(
            [
                *upsampling(4 * width, 8 * width),
                MergeBlock(4 * width, 2 * width, 2 * width),
                *upsampling(2 * width, 4 * width),
                MergeBlock(2 * width, width, width),
            ]
        )

    def _build_heads(self, width: int, pretext: Channels) -> None:
        full, half, quarter = pretext
        self.feature_mapping = nn.Conv2d(4 * width, quarter, 1)
        self.feature_mapping_128 = nn.Conv2d(2 * width, half, 1)
        self.feature_mapping_256 = nn.Conv2d(width, full, 1)

    def encode(self, image: Images, mask: Masks) -> Encoded:
        """Both encoders on an image in [0, 1], whose hole is ignored, and its mask, 1 in the hole."""
        masked = white_hole(image, mask)
        full, half, quarter = self._encode_prior(doubled(masked, mask))
        merge_half, merge_full = (cast(MergeBlock, self.feature_recon_decoder[i]) for i in (3, 7))
        return Encoded(self._encode_image(masked, mask), quarter, merge_half.skip(half), merge_full.skip(full))

    def _encode_image(self, masked: Images, mask: Masks) -> Float[Tensor, "batch channels height//4 width//4"]:
        """F_enc: only the normalisation uses the mask (Eq. 7)."""
        out = F.relu_(self.encoder_in1(self.encoder_conv1(self.pad(masked)), mask))
        out = F.relu_(self.encoder_in2(self.encoder_conv2(out), mask))
        features: Tensor = self.encoder_out(self.encoder_in3(self.encoder_conv3(out), mask))
        return features

    def _encode_prior(
        self, larger: Float[Tensor, "batch 4 height width"]
    ) -> tuple[
        Float[Tensor, "batch _ height//2 width//2"],
        Float[Tensor, "batch _ height//4 width//4"],
        Float[Tensor, "batch _ height//8 width//8"],
    ]:
        """S_enc^1, S_enc^2 and S_enc^3 (Eq. 2)."""
        full = self.encoder_full(self.encoder_conv2_sm(F.relu_(self.encoder_conv1_sm(self.pad(larger)))))
        half = self.encoder_half(self.encoder_conv3_sm(full))
        quarter = self.encoder_quarter(self.encoder_conv4_sm(half))
        dense = [self.encoder_sm_out(quarter)]
        for block in self.rdbs:
            dense.append(block(dense[-1]))
        return full, half, self.gff_sum(self.gff(torch.cat(dense[1:], dim=1)), quarter)

    def decode_prior(self, encoded: Encoded, quarter: Features) -> Priors:
        """The pyramid (Eq. 3) from the output of the first block of `feature_recon`."""
        for block in self.feature_recon[1:]:
            quarter = block(quarter)
        conv, shuffle, relu, merge, conv_full, shuffle_full, relu_full, merge_full = self.feature_recon_decoder
        half = merge(encoded.half, relu(shuffle(conv(quarter))))
        full = merge_full(encoded.full, relu_full(shuffle_full(conv_full(half))))
        return Priors(full, half, quarter)

    def distil(
        self, priors: Priors
    ) -> tuple[
        Float[Tensor, "batch _ height width"],
        Float[Tensor, "batch _ height//2 width//2"],
        Float[Tensor, "batch _ height//4 width//4"],
    ]:
        """The heads that learn the pretext features, at full, half and quarter size; for training only."""
        return (
            self.feature_mapping_256(priors.full),
            self.feature_mapping_128(priors.half),
            self.feature_mapping(priors.quarter),
        )

    def paint(self, features: Float[Tensor, "batch channels rows columns"], priors: Priors) -> Images:
        """The prediction in [0, 1] from F_enc and the pyramid (Eq. 8)."""
        for block in self.middle:
            features = block(features, priors.quarter)
        enlarge, half, enlarge_again, full, act, pad, conv, tanh = self.decoder
        # Nearest-neighbour enlargement preserves mean and variance, so normalise before it, at a quarter of the cost.
        features = half(enlarge(instance_norm(features)), priors.half)
        features = full(enlarge_again(instance_norm(features)), priors.full)
        prediction: Tensor = (tanh(conv(pad(act(features)))) + 1) / 2
        return prediction


class SPN(Generator):
    """The deterministic network. Height and width are multiples of 4."""

    def __init__(self, width: int = 64, pretext: Channels | None = PRETEXT) -> None:
        super().__init__(width, ResidualBlock(4 * width), lambda label: 2 * width, pretext)

    def learn(self, encoded: Encoded) -> Priors:
        """The semantic pyramid."""
        return self.decode_prior(encoded, self.feature_recon[0](encoded.quarter))

    def forward(self, image: Images, mask: Masks) -> tuple[Images, Priors]:
        """The prediction in [0, 1] and the pyramid, for an image in [0, 1] and its mask, 1 in the hole."""
        encoded = self.encode(image, mask)
        priors = self.learn(encoded)
        return self.paint(encoded.image, priors), priors
