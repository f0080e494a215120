"""CPU time of the image metrics of 500 pairs of 256x256 pixels: ours, and a loop over reference libraries.

    python benchmarks/metrics.py

Two comparisons: SSIM, PSNR and MAE, with a goal of at least 10 times the speed of scikit-image, and all pixel metrics,
with a goal of at least 5 times the speed of scikit-image, SciPy, NumPy and torch. Both sides run on one core and
alternate, chunk by chunk, so that they see the same load of the machine.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import skimage.color
import skimage.metrics
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional

from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.batch import Batch

SKIMAGE: Any = skimage.metrics
GREY: Any = skimage.color.rgb2gray
PAIRS, CHUNK, SIZE = 500, 25, 256
FEW = ("ssim", "psnr", "mae")
EVERY = tuple(name for name, metric in METRICS.items() if not metric.slow)

Values: TypeAlias = NDArray[np.float64]
Named: TypeAlias = dict[str, float]


def scenes(count: int, seed: int) -> Batch:
    """Composites and targets: smooth waves with noise, and more noise inside a square hole."""
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


def ours(names: tuple[str, ...]) -> Callable[[Batch], Values]:
    """Compute the metrics of a batch, float64 (batch, metrics)."""
    return lambda batch: np.stack([METRICS[name].of(batch) for name in names], axis=1)


def theirs(names: tuple[str, ...], score: Callable[..., Named]) -> Callable[[Batch], Values]:
    """Compute the same in a loop over the images."""

    def loop(batch: Batch) -> Values:
        found = [score(*pair) for pair in zip(batch.composites, batch.targets, batch.holes, strict=True)]
        return np.array([[values[name] for name in names] for values in found])

    return loop


def few(x: Any, y: Any, hole: Any) -> Named:
    """SSIM, PSNR and MAE with scikit-image and NumPy."""
    return {
        "ssim": SKIMAGE.structural_similarity(x, y, win_size=11, channel_axis=2, data_range=255),
        "psnr": SKIMAGE.peak_signal_noise_ratio(y, x, data_range=255),
        "mae": np.abs(x.astype(np.float64) - y).mean() / 255,
    }


def every(x: Any, y: Any, hole: Any) -> Named:
    """Every pixel metric, each intermediate quantity computed once."""
    band = np.where(hole, ndimage.distance_transform_edt(hole), ndimage.distance_transform_edt(~hole)) <= 8
    a, b = x.astype(np.float64), y.astype(np.float64)
    error, absolute = (a - b) ** 2, np.abs(a - b)
    of_means = np.abs(a.mean(axis=2) - b.mean(axis=2)) / 255
    similarity, ssim_map = SKIMAGE.structural_similarity(x, y, win_size=11, channel_axis=2, data_range=255, full=True)
    middle = ssim_map[5:-5, 5:-5]
    values = {
        "ssim": similarity,
        "psnr": SKIMAGE.peak_signal_noise_ratio(y, x, data_range=255),
        "mse": error.mean(),
        "mae": absolute.mean() / 255,
        "mae_255": absolute.mean(),
        "mae_spn": of_means.mean(),
        "mae_wf": absolute.sum() / ((a + b).sum() + 1e-6),
        "mae_ec_train": absolute.sum() / b.sum(),
        "mse_hole": error[hole].mean(),
    }
    for part, region in (("hole", hole), ("band", band)):
        values[f"ssim_{part}"] = middle[region[5:-5, 5:-5]].mean()
        values[f"psnr_{part}"] = 10 * np.log10(255**2 / error[region].mean())
        values[f"mae_{part}"] = absolute[region].mean() / 255
        values[f"mae_spn_{part}"] = of_means[region].mean()
    return values | grey(x, y) | windows(x, y)


def grey(x: Any, y: Any) -> Named:
    """EdgeConnect's metrics on grey levels."""
    a, b = GREY(x), GREY(y)
    return {
        "ssim_51_grey": SKIMAGE.structural_similarity(a, b, win_size=51, data_range=1),
        "psnr_grey": SKIMAGE.peak_signal_noise_ratio(b, a, data_range=1),
        "mae_ec": np.abs(a - b).sum() / (a + b).sum(),
    }


def windows(x: Any, y: Any) -> Named:
    """SSIM over windows other than the uniform 11x11 one."""
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    luma = np.array([0.299, 0.587, 0.114])
    return {
        "ssim_7": SKIMAGE.structural_similarity(x, y, channel_axis=2, data_range=255),
        "ssim_51": SKIMAGE.structural_similarity(x, y, win_size=51, channel_axis=2, data_range=255),
        "ssim_gaussian": SKIMAGE.structural_similarity(x, y, channel_axis=2, **wang),
        "ssim_gaussian_y": SKIMAGE.structural_similarity(x @ luma, y @ luma, **wang),
        "ssim_lama": zero_padded(x, y),
    }


def zero_padded(x: Any, y: Any) -> float:
    """LaMa's SSIM in torch."""
    a, b = (torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255) for pixels in (x, y))
    line = torch.exp(-(torch.arange(-5, 6) ** 2) / 4.5)
    window = torch.outer(line / line.sum(), line / line.sum()).expand(3, 1, 11, 11).contiguous()
    ux, uy, xx, yy, xy = (
        functional.conv2d(quantity, window, padding=5, groups=3) for quantity in (a, b, a * a, b * b, a * b)
    )
    top = (2 * ux * uy + 0.01**2) * (2 * (xy - ux * uy) + 0.03**2)
    ratio = top / ((ux**2 + uy**2 + 0.01**2) * (xx - ux**2 + yy - uy**2 + 0.03**2))
    return float(ratio.mean())


def timed(score: Callable[[Batch], Values], batch: Batch) -> tuple[float, Values]:
    """CPU seconds, and the values."""
    start = time.process_time()
    values = score(batch)
    return time.process_time() - start, values


def race(title: str, mine: Callable[[Batch], Values], loop: Callable[[Batch], Values], goal: int) -> None:
    """Time both on the same pairs and print the results."""
    for score in (mine, loop):  # compile and import before timing
        score(scenes(1, seed=0))
    our_seconds = their_seconds = difference = 0.0
    for chunk in range(PAIRS // CHUNK):
        batch = scenes(CHUNK, seed=chunk)
        seconds, our_values = timed(mine, batch)
        our_seconds += seconds
        seconds, their_values = timed(loop, batch)
        their_seconds += seconds
        difference = max(difference, float(np.abs(our_values - their_values).max()))
    print(title)
    print(f"  inpaint-bench        {our_seconds:7.3f} s   {1000 * our_seconds / PAIRS:7.3f} ms per pair")
    print(f"  reference libraries  {their_seconds:7.3f} s   {1000 * their_seconds / PAIRS:7.3f} ms per pair")
    ratio = their_seconds / our_seconds
    print(f"  {ratio:.1f} times as fast (goal: {goal}); the values differ by {difference:.1e} at most")


def main() -> None:
    """Run both comparisons on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    race("ssim, psnr, mae", ours(FEW), theirs(FEW, few), goal=10)
    race(f"{len(EVERY)} image metrics", ours(EVERY), theirs(EVERY, every), goal=5)


if __name__ == "__main__":
    main()
