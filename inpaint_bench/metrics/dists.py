"""DISTS: how far the means and the details of VGG16's channels differ between two images.

The learned weights are those of the package dists-pytorch; its code is not imported.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from inpaint_bench.metrics.features.networks import Levels, built_once
from inpaint_bench.metrics.features.packages import tensors
from inpaint_bench.metrics.features.weight_files import DISTS_WEIGHTS

CHANNELS = (3, 64, 128, 256, 512, 512)  # of the image and of the five stages of VGG16
SMALL = 1e-6  # keeps the ratios defined where a channel is constant

Values = Float32[Tensor, "chunk channels rows columns"]
Stages = Iterable[Float32[Tensor, "_ _ _ _"]]  # features, each of another size
PerStage = Sequence[tuple[Tensor, Tensor]]  # alpha and beta, float32 (channels,)


@built_once
def load_weights(device: torch.device) -> PerStage:
    """Load the weights of the image and of each stage, alpha and beta, scaled so that all of them add up to 1.

    Raises InputError where the package is not installed, HashError where its file has another hash.
    """
    path, data = DISTS_WEIGHTS.read()
    found = tensors(data, str(path))
    alpha, beta = (found[name].flatten().to(device) for name in ("alpha", "beta"))
    total = alpha.sum() + beta.sum()
    return list(zip((alpha / total).split(CHANNELS), (beta / total).split(CHANNELS), strict=True))


def distance(weights: PerStage, ours: Stages, theirs: Stages) -> Float32[Tensor, " chunk"]:
    """DISTS of two batches of images, from their `stages`."""
    return torch.stack(
        [_difference(one, other, *scaled) for scaled, one, other in zip(weights, ours, theirs, strict=True)]
    ).sum(0)


def stages(network: Any, levels: Levels, first: Values) -> Iterator[Values]:
    """The image in [0, 1] and the outputs of the five stages, each but the first after an L2 pooling.

    `network` is the package lpips's on VGG16, whose layers are used, and `first` the output of its first stage.
    """
    yield levels.float() / 255
    yield first
    values = first
    for stage in (network.net.slice2, network.net.slice3, network.net.slice4, network.net.slice5):
        values = _l2_pool(values)
        for layer in list(stage.children())[1:]:  # without its max pooling
            values = layer(values)
        yield values


def _l2_pool(values: Values) -> Float32[Tensor, "chunk channels _ _"]:
    """Halve the size: the root of the squares, blurred with the window (1, 2, 1) / 4 along rows and columns."""
    line = torch.tensor([0.25, 0.5, 0.25], device=values.device)
    window = torch.outer(line, line).expand(values.shape[1], 1, 3, 3).contiguous()
    squares = functional.conv2d(values.square(), window, stride=2, padding=1, groups=values.shape[1])
    return squares.add_(1e-12).sqrt_()


def _difference(x: Values, y: Values, alpha: Tensor, beta: Tensor) -> Float32[Tensor, " chunk"]:
    """The weighted sum over channels of 1 less each similarity.

    1 - (2ab + c) / (a^2 + b^2 + c) is (a - b)^2 / (a^2 + b^2 + c), which is 0 for equal images and never negative;
    of the structure likewise, as the variances less twice the covariance are the variance of the difference.
    """
    x_mean, y_mean = (values.mean(dim=(2, 3), keepdim=True) for values in (x, y))
    x_rest, y_rest = x - x_mean, y - y_mean
    x_variance, y_variance, between = (rest.square().mean(dim=(2, 3)) for rest in (x_rest, y_rest, x_rest - y_rest))
    x_mean, y_mean = x_mean[:, :, 0, 0], y_mean[:, :, 0, 0]
    texture = (x_mean - y_mean).square() / (x_mean.square() + y_mean.square() + SMALL)
    structure = between / (x_variance + y_variance + SMALL)
    return (alpha * texture + beta * structure).sum(dim=1)
