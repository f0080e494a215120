"""Validation: the metrics of inpaint_bench on held-out photographs, never on images of a test set."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.training.config import Config
from baselines.spn.training.data import Examples, MaskSource, Photographs, cropped, rng, stack, two_sizes
from baselines.spn.training.networks import Noise, generate
from inpaint_bench.data.tensors import composite
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import METRICS, metric
from inpaint_bench.metrics.batch import Batch

MEASURED = ("psnr", "ssim", "mae", "psnr_hole", "mae_hole")
BATCH = 4


@dataclass(frozen=True)
class Validation:
    """The held-out photographs with their masks, the same at every validation of a run."""

    examples: tuple[Examples, ...]
    names: tuple[str, ...]  # of the metrics
    config: Config


def open_validation(config: Config, photographs: Photographs, masks: MaskSource) -> Validation:
    """One square of each held-out photograph with one mask. Raises InputError for an unknown metric."""
    metric(config.best)
    names = tuple(dict.fromkeys((*MEASURED, config.best)))
    made = []
    for number in range(len(photographs)):
        chance = rng(config.seed, "validation", number)
        pixels = cropped(photographs[number], config.crop, config.validation_size, chance)
        made.append(two_sizes(pixels, config.validation_size, masks.draw(chance, config.validation_size), config))
    return Validation(tuple(stack(made[i : i + BATCH]) for i in range(0, len(made), BATCH)), names, config)


def noise_for(
    config: Config, generator: SPN | ProbabilisticSPN, purpose: str, numbers: Iterator[int], size: int, draws: int
) -> Noise | None:
    """Standard normal noise for images by number, from the run's seed; None for the deterministic network."""
    if not isinstance(generator, ProbabilisticSPN):
        return None
    shape = (draws, generator.latent, size // 32, size // 32)
    drawn = [rng(config.seed, "noise", purpose, number).standard_normal(shape).astype(np.float32) for number in numbers]
    return torch.from_numpy(np.stack(drawn, axis=1))


@torch.no_grad()
def validate(generator: SPN | ProbabilisticSPN, validation: Validation, device: torch.device) -> dict[str, float]:
    """The mean of every metric over the composites, and the number of infinite values, which the means exclude.

    Raises InputError where a metric is undefined for an image.
    """
    found: dict[str, list[float]] = {name: [] for name in validation.names}
    generator.eval()
    first = 0
    for examples in validation.examples:
        given = examples.to(device)
        numbers = iter(range(first, first + len(examples.image)))
        noise = noise_for(validation.config, generator, "validation", numbers, examples.image.shape[2], 1)
        output = generate(generator, given.image, given.mask, None if noise is None else noise.to(device), False)
        composites = composite(output.prediction.float().clamp(0, 1).cpu(), examples.image, examples.mask)
        batch = Batch.of(composites, examples.image, examples.mask)
        for name in validation.names:
            found[name] += METRICS[name].of(batch).tolist()
        first += len(examples.image)
    generator.train()
    return {name: _mean(name, np.array(values)) for name, values in found.items()} | {
        "infinite": float(sum(np.isinf(values).sum() for values in found.values()))
    }


def _mean(name: str, values: NDArray[np.float64]) -> float:
    """The mean of the finite values: a hole that is restored exactly has an infinite PSNR."""
    if np.isnan(values).any() or not np.isfinite(values).any():
        raise InputError(f"{name} is undefined for a validation image; hold out other photographs with another seed.")
    return float(values[np.isfinite(values)].mean())
