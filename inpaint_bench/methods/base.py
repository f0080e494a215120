"""A prediction job, its predictions, and a method, whatever its kind."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair, sample_seed
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.errors import MethodError
from inpaint_bench.methods.needs import NO_NEEDS, Needs
from inpaint_bench.methods.options import Value
from inpaint_bench.weights import NO_WEIGHTS, Weights

PredictedImage = Float[Tensor, "3 height width"]


@dataclass(frozen=True)
class PredictJob:
    """The pairs a method still has to inpaint, and the options it runs with."""

    page: Protocol
    pairs: Sequence[Pair]
    prepare: Callable[[Pair], Prepared]
    scratch: Path  # a temporary folder for the method's own use; programs exchange files through it
    device: torch.device
    batch: int = 8
    jobs: int = 2
    timeout: float | None = None  # seconds that a program may run

    @property
    def samples(self) -> int:
        """The number of samples that a stochastic method draws for each pair."""
        return self.page.samples

    def seeds(self, pair: Pair) -> list[int]:
        """The seeds of the samples of a pair, in order."""
        return [sample_seed(self.page.seed, pair.pair, sample) for sample in range(self.samples)]


@dataclass(frozen=True)
class Prediction:
    """One prediction for one pair; sample is None for a deterministic method."""

    prepared: Prepared
    sample: int | None
    prediction: PredictedImage
    source: str = ""  # SHA-256 of the file it was read from; '' if the method computed it


@dataclass(frozen=True)
class Method:
    """A system under test, ready to run."""

    name: str
    source: str  # where it comes from, as recorded in run.json: "baseline rfr", "folder:/…", "callable:mine.inpaint"
    code: str  # hash of its source code; '' where the source is not available
    predict: Callable[[PredictJob], Iterator[Prediction]]
    weights: Weights = NO_WEIGHTS
    load: Callable[[torch.device], Any] | None = None  # returns its `inpaint` function; None for folders and programs
    command: str = ""  # the command template of a program; '' for other methods
    title: str = ""  # of the paper's method, from its card; '' for a user's own
    notes: str = ""  # information to print before it starts
    options: Mapping[str, Value] = field(default_factory=dict)  # the value of each that it declares
    needs: Needs = NO_NEEDS
    libraries: tuple[str, ...] = ()  # distributions beyond the core whose version may change an output
    offloads: bool = False  # it can keep one part at a time on the GPU
    resized: bool = False  # images are resized for it, and its predictions back
    probed: bool = True  # two images are tried before a run, which detects inverted masks
    stale: Callable[[Pair, Mapping[str, str]], bool] | None = None  # by the texts of a composite


def from_pixels(pixels: Pixels) -> PredictedImage:
    """8-bit pixels as a float32 prediction in [0, 1]; rounding to 8 bits gives the same pixels."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float().div(255)


ROUNDING = 1e-6  # beyond [0, 1], a few steps of float32 at 1: an error of arithmetic, which counts as 0 or 1


def refuse_bad(prediction: Tensor, prepared: Prepared, method: str) -> None:
    """Raise MethodError unless a prediction is floating point, of its image's shape and in [0, 1] (± ROUNDING)."""
    where = f"{method}: pair {prepared.pair.pair}"
    wanted = (3, *prepared.hole.shape)
    if tuple(prediction.shape) != wanted:
        raise MethodError(f"{where}: a prediction of shape {tuple(prediction.shape)}; it must be {wanted}.")
    if not prediction.dtype.is_floating_point:
        raise MethodError(f"{where}: a prediction of {prediction.dtype}; it must be float32 in [0, 1].")
    low, high = (bound.item() for bound in torch.aminmax(prediction))  # NaN if one value is
    if not (math.isfinite(low) and math.isfinite(high)):
        raise MethodError(f"{where}: the prediction holds NaN or infinite values; finite ones in [0, 1] are allowed.")
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise MethodError(f"{where}: values from {low:.6g} to {high:.6g}; [0, 1] is allowed. {_remedy(low, high)}")


def _remedy(low: float, high: float) -> str:
    """What brings values of this range to [0, 1], as far as the range tells: 0..255, [-1, 1], or a little more."""
    if low >= -1 and 2 < high <= 256:
        return "They look like 0..255: return x / 255."
    if -1.01 <= low < -0.01 and high <= 1.01:
        return "They look like [-1, 1]: return (x + 1) / 2."
    return "Return values in [0, 1]; clamp them only if that is what the method's authors do."
