"""The Fréchet distance in a training loop: the same value, whatever the batches."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.torch_metrics import FrechetDistance


class Pooled(nn.Module):
    """A little network whose output differs in training: half of its features drop out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Dropout(0.5))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).mean(dim=(2, 3))  # type: ignore[no-any-return]


def images(count: int, seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((count, 3, 8, 8), np.float32))


def value_of(metric: FrechetDistance, x: Tensor, y: Tensor, batch: int) -> float:
    for start in range(0, max(len(x), len(y)), batch):
        if start < len(x):
            metric.update(x[start : start + batch], real=False)
        if start < len(y):
            metric.update(y[start : start + batch], real=True)
    return float(metric.compute())


@pytest.mark.parametrize(("count", "batch"), [(3, 2), (40, 7), (40, 40)])
def test_the_value_is_that_of_the_features(count: int, batch: int) -> None:
    network = Pooled().eval()
    x, y = images(count, 0), images(count + 5, 1)
    with torch.no_grad():
        expected = frechet_distance(network(x).numpy(), network(y).numpy())
    found = FrechetDistance(network, width=6)
    assert value_of(found, x, y, batch) == pytest.approx(expected, rel=1e-5)
    assert found.compute().dtype == torch.float64


def test_features_as_they_come_give_the_value_to_the_bit() -> None:
    x, y = (torch.from_numpy(np.random.default_rng(seed).normal(size=(30, 50))) for seed in (0, 1))
    found = FrechetDistance(lambda features: features, width=50)
    assert value_of(found, x, y, 8) == frechet_distance(x.numpy(), y.numpy())


def test_training_mode_changes_nothing_and_stays() -> None:
    network, x, y = Pooled(), images(20, 0), images(20, 1)
    still = value_of(FrechetDistance(network.eval(), width=6), x, y, 5)
    metric = FrechetDistance(network, width=6).train()
    assert network.training
    assert value_of(metric, x, y, 5) == still
    assert network.training


def test_a_reset_forgets_both_sets() -> None:
    x, y, other = images(20, 0), images(20, 1), images(20, 2)
    metric = FrechetDistance(Pooled().eval(), width=6)
    first = value_of(metric, x, y, 10)
    metric.reset()
    assert value_of(metric, other, y, 10) != first
    metric.reset()
    assert value_of(metric, x, y, 10) == first


def test_states_gathered_from_processes_are_one_set() -> None:
    x, y = images(20, 0), images(20, 1)
    whole, gathered = (FrechetDistance(Pooled().eval(), width=6) for _ in range(2))
    value = value_of(whole, x, y, 5)
    state: Any = gathered
    state.composites, state.targets = torch.cat(whole.composites), torch.cat(whole.targets)
    state._update_count = 1
    assert float(gathered.compute()) == value


def test_half_precision_features_are_taken() -> None:
    metric = FrechetDistance(lambda features: features.bfloat16(), width=4)
    assert value_of(metric, torch.rand(9, 4), torch.rand(9, 4), 4) > 0


def test_features_of_another_shape_are_refused() -> None:
    metric = FrechetDistance(Pooled(), width=7)
    with pytest.raises(InputError, match=r"features of shape \(4, 6\) of 4 images: expected \(4, 7\)"):
        metric.update(images(4, 0), real=True)


def test_one_kind_of_images_alone_has_no_distance() -> None:
    metric = FrechetDistance(Pooled(), width=6)
    metric.update(images(4, 0), real=True)
    with pytest.raises(InputError, match="features of composites have 0 rows"):
        metric.compute()
