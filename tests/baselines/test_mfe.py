"""MFE's two loaders, and the kernels that must count."""

import pytest
import torch
from authors_files import Loaded
from loading import CPU
from torch import nn

from baselines.mfe import adapter
from baselines.mfe.filling import KnownFeatures
from inpaint_bench.errors import InputError
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


def test_weights_that_do_not_count_places_are_refused() -> None:
    class Uncounting(Weights):
        def into(self, network: Network) -> Network:
            return network

    reason = r"pc_block\.cov_3\.0\.conv\.mask_conv\.weight holds other values than 1\. .* is not known here\. Take"
    with pytest.raises(InputError, match=reason):
        adapter.load(Uncounting(sha256="synthetic"), CPU)
