"""RN was trained with RGB in [0, 1], mask 1 in the hole, and the hole filled with white, which the network does."""

import torch

from baselines.rn.network import RegionNormGenerator
from inpaint_bench.data.images import Images, Inpaint, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> Inpaint:
    """RN with these weights."""
    network = weights.into(RegionNormGenerator()).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        height, width = image.shape[2:]
        if height % 4 or width % 4 or min(height, width) < 12:
            raise InputError(
                f"rn: images of {height}x{width}; height and width must be multiples of 4 from 12 up: "
                "choose such a size in the protocol."
            )
        prediction: Images = network(image, mask)
        return prediction.clamp(0, 1)

    return inpaint
