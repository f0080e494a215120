"""Sheets of pictures: which panels stand where, and what is drawn on them. No panel is ever resampled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, UInt8

from inpaint_bench import files
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.figures.read import Shown, chosen, composite, samples
from inpaint_bench.metrics.detection import DETECTORS, from_row
from inpaint_bench.metrics.detection.matching import masked_input
from inpaint_bench.runner.objects import objects_path, read_objects
from inpaint_bench.runner.pictures import MASKED, TARGETS

INPUT, TARGET = "masked input", "target"
LEAST = 0.5  # the score from which a detector's object is shown
QUARTER = 4  # a crop's side is the picture's by this


@dataclass(frozen=True)
class Box:
    """A rectangle on a panel: left, top, right, bottom in its pixels; what it says, and the number of its colour."""

    ends: tuple[float, float, float, float]
    text: str = ""
    colour: int = 0


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture with rectangles on it."""

    pixels: Pixels
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of panels under headings; a place may be empty."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Panel | None, ...]], ...]

    def enlarged(self, times: int) -> "Sheet":
        """Every pixel as a square of that many pixels."""
        rows = tuple(
            (label, tuple(None if panel is None else _enlarged(panel, times) for panel in panels))
            for label, panels in self.rows
        )
        return replace(self, rows=rows)


def _enlarged(panel: Panel, times: int) -> Panel:
    ends = [(a * times, b * times, c * times, d * times) for a, b, c, d in (box.ends for box in panel.boxes)]
    boxes = tuple(replace(box, ends=end) for box, end in zip(panel.boxes, ends, strict=True))
    return Panel(panel.pixels.repeat(times, axis=0).repeat(times, axis=1), boxes)


def grid(shown: Shown) -> Sheet:
    """A row a pair: the masked input, every method, the target. Of a stochastic method the chosen sample."""
    rows = tuple((pair.pair, tuple(Panel(pixels) for pixels in _pictures(shown, pair))) for pair in shown.pairs)
    return Sheet((INPUT, *shown.methods, TARGET), rows)


def _pictures(shown: Shown, pair: Pair) -> list[Pixels]:
    prepared = shown.prepared(pair)
    made = [composite(shown, method, pair, chosen(shown, method, pair)) for method in shown.methods]
    return [masked_input(prepared.target, prepared.hole), *made, prepared.target]


def zoom(shown: Shown, side: int | None = None, at: tuple[int, int] | None = None) -> Sheet:
    """`grid` with a square of each pair framed, and beneath it that square as large as fits, every pixel a square.

    Without a place (left, top), the square in which the methods differ most from each other, summed over the hole; of
    one method, from the target. Its side is a quarter of the picture's shorter one unless given. Raises InputError
    for a square outside the picture.
    """
    rows: list[tuple[str, tuple[Panel | None, ...]]] = []
    for pair in shown.pairs:
        pictures = _pictures(shown, pair)
        height, width, _ = pictures[0].shape
        size = side or max(1, min(height, width) // QUARTER)
        differ = pictures[1:-1] if len(shown.methods) > 1 else pictures[1:]
        left, top = at or most_different(differ, min(size, height, width))
        if left + size > width or top + size > height:
            raise InputError(
                f"pair {pair.pair}: a square of {size} pixels at {left},{top} lies outside its {width}x{height}. "
                "Give another --at or --side."
            )
        times = min(height, width) // size
        rows.append((pair.pair, tuple(Panel(pixels, (_square(left, top, size),)) for pixels in pictures)))
        cuts = [np.ascontiguousarray(pixels[top : top + size, left : left + size]) for pixels in pictures]
        rows.append((f"x{times}", tuple(_enlarged(Panel(cut, (_square(0, 0, size),)), times) for cut in cuts)))
    return Sheet((INPUT, *shown.methods, TARGET), tuple(rows))


def _square(left: int, top: int, side: int) -> Box:
    return Box((float(left), float(top), float(left + side), float(top + side)))


def most_different(pictures: Sequence[UInt8[np.ndarray, "height width 3"]], size: int) -> tuple[int, int]:
    """Left and top of the square of that side in which pictures vary most; the uppermost, then leftmost of equals."""
    varied = np.stack(pictures).astype(np.float64).var(axis=0).sum(axis=2)
    sums: Float64[np.ndarray, "below right"] = np.pad(varied.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    within = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    top, left = np.unravel_index(int(np.round(within, 6).argmax()), within.shape)
    return int(left), int(top)


def all_samples(shown: Shown) -> Sheet:
    """A row for every pair and stochastic method: the masked input, every sample, the target.

    Raises InputError where none of the methods is stochastic.
    """
    rows = []
    for pair in shown.pairs:
        prepared = shown.prepared(pair)
        for method in shown.methods:
            if listed := samples(shown, method, pair):
                made = [composite(shown, method, pair, sample) for sample in listed]
                pictures = [masked_input(prepared.target, prepared.hole), *made, prepared.target]
                rows.append((f"{pair.pair} {method}", tuple(Panel(pixels) for pixels in pictures)))
    if not rows:
        raise InputError(f"{shown.run.path}: none of {', '.join(shown.methods)} is stochastic: they have no samples.")
    count = len(rows[0][1]) - 2
    return Sheet((INPUT, *(f"sample {number}" for number in range(count)), TARGET), tuple(rows))


def detection(shown: Shown, detector: str = "", least: float = LEAST) -> Sheet:
    """`grid` with the boxes, classes and scores of what a detector found, from a score on; a colour for each class.

    The detector named, or the first whose objects of the targets are there. Raises InputError where there are none,
    and HashError where they were found in other pictures.
    """
    if detector and detector not in DETECTORS:
        raise InputError(f"no detector is called '{detector}'. {did_you_mean(detector, DETECTORS)}")
    looked = [name for name in DETECTORS if objects_path(shown.run, TARGETS, name).is_file()]
    named = detector or next(iter(looked), "")
    if named not in looked:
        raise InputError(
            f"{shown.run.path}: {f'{named} has not' if named else 'no detector has'} looked at its pictures. "
            f"`inpaint-bench score {shown.run.path} --metrics det_conf` does."
        )
    rows = []
    for pair in shown.pairs:
        folders = [(MASKED, None), *((name, chosen(shown, name, pair)) for name in shown.methods), (TARGETS, None)]
        boxes = [_boxes(shown, pair, folder, sample, named, least) for folder, sample in folders]
        panels = [Panel(pixels, some) for pixels, some in zip(_pictures(shown, pair), boxes, strict=True)]
        rows.append((pair.pair, tuple(panels)))
    return Sheet((INPUT, *shown.methods, TARGET), tuple(rows))


def _boxes(shown: Shown, pair: Pair, folder: str, sample: int | None, detector: str, least: float) -> tuple[Box, ...]:
    path = objects_path(shown.run, folder, detector)
    again = f"`inpaint-bench score {shown.run.path}` looks at what has changed."
    found = {(one.pair, one.sample): one for one in read_objects(path).found}.get((pair.pair, sample))
    if found is None:
        raise InputError(f"{path}: {detector} has not looked at pair {pair.pair}. {again}")
    composite_path = shown.run.composite(folder, pair.pair, sample)
    seen = pair.image_sha256[:16] if folder in (MASKED, TARGETS) else files.file_sha256(composite_path)[:16]
    if found.picture != seen:
        raise HashError(f"{path}: pair {pair.pair} was another picture: {found.picture}, now it is {seen}. {again}")
    objects = from_row(found.detections)
    rows = zip(objects.boxes.tolist(), objects.scores.tolist(), objects.labels.tolist(), strict=True)
    names = dict(enumerate(DETECTORS[detector].classes))
    return tuple(
        Box(tuple(box), f"{names.get(label, '')} {score:.2f}".lstrip(), label)
        for box, score, label in rows
        if score >= least
    )
