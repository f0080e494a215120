"""SSIM of LaMa's evaluation, in its float32 arithmetic: float64 gives values up to 2e-5 away.

The 11x11 gaussian window is a table of 121 float32 weights, applied to the zero-padded image. Each weighted sum starts
at 0 and takes the 121 products row by row, with one rounding per product (fused multiply-add), as the convolutions of
torch do on a CPU. Where variances are small, these roundings make up the difference to float64. The map is summed in
float64, down each column and then along the columns, always in that order.
"""

from typing import Any, TypeAlias

import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from inpaint_bench.metrics.machine_code import compiled
from inpaint_bench.metrics.pixel_stats import PEAK, WINDOW, PerImage, PixelBatch

Array: TypeAlias = NDArray[Any]

_LINE = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2)).astype(np.float32)
_LINE /= np.float32(_LINE.sum(dtype=np.float64))
WEIGHTS = np.outer(_LINE, _LINE)
LEVELS = np.arange(PEAK + 1, dtype=np.float32) / np.float32(PEAK)
CONSTANTS = np.array([0.01**2, 0.03**2], np.float32)


def similarity(composites: PixelBatch, targets: PixelBatch) -> PerImage:
    """Mean SSIM over every pixel and channel: float64 (batch,), from uint8 RGB (batch, height, width, 3).

    Images smaller than the window give nan: every window would reach into the zeros around them.
    """
    count, height, width, _ = composites.shape
    if min(height, width) < WINDOW:
        return np.full(count, np.nan)
    totals: PerImage = np.zeros(count)
    x, y = (np.require(pixels, requirements=["C", "W"]) for pixels in (composites, targets))
    rows = (count, height, 3 * width)
    _walk(x.reshape(rows), y.reshape(rows), LEVELS, WEIGHTS, CONSTANTS, totals)
    totals /= 3 * height * width
    return totals


def _fuse(context: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c with one rounding: the type of the call, and the instruction that it compiles to."""
    return a(a, b, c), lambda context, builder, signature, values: builder.fma(*values)


_fused: Any = intrinsic(_fuse)


@compiled
def _quantities(x: Array, y: Array, levels: Array, into: Array) -> None:
    """x, y, x^2, y^2 and xy of a row."""
    for j in range(x.size):
        a, b = levels[x[j]], levels[y[j]]
        into[0, j], into[1, j], into[2, j], into[3, j], into[4, j] = a, b, a * a, b * b, a * b


@compiled
def _eleven(row: Array, weights: Array, into: Array) -> None:
    """Add 11 neighbours of one channel, each times its weight, in order."""
    a, b, c, d, e, f = row, row[3:], row[6:], row[9:], row[12:], row[15:]
    g, h, i, k, l = row[18:], row[21:], row[24:], row[27:], row[30:]  # noqa: E741
    for j in range(into.size):
        total = _fused(a[j], weights[0], into[j])
        total = _fused(b[j], weights[1], total)
        total = _fused(c[j], weights[2], total)
        total = _fused(d[j], weights[3], total)
        total = _fused(e[j], weights[4], total)
        total = _fused(f[j], weights[5], total)
        total = _fused(g[j], weights[6], total)
        total = _fused(h[j], weights[7], total)
        total = _fused(i[j], weights[8], total)
        total = _fused(k[j], weights[9], total)
        into[j] = _fused(l[j], weights[10], total)


@compiled
def _similarity(windows: Array, constants: Array, total: Array) -> None:
    """Add the SSIM of a row of windows to the totals of their columns."""
    c1, c2, two = constants[0], constants[1], np.float32(2)
    for j in range(total.size):
        x, y = windows[0, j], windows[1, j]
        xx, yy, xy = x * x, y * y, x * y
        top = (two * xy + c1) * (two * (windows[4, j] - xy) + c2)
        total[j] += top / ((xx + yy + c1) * ((windows[2, j] - xx) + (windows[3, j] - yy) + c2))


@compiled
def _walk(x: Array, y: Array, levels: Array, weights: Array, constants: Array, totals: Array) -> None:
    """Add up the map of every image. The five quantities of a row lie end to end, with zeros between them."""
    count, height, length = x.shape
    last = np.zeros((11, 5, length + 30), np.float32)
    flat = last.reshape(11, -1)
    windows = np.zeros((5, length + 30), np.float32)
    joined, total = windows.reshape(-1)[: flat.shape[1] - 30], np.zeros(length)
    for k in range(count):
        last[:] = 0
        total[:] = 0
        for i in range(height + 5):
            if i < height:
                _quantities(x[k, i], y[k, i], levels, last[i % 11, :, 15 : 15 + length])
            else:
                last[i % 11] = 0
            if i < 5:
                continue
            joined[:] = 0
            for step in range(11):
                _eleven(flat[(i + 1 + step) % 11], weights[step], joined)
            _similarity(windows, constants, total)
        totals[k] = total.sum()
