"""SPN's blocks and layers are what their definitions say; its width, its samples and what it trains with."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from loading import CPU, load_of, synthetic_weights, whole_pairs
from torch import nn

from baselines.convolutions import Conv3x3, Kernel, winograd
from baselines.layers import ResidualDenseBlock
from baselines.spn import adapter
from baselines.spn.blocks import MergeBlock, RegionNorm, instance_norm
from baselines.spn.network import SPN, doubled, white_hole
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.tresnet import Pretext
from baselines.spn.vgg import VGG19
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.methods.baselines import find_baselines

FOLDER = find_baselines()["spn"][0].folder


def golden(file: str) -> dict[str, Any]:
    return dict(replay.load(FOLDER / file))


@pytest.mark.parametrize("file", ["spn.json", "spn_prob.json"])
def test_the_prior_learner_gets_the_enlarged_image_and_mask(file: str) -> None:
    known = golden(file)
    inputs = replay.inputs(known, known["cases"][0])
    made = doubled(white_hole(inputs["x"], inputs["mask"]), inputs["mask"])
    assert torch.equal(made, torch.cat([inputs["masked_512"], inputs["mask_512"]], dim=1))


def test_a_sample_depends_on_its_seed_alone() -> None:
    inpaint = load_of("spn-prob-small")(synthetic_weights("spn-prob-small"), CPU)
    image, mask = (each[..., 16:48, 16:48] for each in whole_pairs(64))
    image = emptied(image, mask)
    three = inpaint(image, mask, torch.tensor([[7, 8, 7]]))
    assert torch.equal(three[:, 0], three[:, 2])
    assert (three[:, 0] - three[:, 1]).abs().max() > 1e-3
    assert torch.equal(three[:, 1:2], inpaint(image, mask, torch.tensor([[8]])))


@pytest.mark.parametrize("method", ["spn-small", "spn-prob-small"])
def test_a_batch_in_pieces_is_the_batch(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inpaint = load_of(method)(synthetic_weights(method), CPU)
    image, mask = whole_pairs(64, 5)
    given = (image, mask, torch.arange(10).view(5, 2))[: 3 if "prob" in method else 2]
    monkeypatch.setattr(torch, "get_num_threads", lambda: adapter.FEW + 1)
    whole = inpaint(*given)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    assert (inpaint(*given) - whole).abs().max() < 1e-5


def test_the_width_scales_every_layer_but_the_heads_and_the_image() -> None:
    with torch.device("meta"):
        networks = [(SPN(width), ProbabilisticSPN(width)) for width in (64, 16)]
    fixed = {3, 4, 76, 152}  # colours, colours with the mask, and the pretext network's channels
    for full, small in zip(*networks, strict=True):
        for name, tensor in full.state_dict().items():
            channels = [side if side in fixed else side // 4 for side in tensor.shape[:2]]
            assert small.state_dict()[name].shape == (*channels, *tensor.shape[2:]), name


def test_a_small_network_learns() -> None:
    network = ProbabilisticSPN(width=8)
    prediction, priors, posterior = network(synthetic.image(32), synthetic.mask(32), torch.randn(1, 16, 1, 1))
    loss = prediction.mean() + posterior.deviation.mean() + sum(head.mean() for head in network.distil(priors))
    loss.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_pretext_network_is_the_beginning_of_tresnet() -> None:
    known = golden("tresnet_l.json")
    case = known["cases"][0]
    network = Pretext()
    body = replay.split(known, replay.state_dict(known, case))["body"]
    network.load_state_dict(body, strict=True)
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_578_192
    with torch.inference_mode():
        targets = network.eval()(replay.inputs(known, case)["x"])
    assert targets.full.shape == (1, 76, 256, 256)
    found = {"conv1": targets.full[..., ::2, ::2], "layer1": targets.half, "layer2": targets.quarter}
    assert all(replay.agrees(case["stages"][name], found[name], replay.rule_of(case, name)) for name in found)


def test_vgg_has_the_published_names_shapes_and_slices() -> None:
    network = VGG19()
    shapes = golden("spn_prob.json")["losses"]["networks"]["vgg"]["state_dict"]
    assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == shapes
    with torch.inference_mode():
        maps = network(synthetic.image(32))
    assert [tuple(each.shape[1:]) for each in maps] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
    ]
    assert all((each >= 0).all() for each in maps)


@pytest.mark.parametrize(("dilation", "size"), [(1, (20, 12)), (2, (16, 24)), (1, (4, 260))], ids=str)
def test_winograd_is_the_convolution_as_precisely_as_float32_gives_it(dilation: int, size: tuple[int, int]) -> None:
    draw = torch.Generator().manual_seed(0)
    padded = torch.randn(2, 256, size[0] + 2 * dilation, size[1] + 2 * dilation, generator=draw)
    weight, bias = torch.randn(48, 256, 3, 3, generator=draw) / 48, torch.randn(48, generator=draw)
    expected = F.conv2d(padded.double(), weight.double(), bias.double(), dilation=dilation)
    error = winograd(padded, Kernel(weight, bias), dilation) - expected
    assert error.square().mean().sqrt() < 2e-6
    assert error.abs().max() < 2e-5


def test_large_convolutions_give_the_same_with_and_without_gradients() -> None:
    conv = Conv3x3(128, 64, padding=1)
    features = torch.randn(1, 128, 48, 48)
    learning = conv(features)
    with torch.inference_mode():
        quick = conv(features)
    assert not torch.equal(learning, quick)  # two ways
    torch.testing.assert_close(learning, quick, rtol=0, atol=1e-5)


def test_region_normalisation_is_the_definition_over_two_filled_maps() -> None:
    x, mask = torch.rand(2, 5, 16, 12) * 9 + 3, synthetic.mask(32)[..., :24].repeat(2, 1, 1, 1)
    norm = RegionNorm(5).requires_grad_(False)
    for parameter in norm.parameters():
        parameter.copy_(torch.rand(5))
    small, expected = mask[..., ::2, ::2], torch.zeros_like(x)
    for region, gamma, beta in (
        (small, norm.foreground_gamma, norm.foreground_beta),
        (1 - small, norm.background_gamma, norm.background_beta),
    ):
        share = region.mean((2, 3), keepdim=True)
        mean = (x * region).mean((2, 3), keepdim=True) / share
        painted = F.instance_norm(x * region + mean * (1 - region))
        expected += region * painted * share.sqrt() * (1 + gamma[:, None, None]) + beta[:, None, None]
    torch.testing.assert_close(norm(x, mask), expected, rtol=0, atol=1e-5)


def test_instance_norm_is_pytorchs() -> None:
    x = torch.rand(2, 5, 16, 12) * 9 + 3
    torch.testing.assert_close(instance_norm(x), F.instance_norm(x), rtol=0, atol=1e-5)


def test_a_merge_block_is_a_residual_block_over_joined_features() -> None:
    block = MergeBlock(6, 4, 5).requires_grad_(False)
    encoded, decoded = torch.randn(2, 6, 8, 9), torch.randn(2, 4, 8, 9)
    joined = torch.cat([encoded, decoded], dim=1)
    expected = block.conv_block(joined) + block.shortcut(joined)
    torch.testing.assert_close(block(block.skip(encoded), decoded), expected, rtol=0, atol=1e-5)


def test_a_dense_block_joins_every_output_before() -> None:
    block = ResidualDenseBlock(8, 4).requires_grad_(False)
    features = torch.randn(2, 8, 8, 9)
    joined = features
    for layer in block.layers:
        assert isinstance(layer.conv, nn.Conv2d)
        joined = torch.cat([joined, F.relu(layer.conv(joined))], dim=1)
    torch.testing.assert_close(block(features), block.lff(joined) + features, rtol=0, atol=1e-5)
