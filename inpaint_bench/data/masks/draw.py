"""Irregular holes from a seed: the same bytes on every platform, Python and library version.

Integers only, without floats, drawing libraries or library random numbers: any of these may change in a new version,
which would change a protocol that ships no mask files.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from functools import cache
from math import isqrt

import numpy as np
from jaxtyping import Bool

from inpaint_bench.data.images import Hole
from inpaint_bench.data.protocols import SMALLEST_DRAWN
from inpaint_bench.errors import InputError, did_you_mean

LARGEST_RATIO = 60  # percent, the upper end of the published irregular masks

Point = tuple[int, int]  # row, column
Part = Bool[np.ndarray, "rows columns"]  # a piece of a hole, or a brush

# 1024 * sin of the first quarter of the circle, in 64ths of the whole
_SINES = (0, 100, 200, 297, 392, 483, 569, 650, 724, 792, 851, 903, 946, 980, 1004, 1019, 1024)
_HEADINGS = 64
_COMPASS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
_TURNS = 48  # of a walk on a straight line across the image; independent of the size


def draw(kind: str, size: int, seed: int, low: int, high: int) -> Hole:
    """One square hole of a kind, `size` pixels a side, its mask ratio in the bucket (low, high] of percents.

    The number of hole pixels is uniform over those the bucket contains, so ratios spread over the bucket; `half`
    hides exactly one half if the bucket contains it, and whole rows or columns if they fit. One seed draws related
    holes in different buckets, so use different seeds for unrelated masks.
    Raises InputError for an unknown kind, a size below 16 and a bucket that is not 0 <= low < high <= 60.
    """
    if kind not in KINDS:
        raise InputError(f"No kind of mask is called '{kind}'. {did_you_mean(kind, KINDS)}")
    least, most = hole_counts(size, low, high)
    bits = Bits(f"{kind}:{size}:{seed}")
    hole = np.zeros((size, size), dtype=np.bool_)
    KINDS[kind](hole, bits, least, most)
    return hole


def hole_counts(size: int, low: int, high: int) -> tuple[int, int]:
    """The fewest and the most hole pixels of a square mask in the bucket (low, high] of whole percents.

    Raises InputError for a size below 16 and a bucket that is not 0 <= low < high <= 60.
    """
    if size < SMALLEST_DRAWN:
        raise InputError(f"A mask of {size} pixels a side is too small. Allowed: {SMALLEST_DRAWN} and more.")
    if not 0 <= low < high <= LARGEST_RATIO:
        raise InputError(
            f"The bucket ({low}, {high}] cannot be drawn. "
            f"Allowed: whole percents with 0 <= low < high <= {LARGEST_RATIO}."
        )
    return low * size * size // 100 + 1, high * size * size // 100


class Bits:
    """The splitmix64 generator: a counter through a mixing function, started from the hash of a text."""

    def __init__(self, key: str) -> None:
        self._state = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")

    def below(self, count: int) -> int:
        """An integer from 0 to count - 1, uniform to within 2**-64."""
        mask = (1 << 64) - 1
        self._state = (self._state + 0x9E3779B97F4A7C15) & mask
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        return ((mixed ^ (mixed >> 31)) * count) >> 64

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self.below(high - low + 1)


def _strokes(hole: Hole, bits: Bits, least: int, most: int) -> None:
    """Free-form brush strokes: chains of 4 to 12 segments that mostly zigzag and change in width."""
    target = bits.between(least, most)
    size = len(hole)
    widest = max(1, min(size // 14, isqrt(target // 24)))  # a small hole is a thin stroke, not one dot
    while True:
        here = _known_pixel(hole, bits)
        base = bits.between((widest + 2) // 3, widest)
        heading, side = bits.below(_HEADINGS), 1
        for _ in range(bits.between(4, 12)):
            heading += side * bits.between(6, 26)
            side = side if bits.below(4) == 0 else -side
            there = _ahead(here, heading, bits.between(size // 16, size // 4), size)
            radius = max(1, min(widest, base + bits.between(-(base // 4), base // 4)))
            if _drag(hole, _line(here, there), radius, target):
                return
            here = there


def _walks(hole: Hole, bits: Bits, least: int, most: int) -> None:
    """Random walks of single pixels that tend to keep their heading, each dilated by its own radius."""
    target = bits.between(least, most)
    size = len(hole)
    widest = max(1, min(size // 20, isqrt(target // 60)))
    while True:
        start = _known_pixel(hole, bits)
        radius = bits.between((widest + 3) // 4, widest)
        points = list(_walk(start, bits, bits.between(size // 2, 2 * size), size))
        if _drag(hole, points[:: 1 + radius // 3], radius, target):
            return


def _boxes(hole: Hole, bits: Bits, least: int, most: int) -> None:
    """One to five rectangles that grow from separate points, each side at its own speed."""
    target = bits.between(least, most)
    missing = 0
    for rows in _growing_boxes(bits, len(hole)):
        new = int(np.count_nonzero(~hole[rows]))
        if missing + new > most:  # too many; use a part of it if the bucket is not reached yet
            if missing < least:
                _fill(hole[rows], target - missing)
            return
        hole[rows] = True
        missing += new
        if missing >= target:
            return


def _half(hole: Hole, bits: Bits, least: int, most: int) -> None:
    """One side of the image, as deep as the bucket requires."""
    size = len(hole)
    target, half = bits.between(least, most), size * size // 2
    if least <= half <= most:
        target = half
    for whole in (target // size * size, -(-target // size) * size):
        if least <= whole <= most:
            target = whole
            break
    top = np.zeros(size * size, dtype=np.bool_)
    top[:target] = True
    hole[:] = np.rot90(top.reshape(size, size), bits.below(4))


KINDS: dict[str, Callable[[Hole, Bits, int, int], None]] = {
    "strokes": _strokes,
    "walks": _walks,
    "boxes": _boxes,
    "half": _half,
}


def _known_pixel(hole: Hole, bits: Bits) -> Point:
    """A random pixel of the known region: a stroke from there enlarges the hole, so drawing always terminates."""
    known = np.flatnonzero(~hole)
    row, column = divmod(int(known[bits.below(len(known))]), len(hole))
    return row, column


def _ahead(here: Point, heading: int, length: int, size: int) -> Point:
    """The point `length` pixels ahead, clamped to the image."""
    row = here[0] + (length * sine(heading) >> 10)
    column = here[1] + (length * sine(heading + _HEADINGS // 4) >> 10)
    return min(max(row, 0), size - 1), min(max(column, 0), size - 1)


def sine(heading: int) -> int:
    """1024 times the sine of a heading in 64ths of a circle."""
    half, step = divmod(heading % _HEADINGS, _HEADINGS // 2)
    sine = _SINES[min(step, _HEADINGS // 2 - step)]
    return -sine if half else sine


def _line(start: Point, end: Point) -> list[Point]:
    """The pixels of a straight line, both ends included, by Bresenham's rule."""
    (row, column), points = start, [start]
    down, right = abs(end[0] - row), abs(end[1] - column)
    row_step, column_step = (1 if end[0] > row else -1), (1 if end[1] > column else -1)
    error = right - down
    while (row, column) != end:
        doubled = 2 * error
        if doubled > -down:
            error -= down
            column += column_step
        if doubled < right:
            error += right
            row += row_step
        points.append((row, column))
    return points


def _walk(start: Point, bits: Bits, steps: int, size: int) -> Iterator[Point]:
    """A random walk that turns back at the border; the smaller the image, the more often it turns."""
    row, column = start
    heading = bits.below(8)
    yield start
    for _ in range(steps):
        if bits.below(size) < _TURNS:
            heading += (-1, 1)[bits.below(2)]
        down, right = _COMPASS[heading % 8]
        if 0 <= row + down < size and 0 <= column + right < size:
            row, column = row + down, column + right
            yield row, column
        else:
            heading += bits.between(3, 5)


def _drag(hole: Hole, points: list[Point], radius: int, target: int) -> bool:
    """Drag a round brush along points until the target count of hole pixels; returns whether it was reached."""
    before = hole.copy()
    for point in points:
        window, brush = _under_brush(hole, point, radius)
        window |= brush
    if np.count_nonzero(hole) <= target:
        return bool(np.count_nonzero(hole) == target)
    hole[:] = before  # too far: repeat point by point, up to the target
    missing = int(np.count_nonzero(hole))
    for point in points:
        window, brush = _under_brush(hole, point, radius)
        new = int(np.count_nonzero(brush & ~window))
        if missing + new >= target:
            _dab(hole, point, radius, target - missing)
            break
        window |= brush
        missing += new
    return True


def _dab(hole: Hole, centre: Point, radius: int, count: int) -> None:
    """Add `count` known pixels under the brush to the hole, those nearest to its centre first."""
    row, column = centre
    window, brush = _under_brush(hole, centre, radius)
    down, right = np.ogrid[: window.shape[0], : window.shape[1]]
    top, left = max(row - radius, 0), max(column - radius, 0)
    distance = (down + top - row) ** 2 + (right + left - column) ** 2
    fresh = np.flatnonzero(brush & ~window)
    nearest = fresh[np.argsort(distance.ravel()[fresh], kind="stable")][:count]
    window[np.unravel_index(nearest, window.shape)] = True


def _under_brush(hole: Hole, centre: Point, radius: int) -> tuple[Part, Part]:
    """The part of a mask under a round brush, as a view, and the brush, both cut at the border."""
    row, column = centre
    top, left = max(row - radius, 0), max(column - radius, 0)
    window = hole[top : row + radius + 1, left : column + radius + 1]
    brush = _disc(radius)[top - row + radius :, left - column + radius :]
    return window, brush[: window.shape[0], : window.shape[1]]


@cache
def _disc(radius: int) -> Part:
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disc: Part = rows * rows + columns * columns <= radius * radius
    return disc


def _growing_boxes(bits: Bits, size: int) -> Iterator[tuple[slice, slice]]:
    """One row or column of a box after the other, until the boxes fill the image; they may overlap."""
    corners = [(bits.below(size), bits.below(size)) for _ in range(bits.between(1, 5))]
    boxes = [[row, column, row, column] for row, column in corners]  # top, left, bottom, right
    sides = []
    for box in boxes:
        slowness = bits.between(1, 4)
        sides += [(box, side, slowness * bits.between(1, 4)) for side in range(4)]
    for turn in itertools.count(1):
        for box, side, wait in sides:
            edge = box[side]
            if turn % wait or edge == (0, 0, size, size)[side]:
                continue
            box[side] += (-1, -1, 1, 1)[side]
            grown = slice(min(edge, box[side]), max(edge, box[side]))
            yield (slice(box[0], box[2]), grown) if side % 2 else (grown, slice(box[1], box[3]))


def _fill(part: Part, count: int) -> None:
    """Make the first so many known pixels of a row or a column part of the hole."""
    part[tuple(index[:count] for index in np.nonzero(~part))] = True
