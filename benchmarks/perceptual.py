"""CPU time of LPIPS, of its means over parts of the image, and of DISTS: each alone, and computed together.

    python benchmarks/perceptual.py

Images of 256x256 pixels. Everything runs on one core and alternates, pair by pair, so that it sees the same load of the
machine; a time is the median over the pairs. Goals: LPIPS with its means over the hole and the band takes at most 1.1
times the time of LPIPS alone, on either trunk; DISTS and LPIPS together take less time than one after the other.
"""

import os
import statistics
import time

import numpy as np
import torch

from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.distances import on_alex, on_vgg

PAIRS, SIZE, GOAL = 12, 256, 1.1
COMPUTE = {"alex": on_alex, "vgg": on_vgg}
TOGETHER = {
    "lpips_alex": ("alex", ("lpips_alex",)),
    "lpips_alex, _hole, _band": ("alex", ("lpips_alex", "lpips_alex_hole", "lpips_alex_band")),
    "lpips_vgg": ("vgg", ("lpips_vgg",)),
    "lpips_vgg, _hole, _band": ("vgg", ("lpips_vgg", "lpips_vgg_hole", "lpips_vgg_band")),
    "dists": ("vgg", ("dists",)),
    "lpips_vgg, _hole, _band, dists": ("vgg", ("lpips_vgg", "lpips_vgg_hole", "lpips_vgg_band", "dists")),
}


def pair(seed: int) -> Batch:
    """A composite and its target: smooth waves with noise, and more noise inside a square hole."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    slopes = rng.uniform(0.01, 0.2, (2, 1, 1, 3))
    waves = 128 + 80 * np.sin(rows[..., None] * slopes[0] + columns[..., None] * slopes[1])
    target = waves + rng.normal(0, 8, waves.shape)
    hole = np.zeros((SIZE, SIZE), bool)
    hole[64:192, 64:192] = True
    composite = target + hole[..., None] * rng.normal(0, 20, waves.shape)
    eight_bit = [np.clip(np.round(image), 0, 255).astype(np.uint8)[None] for image in (composite, target)]
    return Batch(eight_bit[0], eight_bit[1], hole[None])


def timed(trunk: str, names: tuple[str, ...], batch: Batch) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    COMPUTE[trunk](batch, names)
    return time.process_time() - start


def main() -> None:
    """Time everything on the same pairs and print the results."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    for what in TOGETHER.values():  # load the networks before timing
        timed(*what, pair(0))
    seconds: dict[str, list[float]] = {title: [] for title in TOGETHER}
    for number in range(PAIRS):
        for title, what in TOGETHER.items():
            seconds[title].append(timed(*what, pair(number)))
    median = {title: statistics.median(times) for title, times in seconds.items()}
    for title in TOGETHER:
        print(f"{title:31} {1000 * median[title]:7.1f} ms per pair")
    for trunk in COMPUTE:
        ratio = median[f"lpips_{trunk}, _hole, _band"] / median[f"lpips_{trunk}"]
        print(f"lpips_{trunk} with its maps: {ratio:.3f} times lpips_{trunk} (goal: at most {GOAL})")
    apart = median["lpips_vgg"] + median["dists"]
    ratio = median["lpips_vgg, _hole, _band, dists"] / apart
    print(f"all on VGG16: {ratio:.3f} times lpips_vgg and dists, one after the other (goal: under 1)")


if __name__ == "__main__":
    main()
