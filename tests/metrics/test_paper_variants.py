"""The metrics of papers by their golden values, as the README lists them, and by the library that each paper calls."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.color
import skimage.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import IMAGE_METRICS, batch_of, scene
from terminal import Terminal
from torch.nn import functional

from inpaint_bench import files
from inpaint_bench.data.images import Hole, Pixels, read_pixels, read_values
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.batch import Batch

SKIMAGE: Any = skimage.metrics
GREY: Any = skimage.color.rgb2gray
GOLDEN = Path(__file__).parents[1] / "golden"
GOLDENS: dict[str, Any] = json.loads((GOLDEN / "metrics.json").read_text())
PAGE = (files.PACKAGE / "metrics" / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \| (.+?) \| (\w+) ([\d.e-]+)(?: dB)? \|$", PAGE, re.MULTILINE)
LUMA = np.array([0.299, 0.587, 0.114])
WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}


def allowed(key: str) -> tuple[str, str]:
    """The tolerance that the golden file has for a key, as ('abs', '1e-9')."""
    if key.startswith("ssim."):
        row = "ssim (float32 libraries)" if key == "ssim.lama" else "ssim (float64 definitions"
    elif key in ("psnr.ec_gray", "psnr.rgb01_f32"):
        row = "float32 psnr"
    else:
        row = "mae float32" if key in ("mae.ec_gray", "mae.wavefill") else "psnr.spn, mse.plain"
    (text,) = [text for name, text in GOLDENS["tolerances"].items() if name.startswith(row)]
    kind, number = text.split()[:2]
    return kind, number


def check(found: dict[str, float], golden: dict[str, Any]) -> None:
    """Every row of the page holds for a pair."""
    for name, key, _, kind, number in ROWS:
        within = {"rel": 0.0, "abs": 0.0} | {kind: float(number)}
        expected = pytest.approx(float(golden["values"][key]), rel=within["rel"], abs=within["abs"])
        assert float(found[name]) == expected, (name, key)


def extreme(name: str) -> tuple[Pixels, Pixels, Hole]:
    """One of the four extreme pairs, as the golden file describes it."""
    levels: dict[str, Any] = {"black_white": 255, "cancelling_channels": (138, 118, 128)}
    composite, target = np.zeros((2, 256, 256, 3), np.uint8)
    composite[:] = levels.get(name, 128)
    target[:] = 0 if name == "black_white" else 128
    if name == "one_level_one_pixel":
        composite[128, 128, 0] = 129
    hole = np.zeros((256, 256), bool)
    hole[96:160, 96:160] = True
    return composite, target, hole


def values(batch: Batch) -> dict[str, float]:
    return {name: float(metric.of(batch)[0]) for name, metric in IMAGE_METRICS.items()}


def test_the_page_names_every_image_metric_its_user_and_the_tolerance_of_the_golden_file() -> None:
    assert len(ROWS) == 18
    alone = re.findall(r"`(\w+)`", PAGE.partition("per-pixel implementations:")[2].partition(".\n")[0])
    assert {row[0] for row in ROWS} | set(alone) == set(IMAGE_METRICS)
    assert not {row[0] for row in ROWS} & set(alone)
    for name, key, whose, kind, number in ROWS:
        assert (kind, number) == allowed(key), key
        if key != "psnr.rgb01_f32":
            assert whose == (METRICS[name].used_by or "-"), name


def test_the_page_explains_every_golden_value() -> None:
    notes = PAGE.partition("## Other libraries")[2]
    noted = set(re.findall(r"`((?:ssim|psnr|mae|mse)\.\w+)`", notes))
    assert {row[1] for row in ROWS} | noted == set(GOLDENS["conventions"])
    assert not {row[1] for row in ROWS} & noted


@pytest.mark.parametrize("golden", GOLDENS["pairs"], ids=lambda golden: str(golden["id"]))
def test_photographs_have_their_golden_values(golden: dict[str, Any]) -> None:
    hole = read_values(GOLDEN / golden["mask"]) > 0
    check(values(batch_of((read_pixels(GOLDEN / golden["pred"]), read_pixels(GOLDEN / golden["gt"]), hole))), golden)


@pytest.mark.parametrize("golden", GOLDENS["edge_pairs"], ids=lambda golden: str(golden["name"]))
def test_extreme_pairs_have_their_golden_values(golden: dict[str, Any]) -> None:
    check(values(batch_of(extreme(golden["name"]))), golden)


def test_the_command_line_gives_the_golden_values(terminal: Terminal, tmp_path: Path) -> None:
    for golden in GOLDENS["pairs"]:
        for folder, key in (("targets", "gt"), ("masks", "mask"), ("predictions", "pred")):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{golden['id']}.png").write_bytes((GOLDEN / golden[key]).read_bytes())
    folders = ("--targets", "targets", "--masks", "masks", "--predictions", "predictions")
    answer = terminal("score", *folders, "--metrics", ",".join(IMAGE_METRICS), "--format", "json")
    answer.does()
    found = json.loads(answer.out)
    for golden, row in zip(GOLDENS["pairs"], found, strict=True):
        check(row, golden)


def test_scikit_image_agrees_on_crops_of_photographs() -> None:
    rng = np.random.default_rng(0)
    pictures = [[read_pixels(GOLDEN / pair[key]) for key in ("pred", "gt")] for pair in GOLDENS["pairs"]]
    for number in range(100):
        (height, width), (top, left) = rng.integers(51, 120, 2), rng.integers(0, 136, 2)
        x, y = (picture[top : top + height, left : left + width] for picture in pictures[number % len(pictures)])
        batch = batch_of((x, y, np.ones(x.shape[:2], bool)))
        with np.errstate(divide="ignore"):  # some crops have no hole in them
            expected = {"psnr": SKIMAGE.peak_signal_noise_ratio(y, x, data_range=255)}
        for name, side in (("ssim", 11), ("ssim_7", 7), ("ssim_51", 51)):
            expected[name] = SKIMAGE.structural_similarity(x, y, win_size=side, channel_axis=2, data_range=255)
        expected["ssim_gaussian"] = SKIMAGE.structural_similarity(x, y, channel_axis=2, **WANG)
        for name, value in expected.items():
            assert METRICS[name].of(batch)[0] == pytest.approx(value, abs=1e-9), name


@settings(max_examples=20, database=None)
@given(st.integers(0, 2**32 - 1), st.integers(51, 90), st.integers(51, 90))
def test_other_variants_match_their_definitions(seed: int, height: int, width: int) -> None:
    x, y, hole = scene(seed, height, width)
    a, b, grey_x, grey_y = x.astype(np.float64), y.astype(np.float64), GREY(x), GREY(y)
    expected = {
        "ssim_51_grey": SKIMAGE.structural_similarity(grey_x, grey_y, win_size=51, data_range=1),
        "ssim_gaussian_y": SKIMAGE.structural_similarity(x @ LUMA, y @ LUMA, **WANG),
        "psnr_grey": SKIMAGE.peak_signal_noise_ratio(grey_y, grey_x, data_range=1),
        "mae_ec": np.abs(grey_x - grey_y).sum() / (grey_x + grey_y).sum(),
        "mae_wf": np.abs(a - b).sum() / ((a + b).sum() + 1e-6),
        "mae_ec_train": np.abs(a - b).sum() / b.sum(),
        "mae_255": np.abs(a - b).mean(),
    }
    batch = batch_of((x, y, hole))
    for name, value in expected.items():
        assert METRICS[name].of(batch)[0] == pytest.approx(value, rel=1e-9, abs=1e-9), name
    assert METRICS["ssim_lama"].of(batch)[0] == pytest.approx(in_torch(x, y), abs=2e-6)


def in_torch(x: Pixels, y: Pixels) -> float:
    """LaMa's SSIM with the convolutions of torch."""
    a, b = (torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255) for pixels in (x, y))
    line = torch.from_numpy(np.exp(-(np.arange(-5, 6) ** 2) / 4.5).astype(np.float32))
    window = torch.outer(line / line.sum(), line / line.sum()).expand(3, 1, 11, 11).contiguous()
    ux, uy, xx, yy, xy = (functional.conv2d(q, window, padding=5, groups=3) for q in (a, b, a * a, b * b, a * b))
    top = (2 * ux * uy + 0.01**2) * (2 * (xy - ux * uy) + 0.03**2)
    return float((top / ((ux**2 + uy**2 + 0.01**2) * ((xx - ux**2) + (yy - uy**2) + 0.03**2))).mean())


def test_the_brightest_images_do_not_overflow() -> None:
    white, black = np.full((70, 60, 3), 255, np.uint8), np.zeros((70, 60, 3), np.uint8)
    checks = np.where(np.indices((70, 60)).sum(axis=0)[..., None] % 2, white, black)
    for x, y in ((white, white), (checks, 255 - checks), (white, checks), (white, black)):
        batch = batch_of((x, y, np.ones((70, 60), bool)))
        for name, side in (("ssim_7", 7), ("ssim_51", 51)):
            similarity = SKIMAGE.structural_similarity(x, y, win_size=side, channel_axis=2, data_range=255)
            assert METRICS[name].of(batch)[0] == pytest.approx(similarity, abs=1e-9)
        similarity = SKIMAGE.structural_similarity(GREY(x), GREY(y), win_size=51, data_range=1)
        assert METRICS["ssim_51_grey"].of(batch)[0] == pytest.approx(similarity, abs=1e-9)


def test_large_images_of_the_greatest_error_do_not_overflow() -> None:
    white, black = np.full((1300, 1300, 3), 255, np.uint8), np.zeros((1300, 1300, 3), np.uint8)
    batch = batch_of((white, black, np.ones((1300, 1300), bool)))
    assert METRICS["psnr_grey"].of(batch)[0] == pytest.approx(0, abs=1e-9)
    assert METRICS["mae_ec"].of(batch)[0] == 1


@pytest.mark.parametrize("size", [(50, 80), (80, 50), (16, 16)])
def test_an_image_with_no_place_for_a_window_of_51_has_no_value(size: tuple[int, int]) -> None:
    batch = batch_of(scene(0, *size), scene(1, *size))
    undefined = {name for name, metric in IMAGE_METRICS.items() if np.isnan(metric.of(batch)).all()}
    assert undefined == {"ssim_51", "ssim_51_grey"}
    assert np.isfinite(METRICS["ssim_51"].of(batch_of(scene(0, 51, 51)))[0])


def test_ratios_of_black_images_are_infinite_or_undefined() -> None:
    grey, black, hole = np.full((16, 16, 3), 9, np.uint8), np.zeros((16, 16, 3), np.uint8), np.ones((16, 16), bool)
    batch = batch_of((black, black, hole), (grey, black, hole), (black, grey, hole))
    assert METRICS["mae_ec_train"].of(batch).tolist()[1:] == [np.inf, 1]
    assert np.isnan(METRICS["mae_ec_train"].of(batch)[0])
    assert METRICS["mae_ec"].of(batch).tolist()[1:] == [1, 1]
    assert np.isnan(METRICS["mae_ec"].of(batch)[0])
    assert METRICS["mae_wf"].of(batch).tolist() == pytest.approx([0, 1, 1], abs=1e-9)
