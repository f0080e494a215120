"""Protocols whose images hold what is to be removed: what compares with a ground truth is refused by name."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import tiny
from terminal import OUT, Terminal

from inpaint_bench.data.protocols import facts, read_page
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection import DETECTION_METRICS, Detections
from inpaint_bench.metrics.detection.matching import tally
from inpaint_bench.metrics.registry import signature
from inpaint_bench.runner.metrics import choose_metrics

MINE = (
    "def score(composite, target, mask):\n    assert target is None\n    return mask.mean()\nscore.better = 'lower'\n"
)
NONE: dict[str, Any] = {"reference": "none", "samples": 1, "choose": "known_error", "metrics": ["removal_rate"]}


def found(*boxes: tuple[float, float, float, float], score: float = 0.9, label: int = 3) -> Detections:
    """Detections of one class and score."""
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), score, np.float32),
        np.full(len(boxes), label, np.int64),
    )


def value(name: str, image: Detections, composite: Detections) -> float:
    """A metric of one image whose left half is hole, 40 by 40 pixels."""
    hole = np.zeros((40, 40), bool)
    hole[:, :20] = True
    numerators, denominators = DETECTION_METRICS[name].num_den([tally(image, composite, hole)])
    return float(numerators.sum() / denominators.sum())


def test_an_object_is_removed_that_nothing_sure_matches() -> None:
    image = found((2, 2, 12, 12), (2, 22, 12, 32), (28, 2, 38, 12))  # two in the hole, one away from it
    assert value("removal_rate", image, image) == 0
    assert value("removal_rate", image, found()) == 1
    assert value("removal_rate", image, found((2, 2, 12, 12))) == 0.5
    assert value("removal_rate", image, found((2, 2, 12, 12), score=0.4)) == 1
    assert value("removal_rate", image, found((2, 2, 12, 12), label=4)) == 1
    assert value("removal_rate", image, found((2, 8, 12, 18))) == 1  # an IoU of a quarter


def test_what_matches_nothing_in_the_image_is_invented() -> None:
    image = found((2, 2, 12, 12))
    assert value("removal_invented", image, found((2, 2, 12, 12))) == 0
    assert value("removal_invented", image, found((2, 22, 12, 32), (2, 2, 12, 12))) == 1
    assert value("removal_invented", image, found((28, 2, 38, 12))) == 0  # not in the hole
    assert value("removal_invented", image, found((2, 22, 12, 32), score=0.4)) == 0


def test_a_page_without_ground_truth_is_another_and_one_with_it_is_what_it_was(tmp_path: Path) -> None:
    page = read_page(tiny.make_dataset(tmp_path, count=1))
    assert b"reference" not in facts(page)
    assert b'"reference":"none"' in facts(msgspec.structs.replace(page, reference="none"))
    page_path = tiny.make_dataset(tmp_path, count=1, reference="none")
    with pytest.raises(InputError, match=r'without a ground truth .* samples = 1 and choose = "known_error"'):
        read_page(page_path)


def test_what_compares_with_a_ground_truth_is_refused_by_name(tmp_path: Path) -> None:
    page = read_page(tiny.make_dataset(tmp_path, count=1, **NONE))
    for name in ("psnr", "lpips_alex", "fd_lite0", "det_conf"):
        with pytest.raises(InputError, match=f"{name} compares with a ground truth, and this protocol has none."):
            choose_metrics([name], page, "tiny")
    chosen = choose_metrics(["all"], page, "tiny")
    assert {"removal_rate", "removal_invented"} <= {*chosen.names}
    assert not {"psnr", "fid", "det_conf"} & {*chosen.names, *chosen.absent}
    (sentence,) = [one for one in chosen.notes() if "psnr" in one]
    assert sentence.endswith("the protocol has no ground truth.")
    other = msgspec.structs.replace(page, metrics=("ssim",))
    with pytest.raises(InputError, match="the protocol page of tiny: ssim compares with a ground truth"):
        choose_metrics([], other, "tiny")
    with_target = msgspec.structs.replace(page, reference="target", choose="psnr", metrics=("psnr",))
    with pytest.raises(InputError, match="removal_rate compares with what was to be removed, and this protocol has a"):
        choose_metrics(["removal_rate"], with_target, "tiny")
    assert "removal_rate" not in choose_metrics(["all"], with_target, "tiny").names


def test_a_run_without_ground_truth_gives_functions_no_target(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=4, **NONE)
    Path("mine.py").write_text(MINE)
    terminal.run("mean-fill", "--metrics", "mine=python:mine:score").does("mine ↓")
    assert {one["metric"] for one in tiny.results(OUT)} == {"known_error", "mine"}
    assert json.loads((OUT / "run.json").read_text())["protocol"]["reference"] == "none"
    command = "mine=exec:'true {composites} {targets} {out}'"
    answer = terminal.run("mean-fill", "--metrics", command, "--better", "mine=lower", "--out", "other")
    answer.refuses(2, "mine asks for {targets}, and this protocol has none.")


@pytest.mark.acceptance
def test_objects_are_looked_for_and_the_table_shows_both_numbers(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=4, **NONE)
    metrics = ("--metrics", "removal_rate,removal_invented")
    terminal.run("mean-fill", *metrics).does("removal_rate ↑", "removal_invented ↓")
    terminal("table", OUT).does("removal_invented ↓")
    terminal("report", OUT, "--data", "data").does()
    terminal("metrics", "list").does("nanodet, objects in the hole: share of these objects that are not found any more")
    assert signature(DETECTION_METRICS["removal_rate"], "round", False, "x").startswith("removal_rate:hole>=0.5:")
