"""WaveFill's blocks, and how its adapter prepares the network's input."""

import pytest
import torch
import torch.nn.functional as F
from loading import CPU, load_of, synthetic_weights, whole_pairs

from baselines.wf.blocks import HaarInverse, HaarTransform, InstanceNorm
from baselines.wf.fran import positional_norm
from baselines.wf.network import WaveFill
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied


def test_the_kernels_in_use_follow_the_weights() -> None:
    conv = synthetic_weights("wf").into(WaveFill()).get_submodule("attn.o")
    before, norm = conv.get_buffer("weight").clone(), conv.state_dict()["weight_u"].clone()
    conv.load_state_dict({**conv.state_dict(), "weight_u": 2 * norm})
    torch.testing.assert_close(conv.get_buffer("weight"), before / 2)
    conv.load_state_dict({**conv.state_dict(), "weight_u": norm})
    assert torch.equal(conv.get_buffer("weight"), before)


def test_the_haar_transform_is_inverted_and_keeps_energy() -> None:
    image = synthetic.image(16)
    low, high = HaarTransform()(image)
    torch.testing.assert_close(HaarInverse()(low, high), image)
    torch.testing.assert_close(low.square().sum() + high.square().sum(), image.square().sum())


def test_instance_norm_is_torchs() -> None:
    features = torch.cat([synthetic.image(32), 1000 + synthetic.image(32, seed=1)]).to(
        memory_format=torch.channels_last
    )
    torch.testing.assert_close(InstanceNorm()(features), F.instance_norm(features), rtol=1e-3, atol=1e-3)


def test_positional_norm_has_unit_unbiased_variance() -> None:
    normal = positional_norm(100 * synthetic.image(32))
    torch.testing.assert_close(normal.mean(1), torch.zeros(1, 32, 32), rtol=0, atol=1e-5)
    torch.testing.assert_close(normal.var(1), torch.ones(1, 32, 32), rtol=0, atol=1e-3)


@pytest.mark.acceptance
def test_the_adapter_gives_the_networks_clamped_output() -> None:
    weights = synthetic_weights("wf")
    network, inpaint = weights.into(WaveFill()).eval(), load_of("wf")(weights, CPU)
    image, mask = whole_pairs(72)
    with torch.inference_mode():
        output = network(torch.cat([(image * 2 - 1) * (1 - mask) + mask, mask], dim=1))
    expected = ((output + 1) / 2).clamp(0, 1)
    torch.testing.assert_close(inpaint(emptied(image, mask), mask), expected, rtol=0, atol=3e-4)
