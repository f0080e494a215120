"""RFR and its 5x5 variant give what the published network gives, and their adapters keep the contract of methods."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.rfr import adapter, trace
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import MethodCard, read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic

ROOM = Path(trace.__file__).parent
METHODS = {method.name: method for method in read_card(ROOM / "card.toml").methods}
CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=sorted(METHODS))
def method(request: pytest.FixtureRequest) -> MethodCard:
    return METHODS[request.param]


@pytest.fixture(scope="module")
def golden(method: MethodCard) -> dict[str, Any]:
    return dict(replay.load(ROOM / method.golden[0]))


@pytest.fixture(scope="module")
def state(golden: dict[str, Any]) -> dict[str, Tensor]:
    return dict(replay.state_dict(golden, golden["cases"][0]))


@pytest.fixture(scope="module")
def network(method: MethodCard, state: dict[str, Tensor]) -> nn.Module:
    network = trace.build(method.golden[0], None)
    network.load_state_dict(state, strict=True)
    return network


@pytest.fixture(scope="module")
def weights(
    method: MethodCard, state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Weights]:
    path = tmp_path_factory.mktemp("weights") / f"{method.name}.safetensors"
    save_file(state, path)
    yield Weights(path)
    path.unlink()  # over a hundred megabytes


@pytest.fixture(scope="module")
def inpaint(method: MethodCard, weights: Weights) -> Inpaint:
    load: Callable[[Weights, torch.device], Inpaint] = getattr(adapter, method.load)
    return load(weights, CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 64x64 and their masks."""
    images = [synthetic.image(64, seed) for seed in range(3)]
    masks = [synthetic.mask(64, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


def test_the_card_fills_weights_as_the_golden_file_does(method: MethodCard, golden: dict[str, Any]) -> None:
    (part,) = method.container.parts
    assert part.synthetic == Synthetic(gain=golden["fill"]["gain"], fan_in=golden["fill"]["fan_in"])
    assert not golden["fill"]["ops"]


def test_the_adapter_gives_the_networks_clamped_output(
    inpaint: Inpaint, network: nn.Module, pairs: tuple[Tensor, Tensor]
) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    with torch.inference_mode():
        inputs = {"masked_image": emptied(images, masks), "mask": (1 - masks).expand(-1, 3, -1, -1)}
        output = trace.trace(network, inputs, [])["output"]
    assert isinstance(output, Tensor)
    assert torch.equal(inpaint(emptied(images, masks), masks), output.clamp(0, 1))


def test_pixels_under_the_hole_change_nothing(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    assert torch.equal(inpaint(images, masks), inpaint(emptied(images, masks), masks))


def test_an_output_does_not_depend_on_the_batch(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = emptied(*pairs), pairs[1]
    together = inpaint(images, masks)
    alone = torch.cat([inpaint(images[i : i + 1], masks[i : i + 1]) for i in range(len(images))])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(16, 16), (48, 80), (128, 128)], ids=str)
def test_multiples_of_16_give_predictions_in_range(inpaint: Inpaint, size: tuple[int, int]) -> None:
    height, width = size
    images, masks = (tensor[..., :height, :width] for tensor in (synthetic.image(128), synthetic.mask(128)))
    prediction = inpaint(emptied(images, masks), masks)
    assert prediction.shape == (1, 3, height, width)
    assert prediction.isfinite().all()
    assert ((prediction >= 0) & (prediction <= 1)).all()
    assert prediction.std() > 0.01


@pytest.mark.parametrize("hole", [0.0, 1.0], ids=["nothing missing", "everything missing"])
def test_extreme_masks_give_finite_predictions(inpaint: Inpaint, hole: float) -> None:
    images, masks = synthetic.image(64), torch.full((1, 1, 64, 64), hole)
    assert inpaint(emptied(images, masks), masks).isfinite().all()


def test_other_sizes_are_refused(inpaint: Inpaint) -> None:
    with pytest.raises(InputError, match=r"rfr: images of 40x64; height and width must be multiples of 16"):
        inpaint(torch.zeros(1, 3, 40, 64), torch.zeros(1, 1, 40, 64))


def test_weights_of_the_other_variant_are_refused(weights: Weights, method: MethodCard) -> None:
    other = adapter.load if method.name == "rfr-small" else adapter.load_small
    with pytest.raises(InputError, match=r"not the weights of this network: 3 of another shape \(Pconv2\.weight"):
        other(weights, CPU)
