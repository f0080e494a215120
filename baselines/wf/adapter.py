"""WaveFill was trained with mask 1 = hole as a fourth channel, and RGB in [-1, 1] with white in the hole."""

import torch
from torch import Tensor

from baselines.layers import refuse_size
from baselines.wf.network import WaveFill
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights

STEP, MIN_SIZE = 4, 68  # two levels of the wavelet transform; a quarter of the side must exceed the padding of 16


def load(weights: Weights, device: torch.device) -> Inpaint:
    """WaveFill with these weights."""
    network = weights.into(WaveFill()).to(device).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size("wf", image, multiple=STEP, min_size=MIN_SIZE)
        whitened = (image * 2 - 1) * (1 - mask) + mask
        masked = torch.cat([whitened, mask], dim=1).contiguous(memory_format=torch.channels_last)
        picture: Tensor = network(masked)
        return ((picture + 1) / 2).clamp(0, 1)

    return inpaint
