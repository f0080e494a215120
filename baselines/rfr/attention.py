"""Knowledge-consistent attention (paper, section 3.2.2): the scores of each recurrence are blended with the last."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class Memory(NamedTuple):
    """Input of the next recurrence: blended scores of every position (row) for every position, and which are known."""

    scores: Float[Tensor, "batch places places"]
    known: Float[Tensor, "batch places 1"]


class Scoring(nn.Module):
    """The attention itself; positions are numbered row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.ratio = nn.Parameter(torch.ones(1))

    def forward(
        self,
        features: Float[Tensor, "batch channels height width"],
        known: Float[Tensor, "batch places 1"],
        memory: Memory | None,
    ) -> tuple[Float[Tensor, "batch channels height width"], Memory]:
        """Each position as a weighted sum of all unit vectors, and the scores that are the weights."""
        features = features.contiguous(memory_format=torch.channels_last)  # the vector of a position is contiguous
        units = F.normalize(places(features) + 1e-7, dim=2)
        scores = (places(sum_of_neighbours(features)) @ units.transpose(1, 2)).softmax(dim=2)
        if memory is not None:
            present = self.ratio.abs() + 1e-7
            scores = torch.lerp(scores, memory.scores, memory.known / (memory.known + present))
        mixture = (scores @ units).transpose(1, 2).reshape(features.shape)
        return mixture, Memory(scores, known)


def places(
    features: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch height*width channels"]:
    """The vector of every position, row by row."""
    return features.flatten(2).transpose(1, 2)


def sum_of_neighbours(
    features: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    """The sum over the 3x3 neighbourhood of each position, zero padded.

    The paper sums the scores this way; they are linear in the features, which are fewer.
    """
    return F.avg_pool2d(features, 3, stride=1, padding=1, divisor_override=1)


class Attention(nn.Module):
    """The attention, and the convolution that restores the magnitude of the vectors."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.att = Scoring()
        self.combiner = nn.Conv2d(2 * channels, channels, 1)

    def forward(
        self,
        features: Float[Tensor, "batch channels height width"],
        known: Float[Tensor, "batch 1 fullheight fullwidth"],
        memory: Memory | None,
    ) -> tuple[Float[Tensor, "batch channels height width"], Memory]:
        """Features of the same shape, and the memory for the next recurrence; `known` may be larger than they are."""
        small = F.interpolate(known, features.shape[2:], mode="nearest")
        mixture, memory = self.att(features, places(small), memory)
        return self.combiner(torch.cat([mixture, features], dim=1)), memory
