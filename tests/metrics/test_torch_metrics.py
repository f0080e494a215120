"""Image metrics in other people's training loops: the same values, added up."""

import math
import pickle

import numpy as np
import pytest
import torch
from scenes import IMAGE_METRICS, scene
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from inpaint_bench.errors import InputError
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.torch_metrics import ImageMetric


def images(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Composites, targets and masks as a training loop has them."""
    pairs = [scene(seed) for seed in range(count)]
    composites, targets = (
        torch.from_numpy(np.stack([pair[side] for pair in pairs])).permute(0, 3, 1, 2) / 255 for side in (0, 1)
    )
    return composites, targets, torch.from_numpy(np.stack([pair[2] for pair in pairs])[:, None]).float()


def counts(measure: ImageMetric) -> list[int]:
    """How many images had a finite, an infinite and no value."""
    return [int(count) for count in (measure.finite, measure.infinite, measure.undefined)]


@pytest.mark.parametrize("name", IMAGE_METRICS)
def test_the_mean_is_that_of_our_values(name: str) -> None:
    batch = images(5)
    measure = ImageMetric(name)
    for part in (slice(0, 2), slice(2, 5)):
        measure.update(*(tensor[part] for tensor in batch))
    assert float(measure.compute()) == pytest.approx(math.fsum(METRICS[name](*batch)) / 5, rel=1e-14)
    assert measure.finite == 5
    assert measure.higher_is_better == (METRICS[name].better == "higher")


def test_infinite_and_undefined_values_are_counted_and_not_averaged() -> None:
    composite, target, mask = images(3)
    composite[0] = target[0]
    mask[1] = 0
    measure = ImageMetric("psnr_hole")
    measure.update(composite, target, mask)
    assert counts(measure) == [1, 1, 1]
    assert float(measure.compute()) == METRICS["psnr_hole"](composite, target, mask)[2]
    measure.reset()
    measure.update(composite[1:2], target[1:2], mask[1:2])
    assert math.isnan(float(measure.compute()))
    assert counts(measure) == [0, 0, 1]


def test_it_works_in_a_training_loop_and_starts_anew_each_epoch() -> None:
    composite, target, mask = images(6)
    brighter = torch.nn.Parameter(torch.zeros(1))
    step = torch.optim.SGD([brighter], lr=0.1)
    measure, means = ImageMetric("psnr"), []
    for _ in range(3):
        measure.reset()
        for one, other, hole in DataLoader(TensorDataset(composite + 0.1, target, mask), batch_size=2):
            prediction = (one + brighter).clamp(0, 1)
            loss = (prediction - other).square().mean()
            step.zero_grad()
            loss.backward()
            step.step()
            of_batch = measure(prediction, other, hole)
            assert float(of_batch) == pytest.approx(METRICS["psnr"](prediction.detach(), other, hole).mean())
        assert measure.finite == 6
        means.append(float(measure.compute()))
    assert means == sorted(means)
    assert means[0] < means[-1]


def test_the_states_of_processes_add_up() -> None:
    batch = images(4)
    whole, mine, theirs = (ImageMetric("ssim") for _ in range(3))
    whole.update(*batch)
    mine.update(*(tensor[:1] for tensor in batch))
    theirs.update(*(tensor[1:] for tensor in batch))
    mine.merge_state(theirs)
    assert float(mine.compute()) == pytest.approx(float(whole.compute()), rel=1e-14)
    assert mine.finite == whole.finite == 4
    assert float(pickle.loads(pickle.dumps(whole)).compute()) == float(whole.compute())


def test_it_takes_the_8_bit_rule_and_refuses_what_the_metric_refuses() -> None:
    composite, target, mask = images(1)
    measure = ImageMetric("mae", rule="truncate")
    measure.update(composite - 0.4 / 255 * (composite > 0.5), target, mask)
    assert float(measure.compute()) == METRICS["mae"](
        composite - 0.4 / 255 * (composite > 0.5), target, mask, "truncate"
    )
    with pytest.raises(InputError, match=r"^the composite holds values outside \[0, 1\]"):
        measure.update(composite + 1, target, mask)
    with pytest.raises(InputError, match=r"^no metric is called 'pnsr'"):
        ImageMetric("pnsr")
