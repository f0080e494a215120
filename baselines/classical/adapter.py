"""Classical methods, computed by libraries on one 8-bit image at a time."""

from collections.abc import Callable

import cv2
import numpy as np
import torch

from inpaint_bench.data.images import Hole, Images, Inpaint, Masks, Pixels, eight_bit, mask_values, to_images
from inpaint_bench.weights import Weights

RADIUS = 3  # pixels; the neighbourhood of OpenCV's two methods
PATCH = 3  # pixels a side of the patches of PatchMatch
SEED = 0  # of PatchMatch's random search, set before every picture


def load_telea(weights: Weights, device: torch.device) -> Inpaint:
    """Fast marching (Telea 2004), by OpenCV."""
    return _each(lambda pixels, hole: np.asarray(cv2.inpaint(pixels, mask_values(hole), RADIUS, cv2.INPAINT_TELEA)))


def load_navier_stokes(weights: Weights, device: torch.device) -> Inpaint:
    """Navier-Stokes (Bertalmio et al. 2001), by OpenCV."""
    return _each(lambda pixels, hole: np.asarray(cv2.inpaint(pixels, mask_values(hole), RADIUS, cv2.INPAINT_NS)))


def load_biharmonic(weights: Weights, device: torch.device) -> Inpaint:
    """Biharmonic functions (Damelin and Hoang 2018), by scikit-image."""
    from skimage.restoration import inpaint_biharmonic

    def inpaint(pixels: Pixels, hole: Hole) -> Pixels:
        output = inpaint_biharmonic(pixels / 255, hole, channel_axis=-1)  # already within the range of the known values
        return np.asarray(np.rint(output * 255), dtype=np.uint8)

    return _each(inpaint)


def load_patchmatch(weights: Weights, device: torch.device) -> Inpaint:
    """PatchMatch (Barnes et al. 2009) in a pyramid, by PyPatchMatch."""
    import patchmatch

    def inpaint(pixels: Pixels, hole: Hole) -> Pixels:
        patchmatch.set_random_seed(SEED)
        return np.asarray(patchmatch.inpaint(pixels, mask_values(hole)[..., None], patch_size=PATCH))

    return _each(inpaint)


def load_mean_fill(weights: Weights, device: torch.device) -> Inpaint:
    """The mean colour of the known region: a lower bound for every method."""

    def inpaint(image: Images, mask: Masks) -> Images:
        known = (1 - mask).double()
        mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
        return mean.float().expand_as(image).clone()

    return inpaint


def _each(function: Callable[[Pixels, Hole], Pixels]) -> Inpaint:
    def inpaint(image: Images, mask: Masks) -> Images:
        holes = mask[:, 0].cpu().numpy() > 0
        outputs = [function(pixels, hole) for pixels, hole in zip(eight_bit(image), holes, strict=True)]
        return to_images(outputs).to(image.device)

    return inpaint
