"""Grey levels in exact integers, by the weights of the papers' code, and sums over them."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int32
from numpy.typing import NDArray

from inpaint_bench.metrics.machine_code import compiled
from inpaint_bench.metrics.pixel_stats import PEAK, PerImage, PixelBatch, PixelCounts

Array: TypeAlias = NDArray[Any]
Plane: TypeAlias = Int32[np.ndarray, "batch height width 1"]

RGB2GRAY = (2125, 7154, 721)  # `rgb2gray` of scikit-image, in ten-thousandths
LUMA = (299, 587, 114)  # Y of ITU-R BT.601, in thousandths


@dataclass(frozen=True, eq=False)
class Grey:
    """Grey levels of composites and targets, in ten-thousandths of an 8-bit level, and sums of their differences."""

    composites: Plane
    targets: Plane
    squared: PerImage  # squared differences, over pixels
    absolute: PixelCounts  # absolute differences, over pixels
    total: PixelCounts  # levels of both images, over pixels
    white: int = PEAK * sum(RGB2GRAY)

    @classmethod
    def of(cls, composites: PixelBatch, targets: PixelBatch) -> "Grey":
        """Convert uint8 RGB (batch, height, width, 3) by the weights of scikit-image."""
        x, y = (grey_levels(pixels, RGB2GRAY) for pixels in (composites, targets))
        squared, integers = np.zeros(len(x)), np.zeros((2, len(x)), np.int64)
        _errors(x[..., 0], y[..., 0], squared, integers)
        return cls(x, y, squared, *integers)


def grey_levels(pixels: PixelBatch, weights: tuple[int, int, int]) -> Plane:
    """Weighted sum of the three channels of each pixel, int32; white is 255 times the sum of the weights."""
    planes = np.empty((*pixels.shape[:3], 1), np.int32)
    _mix(np.require(pixels, requirements=["C", "W"]).reshape(-1, 3), *weights, planes.reshape(-1))
    return planes


def white(weights: tuple[int, int, int]) -> int:
    """The value of white in `grey_levels`."""
    return PEAK * sum(weights)


@compiled
def _mix(pixels: Array, red: int, green: int, blue: int, into: Array) -> None:
    r, g, b = np.int32(red), np.int32(green), np.int32(blue)
    for j in range(into.size):
        into[j] = np.int32(r * np.int32(pixels[j, 0]) + g * np.int32(pixels[j, 1]) + b * np.int32(pixels[j, 2]))


@compiled
def _errors(x: Array, y: Array, squared: Array, integers: Array) -> None:
    """Add up differences. Squares are integers within a row and float64 across rows: large images overflow 64 bits."""
    for k in range(x.shape[0]):
        for i in range(x.shape[1]):
            square = absolute = total = 0
            for j in range(x.shape[2]):
                difference = int(x[k, i, j]) - int(y[k, i, j])
                square += difference * difference
                absolute += abs(difference)
                total += int(x[k, i, j]) + int(y[k, i, j])
            squared[k] += square
            integers[0, k] += absolute
            integers[1, k] += total
