"""FID and KID of 200 random crops on filled Inception weights, beside torch-fidelity's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
import torch_fidelity
from synthetic_inception import write_synthetic
from torch.utils.data import Dataset

from inpaint_bench.data.images import Pixels, pixels_sha256
from inpaint_bench.metrics.cache import features_of
from inpaint_bench.metrics.features import EXTRACTORS, Rows
from inpaint_bench.metrics.features.weight_files import INCEPTION
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.kid import kernel_distance

pytestmark = pytest.mark.acceptance

DATA: Any = skimage.data
CROPS, SIDE = 200, 128
CPU = torch.device("cpu")


class Pictures(Dataset[torch.Tensor]):
    """Pictures as torch-fidelity reads them."""

    def __init__(self, pictures: list[Pixels]) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> torch.Tensor:
        return torch.from_numpy(self.pictures[number]).permute(2, 0, 1)


def crops() -> list[Pixels]:
    """Random crops of photographs."""
    rng = np.random.default_rng(0)
    photographs = [getattr(DATA, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")]
    cut = []
    for number in range(CROPS):
        photograph = photographs[number % len(photographs)]
        top, left = (rng.integers(0, side - SIDE + 1) for side in photograph.shape[:2])
        cut.append(np.ascontiguousarray(photograph[top : top + SIDE, left : left + SIDE]))
    return cut


def emptied(picture: Pixels, number: int) -> Pixels:
    """A crop with a black hole: far enough away that torch-fidelity's own rounding, about 1e-4, does not matter."""
    top, left = np.random.default_rng(number).integers(0, SIDE // 2, 2)
    copy = picture.copy()
    copy[top : top + SIDE // 2, left : left + SIDE // 2] = 0
    return copy


def ours(pictures: list[Pixels]) -> Rows:
    requested: list[tuple[str, Callable[[], Pixels]]] = [(pixels_sha256(one), one.copy) for one in pictures]
    return np.stack(list(features_of(EXTRACTORS["inception"], requested, CPU)))


def test_fid_and_kid_are_those_of_torch_fidelity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, path = write_synthetic("inception", tmp_path)
    monkeypatch.setitem(INCEPTION, "inception", file)
    monkeypatch.setenv(file.variable, str(path))
    targets = crops()
    composites = [emptied(picture, number) for number, picture in enumerate(targets)]
    theirs = torch_fidelity.calculate_metrics(
        input1=Pictures(composites),
        input2=Pictures(targets),
        feature_extractor_weights_path=str(path),
        cuda=False,
        fid=True,
        kid=True,
        kid_subsets=1,
        kid_subset_size=CROPS,
        cache=False,
        save_cpu_ram=True,  # it reads in this process
        verbose=False,
    )
    rows = ours(composites), ours(targets)
    assert frechet_distance(*rows) == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4, abs=1e-6)
    assert kernel_distance(*rows) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4, abs=1e-6)
    assert theirs["frechet_inception_distance"] > 1
    assert abs(theirs["kernel_inception_distance_mean"]) > 1e-3
