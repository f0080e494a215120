"""The weights that ship: small, in half precision, what their card says, and found with nothing named."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import baselines
from inpaint_bench.methods.baselines import find_baselines, loader, runnable, weights_of

SHIPPED = [name for name, (_, card) in find_baselines().items() if card.ships]


def test_the_small_networks_ship_and_no_other() -> None:
    assert SHIPPED == ["spn-small", "spn-prob-small"]


@pytest.mark.parametrize("method", SHIPPED)
def test_a_shipped_file_is_small_whole_and_described(method: str) -> None:
    baseline, card = find_baselines()[method]
    path = baseline.folder / f"{method}.safetensors"
    assert path.stat().st_size < 10e6
    tensors = load_file(path)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert all(tensor.isfinite().all() for tensor in tensors.values())
    assert sum(tensor.numel() for tensor in tensors.values()) == card.parameters
    model_card = path.with_suffix(".md").read_text()
    assert card.ships in model_card
    for word in ("licence", "steps", "seconds", "photographs", "validation"):
        assert word in model_card.lower()


@pytest.mark.parametrize("method", SHIPPED)
def test_a_shipped_file_runs_for_any_dataset(method: str) -> None:
    baseline, card = find_baselines()[method]
    assert runnable(baseline, card, "paris")
    inpaint = loader(baseline, card)(weights_of(baseline, card, "paris", None), torch.device("cpu"))
    image, mask = torch.full((1, 3, 64, 64), 0.4), torch.zeros(1, 1, 64, 64)
    mask[:, :, 16:48, 16:48] = 1
    seeds = (torch.tensor([[1, 2]]),) if card.stochastic else ()
    prediction = inpaint(image * (1 - mask), mask, *seeds)
    assert (prediction - 0.4).abs().mean() < 0.1  # a plain picture is filled with what it is


def test_no_file_lies_in_a_room_that_no_card_names() -> None:
    files = {path.stem for path in Path(baselines.__file__).parent.glob("*/*.safetensors")}
    assert files == set(SHIPPED)
