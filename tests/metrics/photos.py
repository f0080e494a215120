"""Photographs, changed a little, and the networks of the packages, for the tests of perceptual metrics."""

import functools
import warnings
from typing import Any

import cv2
import numpy as np
import skimage.data
import torch

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.trunks import convolutions
from inpaint_bench.metrics.features.weight_files import Trunk

DATA: Any = skimage.data


def photo(name: str, side: int) -> Pixels:
    """The middle of a photograph, reduced to a square."""
    picture = getattr(DATA, name)()
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return np.asarray(cv2.resize(picture[top : top + edge, left : left + edge], (side, side)), np.uint8)


def noisy(picture: Pixels, level: float, seed: int = 0) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, level, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def square(side: int) -> Hole:
    """A hole in the middle."""
    hole = np.zeros((side, side), bool)
    hole[side // 4 : side // 2, side // 4 : side // 2] = True
    return hole


def batch_of(*pairs: tuple[Pixels, Pixels]) -> Batch:
    composites, targets = (np.stack(pictures) for pictures in zip(*pairs, strict=True))
    return Batch(composites, targets, np.stack([square(len(targets[0]))] * len(targets)))


def in_their_range(pictures: list[Pixels]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def their_lpips(trunk: Trunk, spatial: bool) -> Any:
    """The package lpips as its own documentation loads it, but for its trunk's weights, which it would download."""
    network = _their_lpips(trunk)
    network.spatial = spatial
    return network


@functools.cache
def _their_lpips(trunk: Trunk) -> Any:
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net=trunk, pnet_rand=True, verbose=False)
    layers = [module for module in network.net.modules() if isinstance(module, torch.nn.Conv2d)]
    for layer, (kernel, bias) in zip(layers, convolutions(trunk), strict=True):
        layer.load_state_dict({"weight": kernel, "bias": bias})
    return network
