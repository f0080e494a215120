"""The declaration of an extractor: a network that turns an image into a vector of features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Float32, UInt8

from inpaint_bench.metrics.base import Reference, resolve

if TYPE_CHECKING:
    import torch

Rows = Float32[np.ndarray, "images numbers"]
# 8-bit RGB images of one size to one row each; a row does not depend on the other images.
Extract: TypeAlias = Callable[[Sequence[UInt8[np.ndarray, "height width 3"]]], Rows]


@dataclass(frozen=True)
class Extractor:
    """A network with its weights and preprocessing. Features with different signatures are never compared."""

    name: str
    size: int | Callable[[], int]  # features per image; a function where the network has to be looked at
    absent: Callable[[], str]  # why it cannot run here and how to fix it, or ''
    signature: Callable[[], str]  # name, start of the weights' hash, preprocessing, layer and version
    opened_by: Reference  # a function of the device, which loads the network once per process and device

    @property
    def width(self) -> int:
        """How many features an image has."""
        return self.size if isinstance(self.size, int) else self.size()

    def open(self, device: "torch.device") -> Extract:
        """Load the network on a device.

        Raises InputError where a package or a file is missing, HashError for a file with another hash.
        """
        extract: Extract = resolve(self.opened_by)(device)
        return extract
