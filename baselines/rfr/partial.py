"""Partial convolutions (Liu et al., ECCV 2018) as RFR has them: without bias, zero padding counts as hole."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class Partial(NamedTuple):
    """Features that are known in places: values, which are 0 elsewhere, and 1 where they are known.

    One mask channel stands for all: the published code repeats it as many times as there are features.
    """

    values: Float[Tensor, "batch channels height width"]
    known: Float[Tensor, "batch 1 height width"]


def known_only(
    values: Float[Tensor, "batch channels height width"], known: Float[Tensor, "batch 1 height width"]
) -> Partial:
    """Features with zeros where they are not known."""
    return Partial(values * known, known)


class PartialConv(nn.Module):
    """A convolution over what is known, made up for what is not; a place is known once its window holds anything."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, kernel, kernel))
        self.stride = stride

    def forward(self, *inputs: Partial) -> Partial:
        """The convolution of the inputs' channels, side by side, and the enlarged known region."""
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
        """How many places of each window are known; whole numbers, so exact in float32."""
        kernel = self.weight.shape[-1]
        return F.avg_pool2d(known, kernel, self.stride, padding=kernel // 2, divisor_override=1)
