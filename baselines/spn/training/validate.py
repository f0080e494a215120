"""Validation: the harness's own metrics on photographs kept out of training, never on pictures of a test set."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.training.config import Config
from baselines.spn.training.data import Examples, Holes, Photographs, cropped, rng, stack, two_sizes
from baselines.spn.training.step import Noise, paint
from inpaint_bench.data.images import composite
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import METRICS, metric
from inpaint_bench.metrics.batch import Batch

MEASURED = ("psnr", "ssim", "mae", "psnr_hole", "mae_hole")
AT_ONCE = 4


@dataclass(frozen=True)
class Validation:
    """The held-out pictures with their holes, the same at every validation of a run."""

    examples: tuple[Examples, ...]
    names: tuple[str, ...]  # of the metrics
    config: Config


def open_validation(config: Config, photographs: Photographs, holes: Holes) -> Validation:
    """One square of each held-out photograph with one hole. Raises InputError for a metric that is not known."""
    metric(config.best)
    names = tuple(dict.fromkeys((*MEASURED, config.best)))
    made = []
    for number in range(len(photographs)):
        chance = rng(config.seed, "validation", number)
        pixels = cropped(photographs[number], config.crop, config.validation_size, chance)
        made.append(two_sizes(pixels, config.validation_size, holes.hole(chance, config.validation_size), config))
    return Validation(tuple(stack(made[i : i + AT_ONCE]) for i in range(0, len(made), AT_ONCE)), names, config)


def noise_for(
    config: Config, generator: SPN | ProbabilisticSPN, what: object, places: Iterator[int], size: int, draws: int
) -> Noise | None:
    """Standard normal noise, by the run's seed and the place of each picture; none for the deterministic network."""
    if not isinstance(generator, ProbabilisticSPN):
        return None
    shape = (draws, generator.latent, size // 32, size // 32)
    drawn = [rng(config.seed, "noise", what, place).standard_normal(shape).astype(np.float32) for place in places]
    return torch.from_numpy(np.stack(drawn, axis=1))


@torch.no_grad()
def validate(generator: SPN | ProbabilisticSPN, validation: Validation, device: torch.device) -> dict[str, float]:
    """The mean of every metric over the composites, and how many values were infinite and left out of the means.

    Raises InputError where a metric is not defined for a picture.
    """
    found: dict[str, list[float]] = {name: [] for name in validation.names}
    generator.eval()
    first = 0
    for examples in validation.examples:
        there = examples.to(device)
        places = iter(range(first, first + len(examples.image)))
        noise = noise_for(validation.config, generator, "validation", places, examples.image.shape[2], 1)
        painted = paint(generator, there, None if noise is None else noise.to(device), False)
        made = composite(painted.prediction.float().clamp(0, 1).cpu(), examples.image, examples.mask)
        batch = Batch.of(made, examples.image, examples.mask)
        for name in validation.names:
            found[name] += METRICS[name].of(batch).tolist()
        first += len(examples.image)
    generator.train()
    return {name: _mean(name, np.array(values)) for name, values in found.items()} | {
        "infinite": float(sum(np.isinf(values).sum() for values in found.values()))
    }


def _mean(name: str, values: NDArray[np.float64]) -> float:
    """The mean of what is finite, as the harness has it: a hole that was restored to the bit has no finite PSNR."""
    if np.isnan(values).any() or not np.isfinite(values).any():
        raise InputError(f"{name} is not defined for every validation picture; keep others out with another seed.")
    return float(values[np.isfinite(values)].mean())
