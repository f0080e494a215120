"""The blocks of WaveFill: spectral norm, gated convolution, residual block, self-attention, Haar wavelets."""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Kept, Kernel, conv3x3

Features = Float[Tensor, "batch channels height width"]
Bands = Float[Tensor, "batch channels 3 height width"]  # high along the height, along the width, along both
Convolved = Float[Tensor, "batch outputs out_height out_width"]
Column = Float[Tensor, "1 1 2 1"]
Row = Float[Tensor, "1 1 1 2"]


class SpectralConv(nn.Module):
    """A convolution whose kernel is divided by its spectral norm, u . (W v), with the stored u and v.

    The normalised kernel is `weight`; it is computed once, when weights are loaded.
    """

    weight: Tensor
    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, bias: bool = True, **geometry: int) -> None:
        super().__init__()
        self.geometry = geometry
        self.weight_orig = nn.Parameter(torch.zeros(self._shape(inputs, outputs, kernel)))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.register_buffer("weight_u", torch.zeros(outputs))
        self.register_buffer("weight_v", torch.zeros(inputs * kernel * kernel))
        self.register_buffer("weight", torch.zeros_like(self.weight_orig), persistent=False)
        after_loading: Callable[..., object] = self.register_load_state_dict_post_hook  # untyped in torch
        after_loading(_derive_weight)

    @staticmethod
    def _shape(inputs: int, outputs: int, kernel: int) -> tuple[int, int, int, int]:
        return outputs, inputs, kernel, kernel

    def matrix(self) -> Float[Tensor, "outputs rest"]:
        """The kernel as the matrix of the norm."""
        return self.weight_orig.detach().flatten(1)

    def forward(self, features: Features) -> Convolved:
        """The convolution, with the stride, padding and dilation of the geometry."""
        return F.conv2d(features, self.weight, self.bias, **self.geometry)


class SpectralConvTranspose(SpectralConv):
    """A transposed convolution with spectral norm; inputs are the first axis of its kernel, and outputs that of the
    matrix.
    """

    @staticmethod
    def _shape(inputs: int, outputs: int, kernel: int) -> tuple[int, int, int, int]:
        return inputs, outputs, kernel, kernel

    def matrix(self) -> Float[Tensor, "outputs rest"]:
        """The kernel as the matrix of the norm."""
        return self.weight_orig.detach().transpose(0, 1).flatten(1)

    def forward(self, features: Features) -> Convolved:
        """The convolution, enlarged by the stride of the geometry."""
        return F.conv_transpose2d(features, self.weight, self.bias, **self.geometry)


def _derive_weight(conv: SpectralConv, _: object) -> None:
    norm = conv.weight_u @ (conv.matrix() @ conv.weight_v)
    conv.weight = conv.weight_orig.detach() / norm


class InstanceNorm(nn.Module):
    """Normalise every channel of every image to mean 0 and variance 1, without parameters.

    The same as torch's, without leaving the channels-last layout; the mean is subtracted first, for precision.
    """

    def forward(self, features: Features) -> Features:
        """The shape of the input."""
        centred = features - features.mean(dim=(2, 3), keepdim=True)
        variance = centred.square().mean(dim=(2, 3), keepdim=True)
        return centred.mul_((variance + 1e-5).rsqrt())


def convolution(module: nn.Module) -> nn.Module:
    """The module itself, or the first of a sequence."""
    return module[0] if isinstance(module, nn.Sequential) else module


class GatedConv(nn.Module):
    """A convolution with an activation and a gate: act(f(x)) * sigmoid(g(x)) (Yu et al. 2019).

    `make` names a convolution, which may be the first of a sequence with `InstanceNorm`; f and g are computed as one.
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        activation: nn.Module | None = None,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.conv2d = make()
        self.mask_conv2d = make()
        self.activation = activation or nn.Identity()
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.kept: Kept[Kernel] = Kept()

    def forward(self, features: Features) -> Convolved:
        """Activation times gate."""
        kernel = self._kernel()
        if kernel.weight.shape[2:] == (3, 3) and self.stride == 1:
            both = conv3x3(F.pad(features, (self.padding,) * 4), kernel, self.dilation)
        else:
            both = F.conv2d(features, kernel.weight, kernel.bias, self.stride, self.padding, self.dilation)
        if isinstance(self.conv2d, nn.Sequential):
            both = self.conv2d[1](both)
        value, gate = both.chunk(2, dim=1)
        opened: Tensor = torch.sigmoid(gate).mul_(self.activation(value))
        return opened

    def _kernel(self) -> Kernel:
        """Both convolutions as one."""
        convs = [cast(SpectralConv | nn.Conv2d, convolution(each)) for each in (self.conv2d, self.mask_conv2d)]
        weights, biases = [conv.weight for conv in convs], [conv.bias for conv in convs if conv.bias is not None]
        return self.kept.get(
            [*weights, *biases], lambda: Kernel(torch.cat(weights), torch.cat(biases) if biases else None)
        )


def gated(inputs: int, outputs: int, kernel: int, activation: nn.Module | None = None, **geometry: int) -> GatedConv:
    """A gated convolution with spectral norm, instance-normalised before both activation and gate."""

    def make() -> nn.Module:
        return nn.Sequential(SpectralConv(inputs, outputs, kernel, bias=False), InstanceNorm())

    return GatedConv(make, activation, **geometry)


def gated_spectral(inputs: int, outputs: int, kernel: int, bias: bool = True) -> GatedConv:
    """A gated convolution with spectral norm, without activation."""
    return GatedConv(lambda: SpectralConv(inputs, outputs, kernel, bias), padding=kernel // 2)


def gated_plain(inputs: int, outputs: int) -> GatedConv:
    """A gated 3x3 convolution without norm or activation: it turns features into wavelet coefficients."""
    return GatedConv(lambda: nn.Conv2d(inputs, outputs, 3), padding=1)


class ResidualBlock(nn.Module):
    """Two gated 3x3 convolutions, the first dilated, plus the input."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(dilation),
            gated(channels, channels, 3, nn.ReLU(inplace=True), dilation=dilation),
            nn.ReflectionPad2d(1),
            gated(channels, channels, 3),
        )

    def forward(self, features: Features) -> Features:
        """The shape of the input; its sides must exceed the dilation, because of the reflection padding."""
        return torch.add(features, self.conv_block(features))


def attend(
    queries: Features,
    keys: Float[Tensor, "batch channels key_height key_width"],
    values: Float[Tensor, "batch value_channels key_height key_width"],
    temperature: float,
) -> Float[Tensor, "batch value_channels height width"]:
    """Values summed with weights, the softmax over all keys of temperature x query . key, for each query."""
    scores = queries.flatten(2).transpose(1, 2) @ (temperature * keys.flatten(2))
    gathered = values.flatten(2) @ scores.softmax(dim=2).transpose(1, 2)
    return gathered.view(*gathered.shape[:2], *queries.shape[2:])


class SelfAttention(nn.Module):
    """Self-attention (SAGAN, Zhang et al. 2019): keys and values are pooled by two, scores are not scaled."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.theta = SpectralConv(channels, channels // 8, 1, bias=False)
        self.phi = SpectralConv(channels, channels // 8, 1, bias=False)
        self.g = SpectralConv(channels, channels // 2, 1, bias=False)
        self.o = SpectralConv(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Features) -> Features:
        """The shape of the input."""
        keys, values = F.max_pool2d(self.phi(features), 2), F.max_pool2d(self.g(features), 2)
        gathered = self.o(attend(self.theta(features), keys, values, temperature=1.0))
        return torch.add(features, self.gamma * gathered)


class HaarTransform(nn.Module):
    """One level of the orthonormal Haar transform; the filters are part of the published weights."""

    h0_col: Tensor
    h1_col: Tensor
    h0_row: Tensor
    h1_row: Tensor

    def __init__(self) -> None:
        super().__init__()
        _register_filters(self, "h")

    def forward(
        self, image: Features
    ) -> tuple[
        Float[Tensor, "batch channels height//2 width//2"], Float[Tensor, "batch channels 3 height//2 width//2"]
    ]:
        """The low band and the three high bands, at half the size; height and width must be even."""
        kernels = _kernels(self.h0_col, self.h1_col, self.h0_row, self.h1_row)
        single = image.flatten(0, 1).unsqueeze(1).contiguous()
        bands = torch.unflatten(F.conv2d(single, kernels, stride=2), 0, image.shape[:2])
        return bands[:, :, 0], bands[:, :, 1:]


class HaarInverse(nn.Module):
    """The inverse of one level of the Haar transform, with filters of its own."""

    g0_col: Tensor
    g1_col: Tensor
    g0_row: Tensor
    g1_row: Tensor

    def __init__(self) -> None:
        super().__init__()
        _register_filters(self, "g")

    def forward(self, low: Features, high: Bands) -> Float[Tensor, "batch channels 2*height 2*width"]:
        """The image of twice the size."""
        kernels = _kernels(self.g0_col, self.g1_col, self.g0_row, self.g1_row)
        bands = torch.cat([low.unsqueeze(2), high], dim=2).flatten(0, 1)
        single = F.conv_transpose2d(bands, kernels, stride=2)
        return torch.unflatten(single.squeeze(1), 0, low.shape[:2])


def _register_filters(module: nn.Module, letter: str) -> None:
    for band, second in enumerate((0.5**0.5, -(0.5**0.5))):
        taps = torch.tensor([0.5**0.5, second])
        module.register_buffer(f"{letter}{band}_col", taps.view(1, 1, 2, 1).clone())
        module.register_buffer(f"{letter}{band}_row", taps.view(1, 1, 1, 2).clone())


def _kernels(low_col: Column, high_col: Column, low_row: Row, high_row: Row) -> Float[Tensor, "4 1 2 2"]:
    return torch.cat([low_col * low_row, high_col * low_row, low_col * high_row, high_col * high_row])
