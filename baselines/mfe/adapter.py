"""MFE was trained with RGB in [-1, 1], a mean colour in the hole, and 1 - mask repeated as three more channels."""

import torch

from baselines.layers import refuse_side
from baselines.mfe.filling import MaskRule, PartialConv
from baselines.mfe.network import MEDFE
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.weights import Weights

HOLE_COLOUR = (123, 104, 117)  # of 255, in R, G and B, in the authors' order


def load(weights: Weights, device: torch.device) -> Inpaint:
    """MFE with the feature mask of the authors' latest code."""
    return _inpainting(weights, device, "newest code")


def load_first(weights: Weights, device: torch.device) -> Inpaint:
    """MFE with the feature mask of the code as first published."""
    return _inpainting(weights, device, "first published code")


def _inpainting(weights: Weights, device: torch.device, rule: MaskRule) -> Inpaint:
    network = weights.into(MEDFE(rule))
    _refuse_other_than_counting(network, weights)
    network = network.to(device).eval()
    colour = torch.tensor(HOLE_COLOUR, device=device).view(1, 3, 1, 1) / 255 * 2 - 1

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_side("mfe", image, 256)
        known = 1 - mask
        colours = (image * 2 - 1) * known + colour * mask
        prediction: Images = network(torch.cat([colours, known.expand(-1, 3, -1, -1)], dim=1), mask)
        return (prediction + 1) / 2

    return inpaint


def _refuse_other_than_counting(network: MEDFE, weights: Weights) -> None:
    """Known positions are counted without the mask kernels, which is what kernels of ones do and no others."""
    for name, module in network.named_modules():
        if isinstance(module, PartialConv) and not bool((module.mask_conv.weight == 1).all()):
            raise InputError(
                f"{weights.path or weights.sha256}: {name}.mask_conv.weight holds other values than 1. This network "
                "counts known places, as kernels of ones do; what the authors' code makes of others, as a training may "
                "leave them, is not known here. Take weights with kernels of ones, as the published EN.pkl, DE.pkl and "
                "MEDEF.pkl have them."
            )
