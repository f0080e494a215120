"""Recurrent Feature Reasoning for image inpainting (Li, Wang, Zhang, Du and Tao, CVPR 2020).

The hole is filled from its edge inwards: in every recurrence, two partial convolutions enlarge the known region a
little and a small U-Net with attention fills the new area; the features of all recurrences are merged at the end.
Parameter names are those of the published checkpoints.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.convolutions import Conv3x3
from baselines.rfr.attention import Attention, Memory
from baselines.rfr.partial import Partial, PartialConv, known_only

TURNS = 6


def down(inputs: int, outputs: int) -> nn.Sequential:
    """Half the size."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def dilated(inputs: int, outputs: int, activation: nn.Module) -> nn.Sequential:
    """The same size."""
    convolution = Conv3x3(inputs, outputs, padding=2, dilation=2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), activation)


class FoldedConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution as one matrix product, whose results are summed where they overlap.

    For a small map of many channels: torch's first copies the kernels to another layout, which takes as long.
    """

    def forward(
        self, input: Float[Tensor, "batch channels height width"], output_size: list[int] | None = None
    ) -> Float[Tensor, "batch out out_height out_width"]:
        """Twice the size."""
        height, width = input.shape[2:]
        patches = self.weight.flatten(1).T @ input.flatten(2)
        return F.fold(patches, (2 * height, 2 * width), 4, padding=1, stride=2)


def up(inputs: int, outputs: int, kind: type[nn.ConvTranspose2d] = nn.ConvTranspose2d) -> nn.Sequential:
    """Twice the size."""
    convolution = kind(inputs, outputs, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2, inplace=True))


class FeatureReasoning(nn.Module):
    """The feature reasoning of one recurrence: a U-Net with knowledge-consistent attention (paper, section 3.2)."""

    def __init__(self) -> None:
        super().__init__()
        self.enc_1 = down(64, 128)
        self.enc_2 = down(128, 256)
        self.enc_3 = down(256, 512)
        self.enc_4 = dilated(512, 512, nn.ReLU(inplace=True))
        self.enc_5 = dilated(512, 512, nn.ReLU(inplace=True))
        self.enc_6 = dilated(512, 512, nn.ReLU(inplace=True))
        self.dec_5 = dilated(1024, 512, nn.LeakyReLU(0.2, inplace=True))
        self.dec_4 = dilated(1024, 512, nn.LeakyReLU(0.2, inplace=True))
        self.dec_3 = up(1024, 512, FoldedConvTranspose2d)
        self.att = Attention(512)
        self.dec_2 = up(768, 256)
        self.dec_1 = up(384, 64)

    def forward(
        self,
        features: Float[Tensor, "batch 64 height width"],
        known: Float[Tensor, "batch 1 height width"],
        memory: Memory | None,
    ) -> tuple[Float[Tensor, "batch 64 height width"], Memory]:
        """Features of the whole image, and the memory of the attention for the next recurrence.

        `known` is 1 where features were known or have been filled; `memory` is None in the first recurrence.
        """
        h1 = self.enc_1(features)
        h2 = self.enc_2(h1)
        h3 = self.enc_3(h2)
        h4 = self.enc_4(h3)
        h5 = self.enc_5(h4)
        h6 = self.enc_6(h5)
        inner = self.dec_5(torch.cat([h6, h5], dim=1))
        inner = self.dec_4(torch.cat([inner, h4], dim=1))
        inner = self.dec_3(torch.cat([inner, h3], dim=1))
        inner, memory = self.att(inner, known, memory)
        inner = self.dec_2(torch.cat([inner, h2], dim=1))
        return self.dec_1(torch.cat([inner, h1], dim=1)), memory


class Bottleneck(nn.Module):
    """A residual block with a quarter of its channels inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)

    def forward(
        self, features: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """The ReLU of the sum of input and block."""
        inner = F.relu(self.bn1(self.conv1(features)))
        inner = F.relu(self.bn2(self.conv2(inner)))
        return F.relu(self.bn3(self.conv3(inner)) + features)


class RFRNet(nn.Module):
    """The network; `kernel` is 7, or 5 in the authors' variant for smaller holes.

    The memory layout is not changed: in channels_last, the 7x7 convolutions take a third longer on a CPU.
    """

    def __init__(self, kernel: int = 7) -> None:
        super().__init__()
        self.Pconv1 = PartialConv(3, 64, 7, stride=2)
        self.bn1 = nn.BatchNorm2d(64)
        self.Pconv2 = PartialConv(64, 64, kernel)
        self.bn20 = nn.BatchNorm2d(64)
        self.Pconv21 = PartialConv(64, 64, kernel)
        self.Pconv22 = PartialConv(64, 64, kernel)
        self.bn2 = nn.BatchNorm2d(64)
        self.RFRModule = FeatureReasoning()
        self.Tconv = nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(64)
        self.tail1 = PartialConv(67, 32, 3)
        self.tail2 = Bottleneck(32)
        self.out = nn.Conv2d(64, 3, 3, padding=1, bias=False)

    def forward(
        self, image: Float[Tensor, "batch 3 height width"], known: Float[Tensor, "batch 1 height width"]
    ) -> Float[Tensor, "batch 3 height width"]:
        """The prediction, not bounded, for an image in [0, 1]; height and width are multiples of 16.

        `known` is 1 in the known region and 0 in the hole, where the image is ignored.
        """
        masked = known_only(image, known)
        return self.drawn(masked, merged(self.turns(self.start(masked))))

    def start(self, image: Partial) -> Partial:
        """The features of the known region at half the size."""
        first = self.Pconv1(image)
        second = self.Pconv2(known_only(F.relu(self.bn1(first.values)), first.known))
        return known_only(F.relu(self.bn20(second.values)), second.known)

    def turns(self, features: Partial) -> list[Partial]:
        """The initial features and those of every recurrence; all recurrences share their weights."""
        found, memory = [features], None
        for _ in range(TURNS):  # the number is fixed, even when nothing is missing any more
            wider = self.Pconv22(self.Pconv21(found[-1]))
            values, memory = self.RFRModule(F.leaky_relu(self.bn2(wider.values)), wider.known, memory)
            found.append(known_only(values, wider.known))
        return found

    def drawn(self, image: Partial, features: Partial) -> Float[Tensor, "batch 3 height width"]:
        """The prediction, from the known region and the merged features."""
        large = F.leaky_relu(self.bn3(self.Tconv(features.values)))
        known = F.interpolate(features.known, scale_factor=2, mode="nearest")
        tail = F.leaky_relu(self.tail1(image, known_only(large, known)).values)
        prediction: Tensor = self.out(torch.cat([tail, self.tail2(tail)], dim=1))
        return prediction


def merged(found: list[Partial]) -> Partial:
    """Adaptive feature merging (paper, section 3.3): the mean over the recurrences that knew a position.

    It is the mean of the values over all recurrences divided by that of the masks. The known region is that of the last
    recurrence.
    """
    values = sum((partial.values for partial in found[1:]), found[0].values) / len(found)
    share = sum((partial.known for partial in found[1:]), found[0].known) / len(found)
    return Partial(values / (share + 1e-7), found[-1].known)
