"""What a method is asked to do and what it gives back, whatever kind of method it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair, sample_seed
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.data.protocols import Page
from inpaint_bench.errors import MethodError
from inpaint_bench.weights import NO_WEIGHTS, Weights

PredictedImage = Float[Tensor, "3 height width"]


@dataclass(frozen=True)
class PredictJob:
    """The pairs that are still to be done, and with what."""

    page: Page
    pairs: tuple[Pair, ...]
    prepare: Callable[[Pair], Prepared]
    scratch: Path  # a folder of the method's own, for programs
    device: torch.device
    batch: int = 8
    jobs: int = 2
    timeout: float | None = None  # seconds a program may run

    @property
    def samples(self) -> int:
        """How many samples of a stochastic method."""
        return self.page.samples

    def seeds(self, pair: Pair) -> list[int]:
        """The seed of every sample of a pair."""
        return [sample_seed(self.page.seed, pair.pair, sample) for sample in range(self.samples)]


@dataclass(frozen=True)
class Prediction:
    """One prediction for one pair; sample is None for a deterministic method."""

    prepared: Prepared
    sample: int | None
    prediction: PredictedImage
    source: str = ""  # the hash of the file it was read from, where it was one


@dataclass(frozen=True)
class Method:
    """A system under test, ready to job."""

    name: str
    source: str  # where it comes from, as run.json says it
    code: str  # the hash of its code; '' where it is not ours to see
    make: Callable[[PredictJob], Iterator[Prediction]]
    weights: Weights = NO_WEIGHTS
    notes: str = ""  # what there is to say about it before it starts
    stale: Callable[[Pair, dict[str, str]], bool] | None = None  # whether the texts of a composite name another file


def from_pixels(pixels: Pixels) -> PredictedImage:
    """An 8-bit picture as a prediction in [0, 1]; every value survives the way back."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float().div(255)


def refuse_bad(prediction: Tensor, prepared: Prepared, method: str) -> None:
    """Raise MethodError unless a prediction has its image's shape and lies in [0, 1]."""
    where = f"{method}: pair {prepared.pair.pair}"
    wanted = (3, *prepared.hole.shape)
    if tuple(prediction.shape) != wanted:
        raise MethodError(f"{where}: a prediction of shape {tuple(prediction.shape)}; it must be {wanted}.")
    if not prediction.dtype.is_floating_point:
        raise MethodError(f"{where}: a prediction of {prediction.dtype}; it must be float32 in [0, 1].")
    low, high = prediction.min().item(), prediction.max().item()
    if not torch.isfinite(prediction).all():
        raise MethodError(f"{where}: the prediction holds NaN or infinite values; finite ones in [0, 1] are allowed.")
    if low < 0 or high > 1:
        raise MethodError(
            f"{where}: values from {low:.4g} to {high:.4g}; [0, 1] is allowed. Clamp them in the adapter."
        )
