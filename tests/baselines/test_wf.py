"""WaveFill gives what the published network gives, and its adapter keeps the contract of methods."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.wf import adapter, trace
from baselines.wf.blocks import HaarInverse, HaarTransform, InstanceNorm
from baselines.wf.fran import EnlargedConv, positional_norm
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic

ROOM = Path(trace.__file__).parent
(CARD,) = read_card(ROOM / "card.toml").methods
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return dict(replay.load(ROOM / CARD.golden[0]))


@pytest.fixture(scope="module")
def state(golden: dict[str, Any]) -> dict[str, Tensor]:
    return dict(replay.state_dict(golden, golden["cases"][0]))


@pytest.fixture(scope="module")
def network(state: dict[str, Tensor]) -> nn.Module:
    network = trace.build(CARD.golden[0], None)
    network.load_state_dict(state, strict=True)
    return network


@pytest.fixture(scope="module")
def inpaint(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Inpaint:
    path = tmp_path_factory.mktemp("weights") / "wf.safetensors"
    save_file(state, path)
    return adapter.load(Weights(path), CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 72x72 and their masks."""
    images = [synthetic.image(72, seed) for seed in range(3)]
    masks = [synthetic.mask(72, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


def test_the_card_fills_weights_as_the_golden_file_does(golden: dict[str, Any]) -> None:
    (part,) = CARD.container.parts
    rules = {key: golden["fill"][key] for key in ("gain", "fan_in", "ops")}
    assert part.synthetic == msgspec.convert(rules, Synthetic)


def test_the_kernels_in_use_follow_the_weights(network: nn.Module, state: dict[str, Tensor]) -> None:
    conv = network.get_submodule("attn.o")
    before, norm = conv.get_buffer("weight").clone(), state["attn.o.weight_u"]
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


def test_an_enlarged_convolution_is_the_convolution_of_enlarged_features() -> None:
    conv, features = EnlargedConv(3, 5), synthetic.image(16)[..., :10]
    enlarged = F.interpolate(features, scale_factor=2.0, mode="nearest")
    torch.testing.assert_close(conv(features), F.conv2d(enlarged, conv.weight, conv.bias, padding=1))


def test_the_adapter_gives_the_networks_clamped_output(
    inpaint: Inpaint, network: nn.Module, pairs: tuple[Tensor, Tensor]
) -> None:
    image, mask = (tensor[:1] for tensor in pairs)
    with torch.inference_mode():
        output = network(torch.cat([(image * 2 - 1) * (1 - mask) + mask, mask], dim=1))
    expected = ((output + 1) / 2).clamp(0, 1)
    torch.testing.assert_close(inpaint(emptied(image, mask), mask), expected, rtol=0, atol=3e-4)


def test_pixels_under_the_hole_change_nothing(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    assert torch.equal(inpaint(images, masks), inpaint(emptied(images, masks), masks))


def test_an_output_does_not_depend_on_the_batch(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = emptied(*pairs), pairs[1]
    together = inpaint(images, masks)
    alone = torch.cat([inpaint(images[i : i + 1], masks[i : i + 1]) for i in range(len(images))])
    torch.testing.assert_close(together, alone, rtol=0, atol=3e-4)


@pytest.mark.parametrize("size", [(68, 68), (72, 100)], ids=str)
def test_multiples_of_4_give_predictions_in_range(inpaint: Inpaint, size: tuple[int, int]) -> None:
    height, width = size
    images, masks = (tensor[..., :height, :width] for tensor in (synthetic.image(100), synthetic.mask(100)))
    prediction = inpaint(emptied(images, masks), masks)
    assert prediction.shape == (1, 3, height, width)
    assert prediction.isfinite().all()
    assert ((prediction >= 0) & (prediction <= 1)).all()
    assert prediction.std() > 0.01


@pytest.mark.parametrize("hole", [0.0, 1.0], ids=["nothing missing", "everything missing"])
def test_extreme_masks_give_finite_predictions(inpaint: Inpaint, hole: float) -> None:
    images, masks = synthetic.image(68), torch.full((1, 1, 68, 68), hole)
    assert inpaint(emptied(images, masks), masks).isfinite().all()


@pytest.mark.parametrize("size", [(74, 72), (64, 72)], ids=str)
def test_other_sizes_are_refused(inpaint: Inpaint, size: tuple[int, int]) -> None:
    message = rf"wf: images of {size[0]}x{size[1]}; height and width must be multiples of 4 and at least 68"
    with pytest.raises(InputError, match=message):
        inpaint(torch.zeros(1, 3, *size), torch.zeros(1, 1, *size))
