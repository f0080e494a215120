"""SPL gives what the published network gives, and its adapter keeps the contract of methods."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.spl import adapter, trace
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights
from inpaint_bench.weights.containers import Synthetic

ROOM = Path(trace.__file__).parent
(CARD,) = read_card(ROOM / "card.toml").methods
GOLDEN: dict[str, Any] = replay.load(ROOM / CARD.golden[0])
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return dict(replay.state_dict(GOLDEN, GOLDEN["cases"][0]))


@pytest.fixture(scope="module")
def network(state: dict[str, Tensor]) -> nn.Module:
    network = trace.build("golden.json", None)
    network.load_state_dict(state, strict=True)
    return network


@pytest.fixture(scope="module")
def inpaint(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Inpaint:
    path = tmp_path_factory.mktemp("weights") / "spl.safetensors"
    save_file(state, path)
    return adapter.load(Weights(path), CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 64x64 and their masks."""
    images = [synthetic.image(64, seed) for seed in range(3)]
    masks = [synthetic.mask(64, seed) for seed in range(3)]
    return torch.cat(images), torch.cat(masks)


def test_the_card_fills_weights_as_the_golden_file_does() -> None:
    (part,) = CARD.container.parts
    assert part.synthetic == Synthetic(gain=GOLDEN["fill"]["gain"], fan_in=GOLDEN["fill"]["fan_in"])
    assert not GOLDEN["fill"]["ops"]


def test_the_adapter_gives_the_published_output(inpaint: Inpaint) -> None:
    case = GOLDEN["cases"][0]
    image, mask = synthetic.image(256), synthetic.mask(256)
    prediction = inpaint(emptied(image, mask), mask)
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
    with pytest.raises(InputError, match=rf"spl: images of {height}x{width}; height and width must be multiples of 4"):
        inpaint(torch.zeros(1, 3, height, width), torch.zeros(1, 1, height, width))
