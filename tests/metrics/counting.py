"""An extractor and a metric that count what they are given, and pictures for them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inpaint_bench import files
from inpaint_bench.data.images import Pixels, pixels_sha256
from inpaint_bench.metrics.base import Metric
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.cache import cached_values, features_of
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.metrics.pixel_stats import PerImage

CPU = torch.device("cpu")


class Counting:
    """An extractor and a metric that tell how many pictures they were given."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.extractor = Extractor("mean", 3, lambda: "", lambda: "mean:v1", lambda device: self.extract)
        self.metric = Metric("far", self.far, "lower", "", 3, "far:rgb", slow=True)

    def extract(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """The mean colour; only of pictures of one size."""
        self.calls.append(len(pictures))
        return np.asarray(np.stack(pictures).mean(axis=(1, 2), dtype=np.float64), np.float32)

    def far(self, batch: Batch) -> PerImage:
        """The difference of the mean levels in the hole."""
        self.calls.append(len(batch.holes))
        return np.array(
            [
                abs(float(composite[hole].mean()) - float(target[hole].mean()))
                for composite, target, hole in zip(batch.composites, batch.targets, batch.holes, strict=True)
            ]
        )


def pictures(count: int, side: int = 12, seed: int = 0) -> list[Pixels]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def given(shown: list[Pixels]) -> list[tuple[str, Callable[[], Pixels]]]:
    """Pictures as `features_of` takes them."""
    return [(pixels_sha256(picture), picture.copy) for picture in shown]


def rows_of(extractor: Extractor, shown: list[Pixels], batch: int = 64) -> list[list[float]]:
    return [row.tolist() for row in features_of(extractor, given(shown), CPU, batch)]


def means(shown: list[Pixels]) -> list[list[float]]:
    return [picture.mean(axis=(0, 1), dtype=np.float64).astype(np.float32).tolist() for picture in shown]


def batch_of(count: int, seed: int = 0) -> Batch:
    composites, targets = (np.stack(pictures(count, seed=seed + k)) for k in range(2))
    holes = np.zeros((count, 12, 12), bool)
    holes[:, 3:9, 3:9] = True
    return Batch(composites, targets, holes)


def values_of(metric: Metric, batch: Batch) -> PerImage:
    return cached_values([metric], batch)[metric.name]


def database() -> Path:
    return files.cache_dir() / "values.sqlite"
