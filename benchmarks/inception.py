"""CPU time of Inception features of 256x256 images: our extractor, and that of torch-fidelity with its defaults.

    python benchmarks/inception.py

The weights are synthetic, which does not affect the time. Both run on one core and alternate, chunk by chunk, so that
they see the same load of the machine; torch-fidelity gets its default batch. Goal: at least 1.2 times its speed.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from inpaint_bench import files
from inpaint_bench.metrics.features.inception import load_inception
from inpaint_bench.metrics.features.weight_files import INCEPTION
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.weights.synthetic import fill_state_dict

BATCH, CHUNKS, SIZE, GAIN, TARGET = 64, 3, 256, 1.5, 1.2

Rows: TypeAlias = NDArray[np.float32]
Pictures: TypeAlias = NDArray[np.uint8]


class Unloaded(FeatureExtractorInceptionV3):  # type: ignore[misc]  # the library has no types
    """Torch-fidelity's extractor without weights, which it does not build otherwise."""

    def load_state_dict(self, *args: Any, **settings: Any) -> None:
        """Load nothing."""


def write_synthetic(path: Path) -> None:
    """Write synthetic weights."""
    torch.save({}, path)
    wanted = Unloaded("synthetic", ["2048"], str(path)).state_dict()
    torch.save(fill_state_dict({name: tuple(tensor.shape) for name, tensor in wanted.items()}, GAIN), path)


def pictures(seed: int) -> Pictures:
    """Smooth waves with noise, uint8 (batch, 256, 256, 3)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    slopes = rng.uniform(0.01, 0.2, (2, BATCH, 1, 1, 3))
    waves = 128 + 80 * np.sin(rows[..., None] * slopes[0] + columns[..., None] * slopes[1])
    return np.asarray(np.clip(waves + rng.normal(0, 8 + 4 * seed, waves.shape), 0, 255), np.uint8)


def timed(extract: Callable[[Pictures], Rows], shown: Pictures) -> tuple[float, Rows]:
    """CPU seconds, and the features."""
    start = time.process_time()
    rows = extract(shown)
    return time.process_time() - start, rows


def extractors() -> dict[str, Callable[[Pictures], Rows]]:
    """Both extractors with the same weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.pth"
        write_synthetic(path)
        file = replace(INCEPTION["inception"], sha256=files.file_sha256(path))
        extract = load_inception(file, path, torch.device("cpu"))
        network = FeatureExtractorInceptionV3("theirs", ["2048"], str(path))

    @torch.inference_mode()
    def theirs(shown: Pictures) -> Rows:
        return np.asarray(network(torch.from_numpy(shown).permute(0, 3, 1, 2))[0])

    return {"inpaint-bench": lambda shown: extract(list(shown)), "torch-fidelity": theirs}


def main() -> None:
    """Time both on the same images and print the results."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    both = extractors()
    for extract in both.values():  # before timing
        extract(pictures(0)[:2])
    seconds: dict[str, float] = dict.fromkeys(both, 0.0)
    rows: dict[str, list[Rows]] = {name: [] for name in both}
    for chunk in range(CHUNKS):
        for name, extract in both.items():
            took, found = timed(extract, pictures(chunk))
            seconds[name] += took
            rows[name].append(found)
    for name in both:
        print(f"{name:14} {1000 * seconds[name] / (CHUNKS * BATCH):6.1f} ms per image")
    ours, theirs = (frechet_distance(found[0], found[-1]) for found in rows.values())
    ratio = seconds["torch-fidelity"] / seconds["inpaint-bench"]
    print(f"{ratio:.2f} times as fast (goal: {TARGET}); the relative difference of FID is {abs(ours / theirs - 1):.1e}")


if __name__ == "__main__":
    main()
