"""The metrics on a GPU are those on the CPU."""

import numpy as np
import pytest
import torch
from under_test import DEVICE

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.metrics import METRICS, Metric
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.registry import absent

pytestmark = pytest.mark.gpu

IN_FLOAT64, BY_A_NETWORK = 1e-9, 1e-4  # relative
NAMES = [name for name, metric in METRICS.items() if not absent(metric) and not metric.of_prompt]
EXTRACTED = [name for name, extractor in EXTRACTORS.items() if not extractor.absent()]


def pictures(count: int = 3, side: int = 96) -> tuple[list[Pixels], list[Pixels], list[Hole]]:
    """Noisy waves, other noise in their holes, and the holes."""
    rng, rows = np.random.default_rng(0), np.arange(side)[:, None, None]
    targets, composites, holes = [], [], []
    for number in range(count):
        waves = 128 + 90 * np.sin(rows / (3 + number) + np.arange(side)[:, None] / 5 + np.arange(3))
        target = np.clip(np.round(waves + rng.normal(0, 9, waves.shape)), 0, 255).astype(np.uint8)
        hole = np.zeros((side, side), bool)
        hole[20 : 50 + 5 * number, 30:70] = True
        noisy = np.clip(np.round(target + rng.normal(0, 30, waves.shape)), 0, 255).astype(np.uint8)
        targets.append(target)
        composites.append(np.where(hole[..., None], noisy, target))
        holes.append(hole)
    return composites, targets, holes


def batch(device: torch.device) -> Batch:
    composites, targets, holes = pictures()
    return Batch(np.stack(composites), np.stack(targets), np.stack(holes), device)


@pytest.mark.parametrize("metric", [METRICS[name] for name in NAMES], ids=NAMES)
def test_a_metric_has_the_value_that_it_has_on_the_cpu(metric: Metric) -> None:
    expected = metric.of(batch(torch.device("cpu")))
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(metric.of(batch(DEVICE)), expected, rtol=BY_A_NETWORK if metric.slow else IN_FLOAT64)


@pytest.mark.parametrize("name", EXTRACTED)
def test_features_are_those_of_the_cpu(name: str) -> None:
    composites = pictures()[0]
    expected, found = (EXTRACTORS[name].open(where)(composites) for where in (torch.device("cpu"), DEVICE))
    assert np.abs(found - expected).max() <= BY_A_NETWORK * max(1.0, np.abs(expected).max())
