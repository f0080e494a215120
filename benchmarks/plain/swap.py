"""Networks whose layers are replaced by plain ones, with the same weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

import baselines
from baselines.convolutions import Conv3x3, RowwiseConv2d
from baselines.layers import ResidualDenseBlock
from inpaint_bench.checks.activations import replay
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
    """The same network, NCHW, with plain layers in place of ours; one that it does not have is a mistake."""
    classes = {**SHARED, **plain}
    absent = plain.keys() - {type(module) for module in network.modules()}
    assert not absent, f"{type(network).__name__} has no {sorted(layer.__name__ for layer in absent)}"
    for module in network.modules():
        module.__class__ = classes.get(type(module), type(module))
    return network.eval().to(memory_format=torch.contiguous_format)


def weights(method: str) -> Weights:
    """The synthetic weights of a method."""
    baseline, card = find_baselines()[method]
    return weights_of(baseline, card, "", SYNTHETIC)


def reference(golden: str) -> dict[str, Tensor]:
    """The weights of the reference activations of a file in `baselines`."""
    found = replay.load(Path(baselines.__path__[0]) / golden)
    return replay.state_dict(found, found["cases"][0])


def loaded(network: Network, state: Mapping[str, Tensor]) -> Network:
    """The network with these weights, for inference."""
    network.load_state_dict(state)
    return network.eval()


def pair(side: int = 256) -> tuple[Tensor, Tensor]:
    """An image with an empty hole, and its mask."""
    mask = synthetic.mask(side, 0)
    return emptied(synthetic.image(side, 0), mask), mask
