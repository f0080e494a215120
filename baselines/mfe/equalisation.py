"""Feature equalisation: over channels, and over positions by distance and by similarity (paper, section 3.3)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.mfe.blocks import mixed


class ChannelAttention(nn.Module):
    """Squeeze and excitation: each channel is scaled by a factor computed from the means of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1), nn.ReLU(inplace=True), nn.Conv2d(squeezed, channels, 1), nn.Sigmoid()
        )

    def forward(
        self, feature: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """The feature with its channels rescaled."""
        factor: Tensor = self.fc(feature.mean(dim=(2, 3), keepdim=True))
        return feature * factor


class Gaussian(nn.Module):
    """Each position becomes a mean of all, weighted by distance; weights are cut off at the border and sum to 1."""

    line: Tensor  # the weights along one axis; those in 2D are their products

    def __init__(self, size: int, sigma: float) -> None:
        super().__init__()
        place = torch.arange(size, dtype=torch.float64)
        weights = torch.exp(-((place[:, None] - place) ** 2) / (2 * sigma**2))
        line = weights / weights.sum(dim=1, keepdim=True)
        self.register_buffer("line", line.float(), persistent=False)

    def forward(self, feature: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch channels size size"]:
        """The blurred feature, its values in the order of `reinterpreted`."""
        return reinterpreted(self.line @ feature @ self.line.T)


class Neighbours(nn.Module):
    """Each position becomes a mean of its 3x3 neighbours, weighted by similarity; zero padding."""

    def forward(
        self, feature: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """The mean feature, its values in the order of `reinterpreted`."""
        squashed = feature.sigmoid()
        likeness = torch.stack([(squashed * near).mean(dim=1, keepdim=True) for near in neighbours(squashed)])
        weights = likeness.softmax(dim=0)
        mean = torch.zeros_like(feature)
        for weight, near in zip(weights, neighbours(feature), strict=True):
            mean.addcmul_(weight, near)
        return reinterpreted(mean)


def neighbours(
    feature: Float[Tensor, "batch channels height width"],
) -> list[Float[Tensor, "batch channels height width"]]:
    """The feature shifted by -1, 0 and 1 along both axes, zero padded."""
    height, width = feature.shape[2:]
    padded = F.pad(feature, (1, 1, 1, 1))
    return [padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)]


def reinterpreted(
    feature: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    """The values in position-major order, read as if they were channel-major.

    The published code makes a matrix of positions by channels and views it as channels by height by width; the
    published weights were trained with that.
    """
    return feature.flatten(2).transpose(1, 2).reshape(feature.shape)


class Equalised(nn.Module):
    """Fused texture and structure, made consistent over channels and positions."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(ChannelAttention(512, 32))
        self.gaussian = Gaussian(32, sigma=1.5)
        self.neighbour = Neighbours()
        self.down = nn.Sequential(*mixed(1024, 512))

    def forward(self, fused: Float[Tensor, "batch 512 32 32"]) -> Float[Tensor, "batch 512 32 32"]:
        """The equalised feature."""
        weighed = self.model(fused)
        result: Tensor = self.down(torch.cat([self.gaussian(weighed), self.neighbour(weighed)], dim=1))
        return result
