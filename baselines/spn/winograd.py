"""3x3 convolutions on a CPU by Winograd's minimal filtering: a quarter of the multiplications.

Lavin and Gray 2016, F(4x4, 3x3): a tile of 6x6 pixels and the kernel are brought to 36 points, multiplied
there, and brought back to 4x4 pixels. With the usual points 0, ±1, ±2 rounding errors would be three times
those of a direct convolution; with 0, ±√½, ±√2 they are alike, which a test checks.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor, nn

POINTS = np.array([0, -1, 1, -2, 2]) * 0.5**0.5  # and infinity
TILE = 4  # pixels of output a side
LEAST_CHANNELS, LEAST_KERNELS, LEAST_TILES = 128, 64, 128  # below, the transforms cost more than they save
TILES_AT_ONCE = 256  # so that a strip's 36 points stay in the cache

Padded = Float[Tensor, "batch channels rows columns"]
Kernels = Float[Tensor, "out channels 3 3"]


def _transforms() -> tuple[Tensor, Tensor, Tensor]:
    """The matrices for tiles (36x36), kernels (36x9) and products (16x36), over rows and columns at once."""
    tile, kernel, product = np.zeros((6, 6)), np.zeros((6, 3)), np.zeros((TILE, 6))
    for i, point in enumerate(POINTS):
        others = np.delete(POINTS, i)
        tile[i, :5] = np.poly(others)[::-1]
        kernel[i] = point ** np.arange(3) / np.prod(point - others)
        product[:, i] = point ** np.arange(TILE)
    tile[5], kernel[5, 2], product[-1, 5] = np.poly(POINTS)[::-1], 1, 1
    return _twice(tile), _twice(kernel), _twice(product)


def _twice(matrix: Float64[np.ndarray, "points taps"]) -> Tensor:
    """A transform of a line as that of a square."""
    return torch.from_numpy(np.kron(matrix, matrix)).float()


TO_TILES, TO_KERNELS, TO_PIXELS = _transforms()


class Conv3x3(nn.Conv2d):
    """A 3x3 convolution of stride 1, with zero padding or none."""

    bias: nn.Parameter

    def __init__(self, channels: int, out: int, padding: int = 0, dilation: int = 1) -> None:
        super().__init__(channels, out, 3, padding=padding, dilation=dilation)

    def forward(self, features: Padded) -> Float[Tensor, "batch out height width"]:
        """Features of any size."""
        side = int(self.padding[0])
        padded = F.pad(features, (side, side, side, side)) if side else features
        return conv3x3(padded, self.weight, self.bias, self.dilation[0])


def conv3x3(
    padded: Padded, weight: Kernels, bias: Float[Tensor, " out"] | None = None, dilation: int = 1
) -> Float[Tensor, "batch out height width"]:
    """The convolution of padded features, by whichever way is the faster."""
    height, width = (side - 2 * dilation for side in padded.shape[2:])
    tiles, left_over = height * width // TILE**2, height % (TILE * dilation) + width % (TILE * dilation)
    large = weight.shape[0] >= LEAST_KERNELS and weight.shape[1] >= LEAST_CHANNELS and tiles >= LEAST_TILES
    if large and not left_over and padded.device.type == "cpu" and not torch.is_grad_enabled():
        return winograd(padded, weight, bias, dilation)
    return F.conv2d(padded, weight, bias, dilation=dilation)


def winograd(
    padded: Padded, weight: Kernels, bias: Float[Tensor, " out"] | None = None, dilation: int = 1
) -> Float[Tensor, "batch out height width"]:
    """The convolution of padded features whose result has sides in multiples of 4 dilations."""
    out, channels = weight.shape[:2]
    kernels = (TO_KERNELS @ weight.permute(0, 2, 3, 1).reshape(out, 9, channels)).permute(1, 2, 0)
    bias = weight.new_zeros(out) if bias is None else bias
    images = padded.permute(0, 2, 3, 1).contiguous()
    height, width = images.shape[1] - 2 * dilation, images.shape[2] - 2 * dilation
    result = images.new_empty(len(images), height, width, out)
    cell = TILE * dilation
    step = cell * max(1, TILES_AT_ONCE * TILE // (width * dilation))
    for image, pixels in zip(images, result, strict=True):
        for top in range(0, height, step):
            strip = image[top : min(top + step, height) + 2 * dilation]
            _strip(strip, kernels, bias, dilation, pixels[top : top + step])
    return result.permute(0, 3, 1, 2)


def _strip(
    strip: Float[Tensor, "rows columns channels"],
    kernels: Float[Tensor, "36 channels out"],
    bias: Float[Tensor, " out"],
    dilation: int,
    pixels: Float[Tensor, "height width out"],
) -> None:
    """Fills rows of the result from the rows of the image that they need.

    Under dilation d, every d-th row and column make an image of their own, a phase.
    """
    rows, columns, channels = strip.shape
    phases = strip.view(rows // dilation, dilation, columns // dilation, dilation, channels)
    windows = phases.unfold(0, 6, TILE).unfold(2, 6, TILE).permute(5, 6, 0, 1, 2, 3, 4)
    down, _, across = windows.shape[2:5]
    tiles = (TO_TILES @ windows.reshape(36, -1)).view(36, -1, channels)
    products = torch.bmm(tiles, kernels)
    back = (TO_PIXELS @ products.view(36, -1)).view(TILE, TILE, down, dilation, across, dilation, -1)
    target = pixels.view(down, TILE, dilation, across, TILE, dilation, -1)
    torch.add(back.permute(2, 0, 3, 4, 1, 5, 6), bias, out=target)
