"""MI-GAN was trained with RGB in [-1, 1], zeros in the hole, after a channel of 0.5 in the known region, -0.5 in it."""

import torch

from baselines.layers import refuse_side
from baselines.migan.network import Generator
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> Inpaint:
    """MI-GAN for squares of 256 pixels, with these weights."""
    return _loaded("migan", 256, weights, device)


def load_512(weights: Weights, device: torch.device) -> Inpaint:
    """MI-GAN for squares of 512 pixels, with these weights."""
    return _loaded("migan-512", 512, weights, device)


def _loaded(name: str, side: int, weights: Weights, device: torch.device) -> Inpaint:
    network = weights.into(Generator(side)).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_side(name, image, side)
        x = torch.cat([0.5 - mask, (2 * image - 1) * (1 - mask)], dim=1)
        prediction: Images = network(x)
        return (prediction / 2 + 0.5).clamp(0, 1)

    return inpaint
