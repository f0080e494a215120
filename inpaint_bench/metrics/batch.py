"""The input of every image metric: a batch of 8-bit composites, targets and holes, with the statistics they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inpaint_bench.data.protocols import EightBit
from inpaint_bench.data.tensors import eight_bit
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.pixel_stats import WINDOW, HoleBatch, PixelBatch, PixelStats, Region, windowless

if TYPE_CHECKING:
    from inpaint_bench.metrics.grey import Grey

BAND = 8  # pixels from the hole's edge
CPU = torch.device("cpu")
TensorOrArray: TypeAlias = Tensor | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Batch:
    """Composites with their targets and holes, all of one size. Metrics of one batch share its pixel statistics.

    Of images that are too small for a metric it is nan. Raises InputError when shapes or types do not match.
    """

    composites: NDArray[np.uint8]  # RGB, (batch, height, width, 3)
    targets: NDArray[np.uint8]  # RGB, (batch, height, width, 3)
    holes: NDArray[np.bool_]  # (batch, height, width)
    device: torch.device = CPU
    prompts: tuple[str, ...] = ()  # of each pair, '' for none; empty where nothing is known of them

    def __post_init__(self) -> None:
        kinds = [(array.dtype.name, array.shape) for array in (self.composites, self.targets, self.holes)]
        wanted = [("uint8", (*self.holes.shape, 3))] * 2 + [("bool", self.holes.shape)]
        if kinds != wanted or self.holes.ndim != 3:
            found = ", ".join(f"{dtype} {shape}" for dtype, shape in kinds)
            raise InputError(
                f"composites, targets and holes do not match: {found}. "
                "Expected: uint8 (batch, height, width, 3) twice and bool (batch, height, width)."
            )

    @classmethod
    def of(
        cls,
        composite: TensorOrArray,
        target: TensorOrArray,
        mask: TensorOrArray,
        rule: EightBit = "round",
        device: torch.device | str = CPU,
        prompts: Sequence[str] = (),
    ) -> "Batch":
        """Build a batch from float RGB images in [0, 1] and masks, 1 in the hole and 0 in the known region.

        Images are (batch, 3, height, width), masks (batch, 1, height, width), as tensors on any device or as arrays.
        Images become 8 bits by `rule`, as in saved files: rounded, or truncated. Metrics that can run on a GPU run on
        `device`. Raises InputError for other types, shapes or values.
        """
        composites, targets = (_levels(*images, rule) for images in ((composite, "composite"), (target, "target")))
        holes = _checked(mask, "mask", 1)[:, 0].cpu().numpy() > 0
        return cls(composites, targets, holes, torch.device(device), tuple(prompts))

    def part(self, numbers: Sequence[int]) -> "Batch":
        """Some of the images, by their numbers."""
        chosen = list(numbers)
        prompts = tuple(self.prompts[number] for number in chosen) if self.prompts else ()
        return Batch(self.composites[chosen], self.targets[chosen], self.holes[chosen], self.device, prompts)

    @cached_property
    def stats(self) -> PixelStats:
        """The pixel statistics of the whole image and of the hole."""
        return self._stats(self.holes)

    @cached_property
    def band(self) -> Region:
        """The pixel statistics of the band: the pixels within 8 pixels of the hole's edge."""
        return self._stats(band(self.holes)).hole

    @cached_property
    def grey(self) -> "Grey":
        """The grey levels of composites and targets with their differences, computed on the CPU."""
        from inpaint_bench.metrics.grey import Grey

        return Grey.of(self.composites, self.targets)

    def _stats(self, part: HoleBatch) -> PixelStats:
        """The pixel statistics of the whole image and of a part of it, on a GPU if the batch's device is one."""
        if min(part.shape[1:]) < WINDOW:
            return windowless(self.composites, self.targets, part)
        if self.device.type == "cuda":
            from inpaint_bench.metrics import pixel_stats_torch

            return pixel_stats_torch.pixel_stats(self.composites, self.targets, part, self.device)
        from inpaint_bench.metrics import kernels

        return kernels.pixel_stats(self.composites, self.targets, part)


def band(holes: HoleBatch) -> HoleBatch:
    """The pixels within 8 pixels of the hole's edge, on both sides: bool (batch, height, width), as the holes.

    These are the hole pixels with a known pixel at most 8 pixels away, and the known pixels with a hole pixel at most
    8 away, by Euclidean distance between centres. What lies outside the image counts as neither.
    """
    steps = np.arange(-BAND, BAND + 1)
    disc = (steps**2 + steps[:, None] ** 2 <= BAND**2).astype(np.uint8)
    near = np.zeros_like(holes)
    for hole, into in zip(holes, near, strict=True):
        inside = hole.astype(np.uint8)
        into[:] = np.minimum(cv2.dilate(inside, disc), cv2.dilate(1 - inside, disc))
    return near


def _levels(images: TensorOrArray, name: str, rule: EightBit) -> PixelBatch:
    """Float images in [0, 1] as 8-bit ones, channels last."""
    checked = _checked(images, name, 3)
    count, _, height, width = checked.shape
    return np.array(eight_bit(checked, rule), np.uint8).reshape(count, height, width, 3)


def _checked(values: TensorOrArray, name: str, channels: int) -> Tensor:
    """Images (3 channels) or masks (1 channel) as a tensor. Raises InputError for another shape, type or value."""
    tensor = _tensor(values, name)
    if tensor.ndim != 4 or tensor.shape[1] != channels:
        raise InputError(
            f"the {name} has the shape {tuple(tensor.shape)}; expected: (batch, {channels}, height, width)."
        )
    if name == "mask":
        if not bool(((tensor == 0) | (tensor == 1)).all()):
            raise InputError("the mask holds values other than 0 (known) and 1 (hole). Binarise it first.")
        return tensor
    if not tensor.is_floating_point():
        raise InputError(f"the {name} is {tensor.dtype}; expected: floats in [0, 1]. Divide 8-bit values by 255.")
    if not bool(((tensor >= 0) & (tensor <= 1)).all()):
        raise InputError(f"the {name} holds values outside [0, 1]. Clamp the prediction first.")
    return tensor


def _tensor(values: TensorOrArray, name: str) -> Tensor:
    if isinstance(values, Tensor):
        return values.detach()
    if values.dtype.kind not in "biuf":
        raise InputError(f"the {name} is an array of {values.dtype}; expected: floats in [0, 1].")
    return torch.tensor(np.ascontiguousarray(values))
