"""Pictures that the tests of metrics share."""

import numpy as np
from numpy.typing import NDArray

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.batch import Batch

IMAGE_METRICS = {name: metric for name, metric in METRICS.items() if not metric.slow}


def scene(seed: int, height: int = 60, width: int = 53, share: float = 0.35) -> tuple[Pixels, Pixels, Hole]:
    """A prediction, its target and a hole of that share: noisy waves, moved a little, and more in the hole."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width, :3][:2]
    target = 128 + 90 * np.sin(rows / rng.uniform(2, 9) + columns / rng.uniform(2, 9)) + rng.normal(0, 9, rows.shape)
    hole = rng.random((height, width)) < share
    composite = target + np.where(hole[..., None], 30, 3) * rng.normal(0, 1, rows.shape)
    return eight_bit(composite), eight_bit(target), hole


def eight_bit(values: NDArray[np.float64]) -> Pixels:
    """Rounded to 8 bits, and no further than they reach."""
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def batch_of(*pairs: tuple[Pixels, Pixels, Hole]) -> Batch:
    """Several scenes as one batch."""
    composites, targets, holes = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    return Batch(composites, targets, holes)
