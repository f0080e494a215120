"""What networks trained on photographs make of a pair: perceptual distances, and whether a label is kept.

Networks are loaded once per process and device; a pair's value does not depend on what else is in its batch.
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

SMALLEST = {"alex": 31, "vgg": 16}  # pixels a side, of which the last layer still makes one position


def lpips_alex(batch: Batch) -> PerImage:
    """Learned perceptual distance on AlexNet, 0 and above; lower is better, 0 when identical.

    Zhang et al. 2018, eq. 1, version 0.1 of the package lpips: squared differences of unit-length features of
    five layers, weighted by the learned heads, averaged over positions and added up. RGB in [-1, 1].
    nan for images with a side under 31 pixels. Raises InputError where weights are not installed.
    """
    return _distances("alex", batch)


def lpips_vgg(batch: Batch) -> PerImage:
    """Learned perceptual distance on VGG16, 0 and above; lower is better, 0 when identical.

    As `lpips_alex`, on the five rectified outputs before VGG16's halvings. nan for images with a side under 16
    pixels. Raises InputError where weights are not installed.
    """
    return _distances("vgg", batch)


def label_agreement(batch: Batch) -> PerImage:
    """1 where EfficientNet-Lite0 gives the composite the label it gives the target, else 0; higher is better.

    The label is the ImageNet class with the largest logit, of the picture squeezed to 224x224. Ours.
    """
    logits = lite0.open_logits(batch.device)
    ours, theirs = (logits(list(pictures)).argmax(axis=1) for pictures in (batch.composites, batch.targets))
    return np.asarray(ours == theirs, dtype=np.float64)


def diversity(samples: Sequence[Pixels], hole: Hole, device: torch.device = CPU) -> float:
    """How unlike the samples of one pair are in the hole, 0 and above; higher is more diverse, 0 when all are equal.

    The mean, over every two samples, of LPIPS on AlexNet as a map of the picture's size (each layer enlarged
    bilinearly), averaged over hole pixels. nan where there is no hole, and for pictures with a side under 31 pixels.
    Raises InputError for fewer than two samples, and where weights are not installed.
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
    """From -1 to 1."""
    return levels.float() / 127.5 - 1


@built_once
def _network(trunk: Trunk, spatial: bool, device: torch.device) -> Any:
    """The package's own network with the trunk's weights and its heads; `spatial` for a map of distances."""
    path, heads = LPIPS_HEADS[trunk].read()
    state = tensors(heads, str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it speaks to an older torchvision
        from lpips import LPIPS

        with torch.device("meta"):  # nothing is drawn that the weights replace
            network = LPIPS(net=trunk, pretrained=False, pnet_rand=True, spatial=spatial, verbose=False)
    weights = [name for name in network.state_dict() if name.startswith("net.") and name.endswith(".weight")]
    layers = [name.removesuffix(".weight") for name in weights]
    for name, (kernel, bias) in zip(layers, convolutions(trunk), strict=True):
        state |= {f"{name}.weight": kernel, f"{name}.bias": bias}
    network.load_state_dict(state, strict=False, assign=True)
    return network.to(device)
