"""PIC's spectral norm, which moves on with every call, and the samples that follow from it."""

import pytest
import torch
from loading import CPU, held, load_of, synthetic_weights, whole_pairs
from torch import Tensor

from baselines.pic import trace
from baselines.pic.network import Discriminator
from baselines.pic.spectral import SpectralConv
from inpaint_bench.checks.activations import replay
from inpaint_bench.data.tensors import InpaintSamples, composite, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import find_baselines

GOLDEN = replay.load(find_baselines()["pic"][0].folder / "golden.json")
SEEDS = torch.tensor([[11, 12, 13]])


@pytest.fixture(scope="module")
def inpaint() -> InpaintSamples:
    loaded: InpaintSamples = load_of("pic")(synthetic_weights("pic"), CPU)
    return loaded


@pytest.fixture(scope="module")
def pair() -> tuple[Tensor, Tensor]:
    """An emptied image and its mask."""
    image, mask = whole_pairs(64)
    return emptied(image, mask), mask


def test_a_second_listing_that_differs_is_refused() -> None:
    state = replay.state_dict(GOLDEN)
    discriminator = {name.removeprefix("net_D."): tensor for name, tensor in state.items() if name.startswith("net_D.")}
    discriminator["block1.model.3.module.bias"] = discriminator["block1.model.3.module.bias"] + 1
    with pytest.raises(InputError, match=r"block1\.model\.3\.module\.bias must be the same as block1\.conv2\.module"):
        Discriminator().load_state_dict(discriminator)


def test_kernels_are_the_same_in_whatever_order_calls_are_requested() -> None:
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


def test_the_adapter_gives_the_composite_of_the_authors_network() -> None:
    (case,) = GOLDEN["cases"]
    network = trace.build("golden.json", None)
    network.load_state_dict(replay.state_dict(GOLDEN, case))  # as in the authors' files: every convolution twice
    ours = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("net_D.")}
    image, mask = whole_pairs(256)
    image = (image * 255).round() / 255
    seeds = torch.tensor([[case["noise"]["seed"]]])
    (prediction,) = load_of("pic")(held(ours), CPU)(emptied(image, mask), mask, seeds)
    painted = composite(prediction * 2 - 1, emptied(image * 2 - 1, mask), mask)
    assert replay.agrees(case["output"], painted, replay.rule_of(case, "output"))


def test_a_sample_does_not_depend_on_the_others(inpaint: InpaintSamples, pair: tuple[Tensor, Tensor]) -> None:
    together = inpaint(*pair, SEEDS)
    assert torch.equal(inpaint(*pair, SEEDS), together)
    assert torch.equal(inpaint(*pair, SEEDS[:, :2]), together[:, :2])
    fresh = load_of("pic")(synthetic_weights("pic"), CPU)
    assert torch.equal(fresh(*pair, SEEDS[:, :1]), together[:, :1])


def test_samples_of_one_seed_differ_by_the_steps_of_the_norm(
    inpaint: InpaintSamples, pair: tuple[Tensor, Tensor]
) -> None:
    first, second = inpaint(*pair, torch.tensor([[5, 5]]))[0]
    assert 0 < (first - second).abs().max() < 0.01


def test_seeds_make_different_samples(inpaint: InpaintSamples, pair: tuple[Tensor, Tensor]) -> None:
    first, second, _ = inpaint(*pair, SEEDS)[0]
    assert (first - second).abs().max() > 0.05
