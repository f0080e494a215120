"""EdgeConnect was trained with RGB and grey in [0, 1], mask 1 in the hole, white in the hole, edges from Canny."""

from collections.abc import Callable

import numpy as np
import skimage.feature
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from baselines.ec.network import CompletionGenerator, EdgeGenerator
from baselines.layers import refuse_size
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.weights import Weights

GREY = (0.2125, 0.7154, 0.0721)  # the weights of R, G and B in skimage.color.rgb2gray
Canny = Callable[..., Bool[np.ndarray, "height width"]]
SIGMA = 2  # pixels, of Canny's smoothing


def load(weights: Weights, device: torch.device) -> Inpaint:
    """Both stages of EdgeConnect: the soft edges of the first network are the input of the second."""
    networks = weights.into(nn.ModuleDict({"edge": EdgeGenerator(), "inpaint": CompletionGenerator()}))
    edge, completion = networks.to(device).eval().values()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size("ec", image, multiple=4, min_size=12)
        known = 1 - mask
        grey = to_grey(image)
        found = known_edges(grey, mask).to(image)
        drawn = edge(torch.cat([grey.to(image) * known + mask, found * known, mask], dim=1))
        prediction: Images = completion(torch.cat([image * known + mask, drawn], dim=1))
        return prediction.clamp(0, 1)

    return inpaint


def to_grey(image: Images) -> Float[Tensor, "batch 1 height width"]:
    """The grey image in float64, on the CPU, from 8-bit values.

    The authors' code computes it from 8-bit values; in float64, Canny makes the same threshold decisions.
    """
    pixels = (image.cpu().double() * 255).round() / 255
    return (pixels * torch.tensor(GREY, dtype=torch.float64).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def known_edges(grey: Float[Tensor, "batch 1 height width"], mask: Masks) -> Masks:
    """Canny edges of the known region, 0 or 1. The content and the border of the hole have no influence."""
    canny: Canny = skimage.feature.canny
    known = mask.cpu().numpy() == 0
    edges = [canny(one[0], sigma=SIGMA, mask=of[0]) for one, of in zip(grey.numpy(), known, strict=True)]
    return torch.from_numpy(np.stack(edges)[:, None].astype(np.float32))
