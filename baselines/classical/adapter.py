"""Classical methods, computed by libraries on one 8-bit image at a time."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch

from baselines.classical.workers import Workers
from inpaint_bench.data.images import Hole, Pixels, mask_values
from inpaint_bench.data.tensors import Images, Inpaint, Masks, eight_bit, to_images
from inpaint_bench.weights import Weights

RADIUS = 3  # pixels; the neighbourhood of OpenCV's two methods


def load_telea(weights: Weights, device: torch.device) -> Inpaint:
    """Fast marching (Telea 2004), by OpenCV."""
    return _each(lambda pixels, hole: np.asarray(cv2.inpaint(pixels, mask_values(hole), RADIUS, cv2.INPAINT_TELEA)))


def load_navier_stokes(weights: Weights, device: torch.device) -> Inpaint:
    """Navier-Stokes (Bertalmio et al. 2001), by OpenCV."""
    return _each(lambda pixels, hole: np.asarray(cv2.inpaint(pixels, mask_values(hole), RADIUS, cv2.INPAINT_NS)))


def load_biharmonic(weights: Weights, device: torch.device) -> Inpaint:
    """Biharmonic functions (Damelin and Hoang 2018), by scikit-image."""
    return _all(Workers("biharmonic").all)


def load_patchmatch(weights: Weights, device: torch.device) -> Inpaint:
    """PatchMatch (Barnes et al. 2009) in a pyramid, by PyPatchMatch."""
    return _all(Workers("patchmatch").all)


def load_mean_fill(weights: Weights, device: torch.device) -> Inpaint:
    """The mean colour of the known region: a lower bound for every method."""

    def inpaint(image: Images, mask: Masks) -> Images:
        known = (1 - mask).double()
        mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
        return mean.float().expand_as(image).clone()

    return inpaint


def _each(function: Callable[[Pixels, Hole], Pixels]) -> Inpaint:
    return _all(lambda pictures, holes: [function(*one) for one in zip(pictures, holes, strict=True)])


def _all(function: Callable[[Sequence[Pixels], Sequence[Hole]], list[Pixels]]) -> Inpaint:
    def inpaint(image: Images, mask: Masks) -> Images:
        holes = list(mask[:, 0].cpu().numpy() > 0)
        return to_images(function(eight_bit(image), holes)).to(image.device)

    return inpaint
