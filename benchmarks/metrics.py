"""SSIM, PSNR and MAE of 500 pairs of 256x256: processor time of ours and of a loop over scikit-image.

    python benchmarks/metrics.py

Both run on one core and take turns, chunk by chunk, so that they meet the same machine. Ours should be at
least 10 times as fast.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import skimage.metrics
from numpy.typing import NDArray

from inpaint_bench.metrics import METRICS, Batch

SKIMAGE: Any = skimage.metrics
PAIRS, CHUNK, SIZE, TARGET = 500, 25, 256, 10

Values: TypeAlias = NDArray[np.float64]


def scenes(count: int, seed: int) -> Batch:
    """Composites with their targets: smooth waves and noise, with other noise inside a square hole."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    slopes = rng.uniform(0.01, 0.2, (2, count, 1, 1, 3))
    waves = 128 + 80 * np.sin(rows[..., None] * slopes[0] + columns[..., None] * slopes[1])
    targets = waves + rng.normal(0, 8, waves.shape)
    holes = np.zeros((count, SIZE, SIZE), bool)
    holes[:, 64:192, 64:192] = True
    composites = targets + holes[..., None] * rng.normal(0, 20, waves.shape)
    eight_bit = [np.clip(np.round(images), 0, 255).astype(np.uint8) for images in (composites, targets)]
    return Batch(eight_bit[0], eight_bit[1], holes)


def ours(batch: Batch) -> Values:
    """SSIM, PSNR and MAE of each pair."""
    return np.stack([METRICS[name].of(batch) for name in ("ssim", "psnr", "mae")], axis=1)


def theirs(batch: Batch) -> Values:
    """The same three, as one would write them with scikit-image and NumPy."""
    values = []
    for composite, target in zip(batch.composites, batch.targets, strict=True):
        similarity = SKIMAGE.structural_similarity(composite, target, win_size=11, channel_axis=2, data_range=255)
        ratio = SKIMAGE.peak_signal_noise_ratio(target, composite, data_range=255)
        error = np.abs(composite.astype(np.float64) - target).mean() / 255
        values.append((similarity, ratio, error))
    return np.array(values)


def timed(score: Callable[[Batch], Values], batch: Batch) -> tuple[float, Values]:
    """Seconds of processor time, and the values."""
    start = time.process_time()
    values = score(batch)
    return time.process_time() - start, values


def main() -> None:
    """Time both on the same pairs and print what each took."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for score in (ours, theirs):  # compile and import before the clock runs
        score(scenes(1, seed=0))
    our_seconds = their_seconds = difference = 0.0
    for chunk in range(PAIRS // CHUNK):
        batch = scenes(CHUNK, seed=chunk)
        seconds, our_values = timed(ours, batch)
        our_seconds += seconds
        seconds, their_values = timed(theirs, batch)
        their_seconds += seconds
        difference = max(difference, float(np.abs(our_values - their_values).max()))
    ratio = their_seconds / our_seconds
    print(f"inpaint-bench {our_seconds:7.3f} s   {1000 * our_seconds / PAIRS:6.3f} ms a pair")
    print(f"scikit-image  {their_seconds:7.3f} s   {1000 * their_seconds / PAIRS:6.3f} ms a pair")
    print(f"{ratio:.1f} times as fast (at least {TARGET} wanted); the values differ by {difference:.1e} at most")


if __name__ == "__main__":
    main()
