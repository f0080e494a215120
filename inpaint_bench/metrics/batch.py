"""What every metric is given: a batch of composites, targets and holes in 8 bits, and what they add up to."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inpaint_bench.data.images import Images, Masks, eight_bit
from inpaint_bench.data.protocols import EightBit
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.pixel_stats import WINDOW, HoleBatch, Region, Sums

if TYPE_CHECKING:
    from inpaint_bench.metrics.grey import Grey

BAND = 8  # pixels from the hole's edge
CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Batch:
    """Composites with their targets and holes. Metrics share what is computed once: the sums, later features.

    Raises InputError when the three do not fit together or the images are smaller than the window of SSIM.
    """

    composites: NDArray[np.uint8]  # (batch, height, width, 3), as the targets; shapes and types are checked below
    targets: NDArray[np.uint8]
    holes: NDArray[np.bool_]  # (batch, height, width)
    device: torch.device = CPU

    def __post_init__(self) -> None:
        kinds = [(array.dtype.name, array.shape) for array in (self.composites, self.targets, self.holes)]
        wanted = [("uint8", (*self.holes.shape, 3))] * 2 + [("bool", self.holes.shape)]
        if kinds != wanted or self.holes.ndim != 3:
            found = ", ".join(f"{dtype} {shape}" for dtype, shape in kinds)
            raise InputError(
                f"composites, targets and holes do not fit together: {found}. "
                "Wanted: twice uint8 (batch, height, width, 3) and bool (batch, height, width)."
            )
        _, height, width = self.holes.shape
        if min(height, width) < WINDOW:
            raise InputError(
                f"an image of {height}x{width} pixels is smaller than the {WINDOW}x{WINDOW} window of SSIM; "
                f"allowed: sides of {WINDOW} and more."
            )

    @classmethod
    def of(
        cls,
        composite: Images,
        target: Images,
        mask: Masks,
        rule: EightBit = "round",
        device: torch.device | str = CPU,
    ) -> "Batch":
        """From images in [0, 1] and masks of 0 and 1. Raises InputError for any other value."""
        for name, images in (("composite", composite), ("target", target)):
            if not bool(((images >= 0) & (images <= 1)).all()):
                raise InputError(f"the {name} holds values outside [0, 1]. Clamp the prediction first.")
        if not bool(((mask == 0) | (mask == 1)).all()):
            raise InputError("the mask holds values other than 0 (known) and 1 (hole). Binarise it first.")
        composites, targets = (np.stack(eight_bit(images, rule)) for images in (composite, target))
        return cls(composites, targets, mask[:, 0].cpu().numpy() > 0, torch.device(device))

    @cached_property
    def sums(self) -> Sums:
        """The sums of each pair, on a GPU if the batch's device is one and else on the processor."""
        return self._sums(self.holes)

    @cached_property
    def band(self) -> Region:
        """The sums over the pixels within 8 pixels of the hole's edge, on the same device."""
        return self._sums(band(self.holes)).hole

    @cached_property
    def grey(self) -> "Grey":
        """The grey levels of each pair and their errors, on the processor."""
        from inpaint_bench.metrics.grey import Grey

        return Grey.of(self.composites, self.targets)

    def _sums(self, part: HoleBatch) -> Sums:
        """The sums over the whole image and over a part of it."""
        if self.device.type == "cuda":
            from inpaint_bench.metrics import pixel_stats_torch

            return pixel_stats_torch.sums(self.composites, self.targets, part, self.device)
        from inpaint_bench.metrics import kernels

        return kernels.sums(self.composites, self.targets, part)


def band(holes: HoleBatch) -> HoleBatch:
    """The pixels within 8 pixels of the hole's edge, on both sides of it.

    Hole pixels with a known pixel at most 8 pixels away, and known pixels with a hole pixel at most 8 away, in
    straight lines between their centres. What lies outside the image is neither.
    """
    steps = np.arange(-BAND, BAND + 1)
    disc = (steps**2 + steps[:, None] ** 2 <= BAND**2).astype(np.uint8)
    near = np.zeros_like(holes)
    for hole, into in zip(holes, near, strict=True):
        inside = hole.astype(np.uint8)
        into[:] = np.minimum(cv2.dilate(inside, disc), cv2.dilate(1 - inside, disc))
    return near
