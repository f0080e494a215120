"""The image metrics: what plain code and scikit-image say, and what must change nothing."""

from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import skimage.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scenes import IMAGE_METRICS, batch_of, eight_bit, scene
from selection import quick

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.metrics import METRICS, Metric
from inpaint_bench.metrics.batch import band
from inpaint_bench.metrics.pixel import known_error
from inpaint_bench.metrics.pixel_stats_torch import pixel_stats as pixel_stats_torch

SKIMAGE: Any = skimage.metrics
OF_A_PART = {name for name in IMAGE_METRICS if name.endswith(("_hole", "_band"))}

every_metric = pytest.mark.parametrize("metric", IMAGE_METRICS.values(), ids=attrgetter("name"))
LIGHT = [metric for name, metric in IMAGE_METRICS.items() if not name.startswith(("ssim_7", "ssim_gauss", "ssim_51"))]
some_examples = settings(max_examples=20, database=None)
sides = st.integers(11, 40)
seeds = st.integers(0, 2**32 - 1)


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
        "mse": float(np.mean(squared)),
        "mae": float(np.mean(absolute)) / 255,
        "mae_spn": float(np.mean(mixed)) / 255,
    }


def plain_ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    (vx, vxy), (_, vy) = np.cov(x, y)
    ux, uy, c1, c2 = x.mean(), y.mean(), (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((2 * ux * uy + c1) * (2 * vxy + c2) / ((ux**2 + uy**2 + c1) * (vx + vy + c2)))


@pytest.mark.acceptance
def test_a_target_as_prediction_has_the_best_value_there_is() -> None:
    _, target, hole = scene(0)
    batch = batch_of((target, target, hole))
    best = {"ssim": 1.0, "psnr": np.inf, "mae": 0.0, "mse": 0.0}
    for name, metric in IMAGE_METRICS.items():
        assert metric.of(batch)[0] == best[name.split("_")[0]], name


@pytest.mark.parametrize("metric", quick(IMAGE_METRICS.values(), LIGHT))
def test_neither_batch_nor_order_changes_a_value(metric: Metric) -> None:
    pairs = [scene(seed) for seed in range(5)]
    together = metric.of(batch_of(*pairs))
    assert together.dtype == np.float64
    assert together.tolist() == [metric.of(batch_of(pair))[0] for pair in pairs]
    assert together[::-1].tolist() == metric.of(batch_of(*pairs[::-1])).tolist()


@pytest.mark.acceptance
def test_threads_change_no_value() -> None:
    for metric in IMAGE_METRICS.values():
        with ThreadPoolExecutor(4) as threads:
            shared = list(threads.map(metric.of, [batch_of(scene(seed)) for seed in range(4)]))
        assert shared == [metric.of(batch_of(scene(seed))) for seed in range(4)], metric.name


@every_metric
def test_more_noise_is_worse(metric: Metric) -> None:
    _, target, hole = scene(1)
    noise = np.random.default_rng(1).normal(0, 1, target.shape)
    mild, strong = (metric.of(batch_of((eight_bit(target + level * noise), target, hole))) for level in (5, 20))
    assert (mild > strong).all() if metric.better == "higher" else (mild < strong).all()


@some_examples
@given(seeds, sides, sides, st.sampled_from([0.002, 0.01, 0.35, 0.99]))
def test_errors_and_similarity_match_their_definitions(seed: int, height: int, width: int, share: float) -> None:
    composite, target, hole = scene(seed, height, width, share)
    hole[height // 2, width // 2] = True
    hole[height // 2, width // 2 - 1] = False
    batch = batch_of((composite, target, hole))
    for suffix, region in (("", np.ones_like(hole)), ("_hole", hole), ("_band", plain_band(hole))):
        for name, value in plain(composite, target, region).items():
            if f"{name}{suffix}" in METRICS:
                found = METRICS[f"{name}{suffix}"].of(batch)[0]
                assert found == pytest.approx(value, rel=1e-9, abs=1e-9), name + suffix


def plain_band(hole: Hole) -> Hole:
    """The pixels of each side with one of the other within 8 pixels, pixel by pixel."""
    holes, known = np.argwhere(hole), np.argwhere(~hole)
    near = np.zeros_like(hole)
    for mine, others in ((holes, known), (known, holes)):
        for i, j in mine:
            near[i, j] = ((others - (i, j)) ** 2).sum(axis=1).min() <= 64
    return near


def test_the_band_reaches_8_pixels_on_both_sides() -> None:
    hole = np.zeros((1, 40, 40), bool)
    hole[:, :, 20:] = True
    (row,) = np.unique(band(hole)[0], axis=0)
    assert np.flatnonzero(row).tolist() == list(range(12, 28))
    hole[:] = False
    hole[:, 20, 20] = True
    near = band(hole)[0]
    assert near[20, 12]
    assert near[20, 28]
    assert not near[20, 11]
    assert near[20 - 4, 20 - 6]  # 7.2 pixels away
    assert not near[20 - 6, 20 - 6]  # 8.5


def test_a_hole_of_everything_or_nothing_has_no_band() -> None:
    everything = np.ones((1, 20, 20), bool)
    assert not band(everything).any()
    assert not band(~everything).any()


def test_the_band_is_computed_only_on_request() -> None:
    batch = batch_of(scene(0))
    for name in set(IMAGE_METRICS) - OF_A_PART:
        METRICS[name].of(batch)
    METRICS["mae_hole"].of(batch)
    assert "band" not in vars(batch)
    METRICS["mae_band"].of(batch)
    assert "band" in vars(batch)


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
def test_torch_and_the_compiled_kernels_agree(seed: int, height: int, width: int, count: int) -> None:
    batch = batch_of(*(scene(seed + k, height, width) for k in range(count)))
    other = pixel_stats_torch(batch.composites, batch.targets, batch.holes, torch.device("cpu"))
    for mine, theirs in ((batch.stats.whole, other.whole), (batch.stats.hole, other.hole)):
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
    for name in ("mse", "mae", "mae_spn"):
        whole, inside, known = (
            METRICS[name].of(batch)[0],
            METRICS[f"{name}_hole"].of(batch)[0],
            METRICS[f"{name}_hole"].of(other)[0],
        )
        assert whole == pytest.approx(hole.mean() * inside + (~hole).mean() * known, rel=1e-9, abs=1e-9), name
    for name in ("pixels", "squared", "absolute", "channel_sum", "windows"):
        assert vars(batch.stats.known)[name] == vars(other.stats.hole)[name], name


def test_without_hole_pixels_a_metric_of_hole_or_band_is_undefined() -> None:
    composite, target, hole = scene(3)
    batch = batch_of((composite, target, np.zeros_like(hole)))
    assert {name for name, metric in IMAGE_METRICS.items() if np.isnan(metric.of(batch)[0])} == OF_A_PART


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
