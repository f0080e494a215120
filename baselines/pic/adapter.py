"""PIC was trained with mask 1 = known and RGB in [-1, 1] with 0 in the hole; only attention uses the mask.

Its spectral norm changes with every call, so sample s of a pair is what the authors' code gives for the first image
after loading, when it makes its sample s: the encoder's call 0 and the generator's call s.
"""

import numpy as np
import torch
from torch import Tensor, nn

from baselines.layers import refuse_size
from baselines.pic.network import Code, Encoder, Generator, drawn, shrunk
from inpaint_bench.data.tensors import Images, InpaintSamples, Masks, Samples, Seeds
from inpaint_bench.weights import Weights

STEP = 32  # the encoder halves the size five times


def load(weights: Weights, device: torch.device) -> InpaintSamples:
    """PIC with these weights, without the discriminator, which only ranks samples."""
    encode, generate = Encoder(), Generator()
    weights.into(nn.ModuleDict({"net_E": encode, "net_G": generate})).eval()
    for network in (encode, generate):
        network.to(device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks, seeds: Seeds) -> Samples:
        refuse_size("pic", image, multiple=STEP)
        known = 1 - mask
        code: Code = encode(((image * 2 - 1) * known).contiguous(memory_format=torch.channels_last), 0)
        small = shrunk(known, code)
        samples = [
            generate(drawn(code, noise(column, code.mean)), code, small, sample)
            for sample, column in enumerate(seeds.unbind(dim=1))
        ]
        return (torch.stack(samples, dim=1) + 1) / 2

    return inpaint


def noise(seeds: Tensor, like: Tensor) -> Tensor:
    """Standard normal noise, one draw per seed, made by numpy in float64 and then rounded."""
    draws = [np.random.default_rng(seed).standard_normal(like.shape[1:]) for seed in seeds.tolist()]
    return torch.from_numpy(np.stack(draws).astype(np.float32)).to(like)
