"""Sheets of images: the panels of a figure and the boxes on them. No panel is ever resampled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64, UInt8

from inpaint_bench import files
from inpaint_bench.analysis.run import RunData
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.figures.read import FigureData
from inpaint_bench.metrics.detection import DETECTORS, from_row
from inpaint_bench.metrics.detection.matching import masked_input
from inpaint_bench.runner.stored import MASKED, TARGETS, Found, objects_path

Objects: TypeAlias = dict[tuple[str, int | None], Found]  # by pair and sample

INPUT, TARGET = "masked input", "target"
LEAST = 0.5  # the score from which a detected object is drawn
QUARTER = 4  # the side of a crop is the side of the image divided by this


@dataclass(frozen=True)
class Box:
    """A rectangle on a panel: left, top, right, bottom in pixels; its text, and the number of its colour."""

    ends: tuple[float, float, float, float]
    text: str = ""
    colour: int = 0


@dataclass(frozen=True, eq=False)
class Panel:
    """An image with rectangles on it."""

    pixels: Pixels
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of panels under headings; a panel may be missing."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Panel | None, ...]], ...]

    def enlarged(self, times: int) -> "Sheet":
        """The sheet with every pixel as a square of `times` x `times` pixels."""
        rows = tuple(
            (label, tuple(None if panel is None else _enlarged(panel, times) for panel in panels))
            for label, panels in self.rows
        )
        return replace(self, rows=rows)


def _enlarged(panel: Panel, times: int) -> Panel:
    ends = [(a * times, b * times, c * times, d * times) for a, b, c, d in (box.ends for box in panel.boxes)]
    boxes = tuple(replace(box, ends=end) for box, end in zip(panel.boxes, ends, strict=True))
    return Panel(panel.pixels.repeat(times, axis=0).repeat(times, axis=1), boxes)


def grid(data: FigureData) -> Sheet:
    """A row per pair: the masked input, every method, the target; of a stochastic method the chosen sample."""
    rows = tuple((pair.pair, tuple(Panel(pixels) for pixels in _pictures(data, pair))) for pair in data.pairs)
    return Sheet((INPUT, *data.methods, TARGET), rows)


def _pictures(data: FigureData, pair: Pair) -> list[Pixels]:
    prepared = data.prepared(pair)
    made = [data.composite(method, pair, data.chosen(method, pair)) for method in data.methods]
    return [masked_input(prepared.target, prepared.hole), *made, prepared.target]


def zoom(data: FigureData, side: int | None = None, at: tuple[int, int] | None = None) -> Sheet:
    """`grid` with a square crop of each pair framed, and the crop below it, enlarged by whole pixels as far as fits.

    `side` is in pixels, by default a quarter of the image's shorter side. `at` is its left and top; by default the crop
    lies where the methods differ most from each other (variance summed over the crop), or one method from the target.
    Raises InputError for a crop that is not inside the image.
    """
    rows: list[tuple[str, tuple[Panel | None, ...]]] = []
    for pair in data.pairs:
        pictures = _pictures(data, pair)
        height, width, _ = pictures[0].shape
        size = side or max(1, min(height, width) // QUARTER)
        differ = pictures[1:-1] if len(data.methods) > 1 else pictures[1:]
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
    return Sheet((INPUT, *data.methods, TARGET), tuple(rows))


def _square(left: int, top: int, side: int) -> Box:
    return Box((float(left), float(top), float(left + side), float(top + side)))


def most_different(pictures: Sequence[UInt8[np.ndarray, "height width 3"]], size: int) -> tuple[int, int]:
    """Left and top of the square with that side in which images vary most; the topmost, then leftmost, on ties."""
    varied = np.stack(pictures).astype(np.float64).var(axis=0).sum(axis=2)
    sums: Float64[np.ndarray, "below right"] = np.pad(varied.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    within = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    top, left = np.unravel_index(int(np.round(within, 6).argmax()), within.shape)
    return int(left), int(top)


def all_samples(data: FigureData) -> Sheet:
    """A row per pair and stochastic method: the masked input, every sample, the target.

    Raises InputError where none of the methods is stochastic.
    """
    rows = []
    for pair in data.pairs:
        prepared = data.prepared(pair)
        for method in data.methods:
            if listed := data.samples(method, pair):
                made = [data.composite(method, pair, sample) for sample in listed]
                pictures = [masked_input(prepared.target, prepared.hole), *made, prepared.target]
                rows.append((f"{pair.pair} {method}", tuple(Panel(pixels) for pixels in pictures)))
    if not rows:
        raise InputError(f"{data.run.path}: none of {', '.join(data.methods)} is stochastic: they have no samples.")
    count = len(rows[0][1]) - 2
    return Sheet((INPUT, *(f"sample {number}" for number in range(count)), TARGET), tuple(rows))


def detection(data: FigureData, detector: str = "", least: float = LEAST) -> Sheet:
    """`grid` with boxes, classes and scores of the detected objects that score at least `least`; a colour per class.

    `detector` is by default the first that the run has objects of. Raises InputError for an unknown detector and where
    there are no objects, and HashError where they were detected in other images.
    """
    if detector and detector not in DETECTORS:
        raise InputError(f"no detector is called '{detector}'. {did_you_mean(detector, DETECTORS)}")
    there = [name for name in DETECTORS if data.run.objects_of(TARGETS, name)]
    named = detector or next(iter(there), "")
    if named not in there:
        raise InputError(
            f"{data.run.path}: it has no objects detected by {named or 'any detector'}. "
            f"`inpaint-bench score {data.run.path} --metrics det_conf` detects them."
        )
    found = {folder: _objects(data.run, folder, named) for folder in (MASKED, *data.methods, TARGETS)}
    rows = []
    for pair in data.pairs:
        samples = [(MASKED, None), *((name, data.chosen(name, pair)) for name in data.methods), (TARGETS, None)]
        boxes = [_boxes(data, pair, folder, sample, named, found[folder], least) for folder, sample in samples]
        panels = [Panel(pixels, some) for pixels, some in zip(_pictures(data, pair), boxes, strict=True)]
        rows.append((pair.pair, tuple(panels)))
    return Sheet((INPUT, *data.methods, TARGET), tuple(rows))


def _objects(run: RunData, folder: str, detector: str) -> Objects:
    """What a detector found in the images of a folder; nothing where there is no file."""
    stored = run.objects_of(folder, detector)
    return {(one.pair, one.sample): one for one in stored.found} if stored else {}


def _boxes(
    data: FigureData, pair: Pair, folder: str, sample: int | None, detector: str, objects: Objects, least: float
) -> tuple[Box, ...]:
    path = objects_path(data.run.folder, folder, detector)
    again = f"`inpaint-bench score {data.run.path}` detects objects in what has changed."
    found = objects.get((pair.pair, sample))
    if found is None:
        raise InputError(f"{path}: no objects were detected in pair {pair.pair}: it is not in the file. {again}")
    composite = data.run.folder.composite(folder, pair.pair, sample)
    seen = pair.image_sha256[:16] if folder in (MASKED, TARGETS) else files.file_sha256(composite)[:16]
    if found.picture != seen:
        raise HashError(f"{path}: pair {pair.pair} was another picture: {found.picture}, now it is {seen}. {again}")
    detections = from_row(found.detections)
    rows = zip(detections.boxes.tolist(), detections.scores.tolist(), detections.labels.tolist(), strict=True)
    names = dict(enumerate(DETECTORS[detector].classes))
    return tuple(
        Box(tuple(box), f"{names.get(label, '')} {score:.2f}".lstrip(), label)
        for box, score, label in rows
        if score >= least
    )
