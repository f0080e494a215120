"""Networks whose layers are replaced by plain ones, with the same weights."""

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.convolutions import Conv3x3, RowwiseConv2d
from baselines.layers import ResidualDenseBlock
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.methods.baselines import find_baselines, weights_of
from inpaint_bench.weights import SYNTHETIC, Weights

Network = TypeVar("Network", bound=nn.Module)


class PlainDense(ResidualDenseBlock):
    """Every layer convolves all that stands before it."""

    def forward(self, features: Tensor) -> Tensor:
        grown = features
        for layer in self.layers:
            grown = torch.cat([grown, functional.relu(layer.get_submodule("conv")(grown))], dim=1)
        found: Tensor = self.lff(grown)
        return found + features


SHARED: Mapping[type[nn.Module], type[nn.Module]] = {
    Conv3x3: nn.Conv2d,
    RowwiseConv2d: nn.Conv2d,
    ResidualDenseBlock: PlainDense,
}


def swapped(network: Network, plain: Mapping[type[nn.Module], type[nn.Module]]) -> Network:
    """The same network, NCHW, with plain layers in place of ours."""
    classes = {**SHARED, **plain}
    for module in network.modules():
        module.__class__ = classes.get(type(module), type(module))
    return network.eval().to(memory_format=torch.contiguous_format)


def weights(method: str) -> Weights:
    """The synthetic weights of a method."""
    baseline, card = find_baselines()[method]
    return weights_of(baseline, card, "", SYNTHETIC)


def pair() -> tuple[Tensor, Tensor]:
    """An image with an empty hole, and its mask; 256 pixels."""
    mask = synthetic.mask(256, 0)
    return emptied(synthetic.image(256, 0), mask), mask


def region_normalised(x: Tensor, mask: Tensor) -> Tensor:
    """Each region filled up with its mean and normalised over the whole map; the sum of both."""
    total = torch.zeros_like(x)
    for region in (mask, 1 - mask):
        count = region.sum((2, 3), keepdim=True)
        count = torch.where(count == 0, torch.ones_like(count), count)
        mean = (x * region).sum((2, 3), keepdim=True) / count
        share = count / (x.shape[2] * x.shape[3])
        total = total + functional.instance_norm(x * region + (1 - region) * mean) * share.sqrt()
    return total
