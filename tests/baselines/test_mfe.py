"""MFE gives what the published network gives, and its adapter keeps the contract of methods."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.mfe import adapter, trace
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import Inpaint, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights, synthetic_weights
from inpaint_bench.weights.containers import Part

ROOM = Path(trace.__file__).parent
(CARD,) = read_card(ROOM / "card.toml").methods
GOLDEN: dict[str, Any] = replay.load(ROOM / "golden.json")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    path = tmp_path_factory.mktemp("weights") / "mfe.safetensors"
    save_file(replay.state_dict(GOLDEN, GOLDEN["cases"][0]), path)
    yield Weights(path)
    path.unlink()  # half a gigabyte


@pytest.fixture(scope="module")
def outline() -> nn.Module:
    """The network without values."""
    with torch.device("meta"):
        return trace.build("golden.json", None)


@pytest.fixture(scope="module")
def inpaint(weights: Weights) -> Inpaint:
    return adapter.load(weights, CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 8 bits and their masks; the first are those of the golden cases."""
    images = torch.cat([synthetic.image(256, seed) for seed in range(3)])
    return (images * 255).round() / 255, torch.cat([synthetic.mask(256, seed) for seed in range(3)])


@pytest.fixture(scope="module")
def alone(inpaint: Inpaint, pairs: tuple[Tensor, Tensor]) -> Tensor:
    """The predictions of the three, each in a batch of its own."""
    images, masks = emptied(*pairs), pairs[1]
    return torch.cat([inpaint(images[i : i + 1], masks[i : i + 1]) for i in range(len(images))])


def test_the_card_fills_weights_as_the_golden_file_does() -> None:
    (part,) = CARD.container.parts
    assert part.synthetic.gain == GOLDEN["fill"]["gain"]
    assert part.synthetic.fan_in == GOLDEN["fill"]["fan_in"]
    ops = [{"match": change.match, "op": change.op, "value": change.value} for change in part.synthetic.ops]
    assert ops == GOLDEN["fill"]["ops"]


def test_the_adapter_gives_the_published_output(alone: Tensor) -> None:
    (case,) = (case for case in GOLDEN["cases"] if case["variant"] == "newest code")
    assert replay.agrees(case["output"], alone[:1] * 2 - 1, replay.rule_of(case, "output"))


def test_the_other_loader_gives_the_output_of_the_first_code(weights: Weights, pairs: tuple[Tensor, Tensor]) -> None:
    (case,) = (case for case in GOLDEN["cases"] if case["variant"] == "first published code")
    image, mask = (tensor[:1] for tensor in pairs)
    prediction = adapter.load_first(weights, CPU)(emptied(image, mask), mask)
    assert replay.agrees(case["output"], prediction * 2 - 1, replay.rule_of(case, "output"))


def test_an_output_does_not_depend_on_the_batch(inpaint: Inpaint, pairs: tuple[Tensor, Tensor], alone: Tensor) -> None:
    torch.testing.assert_close(inpaint(emptied(*pairs), pairs[1]) * 2, alone * 2, rtol=0, atol=1e-4)


def test_pixels_under_the_hole_change_nothing(inpaint: Inpaint, pairs: tuple[Tensor, Tensor], alone: Tensor) -> None:
    image, mask = (tensor[:1] for tensor in pairs)
    assert torch.equal(inpaint(image, mask), alone[:1])


def test_predictions_are_in_range(alone: Tensor) -> None:
    assert alone.shape == (3, 3, 256, 256)
    assert ((alone >= 0) & (alone <= 1)).all()
    assert alone.std() > 0.01


def test_other_sizes_are_refused(inpaint: Inpaint) -> None:
    with pytest.raises(InputError, match=r"mfe: images of 128x256; allowed: 256x256\."):
        inpaint(torch.zeros(1, 3, 128, 256), torch.zeros(1, 1, 128, 256))


def test_weights_that_do_not_count_places_are_refused() -> None:
    with pytest.raises(InputError, match=r"synthetic: pc_block\.cov_3\.0\.conv\.mask_conv\.weight counts known places"):
        adapter.load(synthetic_weights([Part()]), CPU)
