"""MAT was trained with RGB in [-1, 1] and a mask that is 1 in the known region; it empties the hole itself."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from baselines.layers import refuse_side
from baselines.mat.network import CHANNELS, SMALLEST, WIDTH, Draws, Generator
from inpaint_bench.data.tensors import Images, InpaintSamples, Masks, Samples, Seeds
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> InpaintSamples:
    """MAT for squares of 512 pixels; the noise of the second stage is that of the weights."""
    return _loaded("mat", 512, weights, device, noisy=False)


def load_256(weights: Weights, device: torch.device) -> InpaintSamples:
    """MAT for squares of 256 pixels; the noise of the second stage is drawn."""
    return _loaded("mat-256", 256, weights, device, noisy=True)


def _loaded(name: str, side: int, weights: Weights, device: torch.device, noisy: bool) -> InpaintSamples:
    network = weights.into(Generator(side)).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks, seeds: Seeds) -> Samples:
        refuse_side(name, image, side)
        encoded = network.encode(2 * image - 1, 1 - mask)
        samples = [network(encoded, draws_of(column, side, noisy, device)) for column in seeds.unbind(dim=1)]
        return (torch.stack(samples, dim=1) / 2 + 0.5).clamp(0, 1)

    return inpaint


def draws_of(seeds: Tensor, side: int, noisy: bool, device: torch.device) -> Draws:
    """What chance gives to one sample of each image, from its seed; the same on every device and in every batch."""
    z, first, second, *noise = (
        torch.cat(part).to(device) for part in zip(*(_drawn(int(seed), side, noisy) for seed in seeds), strict=True)
    )
    return Draws(z, first > 0, second > 0, noise if noisy else None)


def _drawn(seed: int, side: int, noisy: bool) -> Iterator[Tensor]:
    """Standard normal values in the order in which the network asks for them."""
    generator = np.random.default_rng(seed)
    shapes = [(WIDTH,), (SMALLEST**2, CHANNELS), (512, SMALLEST, SMALLEST)]
    if noisy:
        sides = [SMALLEST << step for step in range(side.bit_length() - 4)]
        shapes += [(1, SMALLEST, SMALLEST), *((1, here, here) for here in sides[1:] for _ in range(2))]
    for shape in shapes:
        yield torch.from_numpy(generator.standard_normal((1, *shape)).astype(np.float32))
