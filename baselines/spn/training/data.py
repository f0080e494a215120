"""Batches for training: the photograph, crop, flip and mask of every image of a run follow from the seed alone.

The i-th image of a run does not depend on the number of threads or processes or on interruptions, so a run resumes from
its step number alone.
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
from inpaint_bench.data import images, tensors
from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.masks import sets
from inpaint_bench.data.masks.draw import KINDS, draw
from inpaint_bench.data.tensors import Images, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.threads import in_order

Picture = UInt8[np.ndarray, "_ _ 3"]  # a photograph or a crop, of any size

GENERATED = "generated"  # in place of a folder of masks
BUCKETS = ((0, 20), (20, 40), (40, 60))  # percent; a generated mask is equally likely in each
KIND_PROBABILITIES = (0.4, 0.3, 0.25, 0.05)  # of the kinds of generated masks, in the order of KINDS
CACHE_BYTES = 1 << 30  # of decoded photographs


@dataclass(frozen=True)
class Examples:
    """A batch: images and masks, and the same images at twice the size for the pretext network."""

    image: Images
    mask: Masks
    larger: Float[Tensor, "batch 3 2*height 2*width"]

    def part(self, number: int, of: int) -> "Examples":
        """One of several equal parts, numbered from 0."""
        size = len(self.image) // of
        rows = slice(number * size, (number + 1) * size)
        return Examples(self.image[rows], self.mask[rows], self.larger[rows])

    def to(self, device: torch.device) -> "Examples":
        """The same on a device, in channels-last layout."""
        move = {"device": device, "non_blocking": True}
        image, larger = (x.to(**move, memory_format=torch.channels_last) for x in (self.image, self.larger))  # type: ignore[call-overload]
        return Examples(image, self.mask.to(**move), larger)  # type: ignore[call-overload]


def rng(seed: int, *purpose: object) -> np.random.Generator:
    """A random generator for one purpose, seeded by the run's seed and the purpose."""
    text = ":".join(map(str, (seed, *purpose)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


@dataclass
class Photographs:
    """The images of a folder, decoded on first use and cached up to a limit."""

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
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > CACHE_BYTES:
                self._kept.popitem(last=False)
        return pixels


def open_photographs(folder: Path, config: Config) -> tuple[Photographs, Photographs]:
    """The training photographs and the held-out ones, split by the hash of seed and name.

    Raises InputError when the folder is missing, holds other files, or too few photographs.
    """
    names = images.list_images(folder)
    if len(names) <= config.validation:
        raise InputError(
            f"{folder}: {len(names)} images, of which validation = {config.validation} are held out, so none is left "
            "for training. Add images, or hold out fewer with --set validation=N."
        )
    shuffled = sorted(names, key=lambda name: hashlib.sha256(f"{config.seed}:{name}".encode()).digest())
    held_out, training = sorted(shuffled[: config.validation]), sorted(shuffled[config.validation :])
    held_out = held_out or training  # validation = 0
    return Photographs(folder, training), Photographs(folder, held_out)


@dataclass(frozen=True)
class MaskSource:
    """Masks from a folder, or generated ones."""

    folder: Path | None
    names: Sequence[str]
    rule: str

    def draw(self, chance: np.random.Generator, size: int) -> Hole:
        """A random mask of that size."""
        if self.folder is None:
            kind = list(KINDS)[chance.choice(len(KINDS), p=KIND_PROBABILITIES)]
            low, high = BUCKETS[chance.integers(len(BUCKETS))]
            return draw(kind, size, int(chance.integers(1 << 40)), low, high)
        name = self.names[int(chance.integers(len(self.names)))]
        return sets.read_hole(self.folder / name, size, self.rule)


def open_masks(masks: str, rule: str) -> MaskSource:
    """The masks of a folder, or generated ones where `masks` is 'generated'. Raises InputError for an empty folder."""
    if masks == GENERATED:
        return MaskSource(None, (), rule)
    names = sets.list_masks(Path(masks))
    if not names:
        raise InputError(f"{masks}: holds no masks. Give a folder of masks, or --masks {GENERATED}.")
    return MaskSource(Path(masks), names, rule)


@dataclass(frozen=True)
class TrainingData:
    """The photographs and masks of a run."""

    config: Config
    photographs: Photographs
    masks: MaskSource

    def batches(self, start: int, rank: int, world_size: int, jobs: int) -> Iterator[Examples]:
        """The batches of one process from a step on, prefetched by threads."""
        return in_order(lambda step: self.batch(step, rank, world_size), range(start, self.config.steps), jobs)

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Examples:
        """One process's share of the batch of a step."""
        stage, taken = self.config.stage_at(step)
        share = stage.batch // world_size
        return stack([self.example(taken + rank * share + i, stage) for i in range(share)])

    def example(self, number: int, stage: Stage) -> tuple[Picture, Hole, Picture]:
        """The image with that number in the run: every epoch takes each photograph once, in a new order."""
        config = self.config
        epoch, index = divmod(number, len(self.photographs))
        order = rng(config.seed, "order", epoch).permutation(len(self.photographs))
        chance = rng(config.seed, "example", number)
        pixels = cropped(self.photographs[int(order[index])], config.crop, stage.size, chance)
        hole = self.masks.draw(chance, stage.size)
        flip, flip_hole = chance.integers(2, size=2)
        if flip:
            pixels = pixels[:, ::-1]
        if flip if config.mask_flips == "with the image" else flip_hole:
            hole = hole[:, ::-1]
        return two_sizes(pixels, stage.size, hole, config)


def two_sizes(pixels: Picture, size: int, hole: Hole, config: Config) -> tuple[Picture, Hole, Picture]:
    """The image at two sizes, both from the original as in the code; the paper enlarges the smaller one."""
    small = resized(pixels, size, config.crop)
    return small, hole, resized(small if config.losses == "paper" else pixels, 2 * size, config.crop)


def stack(examples: Sequence[tuple[Picture, Hole, Picture]]) -> Examples:
    """Images and masks as a batch."""
    small, holes, larger = zip(*examples, strict=True)
    return Examples(tensors.to_images(list(small)), tensors.to_masks(list(holes)), tensors.to_images(list(larger)))


def cropped(pixels: Picture, crop: str, size: int, chance: np.random.Generator) -> Picture:
    """The crop of a photograph for a batch; a random square has at least `size` pixels a side where the image has."""
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
    """A square of that size: OpenCV's bilinear as in the authors' code; random crops are reduced by area averaging."""
    if crop == "random" and len(pixels) > size:
        pixels = np.ascontiguousarray(pixels)
        return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return images.resize_bilinear(np.ascontiguousarray(pixels), size)
