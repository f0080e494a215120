"""`--resize-for-method`: images of a size that a method does not take are resized for it, and its predictions back."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from inpaint_bench.data.tensors import Images, Masks
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.methods.sizes import Sizes

Resized = Float[Tensor, "batch 3 new_height new_width"]


def in_words(sizes: Sizes) -> str:
    """What is done to images, as run.json and tables state it."""
    if sizes.exact_size:
        return f"to {sizes.exact_size}x{sizes.exact_size}"
    steps = f" in multiples of {sizes.multiple}" if sizes.multiple > 1 else ""
    return f"shorter side at least {sizes.min_size}{steps}"


def resized(inpaint: Callable[..., Any], sizes: Sizes) -> Callable[..., Any]:
    """A method's function for images of any size, from one that takes `sizes`.

    Images are resized bilinearly, with weights of the known pixels only, so that nothing of the empty hole is mixed
    into it; masks to the nearest pixel; predictions bilinearly with antialiasing. An image that fits stays as it is.
    """

    @functools.wraps(inpaint)
    def call(image: Images, mask: Masks, *seeds: Tensor, **named: Any) -> Tensor:
        height, width = image.shape[2:]
        side = target_size(sizes, height, width)
        if side == (height, width):
            return inpaint(image, mask, *seeds, **named)  # type: ignore[no-any-return]  # checked by the caller
        hole = F.interpolate(mask, side, mode="nearest-exact")
        predictions = inpaint(_known_only(image, mask, side) * (1 - hole), hole, *seeds, **named)
        if not isinstance(predictions, Tensor) or predictions.ndim < 4 or not predictions.dtype.is_floating_point:
            return predictions  # type: ignore[no-any-return]  # the caller says what is wrong with it
        if tuple(predictions.shape[-2:]) != side:
            raise MethodError(f"it returned shape {tuple(predictions.shape)} for images of {side[0]}x{side[1]}.")
        flat = predictions.flatten(0, -4).float()
        back = F.interpolate(flat, (height, width), mode="bilinear", antialias=True, align_corners=False)
        return back.reshape(*predictions.shape[:-2], height, width)

    return call


def target_size(sizes: Sizes, height: int, width: int) -> tuple[int, int]:
    """The height and width that an image gets: the nearest multiples, with the shorter side at least the minimum.

    Raises InputError for an image that is not square where a method takes one square size only.
    """
    if sizes.exact_size:
        if height != width:
            raise InputError(f"images of {height}x{width} cannot be resized to a square without changing their shape.")
        return sizes.exact_size, sizes.exact_size
    if sizes.fit(height, width):
        return height, width
    scale = max(1.0, sizes.min_size / min(height, width))
    return _nearest(height * scale, sizes), _nearest(width * scale, sizes)


def _nearest(side: float, sizes: Sizes) -> int:
    return max(round(side / sizes.multiple) * sizes.multiple, sizes.at_least(1))


def _known_only(image: Images, mask: Masks, side: tuple[int, int]) -> Resized:
    """The image resized; each pixel is the mean of the known ones that it is made from, 0 where there are none."""
    known = 1 - mask
    weight = F.interpolate(known, side, mode="bilinear", antialias=True, align_corners=False)
    mixed = F.interpolate(image * known, side, mode="bilinear", antialias=True, align_corners=False)
    return torch.where(weight > 0, mixed / weight.clamp(min=1e-6), torch.zeros_like(mixed)).clamp(0, 1)
