"""Batches for training: which photograph, crop, flip and hole a place of a batch gets follows from the seed alone.

The i-th picture of a run is the same whatever the number of threads, processes or interruptions, so a run that goes on
needs to know nothing but its step.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from baselines.spn.training.config import Config, Stage
from inpaint_bench.data import images
from inpaint_bench.data.images import Hole, Images, Masks, Pixels
from inpaint_bench.data.masks import sets
from inpaint_bench.data.masks.draw import KINDS, draw
from inpaint_bench.errors import InputError
from inpaint_bench.threads import in_order

Picture = UInt8[np.ndarray, "_ _ 3"]  # a photograph or a part of one, of any size

GENERATED = "generated"  # in place of a folder of masks
BUCKETS = ((0, 20), (20, 40), (40, 60))  # percent; a drawn hole is as likely in each
REMEMBERED = 1 << 30  # bytes of decoded pictures that are kept


@dataclass(frozen=True)
class Examples:
    """A batch: images and masks, and the same images twice as large for the pretext network."""

    image: Images
    mask: Masks
    larger: Float[Tensor, "batch 3 2*height 2*width"]

    def part(self, number: int, of: int) -> "Examples":
        """The number-th of equal parts, counted from 0."""
        size = len(self.image) // of
        rows = slice(number * size, (number + 1) * size)
        return Examples(self.image[rows], self.mask[rows], self.larger[rows])

    def to(self, device: torch.device) -> "Examples":
        """The same on a device, channels last."""
        move = {"device": device, "non_blocking": True}
        image, larger = (x.to(**move, memory_format=torch.channels_last) for x in (self.image, self.larger))  # type: ignore[call-overload]
        return Examples(image, self.mask.to(**move), larger)  # type: ignore[call-overload]


def rng(seed: int, *what: object) -> np.random.Generator:
    """A generator of its own for everything that is drawn: named by the seed and what it is for."""
    text = ":".join(map(str, (seed, *what)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


@dataclass
class Photographs:
    """The pictures of a folder, decoded when they are first needed and remembered up to a bound."""

    folder: Path
    names: Sequence[str]
    _kept: "OrderedDict[str, Pixels]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Pixels:
        name = self.names[number]
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        pixels = images.read_pixels(self.folder / name)
        with self._lock:
            self._kept[name] = pixels
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > REMEMBERED:
                self._kept.popitem(last=False)
        return pixels


def open_photographs(folder: Path, config: Config) -> tuple[Photographs, Photographs]:
    """The photographs to learn from and those kept out for validation, chosen by the hash of seed and name.

    Raises InputError when the folder is missing, holds something else, or holds too few photographs.
    """
    names = images.list_images(folder)
    if len(names) <= config.validation:
        raise InputError(
            f"{folder}: {len(names)} pictures, of which validation = {config.validation} are kept out of training; "
            "nothing is left to learn from. Add pictures, or keep fewer with --set validation=N."
        )
    shuffled = sorted(names, key=lambda name: hashlib.sha256(f"{config.seed}:{name}".encode()).digest())
    kept_out, learned = sorted(shuffled[: config.validation]), sorted(shuffled[config.validation :])
    kept_out = kept_out or learned  # validation = 0
    return Photographs(folder, learned), Photographs(folder, kept_out)


@dataclass(frozen=True)
class Holes:
    """Where holes come from: a folder of masks, or drawn."""

    folder: Path | None
    names: Sequence[str]
    rule: str

    def hole(self, chance: np.random.Generator, size: int) -> Hole:
        """A hole of that size."""
        if self.folder is None:
            kind = list(KINDS)[chance.choice(len(KINDS), p=(0.4, 0.3, 0.25, 0.05))]
            low, high = BUCKETS[chance.integers(len(BUCKETS))]
            return draw(kind, size, int(chance.integers(1 << 40)), low, high)
        name = self.names[int(chance.integers(len(self.names)))]
        return sets.read_hole(self.folder / name, size, self.rule)


def open_holes(masks: str, rule: str) -> Holes:
    """The masks of a folder, or drawn ones where `masks` is 'generated'. Raises InputError for an empty folder."""
    if masks == GENERATED:
        return Holes(None, (), rule)
    names = sets.list_masks(Path(masks))
    if not names:
        raise InputError(f"{masks}: holds no masks. Give a folder of masks, or --masks {GENERATED}.")
    return Holes(Path(masks), names, rule)


@dataclass(frozen=True)
class Data:
    """What a run learns from."""

    config: Config
    photographs: Photographs
    holes: Holes

    def batches(self, start: int, rank: int, world: int, jobs: int) -> Iterator[Examples]:
        """The batches of one process from a step on, worked out ahead by threads."""
        return in_order(lambda step: self.batch(step, rank, world), range(start, self.config.steps), jobs)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Examples:
        """One process's part of the batch of a step."""
        stage, taken = self.config.stage_at(step)
        share = stage.batch // world
        return stack([self.example(taken + rank * share + i, stage) for i in range(share)])

    def example(self, number: int, stage: Stage) -> tuple[Picture, Hole, Picture]:
        """The number-th picture of the run: every photograph once, in a new order, then all of them again."""
        config = self.config
        epoch, place = divmod(number, len(self.photographs))
        order = rng(config.seed, "order", epoch).permutation(len(self.photographs))
        chance = rng(config.seed, "example", number)
        pixels = cropped(self.photographs[int(order[place])], config.crop, stage.size, chance)
        hole = self.holes.hole(chance, stage.size)
        flip, flip_hole = chance.integers(2, size=2)
        if flip:
            pixels = pixels[:, ::-1]
        if flip if config.mask_flips == "with the image" else flip_hole:
            hole = hole[:, ::-1]
        return two_sizes(pixels, stage.size, hole, config)


def two_sizes(pixels: Picture, size: int, hole: Hole, config: Config) -> tuple[Picture, Hole, Picture]:
    """The picture at its size and twice that: both from the original, as coded; the paper enlarges the small one."""
    small = resized(pixels, size, config.crop)
    return small, hole, resized(small if config.losses == "paper" else pixels, 2 * size, config.crop)


def stack(examples: Sequence[tuple[Picture, Hole, Picture]]) -> Examples:
    """Pictures and holes as a batch."""
    small, holes, larger = zip(*examples, strict=True)
    return Examples(images.to_images(list(small)), images.to_masks(list(holes)), images.to_images(list(larger)))


def cropped(pixels: Picture, crop: str, size: int, chance: np.random.Generator) -> Picture:
    """The part of a photograph that a batch sees; a random square is at least `size` wide where the picture is."""
    if crop == "none":
        return pixels
    if crop == "centre-square":
        return images.centre_square(pixels)
    height, width, _ = pixels.shape
    longest = min(height, width)
    shortest = min(size, longest)
    side = min(longest, round(shortest * (longest / shortest) ** chance.random()))
    top, left = (int(chance.integers(extent - side + 1)) for extent in (height, width))
    return pixels[top : top + side, left : left + side]


def resized(pixels: Picture, size: int, crop: str) -> Picture:
    """A square of that size: OpenCV's bilinear as the authors have it; a random crop is shrunk by means of areas."""
    if crop == "random" and len(pixels) > size:
        pixels = np.ascontiguousarray(pixels)
        return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return images.resize_bilinear(np.ascontiguousarray(pixels), size)
