"""Inpainting one picture of any size.

A picture whose size the method does not take is made larger by reflection, at the bottom and at the right, and the
prediction is cut back. A method of one size only sees the picture in overlapping windows of that size. Whatever is
done, the known region of what comes out is that of the picture, to the bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from jaxtyping import Float, Int

from inpaint_bench.data import images, tensors
from inpaint_bench.data.datasets import Dataset, hole_rule, open_page
from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.masks.sets import read_hole
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.data.prepare import Data, Prepared
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.errors import InputError
from inpaint_bench.methods.base import Method, Prediction, PredictJob
from inpaint_bench.methods.select import Given, select_methods
from inpaint_bench.methods.sizes import Sizes

ONE = Pair("00000", "picture.png", "mask.png")

PredictedArray = Float[np.ndarray, "3 height width"]
Window = Float[np.ndarray, "3 side side"]


def open_method(entry: str, dataset: str, given: Given) -> Method:
    """A method as `--methods` names it, with its weights for a dataset.

    Raises InputError as `select_methods` does, and for a folder of outputs.
    """
    if entry.partition("=")[2].startswith("folder:"):
        raise InputError(f"--method {entry}: a folder of outputs paints nothing. Name what made them.")
    nothing = Dataset(open_page(dataset)[0], Data(Path(), Path()), Pairs(), "")
    return select_methods([entry], nothing, nothing, given)[0]


def output_paths(out: Path, samples: int, sources: Sequence[Path]) -> list[Path]:
    """The output files: FILE, or FILE.s0.png, FILE.s1.png and so on for several samples.

    Raises InputError for what is no PNG, which would change pixels, and for a file that is read.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"{out}: only PNG keeps every pixel as it is. Give --out FILE.png.")
    paths = [out] if samples == 1 else [out.with_suffix(f".s{sample}.png") for sample in range(samples)]
    for path in paths:
        if path.resolve() in {source.resolve() for source in sources}:
            raise InputError(f"{path}: this file is read. Choose another --out.")
    return paths


def read_picture(image: Path, mask: Path, mask_threshold: int | None = None) -> Prepared:
    """A picture and its mask, 255 in the hole, or values above `mask_threshold`.

    Raises InputError for files that `images.read_pixels` and `masks.sets.read_hole` refuse, for a mask of another
    size, and for one that hides nothing or everything.
    """
    target, hole = images.read_pixels(image), read_hole(mask, None, hole_rule(mask_threshold))
    if hole.shape != target.shape[:2]:
        sizes = f"{hole.shape[1]}x{hole.shape[0]}, {image} {target.shape[1]}x{target.shape[0]}"
        raise InputError(f"{mask}: the mask is {sizes}. Give a mask of the picture's size.")
    if not hole.any() or hole.all():
        what = "nothing" if not hole.any() else "everything"
        raise InputError(f"{mask}: the mask hides {what}. Give one with a hole and a known region, 255 in the hole.")
    return Prepared(ONE, target, hole)


@dataclass(frozen=True)
class Brush:
    """A method with what it needs to inpaint: its device, seed and number of samples."""

    method: Method
    scratch: Path  # a folder for a program's files
    device: torch.device
    seed: int = 0
    samples: int = 1

    @property
    def sizes(self) -> Sizes:
        """The sizes that the method takes; one that states none is given pictures as they are."""
        return self.method.needs.sizes

    def paint(self, picture: Prepared, page: Protocol) -> list[Pixels]:
        """The composite of every sample, of the picture's size; one of a method that is not stochastic.

        Raises InputError when several samples are asked of such a method or a window holds nothing but hole, and
        what the method raises.
        """
        page = msgspec.structs.replace(page, seed=self.seed, samples=self.samples, size=self.sizes.exact_size)
        whole = self._in_windows(picture, page) if self.sizes.exact_size else self._padded(picture, page)
        if len(whole) < self.samples:
            raise InputError(f"{self.method.name} is not stochastic: it has one output. Leave out --samples.")
        return [_composite(prediction, picture) for prediction in whole]

    def _padded(self, picture: Prepared, page: Protocol) -> list[PredictedArray]:
        height, width = picture.hole.shape
        sides = [self.sizes.at_least(side) for side in (height, width)]
        larger = enlarge(picture, *sides)
        return [prediction[:, :height, :width] for prediction in self._predict([larger], page)[0]]

    def _in_windows(self, picture: Prepared, page: Protocol) -> list[PredictedArray]:
        """Inpaint in overlapping windows; a hole pixel comes from the window in which it is farthest inside."""
        side = int(self.sizes.exact_size or 0)
        height, width = picture.hole.shape
        larger = enlarge(picture, max(height, side), max(width, side))
        windows = [corner for corner in _corners(larger.hole.shape, side) if _cut(larger, corner, side).hole.any()]
        cuts = [_numbered(_cut(larger, corner, side), number) for number, corner in enumerate(windows)]
        if any(cut.hole.all() for cut in cuts):
            raise InputError(
                f"{self.method.name} takes {side}x{side} pixels at a time, and the hole fills one of these windows "
                "wholly. Make picture and mask smaller, or name a method that takes any size."
            )
        made = self._predict(cuts, page)
        return [
            _joined([samples[number] for samples in made], windows, larger.hole.shape, side)[:, :height, :width]
            for number in range(len(made[0]))
        ]

    def _predict(self, pictures: list[Prepared], page: Protocol) -> list[list[PredictedArray]]:
        """The samples of every picture."""
        by_pair = {picture.pair: picture for picture in pictures}
        job = PredictJob(page, tuple(by_pair), by_pair.__getitem__, self.scratch, self.device, batch=1, jobs=1)
        made: dict[str, list[Prediction]] = {pair.pair: [] for pair in by_pair}
        for one in self.method.predict(job):
            made[one.prepared.pair.pair].append(one)
        return [[one.prediction.numpy() for one in found] for found in made.values()]


def enlarge(picture: Prepared, height: int, width: int) -> Prepared:
    """A picture and its mask of a larger size, reflected at the bottom and at the right; holes stay holes."""
    down, right = height - picture.hole.shape[0], width - picture.hole.shape[1]
    if not (down or right):
        return picture
    target = np.pad(picture.target, ((0, down), (0, right), (0, 0)), mode="reflect")
    return replace(picture, target=target, hole=np.pad(picture.hole, ((0, down), (0, right)), mode="reflect"))


def _corners(shape: tuple[int, ...], side: int) -> Iterator[tuple[int, int]]:
    """Windows that cover everything, neighbours overlapping by a quarter or more."""
    tops, lefts = (_starts(length, side) for length in shape)
    return ((top, left) for top in tops for left in lefts)


def _starts(length: int, side: int) -> list[int]:
    count = 1 + -(-(length - side) // (3 * side // 4))
    return [round(number * (length - side) / max(1, count - 1)) for number in range(count)]


def _cut(picture: Prepared, corner: tuple[int, int], side: int) -> Prepared:
    top, left = corner
    rows, columns = slice(top, top + side), slice(left, left + side)
    target, hole = picture.target[rows, columns], picture.hole[rows, columns]
    return replace(picture, target=np.ascontiguousarray(target), hole=np.ascontiguousarray(hole))


def _numbered(picture: Prepared, number: int) -> Prepared:
    name = f"{number:05d}"
    return replace(picture, pair=Pair(name, f"{name}.png", f"{name}.png"))


def _inwards(side: int) -> Int[np.ndarray, "side side"]:
    """The distance of every pixel of a window from its edge, in pixels."""
    line = np.minimum(np.arange(1, side + 1), np.arange(side, 0, -1))
    return np.minimum(line[:, None], line[None, :])


def _joined(
    predictions: list[Window], corners: list[tuple[int, int]], shape: tuple[int, ...], side: int
) -> PredictedArray:
    best, whole = np.zeros(shape, int), np.zeros((3, *shape), np.float32)
    inwards = _inwards(side)
    for prediction, (top, left) in zip(predictions, corners, strict=True):
        rows, columns = slice(top, top + side), slice(left, left + side)
        nearer = inwards > best[rows, columns]
        best[rows, columns][nearer] = inwards[nearer]
        whole[:, rows, columns][:, nearer] = prediction[:, nearer]
    return whole


def _composite(prediction: PredictedArray, picture: Prepared) -> Pixels:
    """The composite in 8 bits: known pixels are copied, so that no rounding changes them."""
    (painted,) = tensors.eight_bit(torch.from_numpy(np.ascontiguousarray(prediction))[None])
    hole: Hole = picture.hole
    return np.where(hole[..., None], painted, picture.target)
