"""Texture and structure filled by partial convolutions with several kernel sizes (paper, section 3.2)."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.mfe.blocks import leaky, normed

MaskRule = Literal["newest code", "first published code"]


class Partial(NamedTuple):
    """A feature, and 1 where it is known; one mask channel serves all channels, unless kernels of a file differ."""

    feature: Float[Tensor, "batch channels height width"]
    known: Float[Tensor, "batch one_or_channels height width"]


class PartialConv(nn.Module):
    """A partial convolution that divides by the number of known values in the window without multiplying by its size.

    The kernels of `mask_conv` count known values: where all are 1, as in the paper, one channel of counts serves all.
    The authors' training code sets them to 1 and then, when it initialises the whole network, to random values, which
    never change: a file with such kernels divides by what they give, channel by channel, as the authors' code does.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.input_conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
        self.mask_conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
        self.counts = True
        self.register_load_state_dict_post_hook(_look_at_kernels)  # type: ignore[no-untyped-call]

    def forward(self, partial: Partial) -> Partial:
        """The convolved feature, 0 where the window contains no known value, and the enlarged known region."""
        channels, _, kernel, _ = self.input_conv.weight.shape
        total = self.input_conv(partial.feature * partial.known)
        if not self.counts:
            divisor = self.mask_conv(partial.known.expand(-1, channels, -1, -1))
            unknown = divisor == 0
            return Partial((total / divisor.masked_fill(unknown, 1)).masked_fill(unknown, 0), (~unknown).to(total))
        places = F.avg_pool2d(partial.known, kernel, stride=1, padding=kernel // 2, divisor_override=1)
        return Partial(total / (channels * places).clamp(min=1), places.clamp(max=1))


def _look_at_kernels(module: nn.Module, _: object) -> None:
    """Note, once weights are loaded, whether the kernels of a partial convolution count."""
    assert isinstance(module, PartialConv)
    module.counts = bool((module.mask_conv.weight == 1).all())


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
