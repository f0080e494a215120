"""CTSDG gives what the published network gives, and its adapter keeps the contract of methods."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.ctsdg import adapter, trace
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic, read_container

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
    path = tmp_path_factory.mktemp("weights") / "ctsdg.safetensors"
    save_file(state, path)
    return adapter.load(Weights(path), CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 128x128 and their masks."""
    images = [synthetic.image(128, seed) for seed in range(3)]
    masks = [synthetic.mask(128, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


def whole_image(golden: dict[str, Any], case: dict[str, Any]) -> Tensor:
    """The image before its hole is emptied, in [-1, 1]."""
    return replay.inputs(golden, {**case, "inputs": {"x": "x"}})["x"]


def test_the_card_fills_weights_as_the_golden_file_does(golden: dict[str, Any]) -> None:
    (part,) = CARD.container.parts
    assert part.synthetic == Synthetic(gain=golden["fill"]["gain"], fan_in=golden["fill"]["fan_in"])
    assert not golden["fill"]["ops"]


def test_the_authors_container_is_unwrapped(tmp_path: Path) -> None:
    weight = {"out_layer.0.bias": torch.zeros(3)}
    torch.save({"n_iter": 1, "generator": weight, "discriminator": {"conv.bias": torch.zeros(1)}}, tmp_path / "a.pt")
    assert list(read_container([tmp_path / "a.pt"], CARD.container)) == ["out_layer.0.bias"]


def test_edges_of_a_whole_image_are_the_golden_ones(golden: dict[str, Any]) -> None:
    (case,) = golden["cases"]
    found = adapter.edges(adapter.grey(whole_image(golden, case)), torch.ones(1, 1, 256, 256))
    expected = replay.inputs(golden, {**case, "inputs": {"edges": "edges"}})["edges"]
    assert (found == expected).float().mean() > 0.999  # Canny may change from one scikit-image to the next


def test_the_border_of_the_hole_is_no_edge() -> None:
    values, known = torch.full((1, 1, 64, 64), 0.9, dtype=torch.float64), torch.ones(1, 1, 64, 64)
    known[..., 20:40, 20:40] = 0
    assert not adapter.edges(values * known, known).any()


def test_the_adapter_gives_the_networks_output(
    inpaint: Inpaint, network: nn.Module, pairs: tuple[Tensor, Tensor]
) -> None:
    image, mask = (tensor[:1] for tensor in pairs)
    known, values = 1 - mask, adapter.grey(emptied(image, mask) * 2 - 1)
    structure = torch.cat([adapter.edges(values, known), values], dim=1).float() * known
    with torch.inference_mode():
        output = network((image * 2 - 1) * known, structure, known)
    torch.testing.assert_close(inpaint(emptied(image, mask), mask), (output + 1) / 2, rtol=0, atol=1e-5)


def test_pixels_under_the_hole_change_nothing(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    assert torch.equal(inpaint(images, masks), inpaint(emptied(images, masks), masks))


def test_an_output_does_not_depend_on_the_batch(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = emptied(*pairs), pairs[1]
    together = inpaint(images, masks)
    alone = torch.cat([inpaint(images[i : i + 1], masks[i : i + 1]) for i in range(len(images))])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(128, 128), (128, 256)], ids=str)
def test_multiples_of_128_give_predictions_in_range(inpaint: Inpaint, size: tuple[int, int]) -> None:
    height, width = size
    images, masks = (tensor[..., :height, :width] for tensor in (synthetic.image(256), synthetic.mask(256)))
    prediction = inpaint(emptied(images, masks), masks)
    assert prediction.shape == (1, 3, height, width)
    assert prediction.isfinite().all()
    assert ((prediction >= 0) & (prediction <= 1)).all()
    assert prediction.std() > 0.01


@pytest.mark.parametrize("hole", [0.0, 1.0], ids=["nothing missing", "everything missing"])
def test_extreme_masks_give_finite_predictions(inpaint: Inpaint, hole: float) -> None:
    images, masks = synthetic.image(128), torch.full((1, 1, 128, 128), hole)
    assert inpaint(emptied(images, masks), masks).isfinite().all()


def test_other_sizes_are_refused(inpaint: Inpaint) -> None:
    with pytest.raises(InputError, match=r"ctsdg: images of 192x128; height and width must be multiples of 128"):
        inpaint(torch.zeros(1, 3, 192, 128), torch.zeros(1, 1, 192, 128))
