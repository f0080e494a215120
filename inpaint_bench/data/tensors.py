"""Images and masks as methods take them: float32 tensors, images in [0, 1], 1 in the hole of a mask."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.protocols import EightBit

Images = Float[Tensor, "batch 3 height width"]
Masks = Float[Tensor, "batch 1 height width"]
Seeds = Int64[Tensor, "batch samples"]
Samples = Float[Tensor, "batch samples 3 height width"]
Inpaint: TypeAlias = Callable[[Images, Masks], Images]  # a deterministic method: emptied images, masks; predictions
InpaintSamples: TypeAlias = Callable[[Images, Masks, Seeds], Samples]  # a stochastic method: one prediction per seed


def to_images(pixels: list[Pixels]) -> Images:
    """A batch of images in [0, 1] from 8-bit pixels of one size."""
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous().float().div_(255)


def to_masks(holes: list[Hole]) -> Masks:
    """A batch of masks, 1 in the hole, from holes of one size."""
    return torch.from_numpy(np.stack(holes)[:, None].astype(np.float32))


def emptied(images: Images, masks: Masks) -> Images:
    """The image with zeros in the hole, which is what methods get."""
    return images * (1 - masks)


def composite(prediction: Images, image: Images, mask: Masks) -> Images:
    """The prediction inside the hole, the image itself in the known region."""
    return mask * prediction + (1 - mask) * image


def eight_bit(images: Images, rule: EightBit = "round") -> list[Pixels]:
    """Images in [0, 1] as 8-bit pixels, rounded, or truncated as in the papers' code."""
    scaled = images.detach().cpu().mul(255)
    scaled = scaled.round_() if rule == "round" else scaled.floor_()
    return list(scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy())
