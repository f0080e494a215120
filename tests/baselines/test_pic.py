"""PIC gives what the published network gives, call by call, and its adapter keeps the contract of methods."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.pic import adapter, trace
from baselines.pic.network import Discriminator
from baselines.pic.spectral import SpectralConv
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import InpaintSamples, composite, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic

ROOM = Path(trace.__file__).parent
(CARD,) = read_card(ROOM / "card.toml").methods
CPU = torch.device("cpu")
SEEDS = torch.tensor([[11, 12, 13], [21, 22, 23], [31, 32, 33]])


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return dict(replay.load(ROOM / CARD.golden[0]))


@pytest.fixture(scope="module")
def state(golden: dict[str, Any]) -> dict[str, Tensor]:
    """As in the authors' files: every convolution twice."""
    return dict(replay.state_dict(golden, golden["cases"][0]))


@pytest.fixture(scope="module")
def network(state: dict[str, Tensor]) -> nn.Module:
    network = trace.build(CARD.golden[0], None)
    network.load_state_dict(state, strict=True)
    return network


@pytest.fixture(scope="module")
def weights(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = tmp_path_factory.mktemp("weights") / "pic.safetensors"
    ours = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file({name: tensor for name, tensor in ours.items() if not name.startswith("net_D.")}, path)
    return Weights(path)


@pytest.fixture(scope="module")
def inpaint(weights: Weights) -> InpaintSamples:
    return adapter.load(weights, CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 64x64 and their masks."""
    images = [synthetic.image(64, seed) for seed in range(3)]
    masks = [synthetic.mask(64, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


def test_the_card_fills_weights_as_the_golden_file_does(golden: dict[str, Any]) -> None:
    assert not golden["fill"]["ops"]
    for part in CARD.container.parts:
        assert part.synthetic == Synthetic(gain=golden["fill"]["gain"], fan_in=golden["fill"]["fan_in"])


def test_a_second_listing_that_differs_is_refused(state: dict[str, Tensor]) -> None:
    decided = {name.removeprefix("net_D."): tensor for name, tensor in state.items() if name.startswith("net_D.")}
    decided["block1.model.3.module.bias"] = decided["block1.model.3.module.bias"] + 1
    with pytest.raises(InputError, match=r"block1\.model\.3\.module\.bias must be the same as block1\.conv2\.module"):
        Discriminator().load_state_dict(decided)


def test_kernels_are_the_same_in_whatever_order_calls_are_asked_for() -> None:
    torch.manual_seed(0)
    forwards, backwards = SpectralConv(3, 4, 3), SpectralConv(3, 4, 3)
    forwards.module.weight_bar.data.normal_()
    forwards.module.weight_u.normal_()
    backwards.load_state_dict(forwards.state_dict())
    ahead = [forwards.kernel(call) for call in range(5)]
    back = [backwards.kernel(call) for call in reversed(range(5))]
    assert all(torch.equal(one, other) for one, other in zip(ahead, reversed(back), strict=True))
    assert not torch.equal(ahead[0], ahead[1])
    norm = torch.linalg.matrix_norm(forwards.module.weight_bar.detach().flatten(1), 2)
    torch.testing.assert_close(forwards.kernel(200), forwards.module.weight_bar / norm)


def test_new_weights_begin_with_the_first_call_again() -> None:
    conv = SpectralConv(1, 1, 1)
    state = {**conv.state_dict(), "module.weight_u": torch.ones(1)}
    for value in (2.0, -3.0):
        conv.load_state_dict({**state, "module.weight_bar": torch.full((1, 1, 1, 1), value)})
        assert conv.kernel(0).abs().item() == pytest.approx(1)
        assert conv._norms == [pytest.approx(abs(value))]


def test_the_adapter_gives_the_golden_composite(golden: dict[str, Any], inpaint: InpaintSamples) -> None:
    (case,) = golden["cases"]
    image, mask = (synthetic.image(256, case["image_seed"]) * 255).round() / 255, synthetic.mask(256, case["mask_seed"])
    (prediction,) = inpaint(emptied(image, mask), mask, torch.tensor([[case["noise"]["seed"]]]))
    painted = composite(prediction * 2 - 1, (image * 2 - 1) * (1 - mask), mask)
    assert replay.agrees(case["output"], painted, replay.rule_of(case, "output"))


def test_a_sample_does_not_depend_on_the_others(
    weights: Weights, inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]
) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    images, three = emptied(images, masks), SEEDS[:1]
    together = inpaint(images, masks, three)
    assert torch.equal(inpaint(images, masks, three), together)
    assert torch.equal(inpaint(images, masks, three[:, :2]), together[:, :2])
    assert torch.equal(adapter.load(weights, CPU)(images, masks, three[:, :1]), together[:, :1])


def test_samples_of_one_seed_differ_by_the_steps_of_the_norm(
    inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]
) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    first, second = inpaint(emptied(images, masks), masks, torch.tensor([[5, 5]]))[0]
    assert 0 < (first - second).abs().max() < 0.01


def test_seeds_make_different_samples(inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    first, second, _ = inpaint(emptied(images, masks), masks, SEEDS[:1])[0]
    assert (first - second).abs().max() > 0.05


def test_pixels_under_the_hole_change_nothing(inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    assert torch.equal(inpaint(images, masks, SEEDS[:1]), inpaint(emptied(images, masks), masks, SEEDS[:1]))


def test_an_output_does_not_depend_on_the_batch(inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = emptied(*pairs), pairs[1]
    together = inpaint(images, masks, SEEDS)
    alone = torch.cat([inpaint(images[i : i + 1], masks[i : i + 1], SEEDS[i : i + 1]) for i in range(len(images))])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (128, 128)], ids=str)
def test_multiples_of_32_give_predictions_in_range(inpaint: InpaintSamples, size: tuple[int, int]) -> None:
    height, width = size
    images, masks = (tensor[..., :height, :width] for tensor in (synthetic.image(128), synthetic.mask(128)))
    predictions = inpaint(emptied(images, masks), masks, SEEDS[:1])
    assert predictions.shape == (1, 3, 3, height, width)
    assert predictions.isfinite().all()
    assert ((predictions >= 0) & (predictions <= 1)).all()
    assert predictions.std() > 0.01


@pytest.mark.parametrize("hole", [0.0, 1.0], ids=["nothing missing", "everything missing"])
def test_extreme_masks_give_finite_predictions(inpaint: InpaintSamples, hole: float) -> None:
    images, masks = synthetic.image(64), torch.full((1, 1, 64, 64), hole)
    assert inpaint(emptied(images, masks), masks, SEEDS[:1]).isfinite().all()


def test_other_sizes_are_refused(inpaint: InpaintSamples) -> None:
    with pytest.raises(InputError, match=r"pic: images of 48x64; height and width must be multiples of 32"):
        inpaint(torch.zeros(1, 3, 48, 64), torch.zeros(1, 1, 48, 64), SEEDS[:1])
