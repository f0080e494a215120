"""RFR was trained with RGB in [0, 1], zeros in the hole, and a mask that is 1 in the known region."""

import torch

from baselines.rfr.network import RFRNet
from inpaint_bench.data.images import Images, Inpaint, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> Inpaint:
    """RFR with 7x7 partial convolutions."""
    return _inpainting(weights.into(RFRNet(kernel=7)), device)


def load_small(weights: Weights, device: torch.device) -> Inpaint:
    """RFR with 5x5 partial convolutions, the authors' variant for smaller holes."""
    return _inpainting(weights.into(RFRNet(kernel=5)), device)


def _inpainting(network: RFRNet, device: torch.device) -> Inpaint:
    network = network.to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        height, width = image.shape[2:]
        if height % 16 or width % 16:
            raise InputError(
                f"rfr: images of {height}x{width}; height and width must be multiples of 16: "
                "choose such a size in the protocol."
            )
        prediction: Images = network(image, 1 - mask)
        return prediction.clamp(0, 1)

    return inpaint
