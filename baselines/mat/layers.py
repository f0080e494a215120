"""The layers that MAT is built of, which are those of StyleGAN2 with a slope of 0.2 and a gain of sqrt(2).

Weights are stored as standard normal values; the gain 1 / sqrt(fan in), and that of the activation behind a layer,
are folded into kernels once the weights are loaded (`fold`). Maps lie in channels-last memory.
"""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

GAIN = sqrt(2)  # of every activation; it commutes with the leaky ReLU
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8

Features = Float[Tensor, "batch _ _ _"]  # batch, channels, height, width
Mask = Float[Tensor, "batch 1 _ _"]  # 1 where something is known
Styles = Float[Tensor, "batch _"]
Images = Float[Tensor, "batch 3 _ _"]


def act(x: Tensor) -> Tensor:
    """A leaky ReLU in place; its gain is folded into the layer before it."""
    return functional.leaky_relu_(x, 0.2)


def smooth(x: Features, kernel: Float[Tensor, "4 4"], padding: int) -> Features:
    """Every channel convolved with the same kernel, after a padding of zeros."""
    channels = x.shape[1]
    return functional.conv2d(x, kernel.expand(channels, 1, 4, 4), padding=padding, groups=channels)


def enlarged(image: Images) -> Images:
    """Twice the resolution, by the kernel [1, 3, 3, 1] / 4 between pixels, with zeros beyond the edge.

    A bilinear resize has this kernel; a frame of zeros makes its edges those of the filter.
    """
    framed = functional.pad(image, (1, 1, 1, 1))
    return functional.interpolate(framed, scale_factor=2, mode="bilinear")[:, :, 2:-2, 2:-2]


class Folded(nn.Module):
    """A layer that makes its kernels from its weights."""

    def fold(self) -> None:
        """Make the kernels; done again, the result is the same."""
        for name, tensor in self.made().items():
            self.register_buffer(name, tensor, persistent=False)

    def made(self) -> dict[str, Tensor]:
        """The kernels by name."""
        raise NotImplementedError


class Filtered(Folded):
    """A layer whose published weights hold the filter of resamplers, used or not."""

    resample_filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("resample_filter", torch.outer(TAPS, TAPS))


class Dense(Folded):
    """A fully connected layer over the last axis; `rate` scales the stored weights and bias, `active` activates."""

    kernel: Tensor
    shift: Tensor

    def __init__(self, inputs: int, outputs: int, active: bool = False, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.active, self.gain = active, rate * (GAIN if active else 1)

    def made(self) -> dict[str, Tensor]:
        """Kernel and bias with their gains."""
        return {
            "kernel": self.weight.detach() * (self.gain / sqrt(self.weight.shape[1])),
            "shift": self.bias.detach() * self.gain,
        }

    def forward(self, x: Tensor) -> Tensor:
        """The outputs along the last axis."""
        x = functional.linear(x, self.kernel, self.shift)
        return act(x) if self.active else x


class Conv(Filtered):
    """A convolution with an activation; `resample` "down" halves the resolution, "up" doubles it."""

    kernel: Tensor
    shift: Tensor

    def __init__(self, inputs: int, outputs: int, side: int = 3, resample: str = "") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.resample = resample

    def made(self) -> dict[str, Tensor]:
        """Kernel and bias with their gains."""
        kernel = self.weight.detach() * (GAIN / sqrt(self.weight[0].numel()))
        if self.resample == "up":
            kernel = spreading(kernel)
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        return {"kernel": kernel, "shift": self.bias.detach() * GAIN}

    def forward(self, x: Features) -> Features:
        """Features at the resolution of the result."""
        if self.resample == "up":
            return act(convolved_up(x, self.kernel, self.resample_filter) + self.shift[:, None, None])
        if self.resample == "down":
            return act(functional.conv2d(smooth(x, self.resample_filter, 2), self.kernel, self.shift, stride=2))
        return act(functional.conv2d(x, self.kernel, self.shift, padding=self.kernel.shape[2] // 2))


def spreading(kernel: Tensor) -> Tensor:
    """The kernel of a transposed convolution that spreads pixels with this one, rotated, times the filter's gain."""
    return kernel.flip(2, 3).transpose(0, 1) * 4


def convolved_up(x: Features, kernel: Tensor, smoothing: Float[Tensor, "4 4"]) -> Features:
    """Twice the resolution: each pixel spread with a kernel of 3 x 3, then smoothed."""
    return smooth(functional.conv_transpose2d(x, kernel, stride=2), smoothing, padding=1)


class PartialConv(nn.Module):
    """A convolution whose result is weighed by how much of its window is known."""

    def __init__(self, inputs: int, outputs: int, resample: str = "") -> None:
        super().__init__()
        self.conv = Conv(inputs, outputs, resample=resample)

    def forward(self, x: Features, mask: Mask | None) -> tuple[Features, Mask | None]:
        """Features, and where a window had something known; without a mask a plain convolution."""
        x = self.conv(x)
        if mask is None:
            return x, None
        stride = 2 if self.conv.resample == "down" else 1
        known = functional.avg_pool2d(mask, 3, stride=stride, padding=1, divisor_override=1)
        mask = known.clamp(0, 1)
        return x.mul_(9 / (known + 1e-8) * mask), mask


class ModulatedConv(Filtered):
    """A convolution whose input channels are scaled by a style, and its output channels back to unit variance."""

    kernel: Tensor
    squares: Tensor  # (out, in) sums of squares over the kernel

    def __init__(self, inputs: int, outputs: int, style: int, side: int = 3, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, outputs, inputs, side, side))
        self.affine = Dense(style, inputs)
        self.up = up

    def made(self) -> dict[str, Tensor]:
        """The kernel with its gain, and its squares."""
        kernel = self.weight[0].detach() / sqrt(self.weight[0, 0].numel())
        squares = kernel.square().sum(dim=(2, 3))
        if self.up:
            kernel = spreading(kernel)
        return {"kernel": kernel.contiguous(memory_format=torch.channels_last), "squares": squares}

    def scales(self, style: Styles) -> tuple[Styles, Styles]:
        """The factor of every input channel, and of every output channel, without the gain of an activation."""
        inputs = self.affine(style)
        return inputs, torch.rsqrt(functional.linear(inputs.square(), self.squares) + 1e-8)

    def forward(self, x: Features, style: Styles) -> Features:
        """The demodulated convolution times the gain of an activation, without bias.

        Scaling maps gives the same as scaling kernels; what is smaller is scaled.
        """
        before, after = self.scales(style)
        after = after * GAIN
        if x[0].numel() < self.kernel.numel():
            return self.convolved(x * before[:, :, None, None], self.kernel).mul_(after[:, :, None, None])
        rows, columns = (before, after) if self.up else (after, before)
        scales = zip(rows[:, :, None, None, None], columns[:, None, :, None, None], strict=True)
        kernels = [self.kernel * row * column for row, column in scales]
        found = [self.convolved(one, kernel) for one, kernel in zip(torch.split(x, 1), kernels, strict=True)]
        return torch.cat(found) if len(found) > 1 else found[0]

    def convolved(self, x: Features, kernel: Tensor) -> Features:
        """The convolution with a kernel."""
        return convolved_up(x, kernel, self.resample_filter) if self.up else functional.conv2d(x, kernel, padding=1)


class StyleConv(Folded):
    """A modulated convolution, noise of one value a pixel, and an activation; `side` is that of its constant noise."""

    constant: Tensor
    shift: Tensor
    noise_const: Tensor

    def __init__(self, inputs: int, outputs: int, style: int, side: int = 0, up: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, style, up=up)
        self.bias = nn.Parameter(torch.zeros(outputs))
        if side:
            self.register_buffer("noise_const", torch.zeros(side, side))
            self.noise_strength = nn.Parameter(torch.zeros(()))
        self.noisy = bool(side)

    def made(self) -> dict[str, Tensor]:
        """Bias and constant noise with their gains."""
        found = {"shift": self.bias.detach() * GAIN}
        if self.noisy:
            found["constant"] = self.noise_const * (self.noise_strength.detach() * GAIN)
        return found

    def forward(self, x: Features, style: Styles, noise: Mask | None = None) -> Features:
        """Features; without noise that of the weights is added, where they have some."""
        x = self.conv(x, style).add_(self.shift[:, None, None])
        if self.noisy:
            x.add_(self.constant if noise is None else noise * (self.noise_strength * GAIN))
        return act(x)


class ToRGB(Filtered):
    """The image of one resolution, added to the enlarged one of the resolution before."""

    def __init__(self, inputs: int, style: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, 3, style, side=1)
        self.bias = nn.Parameter(torch.zeros(3))

    def made(self) -> dict[str, Tensor]:
        """Nothing: the bias has no gain."""
        return {}

    def forward(self, x: Features, style: Styles, image: Images | None) -> Images:
        """The image so far. The convolution is not demodulated."""
        kernels = self.conv.kernel[:, :, 0, 0] * self.conv.affine(style)[:, None]
        rows = x.permute(0, 2, 3, 1).flatten(1, 2)
        here = torch.baddbmm(self.bias, rows, kernels.transpose(1, 2))
        here = here.view(*x.shape[:1], *x.shape[2:], 3).permute(0, 3, 1, 2)
        return here if image is None else here + enlarged(image)
