"""SSIM on a CPU over uniform windows of any side and over the 11x11 gaussian window.

Images are one or three planes of integers, interleaved in memory: 8-bit RGB, or grey levels from integer weights.
Uniform windows slide in exact integers, and everything up to the quotient is an integer; it is held in float64,
exactly for 8-bit values and within 1e-12 for grey levels. The gaussian is separable and runs in float64, along the
rows first. A map is summed down each column and then along the columns, always in that order: an image has the same
value in every batch and on every run.
"""

from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int32, UInt8
from numpy.typing import NDArray

from inpaint_bench.metrics.machine_code import compiled
from inpaint_bench.metrics.pixel_stats import C1, C2, PerImage

Array: TypeAlias = NDArray[Any]
Planes: TypeAlias = UInt8[np.ndarray, "batch height width planes"] | Int32[np.ndarray, "batch height width planes"]

SIGMA, REACH = 1.5, 5  # of the gaussian window: 11 pixels in all
WEIGHTS = np.exp(-0.5 * (np.arange(-REACH, REACH + 1) / SIGMA) ** 2)
WEIGHTS /= WEIGHTS.sum()


def uniform(x: Planes, y: Planes, side: int, peak: int) -> PerImage:
    """Mean SSIM over uniform windows of `side` pixels within the image, with sample covariances: float64 (batch,).

    `peak` is the value of white. Images smaller than the window give nan.
    """
    count, height, width, planes = x.shape
    if min(height, width) < side:
        return np.full(count, np.nan)
    scale = (peak / 255) ** 2 * side**2
    totals: PerImage = np.zeros(count)
    kind = np.int32 if x.dtype == np.uint8 else np.int64  # 51^2 * 2 * 255^2 is below 2^31
    columns = np.zeros((4, width * planes), kind)
    _uniform(_rows(x), _rows(y), side, planes, C1 * scale * side**2, C2 * scale * (side**2 - 1), columns, totals)
    totals /= (height - side + 1) * (width - side + 1) * planes
    return totals


def gaussian(x: Planes, y: Planes, peak: int) -> PerImage:
    """Mean SSIM over 11x11 gaussian windows within the image, with population covariances: float64 (batch,).

    `peak` is the value of white. Images smaller than the window give nan.
    """
    count, height, width, planes = x.shape
    if min(height, width) <= 2 * REACH:
        return np.full(count, np.nan)
    scale = (peak / 255) ** 2
    totals: PerImage = np.zeros(count)
    _gaussian(_rows(x), _rows(y), planes, WEIGHTS, C1 * scale, C2 * scale, totals)
    totals /= (height - 2 * REACH) * (width - 2 * REACH) * planes
    return totals


def _rows(planes: Planes) -> Array:
    """The same memory as rows of interleaved planes."""
    count, height, width, number = planes.shape
    rows: Array = np.require(planes, requirements=["C", "W"]).reshape(count, height, width * number)
    return rows


@compiled
def _slide(x: Array, y: Array, old_x: Array, old_y: Array, columns: Array) -> None:
    """Move the column sums of x, y, x^2 + y^2 and xy down by a row: x and y enter, old_x and old_y leave."""
    for j in range(x.size):
        a, b = columns.dtype.type(x[j]), columns.dtype.type(y[j])
        c, d = columns.dtype.type(old_x[j]), columns.dtype.type(old_y[j])
        columns[0, j] += columns.dtype.type(a - c)
        columns[1, j] += columns.dtype.type(b - d)
        columns[2, j] += columns.dtype.type(a * a + b * b - c * c - d * d)
        columns[3, j] += columns.dtype.type(a * b - c * d)


@compiled
def _double(sums: Array, shift: int, into: Array) -> None:
    """Sums of twice as many neighbours: each sum plus the one that begins where it ends."""
    length = sums.size - shift
    ahead = sums[shift:]
    for j in range(length):
        into[j] = sums[j] + ahead[j]


@compiled
def _add(sums: Array, into: Array) -> None:
    for j in range(into.size):
        into[j] += sums[j]


@compiled
def _across(columns: Array, side: int, planes: int, powers: Array, windows: Array) -> None:
    """Sums of `side` neighbours, from sums of 1, 2, 4, … neighbours: those in the binary form of `side`, end to end."""
    powers[0, :] = columns
    windows[:] = 0
    start, width, k = 0, 1, 0
    while True:
        if side & width:
            _add(powers[k, start : start + windows.size], windows)
            start += width * planes
        if 2 * width > side:
            return
        _double(powers[k], width * planes, powers[1 - k])
        width, k = 2 * width, 1 - k


@compiled
def _similarity(windows: Array, pixels: float, luminance: float, contrast: float, total: Array) -> None:
    """Add the SSIM of a row of windows, of so many pixels each, to the totals of their columns."""
    for j in range(total.size):
        x, y = float(windows[0, j]), float(windows[1, j])
        means, energy = 2 * x * y, x * x + y * y
        covariance = 2 * pixels * windows[3, j] - means
        variances = pixels * windows[2, j] - energy
        total[j] += ((means + luminance) * (covariance + contrast)) / ((energy + luminance) * (variances + contrast))


@compiled
def _uniform(
    x: Array, y: Array, side: int, planes: int, luminance: float, contrast: float, columns: Array, totals: Array
) -> None:
    """Add up the map of every image. `columns` gives the type of the sums; `totals` are zeros."""
    count, height, length = x.shape
    nothing = np.zeros(length, x.dtype)
    powers = np.zeros((2, length), columns.dtype)
    windows = np.zeros((4, length - (side - 1) * planes), columns.dtype)
    total = np.zeros(windows.shape[1])
    for k in range(count):
        columns[:] = 0
        total[:] = 0
        for i in range(height):
            old_x = x[k, i - side] if i >= side else nothing
            old_y = y[k, i - side] if i >= side else nothing
            _slide(x[k, i], y[k, i], old_x, old_y, columns)
            if i < side - 1:
                continue
            for quantity in range(4):
                _across(columns[quantity], side, planes, powers, windows[quantity])
            _similarity(windows, float(side * side), luminance, contrast, total)
        totals[k] = total.sum()


@compiled
def _quantities(x: Array, y: Array, into: Array) -> None:
    """x, y, x^2 + y^2 and xy of a row."""
    for j in range(x.size):
        a, b = float(x[j]), float(y[j])
        into[0, j], into[1, j], into[2, j], into[3, j] = a, b, a * a + b * b, a * b


@compiled
def _weighted(
    a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, g: Array, h: Array, i: Array, j: Array, k: Array,
    weights: Array, into: Array,
) -> None:  # fmt: skip
    """The weighted sum of 11 rows; of 11 neighbours where each row is the one before it, shifted by a pixel."""
    v, w, x, y, z, middle = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5]
    for n in range(into.size):
        outer = v * (a[n] + k[n]) + w * (b[n] + j[n]) + x * (c[n] + i[n])
        into[n] = outer + y * (d[n] + h[n]) + z * (e[n] + g[n]) + middle * f[n]


@compiled
def _gaussian(
    x: Array, y: Array, planes: int, weights: Array, luminance: float, contrast: float, totals: Array
) -> None:
    """Add up the map of every image. The four quantities of a row lie end to end and are weighted in one pass."""
    count, height, length = x.shape
    row, p = np.zeros((4, length)), planes
    flat = row.reshape(-1)
    last, windows = np.zeros((11, 4 * length)), np.zeros((4, length))
    joined, total = windows.reshape(-1), np.zeros(length - 10 * p)
    for k in range(count):
        total[:] = 0
        for i in range(height):
            _quantities(x[k, i], y[k, i], row)
            _weighted(
                flat, flat[p:], flat[2 * p :], flat[3 * p :], flat[4 * p :], flat[5 * p :], flat[6 * p :],
                flat[7 * p :], flat[8 * p :], flat[9 * p :], flat[10 * p :], weights, last[i % 11, : -10 * p],
            )  # fmt: skip
            if i < 10:
                continue
            _weighted(
                last[(i + 1) % 11], last[(i + 2) % 11], last[(i + 3) % 11], last[(i + 4) % 11], last[(i + 5) % 11],
                last[(i + 6) % 11], last[(i + 7) % 11], last[(i + 8) % 11], last[(i + 9) % 11],
                last[(i + 10) % 11], last[i % 11], weights, joined,
            )  # fmt: skip
            _similarity(windows, 1.0, luminance, contrast, total)
        totals[k] = total.sum()
