"""A method of a baseline with synthetic weights, for the tests of what is particular to it."""

import torch
from torch import Tensor

from inpaint_bench.data import synthetic
from inpaint_bench.methods.baselines import find_baselines, loader, weights_of
from inpaint_bench.methods.networks import Load
from inpaint_bench.weights import SYNTHETIC, Weights

CPU = torch.device("cpu")


def synthetic_weights(method: str) -> Weights:
    """The synthetic weights that a method's card describes."""
    baseline, card = find_baselines()[method]
    return weights_of(baseline, card, "", SYNTHETIC)


def held(state: dict[str, Tensor]) -> Weights:
    """Weights in memory, for an adapter to load."""

    class Held(Weights):
        def tensors(self) -> dict[str, Tensor]:
            return state

    return Held()


def load_of(method: str) -> Load:
    """The function of its adapter that loads a method."""
    return loader(*find_baselines()[method])


def whole_pairs(size: int, count: int = 1) -> tuple[Tensor, Tensor]:
    """Whole images and their masks."""
    images, masks = ([made(size, seed) for seed in range(count)] for made in (synthetic.image, synthetic.mask))
    return torch.cat(images), torch.cat(masks)
