"""SPL was trained with RGB in [0, 1], mask 1 in the hole, and the hole filled with white."""

import torch
from torch.nn.functional import interpolate

from baselines.layers import refuse_size
from baselines.spl.network import SemanticPriorGenerator
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> Inpaint:
    """SPL with these weights, without its head, which only training needs."""
    network = weights.into(SemanticPriorGenerator()).to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size("spl", image, multiple=4, min_size=12)
        masked = image * (1 - mask) + mask
        twice = [interpolate(tensor, scale_factor=2) for tensor in (masked, mask)]  # nearest
        prediction: Images = network(image, mask, *twice)
        return prediction.clamp(0, 1)

    return inpaint
