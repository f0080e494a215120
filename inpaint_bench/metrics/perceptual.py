"""Perceptual metrics, computed by networks trained on ImageNet: LPIPS, label agreement and diversity.

Networks are loaded once per process and device. The value of an image does not depend on the rest of its batch.
"""

import math
import warnings
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.batch import CPU, Batch
from inpaint_bench.metrics.features import lite0
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.packages import tensors
from inpaint_bench.metrics.features.trunks import convolutions
from inpaint_bench.metrics.features.weight_files import LPIPS_HEADS, Trunk
from inpaint_bench.metrics.pixel_stats import PerImage

SMALLEST = {"alex": 31, "vgg": 16}  # pixels a side; smaller images vanish before the last layer


def lpips_alex(batch: Batch) -> PerImage:
    """Learned perceptual image patch similarity (LPIPS) on AlexNet.

        sum over layers l of the mean over positions of  sum over channels of w_l (f_l(x) - f_l(y))^2

    with the features f of five layers, scaled to unit length at each position, and the learned weights w. The input is
    RGB in [-1, 1].

    Range: 0 and above; lower is better, 0 for identical images, nan for images with a side under 31 pixels.
    Source: Zhang et al. 2018, eq. 1; version 0.1 of the package lpips.
    Raises InputError where the weights are not installed.
    """
    return _distances("alex", batch)


def lpips_vgg(batch: Batch) -> PerImage:
    """Learned perceptual image patch similarity (LPIPS) on VGG16.

    `lpips_alex` on the five ReLU outputs before the poolings of VGG16.

    Range: 0 and above; lower is better, 0 for identical images, nan for images with a side under 16 pixels.
    Source: Zhang et al. 2018, eq. 1; version 0.1 of the package lpips.
    Raises InputError where the weights are not installed.
    """
    return _distances("vgg", batch)


def label_agreement(batch: Batch) -> PerImage:
    """Label agreement: 1 where EfficientNet-Lite0 predicts the same class for composite and target, else 0.

    The class is the ImageNet class with the largest logit for the image resized to 224x224.

    Range: 0 or 1; higher is better.
    Source: inpaint-bench.
    Raises InputError where the weights or timm are not installed.
    """
    logits = lite0.open_logits(batch.device)
    ours, theirs = (logits(list(images)).argmax(axis=1) for images in (batch.composites, batch.targets))
    return np.asarray(ours == theirs, dtype=np.float64)


def diversity(samples: Sequence[Pixels], hole: Hole, device: torch.device = CPU) -> float:
    """Diversity: the mean LPIPS distance in the hole between any two samples of one pair.

    LPIPS on AlexNet is computed as a map of the size of the image (each layer upsampled bilinearly) and averaged over
    hole pixels. `samples` are uint8 RGB images (height, width, 3), `hole` is bool (height, width).

    Range: 0 and above; higher is better (more diverse), 0 for equal samples, nan without a hole and for images with a
    side under 31 pixels.
    Source: inpaint-bench, after Zhu et al. 2017 ("Toward Multimodal Image-to-Image Translation").
    Raises InputError for fewer than two samples, and where the weights are not installed.
    """
    if len(samples) < 2:
        raise InputError(f"diversity compares samples with each other: given {len(samples)}; allowed: 2 and more.")
    if min(hole.shape) < SMALLEST["alex"]:
        return math.nan
    network, inside = _network("alex", True, device), torch.from_numpy(hole).to(device)

    def in_hole(first: Levels, second: Levels) -> Float32[Tensor, "chunk 1"]:
        distances = network(_scaled(first), _scaled(second))[:, 0]
        return torch.stack([distance[inside].mean() for distance in distances])[:, None]

    one, other = zip(*combinations(samples, 2), strict=True)
    return float(in_chunks(in_hole, 1, device, one, other).astype(np.float64).mean())


def _distances(trunk: Trunk, batch: Batch) -> PerImage:
    if min(batch.holes.shape[1:]) < SMALLEST[trunk]:
        return np.full(len(batch.holes), np.nan)
    network = _network(trunk, False, batch.device)

    def distance(composites: Levels, targets: Levels) -> Float32[Tensor, "chunk 1"]:
        values: Float32[Tensor, "chunk 1"] = network(_scaled(composites), _scaled(targets))[:, 0, :, 0]
        return values

    return in_chunks(distance, 1, batch.device, batch.composites, batch.targets)[:, 0].astype(np.float64)


def _scaled(levels: Levels) -> Float32[Tensor, "chunk 3 height width"]:
    """8-bit levels as float32 in [-1, 1]."""
    return levels.float() / 127.5 - 1


@built_once
def _network(trunk: Trunk, spatial: bool, device: torch.device) -> Any:
    """The network of the package lpips with the weights of the trunk and the heads; `spatial` returns a map."""
    path, heads = LPIPS_HEADS[trunk].read()
    state = tensors(heads, str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls an older interface of torchvision
        from lpips import LPIPS

        with torch.device("meta"):  # no random initialisation: the weights replace it
            network = LPIPS(net=trunk, pretrained=False, pnet_rand=True, spatial=spatial, verbose=False)
    weights = [name for name in network.state_dict() if name.startswith("net.") and name.endswith(".weight")]
    layers = [name.removesuffix(".weight") for name in weights]
    for name, (kernel, bias) in zip(layers, convolutions(trunk), strict=True):
        state |= {f"{name}.weight": kernel, f"{name}.bias": bias}
    network.load_state_dict(state, strict=False, assign=True)
    return network.to(device)
