"""Both SPN networks and what they train with give what the published ones give; the adapters keep the contract."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.layers import Conv3x3, winograd
from baselines.spn import adapter, trace
from baselines.spn.blocks import MergeBlock, RegionNorm, ResidualDenseBlock, instance_norm
from baselines.spn.network import SPN, doubled, white_hole
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.tresnet import Pretext
from baselines.spn.vgg import VGG19
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, InpaintSamples, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic

ROOM = Path(trace.__file__).parent
CARDS = {card.name: card for card in read_card(ROOM / "card.toml").methods}
GOLDEN: dict[str, dict[str, Any]] = {name: replay.load(ROOM / name) for card in CARDS.values() for name in card.golden}
METHODS = {"spn": "spn.json", "spn-prob": "spn_prob.json"}
OTHERS = [name for name in GOLDEN if name not in METHODS.values()]
CPU = torch.device("cpu")
SEEDS = torch.tensor([[1, 2], [3, 4], [5, 6]])

States = dict[str, dict[str, Tensor]]
Stages = dict[str, Tensor | dict[str, float]]
Pairs = tuple[Tensor, Tensor]


def wrong_stages(case: dict[str, Any], stages: Stages) -> list[str]:
    """The names of the stages of a case that do not agree."""
    expected = {**case["stages"], "output": case["output"]}
    return [name for name in expected if not replay.agrees(expected[name], stages[name], replay.rule_of(case, name))]


def names_and_shapes(golden: dict[str, Any]) -> dict[str, list[int]]:
    """Those of a golden file, second names of the same tensor included."""
    shapes: dict[str, list[int]] = golden["state_dict"]
    return shapes | {alias: shapes[name] for alias, name in golden["aliases"].items()}


@pytest.fixture(scope="module")
def states() -> States:
    """The synthetic weights of both generators."""
    return {name: replay.state_dict(GOLDEN[name], GOLDEN[name]["cases"][0]) for name in METHODS.values()}


@pytest.fixture(scope="module")
def weights(states: States, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Weights]:
    """The same, in files."""
    folder = tmp_path_factory.mktemp("weights")
    for method, golden in METHODS.items():
        save_file(states[golden], folder / f"{method}.safetensors")
    return {method: Weights(folder / f"{method}.safetensors") for method in METHODS}


@pytest.fixture(scope="module")
def inpaint(weights: dict[str, Weights]) -> Inpaint:
    return adapter.load(weights["spn"], CPU)


@pytest.fixture(scope="module")
def inpaint_samples(weights: dict[str, Weights]) -> InpaintSamples:
    return adapter.load_probabilistic(weights["spn-prob"], CPU)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    """Three whole images of 64x64 and their masks."""
    images = [synthetic.image(64, seed) for seed in range(3)]
    masks = [synthetic.mask(64, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


@pytest.mark.parametrize("method", METHODS)
def test_the_card_fills_weights_as_the_golden_file_does(method: str) -> None:
    rules = GOLDEN[METHODS[method]]["fill"]
    (part,) = CARDS[method].container.parts
    assert part.synthetic == Synthetic(gain=rules["gain"], fan_in=rules["fan_in"])
    assert not rules["ops"]


@pytest.mark.parametrize("method", METHODS)
def test_the_prior_learner_sees_the_enlarged_image_and_mask(method: str) -> None:
    golden = GOLDEN[METHODS[method]]
    inputs = replay.inputs(golden, golden["cases"][0])
    made = doubled(white_hole(inputs["x"], inputs["mask"]), inputs["mask"])
    assert torch.equal(made, torch.cat([inputs["masked_512"], inputs["mask_512"]], dim=1))


def test_the_adapter_gives_the_published_output(inpaint: Inpaint) -> None:
    (case,) = GOLDEN["spn.json"]["cases"]
    image, mask = synthetic.image(256), synthetic.mask(256)
    prediction = inpaint(emptied(image, mask), mask)
    assert replay.agrees(case["output"], prediction, replay.rule_of(case, "output"))
    assert ((prediction >= 0) & (prediction <= 1)).all()


def test_the_stochastic_adapter_gives_the_published_output(inpaint_samples: InpaintSamples) -> None:
    (case,) = GOLDEN["spn_prob.json"]["cases"]
    image, mask = synthetic.image(256), synthetic.mask(256)
    predictions = inpaint_samples(emptied(image, mask), mask, torch.tensor([[case["noise"]["seed"]]]))
    assert predictions.shape == (1, 1, 3, 256, 256)
    assert replay.agrees(case["output"], predictions[:, 0], replay.rule_of(case, "output"))
    assert ((predictions >= 0) & (predictions <= 1)).all()


def test_an_output_does_not_depend_on_the_batch(inpaint: Inpaint, pairs: Pairs) -> None:
    images, masks = emptied(*pairs), pairs[1]
    alone = [inpaint(images[i : i + 1], masks[i : i + 1]) for i in range(len(images))]
    torch.testing.assert_close(inpaint(images, masks), torch.cat(alone), rtol=0, atol=1e-4)


def test_a_sample_does_not_depend_on_the_batch(inpaint_samples: InpaintSamples, pairs: Pairs) -> None:
    images, masks = (tensor[..., 16:48, 16:48] for tensor in (emptied(*pairs), pairs[1]))
    alone = [inpaint_samples(images[i : i + 1], masks[i : i + 1], SEEDS[i : i + 1]) for i in range(len(images))]
    torch.testing.assert_close(inpaint_samples(images, masks, SEEDS), torch.cat(alone), rtol=0, atol=1e-4)


def test_a_sample_depends_on_its_seed_alone(inpaint_samples: InpaintSamples, pairs: Pairs) -> None:
    image, mask = (tensor[:1, :, 16:48, 16:48] for tensor in (emptied(*pairs), pairs[1]))
    three = inpaint_samples(image, mask, torch.tensor([[7, 8, 7]]))
    assert torch.equal(three[:, 0], three[:, 2])
    assert (three[:, 0] - three[:, 1]).abs().max() > 1e-3
    assert torch.equal(three[:, 1:2], inpaint_samples(image, mask, torch.tensor([[8]])))


def test_pixels_under_the_hole_change_nothing(inpaint: Inpaint, inpaint_samples: InpaintSamples, pairs: Pairs) -> None:
    whole, mask = (tensor[:1] for tensor in pairs)
    empty = emptied(whole, mask)
    assert not torch.equal(whole, empty)
    assert torch.equal(inpaint(whole, mask), inpaint(empty, mask))
    assert torch.equal(inpaint_samples(whole, mask, SEEDS[:1]), inpaint_samples(empty, mask, SEEDS[:1]))


@pytest.mark.parametrize("size", [(12, 12), (44, 80), (128, 64)], ids=str)
def test_multiples_of_4_give_predictions_in_range(inpaint: Inpaint, size: tuple[int, int]) -> None:
    height, width = size
    images, masks = (tensor[..., :height, :width] for tensor in (synthetic.image(128), synthetic.mask(128)))
    prediction = inpaint(emptied(images, masks), masks)
    assert prediction.shape == (1, 3, height, width)
    assert ((prediction >= 0) & (prediction <= 1)).all()  # false for NaN
    assert prediction.std() > 0.01


def test_multiples_of_32_give_samples_in_range(inpaint_samples: InpaintSamples) -> None:
    images, masks = (tensor[..., :32, :64] for tensor in (synthetic.image(64), synthetic.mask(64)))
    predictions = inpaint_samples(emptied(images, masks), masks, SEEDS[:1])
    assert predictions.shape == (1, 2, 3, 32, 64)
    assert ((predictions >= 0) & (predictions <= 1)).all()


@pytest.mark.parametrize("hole", [0.0, 1.0], ids=["nothing missing", "everything missing"])
def test_extreme_masks_give_finite_predictions(inpaint: Inpaint, hole: float) -> None:
    images, masks = synthetic.image(64), torch.full((1, 1, 64, 64), hole)
    assert inpaint(emptied(images, masks), masks).isfinite().all()


@pytest.mark.parametrize("size", [(42, 64), (64, 63), (8, 64)], ids=str)
def test_other_sizes_are_refused(inpaint: Inpaint, size: tuple[int, int]) -> None:
    height, width = size
    with pytest.raises(InputError, match=rf"spn: images of {height}x{width}; .* must be multiples of 4 from 12 up"):
        inpaint(torch.zeros(1, 3, height, width), torch.zeros(1, 1, height, width))


def test_other_sizes_are_refused_by_the_stochastic_adapter(inpaint_samples: InpaintSamples) -> None:
    with pytest.raises(InputError, match=r"spn-prob: images of 48x64; .* must be multiples of 32 from 32 up"):
        inpaint_samples(torch.zeros(1, 3, 48, 64), torch.zeros(1, 1, 48, 64), SEEDS[:1])


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
    golden = GOLDEN["tresnet_l.json"]
    case = golden["cases"][0]
    network = Pretext()
    body = replay.split(golden, replay.state_dict(golden, case))["body"]
    network.load_state_dict(body, strict=True)
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_578_192
    with torch.inference_mode():
        targets = network.eval()(replay.inputs(golden, case)["x"])
    assert targets.full.shape == (1, 76, 256, 256)
    found: Stages = {"conv1": targets.full[..., ::2, ::2], "layer1": targets.half, "layer2": targets.quarter}
    assert all(replay.agrees(case["stages"][name], found[name], replay.rule_of(case, name)) for name in found)


def test_vgg_has_the_published_names_shapes_and_slices() -> None:
    network = VGG19()
    shapes = GOLDEN["spn_prob.json"]["losses"]["networks"]["vgg"]["state_dict"]
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
    error = winograd(padded, weight, bias, dilation) - expected
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
