"""What an extractor is: a network that makes a row of numbers of a picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32

from inpaint_bench.data.images import Pixels

Rows = Float32[np.ndarray, "pictures numbers"]
Extract: TypeAlias = Callable[[Sequence[Pixels]], Rows]  # pictures of one size, a row each, whatever is beside them


@dataclass(frozen=True)
class Extractor:
    """A network with its weights and its preprocessing: unlike signatures are never compared."""

    name: str
    width: int  # numbers a picture
    absent: Callable[[], str]  # why it cannot run here and what mends that; '' where it can
    signature: Callable[[], str]  # its name, the start of its weights' hash, preprocessing, layer and version
    open: Callable[[torch.device], Extract]  # built once per process and device; raises HashError for a wrong file
