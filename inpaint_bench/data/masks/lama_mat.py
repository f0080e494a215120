"""Masks of networks of today, drawn in integers: `thin`, `medium` and `thick` after LaMa's, `free-form` after MAT's.

Numbers, lengths, widths and angles are drawn from the intervals of the code of LaMa (Suvorov et al., WACV 2022) and of
MAT (Li et al., CVPR 2022) at 256 and at 512 pixels a side; at another side the pixels of 512 are scaled. Their code
draws with OpenCV, Pillow and NumPy's random numbers, which versions change, so the single masks are other ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isqrt

import numpy as np

from inpaint_bench.data.images import Hole
from inpaint_bench.data.masks.draw import Bits, Part, Point, sine
from inpaint_bench.data.protocols import SMALLEST_DRAWN
from inpaint_bench.errors import InputError, did_you_mean

LAMA_MOST = 50  # percent of hole pixels; LaMa's code drops a mask with more
MOST_TRIES = 1000
Interval = tuple[int, int]  # both ends included


@dataclass(frozen=True)
class _Lama:
    """What LaMa's masks of one kind are drawn from at one size; lengths in pixels."""

    strokes: Interval
    length: Interval
    width: Interval
    boxes: Interval = (0, 0)  # in place of strokes in 3 of 13 masks, if there are any
    side: Interval = (0, 0)
    margin: int = 0


_LAMA = {
    ("thin", 256): _Lama((4, 51), (10, 49), (5, 14)),
    ("medium", 256): _Lama((4, 6), (10, 109), (5, 54), (1, 5), (10, 50)),
    ("thick", 256): _Lama((1, 6), (10, 209), (5, 104), (1, 3), (30, 150), 10),
    ("thin", 512): _Lama((4, 71), (10, 109), (5, 24)),
    ("medium", 512): _Lama((4, 11), (10, 209), (5, 104), (1, 5), (30, 150)),
    ("thick", 512): _Lama((1, 6), (10, 459), (5, 254), (1, 4), (30, 300), 10),
}
_LAMA_ANGLES = (2, 165, 328, 491)  # 0.01, 1.01, 2.01 and 3.01 radians, in 1024ths of a circle
_MAT_TURN, _MAT_SPREAD = 205, 68  # 2 pi / 5 and 2 pi / 15
_MAT_WIDTH = (12, 47)  # at 256 and at 512


def draw(kind: str, size: int, seed: int, low: int, high: int) -> Hole:
    """One square hole of a kind, `size` pixels a side, its mask ratio in the interval (low, high] of percents.

    The ratio follows from the kind: masks are drawn until one lies in the interval, and LaMa's kinds never hide more
    than one half. Raises InputError for an unknown kind, a size below 16, an interval that is not 0 <= low < high <=
    100, and one that none of 1000 masks lies in.
    """
    if kind not in KINDS:
        raise InputError(f"No kind of mask is called '{kind}'. {did_you_mean(kind, KINDS)}")
    if size < SMALLEST_DRAWN:
        raise InputError(f"A mask of {size} pixels a side is too small. Allowed: {SMALLEST_DRAWN} and more.")
    if not 0 <= low < high <= 100:
        raise InputError(f"The interval ({low}, {high}] is none. Allowed: whole percents with 0 <= low < high <= 100.")
    ends = low * size * size // 100, min(high, LAMA_MOST if kind != "free-form" else 100) * size * size // 100
    for number in range(MOST_TRIES):
        hole = np.zeros((size, size), dtype=np.bool_)
        KINDS[kind](hole, Bits(f"{kind}:{size}:{seed}:{number}"))
        if ends[0] < np.count_nonzero(hole) <= min(ends[1], size * size - 1):
            return hole
    raise InputError(
        f"None of {MOST_TRIES} masks of the kind '{kind}' has a ratio in ({low}, {high}] percent. Widen the buckets."
    )


def _lama(kind: str) -> Callable[[Hole, Bits], None]:
    def drawn(hole: Hole, bits: Bits) -> None:
        size = len(hole)
        known = _LAMA.get((kind, size))
        ours = known or _scaled(_LAMA[kind, 512], size)
        if ours.boxes[1] and bits.below(13) < 3:
            _lama_boxes(hole, bits, ours)
        else:
            _lama_strokes(hole, bits, ours)

    return drawn


def _scaled(lama: _Lama, size: int) -> _Lama:
    ends = ((_scale(low, size), _scale(high, size)) for low, high in (lama.length, lama.width, lama.side))
    length, width, side = ends
    return _Lama(lama.strokes, length, width, lama.boxes, side, lama.margin * size // 512)


def _scale(pixels: int, size: int) -> int:
    """Pixels at 512 a side, at another size; at least one."""
    return max(1, pixels * size // 512)


def _lama_strokes(hole: Hole, bits: Bits, lama: _Lama) -> None:
    """Chains of one to five segments; each has one of four directions, mirrored in every other chain."""
    size = len(hole)
    for number in range(bits.between(*lama.strokes)):
        here = bits.below(size), bits.below(size)
        for _ in range(bits.between(1, 5)):
            angle = _LAMA_ANGLES[bits.below(4)]
            length, width = bits.between(*lama.length), bits.between(*lama.width)
            there = _ahead(here, angle if number % 2 else -angle, length, size)
            _segment(hole, here, there, width + 1)  # as wide as a line of OpenCV is
            here = there


def _lama_boxes(hole: Hole, bits: Bits, lama: _Lama) -> None:
    size, margin = len(hole), lama.margin
    smallest, largest = lama.side[0], min(lama.side[1], size - 2 * margin - 1)
    for _ in range(bits.between(*lama.boxes)):
        width, height = bits.between(smallest, largest), bits.between(smallest, largest)
        left, top = bits.between(margin, size - margin - width), bits.between(margin, size - margin - height)
        hole[top : top + height, left : left + width] = True


def _free_form(hole: Hole, bits: Bits) -> None:
    """Rectangles of at most half the side and of any, and brush strokes, which may be flipped together."""
    size = len(hole)
    halves, wholes, strokes = (4, 2, 8) if size == 256 else (5, 3, 9)
    for count, largest in ((bits.below(halves), size // 2), (bits.below(wholes), size)):
        for _ in range(count):
            width, height = bits.below(largest), bits.below(largest)
            left = bits.between(-(width // 2), size - width + width // 2 - 1)
            top = bits.between(-(height // 2), size - height + height // 2 - 1)
            hole[max(top, 0) : top + height, max(left, 0) : left + width] = True
    brushed = np.zeros_like(hole)
    for _ in range(bits.below(strokes)):
        _mat_stroke(brushed, bits)
    rows, columns = (slice(None, None, -1 if bits.below(2) else 1) for _ in range(2))
    hole |= brushed[rows, columns]


def _mat_stroke(hole: Hole, bits: Bits) -> None:
    """A zigzag of 4 to 17 corners; the length of a segment is normally distributed about an eighth of the diagonal."""
    size = len(hole)
    corners, mean = bits.between(4, 17), isqrt(2 * size * size) // 8
    low, high = _MAT_TURN - bits.between(0, _MAT_SPREAD), _MAT_TURN + bits.between(0, _MAT_SPREAD)
    angles = [bits.between(low, high) for _ in range(corners)]
    known = size in (256, 512)
    width = bits.between(*(_MAT_WIDTH if known else tuple(_scale(end, size) for end in _MAT_WIDTH)))
    here = bits.below(size), bits.below(size)
    for number, angle in enumerate(angles):
        length = min(max(mean + (mean // 2 * _normal(bits) >> 16), 0), 2 * mean)
        there = _ahead(here, angle if number % 2 else -angle, length, size)
        _segment(hole, here, there, width)
        here = there


KINDS: dict[str, Callable[[Hole, Bits], None]] = {
    **{kind: _lama(kind) for kind in ("thin", "medium", "thick")},
    "free-form": _free_form,
}


def _normal(bits: Bits) -> int:
    """A normally distributed integer of variance 2**32: the sum of twelve uniform ones."""
    return sum(bits.below(1 << 16) for _ in range(12)) - 6 * (1 << 16)


def _ahead(here: Point, angle: int, length: int, size: int) -> Point:
    """The point `length` pixels ahead of another, clamped to the image or one pixel beyond it; 1024ths of a circle."""
    row = here[0] + (length * _fine_sine(angle + 256) >> 10)
    column = here[1] + (length * _fine_sine(angle) >> 10)
    return min(max(row, 0), size), min(max(column, 0), size)


def _fine_sine(angle: int) -> int:
    """1024 times the sine of an angle in 1024ths of a circle, between those of the 64ths."""
    heading, part = divmod(angle, 16)
    return (sine(heading) * (16 - part) + sine(heading + 1) * part) >> 4


def _segment(hole: Hole, start: Point, end: Point, width: int) -> None:
    """A line `width` pixels wide with round ends: the pixels of at most half a width from it."""
    for row, column in (start, end):
        brush, radius = _brush(width), width // 2
        top, left = max(row - radius, 0), max(column - radius, 0)
        window = hole[top : row + radius + 1, left : column + radius + 1]
        window |= brush[top - row + radius :, left - column + radius :][: window.shape[0], : window.shape[1]]
    down, right = end[0] - start[0], end[1] - start[1]
    squared = down * down + right * right
    if squared:
        half = width // 2 + 1
        top, left = max(min(start[0], end[0]) - half, 0), max(min(start[1], end[1]) - half, 0)
        window = hole[top : max(start[0], end[0]) + half + 1, left : max(start[1], end[1]) + half + 1]
        rows = np.arange(top - start[0], top - start[0] + window.shape[0], dtype=np.int64)[:, None]
        columns = np.arange(left - start[1], left - start[1] + window.shape[1], dtype=np.int64)
        across, along = rows * right - columns * down, rows * down + columns * right
        window |= (np.abs(across) <= isqrt(width * width * squared // 4)) & (along >= 0) & (along <= squared)


@cache
def _brush(width: int) -> Part:
    """A disc of a diameter: the pixels of at most half of it from the centre."""
    rows, columns = np.ogrid[-(width // 2) : width // 2 + 1, -(width // 2) : width // 2 + 1]
    brush: Part = 4 * (rows * rows + columns * columns) <= width * width
    return brush
