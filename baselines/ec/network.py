"""EdgeConnect: Generative Image Inpainting with Adversarial Edge Learning (Nazeri et al., 2019).

Two generators of the same architecture, used in turn: the first completes the edges of the known region to those of the
whole image (Sec. 3.1), the second fills in the colours (Sec. 3.2).
"""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3, RowwiseConv2d
from baselines.ec.blocks import InstanceNorm, Maps, SpectralConv2d, SpectralConvTranspose2d


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions to 256 channels, the first with dilation 2, each normalised; the input is added."""

    def __init__(self, conv: type[nn.Conv2d | SpectralConv2d], bias: bool) -> None:
        super().__init__()
        conv = Conv3x3 if conv is nn.Conv2d else conv
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(2),
            conv(256, 256, 3, dilation=2, bias=bias),
            InstanceNorm(),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            conv(256, 256, 3, bias=bias),
            InstanceNorm(),
        )

    def forward(self, x: Maps) -> Maps:
        """The sum of input and block; no activation follows."""
        residual: Tensor = self.conv_block(x)
        return residual.add_(x)


class Generator(nn.Module):
    """Downsampling by 4, eight residual blocks, upsampling by 4 (Sec. 3 and Appendix A), with the published parameter
    names.

    Height and width are multiples of 4. All maps are channels-last.
    """

    def __init__(
        self,
        channels: int,
        out: int,
        conv: type[nn.Conv2d | SpectralConv2d],
        conv_transpose: type[nn.ConvTranspose2d | SpectralConvTranspose2d],
        residual_bias: bool,
    ) -> None:
        super().__init__()
        half = partial(conv, kernel_size=4, stride=2, padding=1)
        twice = partial(conv_transpose, kernel_size=4, stride=2, padding=1)
        self.encoder = nn.Sequential(
            nn.ReflectionPad2d(3),
            *(conv(channels, 64, 7), InstanceNorm(), nn.ReLU(inplace=True)),
            *(half(64, 128), InstanceNorm(), nn.ReLU(inplace=True)),
            *(half(128, 256), InstanceNorm(), nn.ReLU(inplace=True)),
        )
        self.middle = nn.Sequential(*(ResidualBlock(conv, residual_bias) for _ in range(8)))
        self.decoder = nn.Sequential(
            *(twice(256, 128), InstanceNorm(), nn.ReLU(inplace=True)),
            *(twice(128, 64), InstanceNorm(), nn.ReLU(inplace=True)),
            nn.ReflectionPad2d(3),
            RowwiseConv2d(64, out, 7),
        )
        self.to(memory_format=torch.channels_last)

    def logits(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        """The output before it is mapped to [0, 1]."""
        x = x.contiguous(memory_format=torch.channels_last)
        output: Tensor = self.decoder(self.middle(self.encoder(x)))
        return output


class EdgeGenerator(Generator):
    """The first stage, with spectral norm."""

    def __init__(self) -> None:
        super().__init__(3, 1, SpectralConv2d, SpectralConvTranspose2d, residual_bias=False)

    def forward(self, x: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 1 height width"]:
        """Soft edges of the whole image in [0, 1].

        The three channels: the grey image with 1 in the hole, the edges of the known region (0 or 1) with 0 in the
        hole, the mask (1 = hole).
        """
        return torch.sigmoid(self.logits(x))


class CompletionGenerator(Generator):
    """The second stage."""

    def __init__(self) -> None:
        super().__init__(4, 3, nn.Conv2d, nn.ConvTranspose2d, residual_bias=True)

    def forward(self, x: Float[Tensor, "batch 4 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The whole image, RGB in [0, 1], from RGB in [0, 1] with 1 in the hole and the edge map."""
        return (torch.tanh(self.logits(x)) + 1) / 2
