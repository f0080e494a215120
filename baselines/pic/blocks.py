"""The residual blocks of PIC and its attention."""

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
    """A residual block: activation, 3x3, activation, 3x3, and a 1x1 bypass. `slope` is the activation's."""

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
    """A residual block whose two paths are averaged over 2x2 pixels; height and width must be even."""

    def forward(self, features: Features, call: int) -> Halved:
        """Half the height and width."""
        return self._halved(self.conv1(F.leaky_relu(features, self.slope), call), features, call)

    def _halved(self, inside: Float[Tensor, "batch hidden height width"], features: Features, call: int) -> Halved:
        """The second convolution and the bypass. A 3x3 convolution and the mean of 2x2 are one 4x4 convolution
        with stride 2; a 1x1 convolution may as well come after the mean."""
        kernel, bias = averaging(self.conv2.kernel(call)), self.conv2.module.bias
        halved = F.conv2d(F.leaky_relu(inside, self.slope), kernel, bias, stride=2, padding=1)
        return torch.add(halved, self.bypass(F.avg_pool2d(features, 2), call))


class FirstBlock(DownBlock):
    """The block that takes the picture: as DownBlock, without the activation before the first convolution."""

    doubles: ClassVar = {"model.0": "conv1", "model.2": "conv2", "shortcut.1": "bypass"}

    def forward(self, features: Features, call: int) -> Halved:
        """Half the height and width."""
        return self._halved(self.conv1(features, call), features, call)


def averaging(kernel: Kernel) -> Float[Tensor, "first second rows+1 columns+1"]:
    """The kernel that convolves and averages over 2x2 positions at once, one row and column larger."""
    corners = [(0, 1, 0, 1), (0, 1, 1, 0), (1, 0, 0, 1), (1, 0, 1, 0)]
    padded = torch.stack([F.pad(kernel, corner) for corner in corners]).mean(0)
    return padded.contiguous(memory_format=torch.channels_last)


class InstanceNorm(nn.Module):
    """Every channel of every image to mean 0 and variance 1, then scaled and shifted.

    What torch's own does, but without leaving the channels-last layout; mean first, so that nothing cancels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Features) -> Features:
        """As the features."""
        centred = features - features.mean(dim=(2, 3), keepdim=True)
        variance = centred.square().mean(dim=(2, 3), keepdim=True)
        scale = self.weight[:, None, None] * (variance + 1e-5).rsqrt()
        return torch.addcmul(self.bias[:, None, None], centred, scale)


class UpBlock(nn.Module):
    """A residual block whose second convolution and bypass are transposed and double the size."""

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
    """Features to a picture in [-1, 1]."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv1 = SpectralConv(inputs, 3, 3, padding=0)
        drop_doubles(self, {"model.2": "conv1"})

    def forward(self, features: Features, call: int) -> Float[Tensor, "batch 3 height width"]:
        """The same height and width."""
        return torch.tanh(self.conv1(F.pad(F.leaky_relu(features, 0.1), (1, 1, 1, 1), mode="reflect"), call))


class Attention(nn.Module):
    """What both attentions share: queries that serve as keys, too. `alpha` and `model` are the long-range one's, but
    both have them in the published weights."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query_conv = nn.Conv2d(channels, channels // 4, 1)
        self.softmax = nn.Softmax(dim=-1)
        self.gamma = nn.Parameter(torch.zeros(1))
        self.alpha = nn.Parameter(torch.zeros(1))
        self.model = Block(2 * channels, channels, channels, slope=0.01)

    def gathered(self, features: Features, values: Same) -> Same:
        """Values of all places, as the features of each place attend to them; all of one size."""
        queries = self.query_conv(features).flatten(2)
        attention = self.softmax(torch.bmm(queries.transpose(1, 2), queries))
        return torch.bmm(values.flatten(2), attention.transpose(1, 2)).view(values.shape)


class ShortAttention(Attention):
    """Self-attention, added to the features."""

    def forward(self, features: Features) -> Features:
        """As the features."""
        return torch.add(features, self.gamma * self.gathered(features, features))


class LongShortAttention(Attention):
    """Short- and long-term attention (section 3.3): within the decoder's features, and to the encoder's, which are
    kept where the picture is known."""

    def forward(self, features: Features, encoded: Features, known: Known, call: int) -> Features:
        """As the features; the mask may be soft."""
        own, others = self.gathered(features, torch.cat([features, encoded], dim=1)).chunk(2, dim=1)
        short = features + self.gamma * own
        long = self.alpha * (1 - known) * others + known * encoded
        both = torch.cat([short, long], dim=1).contiguous(memory_format=torch.channels_last)
        result: Tensor = self.model(both, call)
        return result
