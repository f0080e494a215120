"""DSI was trained with RGB in [-1, 1], mid grey (0) in the hole, and a mask that is 1 in the hole."""

import numpy as np
import torch

from baselines.dsi.network import DSI
from baselines.layers import refuse_size
from inpaint_bench.data.tensors import Images, InpaintSamples, Masks, Samples, Seeds
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> InpaintSamples:
    """DSI; a seed gives one uniform number per code of the structure, in raster order."""
    network = weights.into(DSI()).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks, seeds: Seeds) -> Samples:
        refuse_size("dsi", image, multiple=8, min_size=16)
        places = (image.shape[2] // 8, image.shape[3] // 8)
        draws = np.stack([[np.random.default_rng(seed).random(places) for seed in row] for row in seeds.tolist()])
        output: Samples = network((2 * image - 1) * (1 - mask), mask, torch.from_numpy(draws).to(device))
        return ((output + 1) / 2).clamp(0, 1)

    return inpaint
