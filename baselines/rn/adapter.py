"""RN was trained with RGB in [0, 1] and mask 1 in the hole; the network fills the hole with white."""

import torch

from baselines.layers import refuse_size
from baselines.rn.network import RegionNormGenerator
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> Inpaint:
    """RN with these weights."""
    network = weights.into(RegionNormGenerator()).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size("rn", image, multiple=4, min_size=12)
        prediction: Images = network(image, mask)
        return prediction.clamp(0, 1)

    return inpaint
