"""The layers of EdgeConnect's generators: convolutions, spectral norm, instance norm."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from baselines.convolutions import Kept, Kernel, conv3x3

Maps = Float[Tensor, "batch channels height width"]


class InstanceNorm(nn.Module):
    """Normalise every channel of every image to mean 0 and variance 1; no parameters (Ulyanov et al., 2016).

    Written out because torch's implementation first copies a channels-last map to another layout.
    """

    def forward(self, x: Maps) -> Maps:
        """The map normalised with the biased variance of each image, eps 1e-5."""
        pixels = x.permute(0, 2, 3, 1)
        mean = pixels.mean(dim=(1, 2), keepdim=True)
        variance = (pixels - mean).square_().mean(dim=(1, 2), keepdim=True)
        scale = (variance + 1e-5).rsqrt()
        return torch.addcmul(-mean * scale, pixels, scale).permute(0, 3, 1, 2)


class SpectralNorm(nn.Module):
    """A kernel divided by its largest singular value (Miyato et al., 2018), and its bias.

    The kernel is viewed as a matrix with one row per output. Its singular vectors u and v are those of the last
    training step; there is no power iteration at inference.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, shape: tuple[int, int, int, int], out_axis: int, bias: bool) -> None:
        super().__init__()
        out, others = shape[out_axis], math.prod(shape) // shape[out_axis]
        self.out_axis = out_axis
        self.weight_orig = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(out)) if bias else None
        self.register_buffer("weight_u", torch.empty(out))
        self.register_buffer("weight_v", torch.empty(others))
        self.kept: Kept[Kernel] = Kept()

    def kernel(self) -> Kernel:
        """The normalised kernel, and the bias."""
        return self.kept.get([self.weight_orig, self.weight_u, self.weight_v], self._derived)

    def _derived(self) -> Kernel:
        matrix = self.weight_orig.transpose(0, self.out_axis).flatten(1)
        return Kernel(self.weight_orig / torch.dot(self.weight_u, torch.mv(matrix, self.weight_v)), self.bias)


class SpectralConv2d(SpectralNorm):
    """A convolution under spectral norm."""

    def __init__(
        self,
        channels: int,
        out: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__((out, channels, kernel_size, kernel_size), out_axis=0, bias=bias)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.small = kernel_size == 3 and (stride, padding) == (1, 0)

    def forward(self, x: Maps) -> Float[Tensor, "batch out out_height out_width"]:
        """The convolved map."""
        if self.small:
            return conv3x3(x, self.kernel(), self.dilation)
        return functional.conv2d(x, self.kernel().weight, self.bias, self.stride, self.padding, self.dilation)


class SpectralConvTranspose2d(SpectralNorm):
    """A transposed convolution under spectral norm. Outputs are the second axis of its kernel."""

    def __init__(self, channels: int, out: int, kernel_size: int, stride: int, padding: int) -> None:
        super().__init__((channels, out, kernel_size, kernel_size), out_axis=1, bias=True)
        self.stride, self.padding = stride, padding

    def forward(self, x: Maps) -> Float[Tensor, "batch out out_height out_width"]:
        """The convolved map, enlarged by the stride."""
        return functional.conv_transpose2d(x, self.kernel().weight, self.bias, self.stride, self.padding)
