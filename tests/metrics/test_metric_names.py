"""Metrics by name: signatures, how they are called, what is refused, what is loaded and kept."""

import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

from inpaint_bench.errors import InputError
from inpaint_bench.images import EightBit
from inpaint_bench.metrics import METRICS, RECORDED, Batch, kernels, known_error, metric, signature


def float_pair(size: int = 16) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A composite, a target and a mask as other people have them."""
    composite, target = torch.rand(2, 2, 3, size, size, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(2, 1, size, size)
    mask[..., 4:12, 4:12] = 1
    return composite, target, mask


def black(count: int, height: int, width: int, target_width: int | None = None) -> Batch:
    """A batch of nothing but black, with targets of another width if one is given."""
    composites = np.zeros((count, height, width, 3), np.uint8)
    targets = np.zeros((count, height, target_width or width, 3), np.uint8)
    return Batch(composites, targets, np.zeros((count, height, width), bool))


def test_signatures_never_change() -> None:
    assert {name: signature(metric, "truncate", raw=False) for name, metric in (METRICS | RECORDED).items()} == {
        "ssim": "ssim:rgb:uniform11:sample-cov:u8t:comp:v1",
        "ssim_hole": "ssim_hole:rgb:uniform11:sample-cov:centre:u8t:comp:v1",
        "psnr": "psnr:rgb:u8t:comp:v1",
        "psnr_hole": "psnr_hole:rgb:u8t:comp:v1",
        "mae": "mae:rgb:u8t:comp:v1",
        "mae_hole": "mae_hole:rgb:u8t:comp:v1",
        "mae_spn": "mae_spn:rgb:channel-mean:u8t:comp:v1",
        "mae_spn_hole": "mae_spn_hole:rgb:channel-mean:u8t:comp:v1",
        "known_error": "known_error:rgb:pred:v1",
    }


@pytest.mark.parametrize(
    ("rule", "raw", "inputs"),
    [("round", False, "u8r:comp"), ("round", True, "u8r:raw"), ("truncate", True, "u8t:raw")],
)
def test_a_signature_names_the_8_bit_rule_and_what_was_scored(rule: EightBit, raw: bool, inputs: str) -> None:
    assert signature(METRICS["psnr"], rule, raw) == f"psnr:rgb:{inputs}:v1"
    assert signature(RECORDED["known_error"], rule, raw) == "known_error:rgb:pred:v1"


def test_a_metric_is_printed_with_its_own_unit_and_decimals() -> None:
    printed = {name.removesuffix("_hole"): (metric.unit, metric.decimals) for name, metric in METRICS.items()}
    assert printed == {"ssim": ("", 3), "psnr": ("dB", 2), "mae": ("", 4), "mae_spn": ("", 4)}


def test_a_metric_is_called_with_float_images() -> None:
    composite, target, mask = float_pair()
    batch = Batch.of(composite, target, mask)
    assert METRICS["psnr"](composite, target, mask).tolist() == METRICS["psnr"].of(batch).tolist()
    error = (composite * 255).round() - (target * 255).round()
    assert batch.sums.whole.squared.tolist() == error.square().sum(dim=(1, 2, 3)).long().tolist()


def test_the_8_bit_rule_reaches_the_metric() -> None:
    composite, target, mask = (
        torch.full((1, 3, 16, 16), 0.999),
        torch.ones(1, 3, 16, 16),
        torch.ones(1, 1, 16, 16),
    )
    assert METRICS["mae"](composite, target, mask)[0] == 0
    assert METRICS["mae"](composite, target, mask, "truncate")[0] == pytest.approx(1 / 255)


def test_known_error_of_a_batch_is_that_of_each_prediction() -> None:
    batch = Batch.of(*float_pair())
    pairs = zip(batch.composites, batch.targets, batch.holes, strict=True)
    values = RECORDED["known_error"].of(batch).tolist()
    assert values == [known_error(*pair) for pair in pairs]
    assert values == (batch.sums.known.absolute / (3 * 255 * batch.sums.known.pixels)).tolist()


def test_the_sums_are_collected_once_for_all_metrics() -> None:
    batch = Batch.of(*float_pair())
    METRICS["psnr"].of(batch)
    assert batch.sums is batch.sums


def test_an_empty_batch_has_no_values() -> None:
    batch = black(0, 12, 12)
    assert [metric.of(batch).tolist() for metric in METRICS.values()] == [[] for _ in METRICS]


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    assert metric("psnr") is METRICS["psnr"]
    with pytest.raises(InputError) as caught:
        metric("pnsr")
    assert str(caught.value) == (
        "no metric is called 'pnsr'. Did you mean 'psnr'? "
        "Known: mae, mae_hole, mae_spn, mae_spn_hole, psnr, psnr_hole, ssim, ssim_hole."
    )


def test_images_smaller_than_the_window_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        black(1, 10, 40)
    assert str(caught.value) == (
        "an image of 10x40 pixels is smaller than the 11x11 window of SSIM; allowed: sides of 11 and more."
    )


def test_pixels_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        black(1, 12, 12, target_width=13)
    assert str(caught.value) == (
        "composites, targets and holes do not fit together: uint8 (1, 12, 12, 3), uint8 (1, 12, 13, 3), "
        "bool (1, 12, 12). Wanted: twice uint8 (batch, height, width, 3) and bool (batch, height, width)."
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_values_outside_the_range_of_images_are_refused(value: float) -> None:
    composite, target, mask = float_pair()
    composite[0, 0, 0, 0] = value
    with pytest.raises(
        InputError, match=r"^the composite holds values outside \[0, 1\]\. Clamp the prediction first\.$"
    ):
        Batch.of(composite, target, mask)


def test_a_grey_mask_is_refused() -> None:
    composite, target, mask = float_pair()
    with pytest.raises(InputError, match=r"^the mask holds values other than 0 \(known\) and 1 \(hole\)\. Binarise it"):
        Batch.of(composite, target, mask / 2)


def test_importing_the_metrics_loads_no_compiler() -> None:
    program = "import sys, inpaint_bench.metrics; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_machine_code_is_kept_in_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _without_a_folder_of_numbas_own(monkeypatch)
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path))
    assert kernels.compiled(_twice)(4) == 8
    assert any((tmp_path / "numba").rglob("*.nbc"))
    assert vars(numba.config)["CACHE_DIR"] == ""


def test_without_a_cache_folder_machine_code_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _without_a_folder_of_numbas_own(monkeypatch)
    (tmp_path / "file").touch()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "file"))
    assert kernels.compiled(_twice)(4) == 8
    assert not any(Path(__file__).parent.rglob("*_twice*.nbc"))


def _without_a_folder_of_numbas_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    vars(numba.config)["reload_config"]()  # else the next compilation does, and undoes what follows
    monkeypatch.setitem(vars(numba.config), "CACHE_DIR", "")


def _twice(number: int) -> int:
    return 2 * number
