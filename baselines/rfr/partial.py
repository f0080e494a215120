"""Partial convolutions (Liu et al., ECCV 2018) as in RFR: without bias, zero padding counts as hole."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class Partial(NamedTuple):
    """Partly known features: values, 0 where unknown, and a mask, 1 where known.

    One mask channel serves all: the published code repeats it for every feature.
    """

    values: Float[Tensor, "batch channels height width"]
    known: Float[Tensor, "batch 1 height width"]


def known_only(
    values: Float[Tensor, "batch channels height width"], known: Float[Tensor, "batch 1 height width"]
) -> Partial:
    """Features with zeros where they are unknown."""
    return Partial(values * known, known)


class PartialConv(nn.Module):
    """A convolution over known values, rescaled for unknown ones; a position becomes known if its window has any."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, kernel, kernel))
        self.stride = stride

    def forward(self, *inputs: Partial) -> Partial:
        """The convolution of the concatenated inputs, and the enlarged known region."""
        _, channels, kernel, _ = self.weight.shape
        count = torch.stack([partial.values.shape[1] * self._known_in_window(partial.known) for partial in inputs])
        count = count.sum(dim=0)
        known = count.clamp(max=1)
        ratio = channels * kernel**2 / (count + 1e-8) * known
        values = inputs[0].values if len(inputs) == 1 else torch.cat([partial.values for partial in inputs], dim=1)
        return Partial(F.conv2d(values, self.weight, stride=self.stride, padding=kernel // 2) * ratio, known)

    def _known_in_window(
        self, known: Float[Tensor, "batch 1 height width"]
    ) -> Float[Tensor, "batch 1 newheight newwidth"]:
        """The number of known positions in each window; integers, so exact in float32."""
        kernel = self.weight.shape[-1]
        return F.avg_pool2d(known, kernel, self.stride, padding=kernel // 2, divisor_override=1)
