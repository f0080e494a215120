"""A check with two images that detects a method with inverted masks before a run starts."""

from collections.abc import Callable

import torch
from torch import Tensor

from inpaint_bench.data.tensors import Images, Masks, emptied
from inpaint_bench.errors import InputError

KEPT = 0.05  # mean level of the predicted hole, and mean change of the known region, in [0, 1]


def probe_images(size: int) -> tuple[Images, Masks]:
    """Two bright gradients, each with a rectangular hole: images (2, 3, size, size) and masks (2, 1, size, size)."""
    ramp = torch.linspace(0.4, 0.9, size)
    first = torch.stack([ramp.expand(size, size), ramp[:, None].expand(size, size), 1.3 - ramp.expand(size, size)])
    second = first.flip(0).transpose(1, 2)
    masks = torch.zeros(2, 1, size, size)
    masks[0, :, size // 4 : size // 2, size // 4 : size // 2] = 1
    masks[1, :, size // 3 : size // 2, size // 2 : 3 * size // 4] = 1
    return torch.stack([first, second]).contiguous(), masks


def refuse_inverted(name: str, predict: Callable[[Images, Masks], Tensor], size: int) -> None:
    """Raise InputError if a method leaves both holes empty and repaints both known regions instead."""
    image, mask = probe_images(size)
    prediction = predict(emptied(image, mask), mask)
    if prediction.shape != image.shape or not prediction.dtype.is_floating_point:
        return  # the run reports this, with the pair
    prediction = prediction.float()
    in_hole = (prediction.abs() * mask).sum((1, 2, 3)) / (3 * mask.sum((1, 2, 3)))
    elsewhere = ((prediction - image).abs() * (1 - mask)).sum((1, 2, 3)) / (3 * (1 - mask).sum((1, 2, 3)))
    if bool((in_hole < KEPT).all()) and bool((elsewhere > KEPT).all()):
        raise InputError(
            f"{name}: it leaves the hole empty and repaints the known region: its masks seem inverted. "
            "Here 1 (255 in files) is the hole; invert the mask in the adapter."
        )
