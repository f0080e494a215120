"""RFR and its 5x5 variant: their adapters and each other's weights."""

import pytest
import torch
from loading import CPU, held, load_of, whole_pairs
from torch import Tensor

from baselines.rfr import trace
from baselines.rfr.network import RFRNet
from inpaint_bench.data.tensors import emptied
from inpaint_bench.errors import InputError

KERNELS = {"rfr": 7, "rfr-small": 5}


@pytest.mark.parametrize("method", KERNELS)
def test_the_adapter_gives_the_networks_clamped_output(method: str) -> None:
    network = RFRNet(KERNELS[method]).eval()
    inpaint = load_of(method)(held(network.state_dict()), CPU)
    images, masks = whole_pairs(64)
    with torch.inference_mode():
        inputs = {"masked_image": emptied(images, masks), "mask": (1 - masks).expand(-1, 3, -1, -1)}
        output = trace.trace(network, inputs, [])["output"]
    assert isinstance(output, Tensor)
    assert torch.equal(inpaint(emptied(images, masks), masks), output.clamp(0, 1))


@pytest.mark.parametrize(("method", "other"), [("rfr", "rfr-small"), ("rfr-small", "rfr")])
def test_weights_of_the_other_variant_are_refused(method: str, other: str) -> None:
    with pytest.raises(InputError, match=r"not the weights of this network: 3 of another shape \(Pconv2\.weight"):
        load_of(method)(held(RFRNet(KERNELS[other]).state_dict()), CPU)
