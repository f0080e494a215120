"""RFR was trained with RGB in [0, 1], zeros in the hole, and a mask that is 1 in the known region."""

import torch

from baselines.layers import refuse_size
from baselines.rfr.network import RFRNet
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights


def load(weights: Weights, device: torch.device) -> Inpaint:
    """RFR with 7x7 partial convolutions."""
    return _inpainting("rfr", weights.into(RFRNet(kernel=7)), device)


def load_small(weights: Weights, device: torch.device) -> Inpaint:
    """RFR with 5x5 partial convolutions, the authors' variant for smaller holes."""
    return _inpainting("rfr-small", weights.into(RFRNet(kernel=5)), device)


def _inpainting(method: str, network: RFRNet, device: torch.device) -> Inpaint:
    network = network.to(device).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size(method, image, multiple=16)
        prediction: Images = network(image, 1 - mask)
        return prediction.clamp(0, 1)

    return inpaint
