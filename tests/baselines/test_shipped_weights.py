"""The weights in the repository: small, in half precision, as described in their card, and used by default."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import baselines
from inpaint_bench.methods.baselines import find_baselines, loader, runnable, weights_of

WITH_WEIGHTS = [name for name, (_, card) in find_baselines().items() if card.ships]


def test_only_the_small_networks_have_weights_in_the_repository() -> None:
    assert WITH_WEIGHTS == ["spn-small", "spn-prob-small"]


@pytest.mark.parametrize("method", WITH_WEIGHTS)
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


@pytest.mark.parametrize("method", WITH_WEIGHTS)
def test_a_shipped_file_runs_for_any_dataset(method: str) -> None:
    baseline, card = find_baselines()[method]
    assert runnable(baseline, card, "paris")
    inpaint = loader(baseline, card)(weights_of(baseline, card, "paris", None), torch.device("cpu"))
    image, mask = torch.full((1, 3, 64, 64), 0.4), torch.zeros(1, 1, 64, 64)
    mask[:, :, 16:48, 16:48] = 1
    seeds = (torch.tensor([[1, 2]]),) if card.stochastic else ()
    prediction = inpaint(image * (1 - mask), mask, *seeds)
    assert (prediction - 0.4).abs().mean() < 0.1  # a uniform image is restored


def test_every_weights_file_of_a_baseline_is_named_by_a_card() -> None:
    files = {path.stem for path in Path(baselines.__file__).parent.glob("*/*.safetensors")}
    assert files == set(WITH_WEIGHTS)
