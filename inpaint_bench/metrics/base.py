"""What a metric is: one number of each pair, of a set of pairs, or of the samples of a pair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float

from inpaint_bench.data.images import EightBit, Hole, Images, Masks, Pixels
from inpaint_bench.metrics.batch import CPU, Batch
from inpaint_bench.metrics.pixel_stats import PerImage

Better: TypeAlias = Literal["higher", "lower"]
Features = Float[np.ndarray, "pictures width"]  # a row a picture, in the order of the pairs


def nothing_lacks() -> str:
    """What is absent of a metric that needs no file and no package but the installed ones: nothing."""
    return ""


@dataclass(frozen=True)
class Metric:
    """One number per image: its name, how it is computed, which way is better and how it is printed."""

    name: str
    function: Callable[[Batch], PerImage]
    better: Better
    unit: str
    decimals: int
    stem: str  # how the signature begins: the name and what is particular to the computation
    version: int = 1
    used_by: str = ""  # whose published numbers it is, as in "SPN, SPL, RN"; '' where it is ours
    absent: Callable[[], str] = nothing_lacks  # why it cannot be computed here and what mends that; '' where it can
    slow: bool = False  # whether a network computes it: its values are kept in the cache

    def of(self, batch: Batch) -> PerImage:
        """The value of each image of a batch; metrics of one batch share what they have in common."""
        return self.function(batch)

    def __call__(
        self,
        composite: Images,
        target: Images,
        mask: Masks,
        rule: EightBit = "round",
        device: torch.device | str = CPU,
    ) -> PerImage:
        """The value of each image, from images in [0, 1], made 8 bits first, and masks with 1 in the hole."""
        return self.of(Batch.of(composite, target, mask, rule, device))


@dataclass(frozen=True)
class SetMetric:
    """One number of a whole set: how far features of composites lie from those of their targets, row by row paired."""

    name: str
    function: Callable[[Features, Features], float]  # (composites, targets)
    better: Better
    decimals: int
    stem: str
    extractor: str  # the name of the network whose features it compares
    version: int = 1
    unit: str = ""
    used_by: str = ""
    biased: bool = False  # whether it grows as the number of pictures falls: Fréchet distances do


@dataclass(frozen=True)
class SamplesMetric:
    """One number per pair of a stochastic method: how its samples differ from each other."""

    name: str
    function: Callable[[Sequence[Pixels], Hole, torch.device], float]  # (samples, hole, device)
    better: Better
    unit: str
    decimals: int
    stem: str
    version: int = 1
    used_by: str = ""
    absent: Callable[[], str] = nothing_lacks
