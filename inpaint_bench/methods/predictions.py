"""Predictions as tensors: made of 8-bit pixels, and checked before they are saved."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from inpaint_bench.data.images import Pixels
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.errors import MethodError

PredictedImage = Float[Tensor, "3 height width"]


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
