"""The residual blocks and the attention of PIC."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.pic.spectral import Features, Kernel, SpectralConv, SpectralConvTranspose, drop_doubles

Known = Float[Tensor, "batch 1 height width"]  # 1 in the known region: the paper's masks are inverted
Same = Float[Tensor, "batch outputs height width"]
Halved = Float[Tensor, "batch outputs height//2 width//2"]
Doubled = Float[Tensor, "batch outputs 2*height 2*width"]


class Block(nn.Module):
    """A residual block: activation, 3x3, activation, 3x3, and a 1x1 shortcut. `slope` is that of the activation."""

    doubles: ClassVar = {"model.1": "conv1", "model.3": "conv2", "shortcut.0": "bypass"}

    def __init__(self, inputs: int, outputs: int, hidden: int, slope: float = 0.1) -> None:
        super().__init__()
        self.slope = slope
        self.conv1 = SpectralConv(inputs, hidden, 3)
        self.conv2 = SpectralConv(hidden, outputs, 3)
        self.bypass = SpectralConv(inputs, outputs, 1)
        drop_doubles(self, self.doubles)

    def forward(self, features: Features, call: int) -> Same:
        """The same height and width."""
        inside = self.conv1(F.leaky_relu(features, self.slope), call)
        return torch.add(self.conv2(F.leaky_relu(inside, self.slope), call), self.bypass(features, call))


class DownBlock(Block):
    """A residual block whose two branches are averaged over 2x2 pixels; height and width must be even."""

    def forward(self, features: Features, call: int) -> Halved:
        """Half the height and width."""
        return self._halved(self.conv1(F.leaky_relu(features, self.slope), call), features, call)

    def _halved(self, inside: Float[Tensor, "batch hidden height width"], features: Features, call: int) -> Halved:
        """The second convolution and the shortcut. A 3x3 convolution and the mean of 2x2 are one 4x4 convolution with
        stride 2; a 1x1 convolution commutes with the mean.
        """
        kernel, bias = averaging(self.conv2.kernel(call)), self.conv2.module.bias
        halved = F.conv2d(F.leaky_relu(inside, self.slope), kernel, bias, stride=2, padding=1)
        return torch.add(halved, self.bypass(F.avg_pool2d(features, 2), call))


class FirstBlock(DownBlock):
    """The block that takes the image: as DownBlock, without the activation before the first convolution."""

    doubles: ClassVar = {"model.0": "conv1", "model.2": "conv2", "shortcut.1": "bypass"}

    def forward(self, features: Features, call: int) -> Halved:
        """Half the height and width."""
        return self._halved(self.conv1(features, call), features, call)


def averaging(kernel: Kernel) -> Float[Tensor, "first second rows+1 columns+1"]:
    """The kernel that convolves and averages over 2x2 positions in one step, one row and column larger."""
    corners = [(0, 1, 0, 1), (0, 1, 1, 0), (1, 0, 0, 1), (1, 0, 1, 0)]
    padded = torch.stack([F.pad(kernel, corner) for corner in corners]).mean(0)
    return padded.contiguous(memory_format=torch.channels_last)


class InstanceNorm(nn.Module):
    """Normalise every channel of every image to mean 0 and variance 1, then scale and shift.

    The same as torch's, without leaving the channels-last layout; the mean is subtracted first, for precision.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Features) -> Features:
        """The shape of the input."""
        centred = features - features.mean(dim=(2, 3), keepdim=True)
        variance = centred.square().mean(dim=(2, 3), keepdim=True)
        scale = self.weight[:, None, None] * (variance + 1e-5).rsqrt()
        return torch.addcmul(self.bias[:, None, None], centred, scale)


class UpBlock(nn.Module):
    """A residual block whose second convolution and shortcut are transposed and double the size."""

    def __init__(self, inputs: int, outputs: int, hidden: int) -> None:
        super().__init__()
        self.conv1 = SpectralConv(inputs, hidden, 3)
        self.conv2 = SpectralConvTranspose(hidden, outputs, 3)
        self.bypass = SpectralConvTranspose(inputs, outputs, 3)
        self.model = nn.ModuleDict({"0": InstanceNorm(inputs), "3": InstanceNorm(hidden)})
        drop_doubles(self, {"model.2": "conv1", "model.5": "conv2", "shortcut.0": "bypass"})

    def forward(self, features: Features, call: int) -> Doubled:
        """Twice the height and width."""
        inside = self.conv1(F.leaky_relu(self.model["0"](features), 0.1), call)
        inside = F.leaky_relu(self.model["3"](inside), 0.1)
        return torch.add(self.conv2(inside, call), self.bypass(features, call))


class OutBlock(nn.Module):
    """Features to an image in [-1, 1]."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv1 = SpectralConv(inputs, 3, 3, padding=0)
        drop_doubles(self, {"model.2": "conv1"})

    def forward(self, features: Features, call: int) -> Float[Tensor, "batch 3 height width"]:
        """The same height and width."""
        return torch.tanh(self.conv1(F.pad(F.leaky_relu(features, 0.1), (1, 1, 1, 1), mode="reflect"), call))


class Attention(nn.Module):
    """The common part of both attentions: queries that also serve as keys. Only the long-range one uses `alpha` and
    `model`, but both have them in the published weights.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query_conv = nn.Conv2d(channels, channels // 4, 1)
        self.softmax = nn.Softmax(dim=-1)
        self.gamma = nn.Parameter(torch.zeros(1))
        self.alpha = nn.Parameter(torch.zeros(1))
        self.model = Block(2 * channels, channels, channels, slope=0.01)

    def gathered(self, features: Features, values: Same) -> Same:
        """The attention-weighted sums of several maps of values, for each position; all of one size."""
        queries = self.query_conv(features).flatten(2)
        attention = self.softmax(torch.bmm(queries.transpose(1, 2), queries))
        return torch.bmm(values.flatten(2), attention.transpose(1, 2)).view(values.shape)


class ShortAttention(Attention):
    """Self-attention, added to the features."""

    def forward(self, features: Features) -> Features:
        """The shape of the input."""
        return torch.add(features, self.gamma * self.gathered(features, features))


class LongShortAttention(Attention):
    """Short- and long-term attention (section 3.3): within the decoder's features, and to the encoder's, which are kept
    where the image is known.
    """

    def forward(self, features: Features, encoded: Features, known: Known, call: int) -> Features:
        """The shape of the features; the mask may be soft."""
        own, others = self.gathered(features, torch.cat([features, encoded], dim=1)).chunk(2, dim=1)
        short = features + self.gamma * own
        long = self.alpha * (1 - known) * others + known * encoded
        both = torch.cat([short, long], dim=1).contiguous(memory_format=torch.channels_last)
        result: Tensor = self.model(both, call)
        return result
