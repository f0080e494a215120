"""Perceptual metrics, computed by networks trained on ImageNet: LPIPS, DISTS, label agreement and diversity.

Networks are loaded once per process and device. The value of an image does not depend on the rest of its batch.
"""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.batch import CPU, Batch
from inpaint_bench.metrics.distances import (
    SMALLEST,
    Features,
    lpips_network,
    mean_within,
    on_alex,
    on_vgg,
    spatial_distance,
)
from inpaint_bench.metrics.features import lite0
from inpaint_bench.metrics.features.networks import each, levels_of
from inpaint_bench.metrics.pixel_stats import PerImage


def lpips_alex(batch: Batch) -> PerImage:
    """Learned perceptual image patch similarity (LPIPS) on AlexNet.

        sum over layers l of the mean over positions of  sum over channels of w_l (f_l(x) - f_l(y))^2

    with the features f of five layers, scaled to unit length at each position, and the learned weights w. The input is
    RGB in [-1, 1].

    Range: 0 and above; lower is better, 0 for identical images, nan for images with a side under 31 pixels.
    Source: Zhang et al. 2018, eq. 1; version 0.1 of the package lpips.
    Raises InputError where the weights are not installed.
    """
    return on_alex(batch, ["lpips_alex"])["lpips_alex"]


def lpips_alex_hole(batch: Batch) -> PerImage:
    """LPIPS in the hole, on AlexNet: the map of `lpips_alex`, averaged over hole pixels.

    The map has the size of the image: the distances of each layer are upsampled bilinearly (centres of pixels aligned,
    not corners) and added up. A network sees farther than a pixel: what differs around the hole counts in it a little.

    Range: 0 and above; lower is better, nan without a hole and for images with a side under 31 pixels.
    Source: the spatial map of the package lpips, version 0.1; its mean over the hole is inpaint-bench's.
    Raises InputError where the weights are not installed.
    """
    return on_alex(batch, ["lpips_alex_hole"])["lpips_alex_hole"]


def lpips_alex_band(batch: Batch) -> PerImage:
    """LPIPS at the hole's edge, on AlexNet: the map of `lpips_alex_hole`, averaged within 8 pixels of the edge.

    Range: 0 and above; lower is better, nan without an edge and for images with a side under 31 pixels.
    Source: the spatial map of the package lpips, version 0.1; its mean over the band is inpaint-bench's.
    Raises InputError where the weights are not installed.
    """
    return on_alex(batch, ["lpips_alex_band"])["lpips_alex_band"]


def lpips_vgg(batch: Batch) -> PerImage:
    """Learned perceptual image patch similarity (LPIPS) on VGG16.

    `lpips_alex` on the five ReLU outputs before the poolings of VGG16.

    Range: 0 and above; lower is better, 0 for identical images, nan for images with a side under 16 pixels.
    Source: Zhang et al. 2018, eq. 1; version 0.1 of the package lpips.
    Raises InputError where the weights are not installed.
    """
    return on_vgg(batch, ["lpips_vgg"])["lpips_vgg"]


def lpips_vgg_hole(batch: Batch) -> PerImage:
    """LPIPS in the hole, on VGG16: the map of `lpips_vgg`, averaged over hole pixels as in `lpips_alex_hole`.

    Range: 0 and above; lower is better, nan without a hole and for images with a side under 16 pixels.
    Source: the spatial map of the package lpips, version 0.1; its mean over the hole is inpaint-bench's.
    Raises InputError where the weights are not installed.
    """
    return on_vgg(batch, ["lpips_vgg_hole"])["lpips_vgg_hole"]


def lpips_vgg_band(batch: Batch) -> PerImage:
    """LPIPS at the hole's edge, on VGG16: the map of `lpips_vgg_hole`, averaged within 8 pixels of the edge.

    Range: 0 and above; lower is better, nan without an edge and for images with a side under 16 pixels.
    Source: the spatial map of the package lpips, version 0.1; its mean over the band is inpaint-bench's.
    Raises InputError where the weights are not installed.
    """
    return on_vgg(batch, ["lpips_vgg_band"])["lpips_vgg_band"]


def dists(batch: Batch) -> PerImage:
    """Deep image structure and texture similarity (DISTS) on VGG16: how far channels' means and details differ.

        1 - sum over channels of  alpha (2 m_x m_y + c) / (m_x^2 + m_y^2 + c)  +  beta (2 s_xy + c) / (s_x + s_y + c)

    with the mean m, variance s and covariance s_xy over positions, c = 1e-6 and learned weights alpha and beta, which
    add up to 1. The channels are those of the image, RGB in [0, 1], and of five layers of VGG16 with L2 pooling, on the
    image at its own size. Positions matter to the terms of beta alone, 12% of all: a texture drawn anew costs little.

    Range: 0 to 1.13; lower is better, 0 for identical images.
    Source: Ding et al. 2020; version 0.1 of the package dists-pytorch.
    Raises InputError where the weights are not installed.
    """
    return on_vgg(batch, ["dists"])["dists"]


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
    network, inside = lpips_network("alex", device), torch.from_numpy(hole).to(device)

    def features(sample: Pixels) -> Features:
        found = Features(network, levels_of([sample], 1).to(device), held=True)
        found.layers()
        return found

    def in_hole(two: tuple[Features, Features]) -> float:
        return mean_within(spatial_distance(*two), inside[None]).item()

    held = each(features, samples, device)
    distances = each(in_hole, list(combinations(held, 2)), device)
    return float(np.array(distances, np.float32).astype(np.float64).mean())
