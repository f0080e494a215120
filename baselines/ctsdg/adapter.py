"""CTSDG was trained with mask 1 = known and RGB in [-1, 1] with 0 in the hole. Its edges and grey values come from
images whose 8-bit values had wrapped around: the authors convert the normalised image to 8 bits without rescaling it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from skimage.feature import canny
from torch import Tensor

from baselines.ctsdg.blocks import Known
from baselines.ctsdg.network import Generator
from baselines.layers import refuse_size
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights

STEP = 128  # the encoders halve the size seven times


def load(weights: Weights, device: torch.device) -> Inpaint:
    """CTSDG with these weights."""
    network = weights.into(Generator()).to(device).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size("ctsdg", image, multiple=STEP)
        known = 1 - mask
        normalised = image * 2 - 1
        values = grey(normalised)
        structure = torch.cat([edges(values, known), values], dim=1).float() * known
        packed = [each.contiguous(memory_format=torch.channels_last) for each in (normalised * known, structure)]
        picture: Tensor = network(*packed, known)
        return ((picture + 1) / 2).clamp(0, 1)

    return inpaint


def grey(normalised: Images) -> Float[Tensor, "batch 1 height width"]:
    """The grey values, in float64 and [0, 1], of images in [-1, 1] that are converted to 8 bits as they are.

    Multiplied by 255 and truncated to a byte, -0.5 becomes 129: negative values wrap around. The weights are those of
    skimage's rgb2gray.
    """
    wrapped = (normalised * 255).trunc().remainder(256).double() / 255
    return (wrapped * wrapped.new_tensor((0.2125, 0.7154, 0.0721)).view(3, 1, 1)).sum(dim=1, keepdim=True)


def edges(values: Float[Tensor, "batch 1 height width"], known: Known) -> Known:
    """Canny edges (sigma 2), 0 or 1, of grey values, with the hole treated as outside the image.

    The authors find edges in the complete image; here the hole is empty, and its border must not become an edge.
    """
    find: Callable[..., Any] = canny  # scikit-image has no types for it
    found = [
        find(one[0], sigma=2, mask=region[0] > 0)
        for one, region in zip(values.cpu().numpy(), known.cpu().numpy(), strict=True)
    ]
    return torch.from_numpy(np.stack(found)).unsqueeze(1).to(known)
