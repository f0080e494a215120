"""The known region of a prediction, which should be the target's: what is wrong where it is not.

Everything that is scored shows the target outside the hole, so a prediction of the wrong picture, with exchanged
channels or under an inverted mask would get a number like any other. Each candidate below is a way in which outputs
are spoiled, applied to the target. One that is nearer to the prediction by a factor of RATIO is the reason.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np
from jaxtyping import Bool, Float64
from PIL import Image

from inpaint_bench.data.images import Hole, Pixels, absolute_difference
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.errors import InputError

MOVED = 0.01  # of 1: a known region that is nearer to the target is not looked at
REFUSED = 0.1  # without a reason, refused above; the networks of the papers stay under 0.03, other pictures are at 0.2
FAR = 0.05  # above, curves of values are fitted and other pairs looked through; a network's tint is nearer
SEARCHED = 1000  # of which at most so many
RATIO = 0.25
FEWEST = 2048  # values of the known region that a reason needs: eight for each level of a curve
WINDOW = 128  # pixels: the side of the part in which candidates that take long are tried,
EVERY = 16  # and of so many pairs in one, since what spoils outputs so spoils all of them
REMEDY = "--allow-known-error (allow_known_error=True) scores it nevertheless, with the target's known region."

Values = Float64[np.ndarray, "height width 3"]
Where = Bool[np.ndarray, "height width"]


@dataclass(frozen=True)
class Candidate:
    """What a prediction may be: a picture, where it may be compared, and the reason in words."""

    pixels: Pixels | Values
    where: Where
    reason: str
    ratio: float = RATIO


def check_known_region(
    name: str, raw: Pixels, prepared: Prepared, others: Iterable[Callable[[], Prepared]], resized: bool = False
) -> None:
    """Check the known region of an 8-bit prediction before it is composited.

    `others` are the other pairs, nearest first; at most SEARCHED are prepared, and only for a prediction that is far
    off. A known region of one flat colour passes: it says nothing. `resized`: the harness resized the image, which is
    not looked for. Raises InputError with the reason, or where the
    mean absolute difference of values in [0, 1] is above REFUSED.
    """
    target, hole = prepared.target, prepared.hole
    known = ~hole
    error = _error(raw, target, known)
    if not error > MOVED:
        return
    reason = _inverted(raw, target, hole)
    if reason is None and not np.ptp(raw[known], axis=0).any():
        return
    reason = reason or _changed(raw, target, hole, not resized and int(prepared.pair.pair) % EVERY == 0)
    if reason is None and error > FAR:
        reason = _another(raw, prepared, others)
    if reason is None and error > REFUSED:
        reason = "no reason was found. An output holds the whole picture, with the target's pixels where they are known"
    if reason is not None:
        raise InputError(
            f"{name}: pair {prepared.pair.pair} ({prepared.pair.image}): outside the hole the output is not the target "
            f"(mean difference {error:.3f} of 1): {reason}. {REMEDY}"
        )


def _error(x: Pixels | Values, y: Pixels | Values, where: Where) -> float:
    """The mean absolute difference of values in [0, 1], or nan."""
    if x.dtype == y.dtype == np.uint8:
        values = 3 * int(np.count_nonzero(where))
        return absolute_difference(x, y, where) / values / 255 if values else float("nan")
    difference = np.abs(np.subtract(x[where], y[where], dtype=np.float64))
    return float(difference.mean()) / 255 if difference.size else float("nan")


def _changed(raw: Pixels, target: Pixels, hole: Hole, thorough: bool) -> str | None:
    """The reason of the first candidate that explains the prediction."""
    window = _window(hole)
    far = _error(raw, target, ~hole) > FAR
    whole = (_channels(target, hole), _mirrored(target, hole), _curves(raw, target, hole) if far else ())
    for one in chain(*whole):
        if _explains(one, raw, target):
            return one.reason
    part = target[window], hole[window]
    for one in chain(_shifted(*part), _resized(*part), _compressed(*part)) if thorough else ():
        if _explains(one, raw[window], target[window]):
            return one.reason
    return None


def _explains(candidate: Candidate, raw: Pixels, target: Pixels) -> bool:
    if 3 * int(candidate.where.sum()) < FEWEST:
        return False
    before = _error(raw, target, candidate.where)
    return before > MOVED and _error(raw, candidate.pixels, candidate.where) < candidate.ratio * before


def _inverted(raw: Pixels, target: Pixels, hole: Hole) -> str | None:
    """The hole is the target's, to far less than its own contrast: an inpainting would not know it."""
    inside = target[hole].astype(np.float64)
    contrast = float(np.abs(inside - inside.mean(axis=0)).mean()) / 255 if inside.size else 0.0
    if inside.size < FEWEST or not _error(raw, target, hole) < RATIO * min(contrast, _error(raw, target, ~hole)):
        return None
    return "inside the hole it is, so the masks are of the other polarity. Invert them: 255 is the hole"


def _channels(target: Pixels, hole: Hole) -> Iterator[Candidate]:
    orders = {"red and blue": (2, 1, 0), "red and green": (1, 0, 2), "green and blue": (0, 2, 1)}
    for names, order in orders.items():
        remedy = "Save RGB; cv2.imwrite expects BGR"
        yield Candidate(target[..., order], ~hole, f"{names} are exchanged. {remedy}")
    for order in ((1, 2, 0), (2, 0, 1)):
        yield Candidate(target[..., order], ~hole, "red, green and blue are in another order. Save RGB")


def _mirrored(target: Pixels, hole: Hole) -> Iterator[Candidate]:
    moves: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "is mirrored": lambda image: image[:, ::-1],
        "is upside down": lambda image: image[::-1],
        "is rotated by 180 degrees": lambda image: image[::-1, ::-1],
    }
    if hole.shape[0] == hole.shape[1]:
        moves["has rows and columns exchanged"] = lambda image: image.swapaxes(0, 1)
        moves["is rotated by 90 degrees"] = lambda image: np.rot90(image)
        moves["is rotated by 270 degrees"] = lambda image: np.rot90(image, 3)
    for what, move in moves.items():
        yield Candidate(move(target), ~hole & ~move(hole), f"it {what}. Save it as the image lies")


CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "values were saved as (x + 1) / 2 and lie in [0, 1] already. Save x": lambda x: (x + 1) / 2,
    "values lie in [-1, 1] and were cut at 0. Save (x + 1) / 2": lambda x: 2 * x - 1,
    "it is a negative. Save x, not 1 - x": lambda x: 1 - x,
    "it has another gamma (a power of 2.2). Save values as the image holds them": lambda x: x**2.2,
    "it has another gamma (a power of 1 / 2.2). Save values as the image holds them": lambda x: x ** (1 / 2.2),
    "it is in the range 16 to 235 of video. Save 0 to 255": lambda x: (16 + 219 * x) / 255,
    "it was stretched from the range 16 to 235 of video. Save values as the image holds them": lambda x: (
        (255 * x - 16) / 219
    ),
}


def _curves(raw: Pixels, target: Pixels, hole: Hole) -> Iterator[Candidate]:
    """Values that are a function of the target's: a known one, or whatever one fits best."""
    for reason, curve in CURVES.items():
        levels = 255 * np.clip(curve(np.arange(256) / 255), 0, 1)
        yield Candidate(levels[target], ~hole, reason)
    known = target[~hole].ravel()
    count = np.bincount(known, minlength=256)
    best = np.bincount(known, raw[~hole].ravel(), 256) / np.maximum(count, 1)
    yield Candidate(best[target], ~hole, "its values are another range or gamma. Save values as the image holds them")


def _shifted(target: Pixels, hole: Hole) -> Iterator[Candidate]:
    for down in range(-2, 3):
        for right in range(-2, 3):
            move = (down, right)
            edge = np.ones_like(hole)
            edge[2:-2, 2:-2] = False
            where = ~hole & ~np.roll(hole, move, (0, 1)) & ~edge
            how = f"it is shifted by {right} pixels to the right and {down} down. Save it as the image lies"
            if any(move):
                yield Candidate(np.roll(target, move, (0, 1)), where, how)


def _resized(target: Pixels, hole: Hole) -> Iterator[Candidate]:
    """Saved smaller and enlarged again, or with its outer pixels cut off and enlarged again."""
    height, width = hole.shape
    where = ~_wider(hole, 8)
    kinds = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_LANCZOS4)
    for part in (2, 4):
        for down in kinds:
            small = cv2.resize(target, (width // part, height // part), interpolation=down)
            for up in kinds:
                large = np.asarray(cv2.resize(small, (width, height), interpolation=up), np.uint8)
                yield Candidate(large, where, f"it was made {part} times smaller and enlarged again. Save it unresized")
    for top, left in ((0, 0), (0, 1), (1, 0), (1, 1)):
        for bottom, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            cut = target[top : height - bottom, left : width - right]
            if cut.shape != target.shape:
                large = np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
                yield Candidate(large, where, "it was cropped by a pixel and enlarged again. Save it uncropped")


def _compressed(target: Pixels, hole: Hole) -> Iterator[Candidate]:
    """JPEG in blocks that no pixel of the hole touches."""
    where = ~_wider(hole, 16)
    for quality in range(10, 96, 5):
        for subsampling in (0, 2):
            reason = f"it went through JPEG (of a quality near {quality}). Save PNG"
            yield Candidate(_jpeg(target, quality, subsampling), where, reason, 0.6)


def _another(raw: Pixels, prepared: Prepared, others: Iterable[Callable[[], Prepared]]) -> str | None:
    known = ~prepared.hole
    error = _error(raw, prepared.target, known)
    for _, prepare in zip(range(SEARCHED), others, strict=False):
        other = prepare()
        where = known & ~other.hole if other.hole.shape == known.shape else None
        if where is not None and 3 * int(where.sum()) >= FEWEST and _error(raw, other.target, where) < RATIO * error:
            return (
                f"it shows the image of pair {other.pair.pair} ({other.pair.image}). Outputs that are numbered follow "
                "the order of the pairs; name them by their image instead"
            )
    return None


def _window(hole: Hole) -> tuple[slice, slice]:
    """The part of WINDOW x WINDOW pixels with the most known ones, at multiples of 16 pixels."""
    height, width = hole.shape
    places = [
        (slice(top, top + WINDOW), slice(left, left + WINDOW))
        for top in range(0, max(height - WINDOW, 0) + 1, 16)
        for left in range(0, max(width - WINDOW, 0) + 1, 16)
    ]
    return min(places, key=lambda place: int(hole[place].sum()))


def _wider(hole: Hole, pixels: int) -> Hole:
    from scipy.ndimage import binary_dilation  # slow to import, and needed only for predictions that are far off

    wider: Hole = binary_dilation(hole, iterations=pixels)
    return wider


def _jpeg(pixels: Pixels, quality: int, subsampling: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "jpeg", quality=quality, subsampling=subsampling)
    return np.array(Image.open(file))
