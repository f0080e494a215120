"""Metrics by name: signatures, how they are called, what is refused, what is loaded and kept."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
import torch
from scenes import IMAGE_METRICS
from terminal import Terminal

from inpaint_bench.data.protocols import EightBit
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import METRICS, RECORDED, Metric, metric, registry
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.pixel import known_error
from inpaint_bench.metrics.registry import signature


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
    assert {name: signature(metric, "truncate", raw=False) for name, metric in (IMAGE_METRICS | RECORDED).items()} == {
        "ssim": "ssim:rgb:uniform11:sample-cov:u8t:comp:v1",
        "ssim_hole": "ssim_hole:rgb:uniform11:sample-cov:centre:u8t:comp:v1",
        "ssim_band": "ssim_band:rgb:uniform11:sample-cov:centre:8px:u8t:comp:v1",
        "psnr": "psnr:rgb:u8t:comp:v1",
        "psnr_hole": "psnr_hole:rgb:u8t:comp:v1",
        "psnr_band": "psnr_band:rgb:8px:u8t:comp:v1",
        "mse": "mse:rgb:levels:u8t:comp:v1",
        "mse_hole": "mse_hole:rgb:levels:u8t:comp:v1",
        "mae": "mae:rgb:u8t:comp:v1",
        "mae_hole": "mae_hole:rgb:u8t:comp:v1",
        "mae_band": "mae_band:rgb:8px:u8t:comp:v1",
        "mae_spn": "mae_spn:rgb:channel-mean:u8t:comp:v1",
        "mae_spn_hole": "mae_spn_hole:rgb:channel-mean:u8t:comp:v1",
        "mae_spn_band": "mae_spn_band:rgb:channel-mean:8px:u8t:comp:v1",
        "ssim_7": "ssim_7:rgb:uniform7:sample-cov:u8t:comp:v1",
        "ssim_51": "ssim_51:rgb:uniform51:sample-cov:u8t:comp:v1",
        "ssim_51_grey": "ssim_51_grey:rgb2gray:uniform51:sample-cov:u8t:comp:v1",
        "ssim_gaussian": "ssim_gaussian:rgb:gaussian11-1.5:population-cov:u8t:comp:v1",
        "ssim_gaussian_y": "ssim_gaussian_y:y601:gaussian11-1.5:population-cov:u8t:comp:v1",
        "ssim_lama": "ssim_lama:rgb:gaussian11-1.5:population-cov:zero-padded:float32:u8t:comp:v1",
        "psnr_grey": "psnr_grey:rgb2gray:u8t:comp:v1",
        "mae_ec": "mae_ec:rgb2gray:ratio-of-sums:u8t:comp:v1",
        "mae_ec_train": "mae_ec_train:rgb:ratio-to-target:u8t:comp:v1",
        "mae_wf": "mae_wf:rgb:ratio-of-sums:u8t:comp:v1",
        "mae_255": "mae_255:rgb:levels:u8t:comp:v1",
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
    printed = {name: (metric.unit, metric.decimals) for name, metric in IMAGE_METRICS.items()}
    levels = {"mse", "mse_hole", "mae_255"}
    for name, unit_and_decimals in printed.items():
        usual = {"ssim": ("", 3), "psnr": ("dB", 2), "mae": ("", 4)}
        assert unit_and_decimals == (("", 2) if name in levels else usual[name.split("_")[0]]), name


def test_a_metric_is_called_with_float_images() -> None:
    composite, target, mask = float_pair()
    batch = Batch.of(composite, target, mask)
    assert METRICS["psnr"](composite, target, mask).tolist() == METRICS["psnr"].of(batch).tolist()
    error = (composite * 255).round() - (target * 255).round()
    assert batch.stats.whole.squared.tolist() == error.square().sum(dim=(1, 2, 3)).long().tolist()


@pytest.mark.parametrize("found", [one for one in METRICS.values() if not one.absent()], ids=lambda found: found.name)
def test_every_metric_takes_tensors_and_arrays(found: Metric) -> None:
    composite, target, mask = float_pair(64)
    values = found(composite, target, mask)
    assert values.dtype == np.float64
    assert values.shape == (2,)
    assert values.tolist() == found(composite.numpy(), target.numpy(), mask.numpy()).tolist()
    assert values.tolist() == found(composite.double().requires_grad_(), target.numpy(), mask.bool()).tolist()


def test_a_metric_scores_the_images_that_it_is_given() -> None:
    prediction, target, mask = float_pair()
    composite = mask * prediction + (1 - mask) * target
    assert (METRICS["mae"](prediction, target, mask) > METRICS["mae"](composite, target, mask)).all()


def test_an_empty_batch_of_images_has_no_values() -> None:
    composite, target, mask = (images[:0] for images in float_pair())
    assert METRICS["psnr"](composite, target, mask).tolist() == []


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
    assert values == (batch.stats.known.absolute / (3 * 255 * batch.stats.known.pixels)).tolist()


def test_the_statistics_of_a_batch_are_computed_once_for_all_metrics() -> None:
    batch = Batch.of(*float_pair())
    METRICS["psnr"].of(batch)
    assert batch.stats is batch.stats


def test_an_empty_batch_has_no_values() -> None:
    batch = black(0, 12, 12)
    assert [metric.of(batch).tolist() for metric in IMAGE_METRICS.values()] == [[] for _ in IMAGE_METRICS]


def test_a_metric_is_shown_with_its_formula_its_signatures_and_the_papers_that_use_it(terminal: Terminal) -> None:
    terminal("metrics", "show", "ssim").does(
        "ssim, higher is better\nused by: SPN, SPL, RN\n",
        "C1 = (0.01 * 255)^2",
        "in the four protocols of the SPN paper: ssim:rgb:uniform11:sample-cov:u8t:comp:v1\n",
        "in our own protocols: ssim:rgb:uniform11:sample-cov:u8r:comp:v1\n",
    )
    terminal("metrics", "show", "psnr_band").does("psnr_band, higher is better, in dB\nused by: no paper whose code")
    terminal("metrics", "show", "det_recall").does("share of objects matched with a score of 0.5 or more")
    terminal("metrics", "show", "pnsr").refuses(2, "no metric is called 'pnsr'. Did you mean 'psnr'?")


def test_the_list_says_of_each_metric_what_it_is_or_what_it_lacks(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = dataclasses.replace(METRICS["mae"], absent=lambda: "mae.pth is not here. Fetch it somewhere.")
    monkeypatch.setattr(registry, "CHOOSABLE", dict(registry.CHOOSABLE) | {"mae": lacking})
    answer = terminal("metrics", "list")
    answer.does()
    lines = {line.split()[0]: line for line in answer.out.splitlines()}
    assert list(lines) == list(registry.CHOOSABLE)
    assert len({line.split("better")[1] for name, line in lines.items() if name.startswith("det_")}) == 18
    assert lines["mae"].endswith("cannot run here: mae.pth is not here")
    assert re.search(r"psnr +higher is better +dB +SPN, SPL, RN, WF, DSI +Peak signal", lines["psnr"])
    terminal("metrics", "show", "mae").does("mae.pth is not here. Fetch it somewhere.")


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    assert metric("psnr") is METRICS["psnr"]
    with pytest.raises(InputError) as caught:
        metric("pnsr")
    assert str(caught.value).startswith("no metric is called 'pnsr'. Did you mean 'psnr'? Known: ")
    assert {name.strip(".") for name in str(caught.value).split("Known: ")[1].split(", ")} == set(METRICS)


@pytest.mark.parametrize(
    ("name", "use"),
    [
        (
            "fid",
            "a set metric, one number per set of images from their features: request it in a run or for a folder of "
            "outputs, --metrics fid.",
        ),
        (
            "det_conf",
            "a detection metric, one number per set of images from their detections: request it in a run or for a "
            "folder of outputs, --metrics det_conf.",
        ),
        (
            "diversity",
            "a samples metric, one number per pair of a stochastic method: request it in a run, --metrics diversity.",
        ),
        ("known_error", "computed from raw predictions and recorded with every run."),
    ],
)
def test_a_metric_that_is_not_called_on_a_batch_is_refused_with_its_use(name: str, use: str) -> None:
    with pytest.raises(InputError) as caught:
        metric(name)
    assert str(caught.value) == f"'{name}' is {use} An image metric is needed here, such as ssim."


def test_pixels_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        black(1, 12, 12, target_width=13)
    assert str(caught.value) == (
        "composites, targets and holes do not match: uint8 (1, 12, 12, 3), uint8 (1, 12, 13, 3), "
        "bool (1, 12, 12). Expected: uint8 (batch, height, width, 3) twice and bool (batch, height, width)."
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_values_outside_the_range_of_images_are_refused(value: float) -> None:
    composite, target, mask = float_pair()
    composite[0, 0, 0, 0] = value
    with pytest.raises(
        InputError, match=r"^the composite holds values outside \[0, 1\]\. Clamp the prediction first\.$"
    ):
        Batch.of(composite, target, mask)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"composite": torch.zeros(2, 1, 16, 16)},
            "the composite has the shape (2, 1, 16, 16); expected: (batch, 3, h",
        ),
        (
            {"composite": torch.zeros(3, 16, 16)},
            "the composite has the shape (3, 16, 16); expected: (batch, 3, height,",
        ),
        ({"mask": torch.zeros(2, 16, 16)}, "the mask has the shape (2, 16, 16); expected: (batch, 1, height, width)."),
        (
            {"target": np.zeros((2, 3, 16, 16), np.uint8)},
            "the target is torch.uint8; expected: floats in [0, 1]. Divid",
        ),
        ({"target": np.full((2, 3, 16, 16), "a")}, "the target is an array of <U1; expected: floats in [0, 1]."),
        ({"target": torch.zeros(1, 3, 16, 16)}, "composites, targets and holes do not match: uint8 (2, 16, 16, 3), u"),
    ],
)
def test_images_of_another_shape_or_type_are_refused(changes: dict[str, Any], message: str) -> None:
    images = dict(zip(("composite", "target", "mask"), float_pair(), strict=True)) | changes
    with pytest.raises(InputError) as caught:
        METRICS["psnr"](**images)
    assert str(caught.value).startswith(message)


def test_a_grey_mask_is_refused() -> None:
    composite, target, mask = float_pair()
    with pytest.raises(InputError, match=r"^the mask holds values other than 0 \(known\) and 1 \(hole\)\. Binarise it"):
        Batch.of(composite, target, mask / 2)
