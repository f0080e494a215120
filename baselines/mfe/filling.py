"""Texture and structure filled by partial convolutions with several kernel sizes (paper, section 3.2)."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.mfe.blocks import leaky, normed

MaskRule = Literal["newest code", "first published code"]


class Partial(NamedTuple):
    """A feature, and 1 where it is known; one mask channel serves all channels."""

    feature: Float[Tensor, "batch channels height width"]
    known: Float[Tensor, "batch 1 height width"]


class PartialConv(nn.Module):
    """A partial convolution that divides by the number of known values in the window without multiplying by its size.

    `mask_conv` contains only ones in the published files. Its counts are computed in one channel; its weights exist to
    be loaded.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.input_conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
        self.mask_conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)

    def forward(self, partial: Partial) -> Partial:
        """The convolved feature, 0 where the window contains no known value, and the enlarged known region."""
        channels, _, kernel, _ = self.input_conv.weight.shape
        places = F.avg_pool2d(partial.known, kernel, stride=1, padding=kernel // 2, divisor_override=1)
        total = self.input_conv(partial.feature * partial.known)
        return Partial(total / (channels * places).clamp(min=1), places.clamp(max=1))


class PartialBlock(nn.Module):
    """A partial convolution, normalised and activated."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = PartialConv(channels, kernel)
        self.bn = normed(channels, affine=True)
        self.activation = leaky()

    def forward(self, partial: Partial) -> Partial:
        """The next feature and its known region."""
        feature, known = self.conv(partial)
        return Partial(self.activation(self.bn(feature)), known)


def partial_blocks(channels: int, kernel: int) -> nn.Sequential:
    """The five blocks of one kernel size, from Partial to Partial."""
    return nn.Sequential(*(PartialBlock(channels, kernel) for _ in range(5)))


class KnownFeatures(nn.Module):
    """The rule for which of the 32x32 features count as known; the authors changed it after publication.

    The first code took every eighth pixel of the mask. The latest code averages the mask three times over 4x4 pixels
    and treats values above 1 as hole, which never occur: every feature is known, and the hole is processed like
    everything else.
    """

    def __init__(self, rule: MaskRule) -> None:
        super().__init__()
        self.rule = rule

    def forward(self, mask: Float[Tensor, "batch 1 256 256"]) -> Float[Tensor, "batch 1 32 32"]:
        """1 where a feature is known, from a mask that is 1 in the hole."""
        if self.rule == "first published code":
            return 1 - mask[:, :, ::8, ::8]
        for _ in range(3):
            mask = F.avg_pool2d(mask, 4, stride=2, padding=1)
        return torch.where(mask > 1, 0.0, 1.0)
