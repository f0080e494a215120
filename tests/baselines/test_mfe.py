"""MFE's two loaders, and the kernels that count."""

import pytest
import torch
from authors_files import Loaded
from loading import CPU
from torch import nn
from torch.nn import functional as F

from baselines.mfe import adapter
from baselines.mfe.filling import KnownFeatures, Partial, PartialConv
from inpaint_bench.weights import Weights
from inpaint_bench.weights.base import Network


def test_each_loader_takes_the_rule_of_its_code() -> None:
    """The reference activations hold one case of each rule."""
    networks: list[nn.Module] = []

    class Catching(Weights):
        def into(self, network: Network) -> Network:
            networks.append(network)
            raise Loaded

    for load in (adapter.load, adapter.load_first):
        with torch.device("meta"), pytest.raises(Loaded):
            load(Catching(), CPU)
    rules = [module.rule for network in networks for module in network.modules() if isinstance(module, KnownFeatures)]
    assert rules == ["newest code", "first published code"]


def test_kernels_that_do_not_count_are_run_as_the_authors_code_runs_them() -> None:
    """Its training code replaces the ones; then channels are divided by what their own kernels give."""
    torch.manual_seed(0)
    layer = PartialConv(4, 3)
    layer.load_state_dict({"input_conv.weight": torch.randn(4, 4, 3, 3), "mask_conv.weight": torch.randn(4, 4, 3, 3)})
    feature, known = torch.randn(2, 4, 8, 8), torch.ones(2, 1, 8, 8)
    known[:, :, :6, :6] = 0
    found = layer(Partial(feature, known))
    every = known.expand(-1, 4, -1, -1)
    divisor = F.conv2d(every, layer.mask_conv.weight, padding=1)
    expected = F.conv2d(feature * every, layer.input_conv.weight, padding=1) / divisor
    torch.testing.assert_close(found.feature, expected.where(divisor != 0, 0))
    assert torch.equal(found.known, (divisor != 0).float())


def test_kernels_of_ones_are_counted_in_one_channel_with_the_same_result() -> None:
    torch.manual_seed(0)
    layer = PartialConv(4, 3)
    kernels = {"input_conv.weight": torch.randn(4, 4, 3, 3), "mask_conv.weight": torch.ones(4, 4, 3, 3)}
    layer.load_state_dict(kernels)
    known = torch.ones(1, 1, 8, 8)
    known[:, :, :6, :6] = 0
    partial = Partial(torch.randn(1, 4, 8, 8), known)
    counted = layer(partial)
    layer.counts = False
    run = layer(partial)
    torch.testing.assert_close(run.feature, counted.feature)
    assert torch.equal(run.known, counted.known.expand_as(run.known))
