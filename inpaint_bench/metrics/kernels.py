"""`PixelStats` of a batch on a CPU: one pass over the rows of each image, compiled by numba.

The SSIM window slides in exact integers. Vertically, the sums over the last 11 rows of each column gain the row that
enters and lose the row that leaves; horizontally, 11 neighbouring column sums are added. Rows are read as they lie in
memory (RGBRGB...), so a neighbour is three values away and channels never mix. With 8-bit inputs everything up to the
quotient fits in 32 bits: the largest value, 11^4 * 2 * 255^2, is below 2^31. The casts to int32 keep numba from
widening to 64 bits. The map is summed in float64, down each column and then along the columns, always in that order:
an image has the same sums in every batch and on every run.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import int32
from numpy.typing import NDArray

from inpaint_bench.metrics.machine_code import compiled
from inpaint_bench.metrics.pixel_stats import CONTRAST, LUMINANCE, HoleBatch, PixelBatch, PixelStats

Array: TypeAlias = NDArray[Any]


def pixel_stats(composites: PixelBatch, targets: PixelBatch, holes: HoleBatch) -> PixelStats:
    """Compute the sums of each image.

    Images are uint8 RGB (batch, height, width, 3), holes are bool (batch, height, width); sides of 11 and more. It
    releases the GIL: several threads may work on different batches.
    """
    count, height, width = holes.shape
    integers, similarity = np.zeros((count, 2, 5), np.int64), np.zeros((count, 2))
    x, y, inside = (np.require(array, requirements=["C", "W"]) for array in (composites, targets, holes))
    rows = (count, height, 3 * width)
    _walk(x.reshape(rows), y.reshape(rows), inside.view(np.uint8), LUMINANCE, CONTRAST, integers, similarity)
    return PixelStats.of(integers, similarity)


@compiled
def _slide(
    x: Array,
    y: Array,
    old_x: Array,
    old_y: Array,
    sum_x: Array,
    sum_y: Array,
    squares: Array,
    products: Array,
) -> None:
    """Move the column sums down by one row: x and y enter, old_x and old_y leave."""
    for j in range(sum_x.size):
        sum_x[j] += int32(x[j]) - int32(old_x[j])
    for j in range(sum_y.size):
        sum_y[j] += int32(y[j]) - int32(old_y[j])
    for j in range(squares.size):
        a, b, c, d = int32(x[j]), int32(y[j]), int32(old_x[j]), int32(old_y[j])
        squares[j] += int32(a * a + b * b - c * c - d * d)
        products[j] += int32(a * b - c * d)


@compiled
def _across(columns: Array, twos: Array, windows: Array) -> None:
    """Sums of 11 neighbouring columns of one channel: five pairs and one."""
    for j in range(twos.size):
        twos[j] = columns[j] + columns[j + 3]
    for j in range(windows.size):
        windows[j] = twos[j] + twos[j + 6] + twos[j + 12] + twos[j + 18] + twos[j + 24] + columns[j + 30]


@compiled
def _similarity(
    sum_x: Array,
    sum_y: Array,
    squares: Array,
    products: Array,
    luminance: float,
    contrast: float,
    values: Array,
) -> None:
    """SSIM of each window of a row, from the window's sums of x, y, x^2 + y^2 and xy."""
    for j in range(values.size):
        x, y = sum_x[j], sum_y[j]
        means = int32(2 * x * y)
        energy = int32(x * x + y * y)
        covariance = int32(242 * products[j] - means)
        variances = int32(121 * squares[j] - energy)
        values[j] = ((means + luminance) * (covariance + contrast)) / ((energy + luminance) * (variances + contrast))


@compiled
def _spread(hole: Array, inside: Array) -> int:
    """Repeat a row of the hole for the three channels; return the number of hole values."""
    count = 0
    for j in range(hole.size):
        value = hole[j]
        inside[3 * j] = value
        inside[3 * j + 1] = value
        inside[3 * j + 2] = value
        count += 3 * int32(value)
    return count


@compiled
def _accumulate(values: Array, inside: Array, whole: Array, hole: Array) -> None:
    """Add a row of the SSIM map to the totals of its columns; `inside` is 1 where the centre is in the hole."""
    for j in range(values.size):
        whole[j] += values[j]
        hole[j] += values[j] * inside[j]


@compiled
def _errors(x: Array, y: Array, hole: Array, whole_sums: Array, hole_sums: Array) -> None:
    """Add the errors of a row to the sums over the whole image and over its hole."""
    pixels = squared = absolute = channel_sum = 0
    hole_squared = hole_absolute = hole_channel_sum = 0
    for j in range(hole.size):
        inside = int32(hole[j])
        red = int32(x[3 * j]) - int32(y[3 * j])
        green = int32(x[3 * j + 1]) - int32(y[3 * j + 1])
        blue = int32(x[3 * j + 2]) - int32(y[3 * j + 2])
        square = int32(red * red + green * green + blue * blue)
        size = int32(abs(red) + abs(green) + abs(blue))
        total = int32(abs(red + green + blue))
        pixels += inside
        squared += square
        absolute += size
        channel_sum += total
        hole_squared += int32(square * inside)
        hole_absolute += int32(size * inside)
        hole_channel_sum += int32(total * inside)
    for into, values in (
        (whole_sums, (hole.size, squared, absolute, channel_sum)),
        (hole_sums, (pixels, hole_squared, hole_absolute, hole_channel_sum)),
    ):
        for k in range(4):
            into[k] += values[k]


@compiled
def _walk(
    composites: Array,
    targets: Array,
    holes: Array,
    luminance: float,
    contrast: float,
    integers: Array,
    similarity: Array,
) -> None:
    """Fill `integers` and `similarity`, which are zeros, with the sums of every image."""
    count, height, length = composites.shape
    nothing = np.zeros(length, np.uint8)
    columns, twos = np.zeros((4, length), np.int32), np.zeros(length - 3, np.int32)
    windows = np.zeros((4, length - 30), np.int32)
    inside, values, totals = np.zeros(length - 30), np.zeros(length - 30), np.zeros((2, length - 30))
    for k in range(count):
        columns[:] = 0
        totals[:] = 0
        for i in range(height):
            x, y = composites[k, i], targets[k, i]
            _errors(x, y, holes[k, i], integers[k, 0], integers[k, 1])
            old_x = composites[k, i - 11] if i >= 11 else nothing
            old_y = targets[k, i - 11] if i >= 11 else nothing
            _slide(x, y, old_x, old_y, columns[0], columns[1], columns[2], columns[3])
            if i < 10:
                continue
            for quantity in range(4):
                _across(columns[quantity], twos, windows[quantity])
            _similarity(windows[0], windows[1], windows[2], windows[3], luminance, contrast, values)
            integers[k, 0, 4] += values.size
            integers[k, 1, 4] += _spread(holes[k, i - 5, 5:-5], inside)
            _accumulate(values, inside, totals[0], totals[1])
        similarity[k, 0], similarity[k, 1] = totals[0].sum(), totals[1].sum()
