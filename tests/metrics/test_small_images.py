"""Images too small for a metric: nan for that metric and that image, and every other value as it would be."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from numpy.testing import assert_array_equal
from scenes import batch_of, scene
from terminal import OUT, Terminal

from inpaint_bench.data import images
from inpaint_bench.metrics import METRICS, kernels
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.perceptual import diversity
from inpaint_bench.metrics.pixel_stats import windowless

SMALLEST = {  # pixels a side, of the metrics that need more than one
    "ssim": 11, "ssim_hole": 11, "ssim_band": 11, "ssim_7": 7, "ssim_51": 51, "ssim_51_grey": 51, "ssim_gaussian": 11,
    "ssim_gaussian_y": 11, "ssim_lama": 11, "lpips_alex": 31, "lpips_vgg": 16,
    "lpips_alex_hole": 31, "lpips_alex_band": 31, "lpips_vgg_hole": 16, "lpips_vgg_band": 16,
}  # fmt: skip
SIZES = [(1, 1), (3, 5), (7, 7), (10, 11), (11, 11), (16, 16), (30, 40), (33, 31), (51, 52)]


def small_scene(height: int, width: int) -> tuple[images.Pixels, images.Pixels, images.Hole]:
    """A scene with a hole in the middle."""
    composite, target, _ = scene(height, height, width)
    hole = np.zeros((height, width), bool)
    hole[height // 2, width // 2] = True
    return composite, target, hole


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_metric_is_defined_from_its_smallest_size_on(size: tuple[int, int]) -> None:
    batch = batch_of(*[small_scene(*size)] * 2)
    defined = {name: not np.isnan(metric.of(batch)).any() for name, metric in METRICS.items() if not metric.absent()}
    one_pixel = {name: size != (1, 1) for name in METRICS if name.endswith("_band")}  # without a known pixel, no band
    expected = {name: min(size) >= SMALLEST.get(name, 1) and one_pixel.get(name, True) for name in defined}
    assert defined == expected
    assert np.isnan(diversity([batch.composites[0]] * 2, batch.holes[0])) == (min(size) < 31)


def test_sums_without_windows_are_those_of_larger_images() -> None:
    batch = batch_of(scene(0), scene(1))
    found, expected = (of(batch.composites, batch.targets, batch.holes) for of in (windowless, kernels.pixel_stats))
    for region in ("whole", "hole"):
        for name in ("pixels", "squared", "absolute", "channel_sum"):
            assert_array_equal(getattr(getattr(found, region), name), getattr(getattr(expected, region), name))


def test_errors_of_a_small_image_are_their_definitions() -> None:
    x, y, hole = small_scene(3, 5)
    d = (x.astype(float) - y)[hole]
    expected = {"mse_hole": (d**2).mean(), "mae_hole": abs(d).mean() / 255, "mae_spn_hole": abs(d.mean()) / 255}
    assert {name: METRICS[name].of(batch_of((x, y, hole))).item() for name in expected} == pytest.approx(expected)


def test_extractors_have_features_of_a_pixel_or_none() -> None:
    for name, smallest in (("lite0", 1), ("vgg16", 16)):
        extract = EXTRACTORS[name].open(tiny.CPU)
        for side in (1, 15, 16):
            row = extract([tiny.picture(0, side)])
            assert (np.isfinite(row) if side >= smallest else np.isnan(row)).all()


def save(number: int, side: int) -> None:
    """A target, its mask and an output; a hole in the middle."""
    hole = np.zeros((side, side), np.uint8)
    hole[side // 3 : 2 * side // 3, side // 3 : 2 * side // 3] = 255
    pictures = {"targets": tiny.picture(number, side), "masks": hole, "done": tiny.output(number, size=side)}
    for folder, pixels in pictures.items():
        tiny.save_png(Path(folder, f"{number}.png"), pixels)


def test_a_small_image_changes_nothing_for_the_others(terminal: Terminal) -> None:
    metrics = ("--metrics", "ssim,ssim_51,psnr,mae,kid_vgg16")
    folders = ("--targets", "targets", "--masks", "masks")
    for number, side in enumerate((52, 53, 20)):
        save(number, side)
    alone = json.loads(terminal("score", *folders, "--predictions", "done", *metrics).out)
    save(3, 8)
    *rows, small, together = json.loads(terminal("score", *folders, "--predictions", "done", *metrics).out)
    assert rows == alone[:3]
    assert [row["ssim_51"] is None for row in rows] == [False, False, True]
    assert (small["ssim"], small["ssim_51"]) == (None, None)
    assert small["mae"] > 0
    assert (together["kid_vgg16"], together["kid_vgg16_n"]) == (alone[3]["kid_vgg16"], 3)


def test_a_run_names_the_pairs_without_a_value_and_counts_them(terminal: Terminal) -> None:
    for number, side in enumerate((24, 8, 24)):
        save(number, side)
    command = ("run", "--targets", "targets", "--masks", "masks", "--methods", "mine=folder:done", "--out", OUT)
    answer = terminal(*command, "--metrics", "ssim,psnr,fd_vgg16")
    answer.does("All (n=3)", "method  ssim ↑ (n=2)  psnr ↑  fd_vgg16 ↓ (n=2)  kid_vgg16 ↓ (n=2)")
    assert f"{OUT}: ssim is not defined for 1 of 3 pairs: 00001.\n" in answer.err
    counts = {name: (one["n"], one["undefined"]) for name in ("ssim", "psnr", "fd_vgg16") for one in [of_all(name)]}
    assert counts == {"ssim": (2, 1), "psnr": (3, 0), "fd_vgg16": (2, 1)}
    terminal("report", OUT, "--targets", "targets", "--masks", "masks").does()


def of_all(metric: str) -> dict[str, float]:
    return tiny.result(OUT, "mine", metric)
