"""LaMa was trained with RGB in [0, 1], zeros in the hole, and the mask, 1 in the hole, as fourth channel."""

import torch
from torch import Tensor

from baselines.lama.network import Generator
from baselines.layers import refuse_size
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights

STEP = 8  # sides are padded to multiples of this


def load(weights: Weights, device: torch.device) -> Inpaint:
    """LaMa with these weights: 18 blocks, as in big-lama."""
    network = weights.into(Generator()).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size("lama", image, multiple=1, min_size=9)
        height, width = image.shape[2:]
        image, mask = padded(image), padded(mask)
        prediction: Images = network(torch.cat([image * (1 - mask), mask], dim=1))
        return prediction[:, :, :height, :width]

    return inpaint


def padded(x: Tensor) -> Tensor:
    """Images or masks, padded below and on the right to multiples of 8: mirrored, the pixel at the edge repeated."""
    height, width = x.shape[2:]
    down, right = -height % STEP, -width % STEP
    rows = torch.cat([x, x[:, :, height - down :].flip(2)], dim=2) if down else x
    return torch.cat([rows, rows[..., width - right :].flip(3)], dim=3) if right else rows
