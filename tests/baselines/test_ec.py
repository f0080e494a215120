"""EdgeConnect gives what the published networks give, and its adapter keeps the contract of methods."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.ec import adapter, trace
from baselines.ec.blocks import InstanceNorm
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic

ROOM = Path(trace.__file__).parent
(CARD,) = read_card(ROOM / "card.toml").methods
EDGE, COMPLETION = CARD.golden
GOLDEN: dict[str, dict[str, Any]] = {name: replay.load(ROOM / name) for name in CARD.golden}
CASES = [(name, case) for name in CARD.golden for case in GOLDEN[name]["cases"]]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def states() -> dict[str, dict[str, Tensor]]:
    return {name: replay.state_dict(golden, golden["cases"][0]) for name, golden in GOLDEN.items()}


@pytest.fixture(scope="module")
def networks(states: dict[str, dict[str, Tensor]]) -> dict[str, nn.Module]:
    networks = {name: trace.build(name, None) for name in states}
    for name, network in networks.items():
        network.load_state_dict(states[name], strict=True)
    return networks


@pytest.fixture(scope="module")
def inpaint(states: dict[str, dict[str, Tensor]], tmp_path_factory: pytest.TempPathFactory) -> Inpaint:
    path = tmp_path_factory.mktemp("weights") / "ec.safetensors"
    parts = {"edge.": states[EDGE], "inpaint.": states[COMPLETION]}
    save_file({part + name: tensor for part, state in parts.items() for name, tensor in state.items()}, path)
    return adapter.load(Weights(path), CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 64x64 and their masks."""
    images = [synthetic.image(64, seed) for seed in range(3)]
    masks = [synthetic.mask(64, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


def eight_bit_image() -> Tensor:
    return (synthetic.image(256) * 255).round() / 255


def test_the_card_fills_weights_as_the_golden_files_do() -> None:
    for part, golden in zip(CARD.container.parts, GOLDEN.values(), strict=True):
        assert part.synthetic == Synthetic(gain=golden["fill"]["gain"], fan_in=golden["fill"]["fan_in"])
        assert not golden["fill"]["ops"]


def test_edges_are_those_of_the_golden_file_and_the_hole_has_no_part_in_them() -> None:
    golden = GOLDEN[COMPLETION]
    expected = replay.inputs(golden, golden["cases"][0])["x"][:, 3:]
    image, mask = eight_bit_image(), synthetic.mask(256)
    assert torch.equal(adapter.known_edges(adapter.to_grey(image), mask), expected)
    assert torch.equal(adapter.known_edges(adapter.to_grey(emptied(image, mask)), mask), expected)


def test_the_adapter_gives_the_published_output(inpaint: Inpaint) -> None:
    case = GOLDEN[COMPLETION]["cases"][1]
    assert case["variant"] == "edges of the edge generator"
    mask = synthetic.mask(256)
    prediction = inpaint(emptied(eight_bit_image(), mask), mask)
    assert replay.agrees(case["output"], prediction, replay.rule_of(case, "output"))


def test_an_output_does_not_depend_on_the_batch(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = emptied(*pairs), pairs[1]
    together = inpaint(images, masks)
    alone = torch.cat([inpaint(images[i : i + 1], masks[i : i + 1]) for i in range(len(images))])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)


def test_pixels_under_the_hole_change_nothing(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> None:
    assert torch.equal(inpaint(*pairs), inpaint(emptied(*pairs), pairs[1]))


@pytest.mark.parametrize("size", [(12, 12), (44, 80), (128, 64)], ids=str)
def test_multiples_of_4_give_predictions_in_range(inpaint: Inpaint, size: tuple[int, int]) -> None:
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


@pytest.mark.parametrize("size", [(42, 64), (64, 63), (8, 64)], ids=str)
def test_other_sizes_are_refused(inpaint: Inpaint, size: tuple[int, int]) -> None:
    height, width = size
    with pytest.raises(InputError, match=rf"ec: images of {height}x{width}; height and width must be multiples of 4"):
        inpaint(torch.zeros(1, 3, height, width), torch.zeros(1, 1, height, width))


def test_instance_norm_is_torchs() -> None:
    x = torch.rand(2, 5, 16, 12) * 9 + 3
    torch.testing.assert_close(InstanceNorm()(x), nn.functional.instance_norm(x), rtol=0, atol=1e-5)
