"""Faster convolutions, the same sums in another order, and what is derived from their weights once.

Large 3x3 convolutions on a CPU use Winograd's minimal filtering, with a quarter of the multiplications (Lavin and Gray
2016, F(4x4, 3x3)): a tile of 6x6 pixels and the kernel are brought to 36 points, multiplied there, and brought back to
4x4 pixels. With the usual points 0, ±1, ±2 rounding errors would be three times those of a direct convolution; with 0,
±√½, ±√2 they are alike, which a test checks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn
from torch.nn import functional

NEAR, FAR = 0.5**0.5, 2**0.5
POINTS = np.array([0, -NEAR, NEAR, -FAR, FAR])  # and infinity
TILE = 4  # output pixels a side
LEAST_CHANNELS, LEAST_KERNELS, LEAST_TILES = 128, 64, 16  # below, the transforms cost more than they save
FEW_CHANNELS, MANY_KERNELS, MANY_TILES = 64, 128, 4096  # or half the channels, of many kernels on a large map
TILES_AT_ONCE = 256  # so that the 36 points of a strip stay in the cache

Padded = Float[Tensor, "batch channels rows columns"]
Kernels = Float[Tensor, "out channels rows columns"]
Bias = Float[Tensor, " biases"]  # of a transposed convolution as many as its second axis
Derived = TypeVar("Derived")


def _transforms() -> tuple[Tensor, Tensor, Tensor]:
    """The matrices for the rows of a tile (6x6), for kernels (36x9) and for products (16x36)."""
    tile, kernel, product = np.zeros((6, 6)), np.zeros((6, 3)), np.zeros((TILE, 6))
    for i, point in enumerate(POINTS):
        others = np.delete(POINTS, i)
        tile[i, :5] = np.poly(others)[::-1]
        kernel[i] = point ** np.arange(3) / np.prod(point - others)
        product[:, i] = point ** np.arange(TILE)
    tile[5], kernel[5, 2], product[-1, 5] = np.poly(POINTS)[::-1], 1, 1
    return torch.from_numpy(tile).float(), _twice(kernel), _twice(product)


def _twice(matrix: Float64[np.ndarray, "points taps"]) -> Tensor:
    """The transform of a square from that of a line."""
    return torch.from_numpy(np.kron(matrix, matrix)).float()


TO_POINTS, TO_KERNELS, TO_PIXELS = _transforms()


class Kept(Generic[Derived]):
    """A value derived from weights, derived again only when one of them has changed."""

    def __init__(self) -> None:
        self._weights: list[tuple[Tensor, int]] = []
        self._value: Derived | None = None

    def get(self, weights: Sequence[Tensor], derive: Callable[[], Derived]) -> Derived:
        """The value, in full precision; with gradients, or of weights whose changes cannot be seen, it is not kept."""
        unseen = torch.compiler.is_compiling() or any(weight.is_inference() for weight in weights)
        if torch.is_grad_enabled() or unseen:
            return derive()
        known = [(weight.data_ptr(), weight._version) for weight in weights]
        if self._value is None or known != [(weight.data_ptr(), version) for weight, version in self._weights]:
            with torch.autocast(weights[0].device.type, enabled=False):
                self._value = derive()
            self._weights = [(weight.detach(), weight._version) for weight in weights]
        return self._value


@dataclass(frozen=True)
class Kernel:
    """The kernels and biases of a convolution."""

    weight: Kernels
    bias: Bias | None = None

    @cached_property
    def points(self) -> Float[Tensor, "36 channels out"]:
        """3x3 kernels as Winograd's filtering multiplies them: four times the memory."""
        out, channels = self.weight.shape[:2]
        with torch.autocast("cpu", enabled=False):  # which a later call may be without
            points = TO_KERNELS @ self.weight.permute(0, 2, 3, 1).reshape(out, 9, channels)
        return points.permute(1, 2, 0).contiguous()


class Conv3x3(nn.Conv2d):
    """A 3x3 convolution of stride 1, with zero padding or none."""

    def __init__(
        self, channels: int, out: int, kernel_size: int = 3, padding: int = 0, dilation: int = 1, bias: bool = True
    ) -> None:
        super().__init__(channels, out, kernel_size, padding=padding, dilation=dilation, bias=bias)
        self.kept: Kept[Kernel] = Kept()

    def forward(self, features: Padded) -> Float[Tensor, "batch out height width"]:
        """Features of any size."""
        side = int(self.padding[0])
        padded = functional.pad(features, (side, side, side, side)) if side else features
        weights = [self.weight] if self.bias is None else [self.weight, self.bias]
        return conv3x3(padded, self.kept.get(weights, lambda: Kernel(*weights)), self.dilation[0])


def conv3x3(padded: Padded, kernel: Kernel, dilation: int = 1) -> Float[Tensor, "batch out height width"]:
    """The convolution of padded features, by the faster of two algorithms."""
    weight = kernel.weight
    height, width = (side - 2 * dilation for side in padded.shape[2:])
    tiles, left_over = height * width // TILE**2, height % (TILE * dilation) + width % (TILE * dilation)
    out, channels = weight.shape[:2]
    large = channels >= LEAST_CHANNELS and out >= LEAST_KERNELS and tiles >= LEAST_TILES
    large = large or (channels >= FEW_CHANNELS and out >= MANY_KERNELS and tiles >= MANY_TILES)
    if large and not left_over and padded.device.type == "cpu" and not torch.is_grad_enabled():
        return winograd(padded, kernel, dilation)
    return functional.conv2d(padded, weight, kernel.bias, dilation=dilation)


def winograd(padded: Padded, kernel: Kernel, dilation: int = 1) -> Float[Tensor, "batch out height width"]:
    """The convolution of padded features; the sides of the result are multiples of 4 dilations."""
    images = padded.permute(0, 2, 3, 1).contiguous()
    height, width = images.shape[1] - 2 * dilation, images.shape[2] - 2 * dilation
    result = images.new_empty(len(images), height, width, len(kernel.weight))
    cell = TILE * dilation
    step = cell * max(1, TILES_AT_ONCE * TILE // (width * dilation))
    for image, pixels in zip(images, result, strict=True):
        for top in range(0, height, step):
            strip = image[top : min(top + step, height) + 2 * dilation]
            _strip(strip, kernel, dilation, pixels[top : top + step])
    return result.permute(0, 3, 1, 2)


def _strip(
    strip: Float[Tensor, "rows columns channels"],
    kernel: Kernel,
    dilation: int,
    pixels: Float[Tensor, "height width out"],
) -> None:
    """Fill rows of the result from the image rows that they need."""
    tiles = _points(strip, dilation)
    _, _, down, _, across, _, channels = tiles.shape
    products = torch.bmm(tiles.view(36, -1, channels), kernel.points)
    back = (TO_PIXELS @ products.view(36, -1)).view(TILE, TILE, down, dilation, across, dilation, -1)
    target = pixels.view(down, TILE, dilation, across, TILE, dilation, -1)
    bias = back.new_zeros(()) if kernel.bias is None else kernel.bias
    torch.add(back.permute(2, 0, 3, 4, 1, 5, 6), bias, out=target)


def _points(
    strip: Float[Tensor, "rows columns channels"], dilation: int
) -> Float[Tensor, "6 6 down dilation across dilation channels"]:
    """The 36 points of every tile: first the six of its rows, then the six of its columns.

    With dilation d, every d-th row and column form a separate image, a phase.
    """
    rows, columns, channels = strip.shape
    down, across = ((side // dilation - 2) // TILE for side in (rows, columns))
    lines = strip.new_empty(dilation, down, 6, columns, channels)
    for phase, line in enumerate(lines):
        windows = strip.view(rows // dilation, dilation, -1)[:, phase].unfold(0, 6, TILE).transpose(1, 2)
        torch.bmm(TO_POINTS.expand(down, 6, 6), windows, out=line.view(down, 6, -1))
    pixels = lines.view(dilation, down, 6, columns // dilation, dilation, channels)
    last = TILE * (across - 1) + 1
    p0, p1, p2, p3, p4, p5 = (pixels[:, :, :, i : i + last : TILE] for i in range(6))
    tiles = strip.new_empty(6, 6, down, dilation, across, dilation, channels)
    to = [each.permute(2, 1, 0, 3, 4, 5) for each in tiles.unbind(1)]
    for point, other, below, above in ((NEAR, FAR, to[1], to[2]), (FAR, NEAR, to[3], to[4])):
        even, odd = torch.sub(p4, p2, alpha=other**2), torch.sub(p3, p1, alpha=other**2)
        torch.sub(even, odd, alpha=point, out=below)
        torch.add(even, odd, alpha=point, out=above)
    torch.sub(p0 + p4, p2, alpha=NEAR**2 + FAR**2, out=to[0])
    torch.sub(p1 + p5, p3, alpha=NEAR**2 + FAR**2, out=to[5])
    return tiles


class RowwiseConv2d(nn.Conv2d):
    """A convolution to few channels: each kernel row gives outputs of one convolution, which are shifted and summed.

    The same sum as nn.Conv2d in another order. Convolutions compute at least 16 channels at a time, so 3 channels waste
    most of the work, while 7 rows of 3 do not.
    """

    def forward(
        self, input: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch out out_height out_width"]:
        """The map without padding."""
        out, channels, rows, columns = self.weight.shape
        kernel = self.weight.permute(2, 0, 1, 3).reshape(rows * out, channels, 1, columns)
        by_row = functional.conv2d(input, kernel)
        height = input.shape[2] - rows + 1
        total = by_row[:, :out, :height]
        for row in range(1, rows):
            total = total + by_row[:, row * out : (row + 1) * out, row : row + height]
        return total if self.bias is None else total + self.bias[:, None, None]
