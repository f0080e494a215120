"""The image metrics: golden values, what plain code and scikit-image say, and what must change nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inpaint_bench.images import Hole, Pixels, read_pixels, read_values
from inpaint_bench.metrics import METRICS, Batch, Metric, known_error
from inpaint_bench.metrics.torch_sums import sums as torch_sums

SKIMAGE: Any = skimage.metrics
GOLDEN = Path(__file__).parents[1] / "golden"
GOLDENS: dict[str, Any] = json.loads((GOLDEN / "metrics.json").read_text())
KEYS = {
    "ssim": "ssim.spn",
    "psnr": "psnr.spn",
    "mae": "mae.plain",
    "mae_spn": "mae.spn",
    "mae_hole": "mae.hole_only",
}

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=attrgetter("name"))
some_examples = settings(max_examples=20, deadline=None, database=None)
sides = st.integers(11, 40)
seeds = st.integers(0, 2**32 - 1)


def scene(seed: int, height: int = 40, width: int = 33) -> tuple[Pixels, Pixels, Hole]:
    """A prediction, its target and a hole of about a third: noisy waves, moved a little, and more in the hole."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width, :3][:2]
    target = 128 + 90 * np.sin(rows / rng.uniform(2, 9) + columns / rng.uniform(2, 9)) + rng.normal(0, 9, rows.shape)
    hole = rng.random((height, width)) < 0.35
    composite = target + np.where(hole[..., None], 30, 3) * rng.normal(0, 1, rows.shape)
    return eight_bit(composite), eight_bit(target), hole


def eight_bit(values: NDArray[np.float64]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def batch_of(*pairs: tuple[Pixels, Pixels, Hole]) -> Batch:
    composites, targets, holes = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    return Batch(composites, targets, holes)


def plain(composite: Pixels, target: Pixels, region: Hole) -> dict[str, float]:
    """The metrics over a region by their definitions, one pixel and one window after another."""
    x, y = composite.astype(np.float64), target.astype(np.float64)
    squared, absolute, mixed, similarity = [], [], [], []
    for i, j in np.argwhere(region):
        squared += [(x[i, j, c] - y[i, j, c]) ** 2 for c in range(3)]
        absolute += [abs(x[i, j, c] - y[i, j, c]) for c in range(3)]
        mixed.append(abs(x[i, j].mean() - y[i, j].mean()))
        if 5 <= i < len(x) - 5 and 5 <= j < x.shape[1] - 5:
            window = np.s_[i - 5 : i + 6, j - 5 : j + 6]
            similarity += [plain_ssim(x[window][..., c].ravel(), y[window][..., c].ravel()) for c in range(3)]
    return {
        "ssim": float(np.mean(similarity)),
        "psnr": float(10 * np.log10(255**2 / np.mean(squared))),
        "mae": float(np.mean(absolute)) / 255,
        "mae_spn": float(np.mean(mixed)) / 255,
    }


def plain_ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    (vx, vxy), (_, vy) = np.cov(x, y)
    ux, uy, c1, c2 = x.mean(), y.mean(), (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((2 * ux * uy + c1) * (2 * vxy + c2) / ((ux**2 + uy**2 + c1) * (vx + vy + c2)))


@pytest.mark.parametrize("golden", GOLDENS["pairs"], ids=lambda golden: str(golden["id"]))
def test_photographs_have_their_golden_values(golden: dict[str, Any]) -> None:
    hole = read_values(GOLDEN / golden["mask"]) > 0
    batch = batch_of((read_pixels(GOLDEN / golden["pred"]), read_pixels(GOLDEN / golden["gt"]), hole))
    for name, key in KEYS.items():
        assert METRICS[name].of(batch)[0] == pytest.approx(golden["values"][key], rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("golden", GOLDENS["edge_pairs"], ids=lambda golden: str(golden["name"]))
def test_extreme_pairs_have_their_golden_values(golden: dict[str, Any]) -> None:
    composites = {
        "identical_gray": (128,) * 3,
        "black_white": (255,) * 3,
        "cancelling_channels": (138, 118, 128),
    }
    composite, target = (np.full((256, 256, 3), level, np.uint8) for level in (128, 128))
    composite[:] = composites.get(golden["name"], 128)
    target[:] = 0 if golden["name"] == "black_white" else 128
    if golden["name"] == "one_level_one_pixel":
        composite[128, 128, 0] = 129
    hole = np.zeros((256, 256), bool)
    hole[96:160, 96:160] = True
    for name, key in KEYS.items():
        value = METRICS[name].of(batch_of((composite, target, hole)))[0]
        assert value == pytest.approx(float(golden["values"][key]), rel=1e-9, abs=1e-9), name


def test_identical_images_are_infinitely_alike() -> None:
    _, target, hole = scene(0)
    batch = batch_of((target, target, hole))
    values = {name: metric.of(batch)[0] for name, metric in METRICS.items()}
    best = {"ssim": 1.0, "psnr": np.inf, "mae": 0.0, "mae_spn": 0.0}
    assert values == best | {f"{name}_hole": value for name, value in best.items()}


@every_metric
def test_neither_batch_nor_order_changes_a_value(metric: Metric) -> None:
    pairs = [scene(seed) for seed in range(5)]
    together = metric.of(batch_of(*pairs))
    assert together.dtype == np.float64
    assert together.tolist() == [metric.of(batch_of(pair))[0] for pair in pairs]
    assert together[::-1].tolist() == metric.of(batch_of(*pairs[::-1])).tolist()


def test_threads_change_no_value() -> None:
    batches = [batch_of(scene(seed, 90, 90)) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        shared = list(threads.map(METRICS["ssim"].of, batches))
    assert shared == [METRICS["ssim"].of(batch_of(scene(seed, 90, 90))) for seed in range(8)]


@every_metric
def test_more_noise_is_worse(metric: Metric) -> None:
    _, target, hole = scene(1)
    noise = np.random.default_rng(1).normal(0, 1, target.shape)
    mild, strong = (metric.of(batch_of((eight_bit(target + level * noise), target, hole))) for level in (5, 20))
    assert (mild > strong).all() if metric.better == "higher" else (mild < strong).all()


@some_examples
@given(seeds, sides, sides)
def test_every_metric_is_what_its_definition_says(seed: int, height: int, width: int) -> None:
    composite, target, hole = scene(seed, height, width)
    hole[height // 2, width // 2] = True
    batch = batch_of((composite, target, hole))
    expected = plain(composite, target, np.ones_like(hole))
    expected |= {f"{name}_hole": value for name, value in plain(composite, target, hole).items()}
    for name, metric in METRICS.items():
        assert metric.of(batch)[0] == pytest.approx(expected[name], rel=1e-9, abs=1e-9), name


@some_examples
@given(seeds, st.integers(11, 120), st.integers(11, 120))
def test_scikit_image_agrees(seed: int, height: int, width: int) -> None:
    composite, target, hole = scene(seed, height, width)
    batch = batch_of((composite, target, hole))
    similarity = SKIMAGE.structural_similarity(composite, target, win_size=11, channel_axis=2, data_range=255)
    assert METRICS["ssim"].of(batch)[0] == pytest.approx(similarity, abs=1e-9)
    ratio = SKIMAGE.peak_signal_noise_ratio(target, composite, data_range=255)
    assert METRICS["psnr"].of(batch)[0] == pytest.approx(ratio, abs=1e-9)


@some_examples
@given(seeds, sides, sides, st.integers(1, 3))
def test_torch_and_the_compiled_walk_agree(seed: int, height: int, width: int, count: int) -> None:
    batch = batch_of(*(scene(seed + k, height, width) for k in range(count)))
    other = torch_sums(batch.composites, batch.targets, batch.holes, torch.device("cpu"))
    for mine, theirs in ((batch.sums.whole, other.whole), (batch.sums.hole, other.hole)):
        for name, values in vars(mine).items():
            if name == "similarity":
                np.testing.assert_allclose(values, theirs.similarity, rtol=1e-12, atol=1e-12)
            else:
                assert values.tolist() == vars(theirs)[name].tolist(), name


def test_the_brightest_images_do_not_overflow() -> None:
    white, black = np.full((30, 40, 3), 255, np.uint8), np.zeros((30, 40, 3), np.uint8)
    checks = np.where(np.indices((30, 40)).sum(axis=0)[..., None] % 2, white, black)
    for composite, target in ((white, white), (checks, 255 - checks), (white, checks)):
        similarity = SKIMAGE.structural_similarity(composite, target, win_size=11, channel_axis=2, data_range=255)
        batch = batch_of((composite, target, np.ones((30, 40), bool)))
        assert METRICS["ssim"].of(batch)[0] == pytest.approx(similarity, abs=1e-9)
        assert METRICS["ssim_hole"].of(batch)[0] == METRICS["ssim"].of(batch)[0]


def test_the_whole_is_the_weighted_mean_of_hole_and_known_region() -> None:
    composite, target, hole = scene(2)
    batch = batch_of((composite, target, hole))
    other = batch_of((composite, target, ~hole))
    mse, mse_hole = (10 ** (METRICS[name].of(batch)[0] / -10) for name in ("psnr", "psnr_hole"))
    mse_known = 10 ** (METRICS["psnr_hole"].of(other)[0] / -10)
    assert mse == pytest.approx(hole.mean() * mse_hole + (~hole).mean() * mse_known, rel=1e-9)
    for name in ("pixels", "squared", "absolute", "mixed", "windows"):
        assert vars(batch.sums.known)[name] == vars(other.sums.hole)[name], name


def test_without_hole_pixels_a_hole_metric_is_undefined() -> None:
    composite, target, hole = scene(3)
    batch = batch_of((composite, target, np.zeros_like(hole)))
    undefined = {name for name, metric in METRICS.items() if np.isnan(metric.of(batch)[0])}
    assert undefined == {name for name in METRICS if name.endswith("_hole")}


def test_a_hole_in_the_border_alone_has_no_ssim() -> None:
    composite, target, hole = scene(4)
    hole[:] = False
    hole[:5], hole[-5:], hole[:, :5], hole[:, -5:] = True, True, True, True
    batch = batch_of((composite, target, hole))
    assert np.isnan(METRICS["ssim_hole"].of(batch)[0])
    assert np.isfinite(METRICS["mae_hole"].of(batch)[0])


def test_known_error_is_the_mean_absolute_error_of_the_known_region() -> None:
    composite, target, hole = scene(5)
    assert known_error(np.where(hole[..., None], composite, target), target, hole) == 0
    assert known_error(composite, target, ~hole) == METRICS["mae_hole"].of(batch_of((composite, target, hole)))[0]
    assert np.isnan(known_error(composite, target, np.ones_like(hole)))
