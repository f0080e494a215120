"""Which metrics are measured: those named, all that can be here, or the protocol's; and what is said of others."""

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import photographs
import pytest
import tiny
from terminal import OUT, Terminal

from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.detection import DETECTION_METRICS
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.registry import CHOOSABLE, absent
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.kid import kernel_distance

GOLDEN = Path(__file__).parents[1] / "golden"
PAIRS = ("p00", "p03", "p06")


@pytest.fixture
def golden() -> tuple[str, ...]:
    """Three of the golden pairs as three folders; the options that name them."""
    for kind, folder in (("gt", "targets"), ("mask", "masks"), ("pred", "predictions")):
        Path(folder).mkdir()
        for pair in PAIRS:
            shutil.copy(GOLDEN / "images" / f"{pair}_{kind}.png", f"{folder}/{pair}.png")
    return ("--targets", "targets", "--masks", "masks", "--predictions", "predictions")


@pytest.mark.acceptance
def test_all_metrics_of_a_folder_are_those_that_can_be_measured_here(
    terminal: Terminal, golden: tuple[str, ...]
) -> None:
    answer = terminal("score", *golden, "--metrics", "all")
    answer.does()
    *rows, together = json.loads(answer.out)
    here = {name for name, metric in CHOOSABLE.items() if not absent(metric) and metric.compares != "image"}
    single = [name for name in here if name in METRICS]
    assert [row["pair"] for row in rows] == list(PAIRS)
    assert all(set(row) == {"pair", *single, "known_error"} for row in rows)
    assert (together["pair"], together["n"]) == (None, 3)
    assert here - {*single, "diversity"} <= set(together)
    values: dict[str, Any] = {
        pair["id"]: pair["values"] for pair in json.loads((GOLDEN / "metrics.json").read_text())["pairs"]
    }
    for row in rows:
        assert row["ssim"] == pytest.approx(values[row["pair"]]["ssim.spn"], abs=1e-9)
        assert row["ssim_51_grey"] == pytest.approx(values[row["pair"]]["ssim.ec_f64"], abs=1e-9)
        assert row["mae_wf"] == pytest.approx(values[row["pair"]]["mae.wavefill"], rel=1e-5)
    assert "not measured: fid, kid" in answer.err
    assert "inpaint-bench weights fetch inception" in answer.err
    assert "not measured: diversity: every pair has one output, and it compares samples." in answer.err
    assert terminal("score", *golden, "--metrics", "all", "--quiet").err == answer.err.split("\n", 1)[1]


@pytest.mark.acceptance
def test_a_run_in_all_metrics_names_those_that_cannot_be_measured_here(terminal: Terminal, tmp_path: Path) -> None:
    answer = terminal("run", "--limit", 2, "--methods", "mean-fill", "--metrics", "all", "--out", tmp_path / "run")
    answer.does()
    printed = "".join(line for line in answer.err.splitlines() if "not measured: " in line)
    here = {result["metric"] for result in tiny.results(tmp_path / "run")}
    left = {name for name in CHOOSABLE if name not in here} - {"diversity"}
    assert not {name for name in left if not re.search(rf"[ ,]{name}[,:]", printed)}


@pytest.mark.acceptance
def test_a_target_given_as_prediction_scores_the_ceiling_in_every_metric(terminal: Terminal, tmp_path: Path) -> None:
    photographs.make_dataset(tmp_path / "whole", ["psnr"])
    photographs.save_outputs(tmp_path / "same", lambda pixels: pixels)
    folders = ("--targets", "whole/data/images", "--masks", "whole/data/masks", "--predictions", "same")
    *rows, together = json.loads(terminal("score", *folders, "--metrics", "all").out)
    upper_bounds = {"ssim": 1, "psnr": "inf", "mae": 0, "mse": 0, "lpips": 0, "dists": 0, "label": 1}
    for row in rows:
        for name, value in row.items():
            if name not in ("pair", "known_error"):
                assert value == upper_bounds[name.partition("_")[0]], name
    for name in ("fd_lite0", "fd_vgg16", "kid_paired_lite0"):
        assert together[name] == pytest.approx(0, abs=1e-6), name
    for name in ("uids_lite0", "pids_lite0", "uids_insample_lite0", "pids_insample_lite0"):
        assert together.get(name, 0.5) == 0.5, name
    found = {name: value for name, value in together.items() if name in DETECTION_METRICS}
    for name, value in found.items():
        best = {"recall": 1, "iou": 1, "drop": 0, "spurious": 0}.get(name.split("_")[1])
        assert value is None or best is None or value == best, name
    assert together["det_recall"] == 1


@pytest.mark.acceptance
def test_the_last_row_holds_what_is_measured_of_all_pictures_together(
    terminal: Terminal, golden: tuple[str, ...]
) -> None:
    answer = terminal("score", *golden, "--metrics", "psnr,fd_vgg16")
    *_, together = json.loads(answer.out)
    rows = [np.stack([EXTRACTORS["vgg16"].open(tiny.CPU)([tiny.read(f"{folder}/{pair}.png")])[0] for pair in PAIRS])
            for folder in ("predictions", "targets")]  # fmt: skip
    hole = [tiny.read(f"masks/{pair}.png") == 255 for pair in PAIRS]
    rows[0] = np.stack([
        EXTRACTORS["vgg16"].open(tiny.CPU)([
            np.where(inside, tiny.read(f"predictions/{pair}.png"), tiny.read(f"targets/{pair}.png"))
        ])[0]
        for pair, inside in zip(PAIRS, hole, strict=True)
    ])  # fmt: skip
    assert together["fd_vgg16"] == pytest.approx(frechet_distance(*rows), rel=1e-12)
    assert together["kid_vgg16"] == pytest.approx(kernel_distance(*rows), rel=1e-12)
    assert (together["fd_vgg16_mark"], together["fd_vgg16_low"]) == ("‡", None)


def test_a_folder_as_csv_has_a_last_line_for_the_set(terminal: Terminal, golden: tuple[str, ...]) -> None:
    answer = terminal("score", *golden, "--metrics", "psnr,det_conf", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [row["pair"] for row in rows] == [*PAIRS, ""]
    assert (rows[0]["det_conf"], rows[-1]["psnr"], rows[-1]["n"]) == ("", "", "3")


@pytest.mark.acceptance
def test_strict_refuses_a_frechet_distance_of_few_pictures(
    terminal: Terminal, golden: tuple[str, ...], page: Path
) -> None:
    message = "--strict: a Fréchet distance of fewer than 2048 pictures is mostly bias: fd_lite0 of 3 pictures"
    terminal("score", *golden, "--metrics", "fd_lite0", "--strict").refuses(4, message)
    terminal("score", *golden, "--metrics", "kid_lite0", "--strict").does()
    terminal.run("telea,mean-fill", "--metrics", "psnr,fd_lite0", "--strict").refuses(4, "fd_lite0 of 2 pictures")
    assert (OUT / "results.jsonl").is_file()  # what was finished is kept
    terminal("table", OUT, "--strict").refuses(4, "fd_lite0 of 4 pictures in bucket all")
    terminal("table", OUT, "--strict", "--metrics", "psnr,kid_lite0").does("kid_lite0")
    answer = terminal("score", OUT, "--data", "data", "--metrics", "fd_lite0", "--strict")
    answer.refuses(4, "fd_lite0")


def test_a_metric_requested_by_name_must_be_measurable(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("telea", "--metrics", "psnr,fid")
    answer.refuses(2, "fid cannot be measured here: ", "inpaint-bench weights fetch inception")
    assert not OUT.exists()


def test_a_metric_of_the_protocol_that_cannot_be_measured_says_so_in_the_table(
    terminal: Terminal, tmp_path: Path
) -> None:
    tiny.make_dataset(tmp_path, count=4, metrics=["psnr", "fid"])
    terminal.run("telea").does("not measured here: fid, kid (`inpaint-bench doctor` says why)")
    answer = terminal("table", OUT)
    answer.does("fid ↓", "absent", "absent: fid, kid: ")
    assert "absent: fid, kid: " in (OUT / "tables" / "plain.md").read_text()


def test_a_kernel_distance_comes_with_every_frechet_distance(terminal: Terminal, page: Path) -> None:
    terminal.run("telea", "--metrics", "fd_lite0").does("fd_lite0 ↓", "kid_lite0 ↓")


def test_the_sample_can_be_chosen_by_another_metric(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=4, metrics=["psnr", "mae"], choose="mae")
    terminal.run(tiny.NOISE).does("noise (best of 3)", "mae ↓")
    assert tiny.result(OUT, "noise", "mae")["signature"].endswith(":best-mae-of-3")
    values = [row.split(",") for row in (OUT / "noise" / "scores.csv").read_text().splitlines() if ",mae," in row]
    best = [min(float(row[-1]) for row in values if row[0] == pair) for pair in sorted({row[0] for row in values})]
    assert tiny.result(OUT, "noise", "mae")["value"] == pytest.approx(sum(best) / 4, rel=1e-12)


def test_a_protocol_that_chooses_by_no_image_metric_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=4, choose="fd_lite0")
    terminal.run(tiny.NOISE).refuses(
        2, "the protocol page of tiny.toml: 'fd_lite0' is a set metric", "An image metric is needed"
    )


def test_diversity_is_of_stochastic_methods_alone(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=2, metrics=["psnr", "diversity"], size=40, side=40)
    terminal.run(f"{tiny.NOISE},telea").does("diversity ↑")
    assert tiny.result(OUT, "noise", "diversity")["value"] > 0
    assert "diversity" not in {one["metric"] for one in tiny.results(OUT) if one["method"] == "telea"}
    before = tiny.state(OUT)
    terminal.run(f"{tiny.NOISE},telea").does()
    assert tiny.state(OUT) == before


@pytest.mark.acceptance
def test_methods_are_compared_on_features_and_objects_too(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=12, metrics=["fd_lite0", "det_conf", "det_iou"])
    terminal.run("telea,mean-fill").does()
    answer = terminal("compare", "telea", "mean-fill", OUT)
    answer.does("fd_lite0 ↓", "kid_lite0 ↓", "the same random halves of the pairs", "mostly bias")
    rows = json.loads(terminal("compare", "telea", "mean-fill", OUT, "--format", "json").out)["rows"]
    whole = next(row for row in rows if (row["metric"], row["bucket"]) == ("fd_lite0", "all"))
    assert whole["difference"] == pytest.approx(whole["a"] - whole["b"], rel=1e-12)
    assert whole["low"] < whole["difference"] < whole["high"]
    terminal("compare", "telea", "mean-fill", OUT, "--metrics", "det_iou").refuses(4, "it has no paired difference")
    path = OUT / "telea" / "features.lite0.json"
    path.unlink()
    terminal("compare", "telea", "mean-fill", OUT).refuses(2, "features.lite0.npy: no features can be read here")


def test_samples_of_a_folder_are_scored_in_their_order_and_against_each_other(terminal: Terminal) -> None:
    for pair in "ab":
        tiny.save_png(Path(f"targets/{pair}.png"), tiny.picture(1, 40))
        tiny.save_png(Path(f"masks/{pair}.png"), np.pad(np.full((20, 20), 255, np.uint8), 10))
        for sample in range(11):
            tiny.save_png(Path(f"done/{pair}_out_{sample}.png"), tiny.output(1, sample, 40))
    folders = ("--targets", "targets", "--masks", "masks", "--predictions", "done")
    rows = json.loads(terminal("score", *folders, "--metrics", "psnr,diversity,kid_lite0").out)
    assert [row["sample"] for row in rows if "sample" in row] == [*range(11)] * 2
    assert [row["diversity"] > 0 for row in rows if "diversity" in row] == [True, True]
    assert rows[-1]["kid_lite0_signature"].endswith(":u8r:comp:v1")
    answer = terminal("score", *folders[:4], "--predictions", "targets", "--metrics", "diversity")
    answer.refuses(2, "targets: diversity compares samples, and every pair has one output.")


def test_what_was_measured_is_kept_up_to_date_and_what_lacks_is_said(terminal: Terminal, page: Path) -> None:
    terminal.run("telea,mean-fill", "--metrics", "psnr,fd_lite0").does()
    before = tiny.outcome(OUT)
    (OUT / "telea" / "features.lite0.npy").unlink()
    (OUT / "mean-fill" / "features.lite0.json").write_bytes(b"{")
    terminal("score", OUT, "--data", "data", "--metrics", "psnr").does()
    assert tiny.outcome(OUT) == before
    for number in (1, 2):
        terminal.run("telea", "--metrics", "psnr", "--shard", f"{number}/2").does()
        terminal.run("mean-fill", "--metrics", "psnr,fd_lite0", "--shard", f"{number}/2").does()
    answer = terminal("merge", "runs/tiny.1of2", "runs/tiny.2of2", "--out", "merged", "--metrics", "psnr,fd_lite0")
    answer.does("psnr ↑")
    assert "mean-fill was not" not in answer.err
    assert "merged: telea was not measured on every pair in fd_lite0, kid_lite0." in answer.err


@pytest.mark.acceptance
def test_a_damaged_file_of_a_metric_that_nobody_requested_stands_in_no_ones_way(terminal: Terminal, page: Path) -> None:
    terminal.run("telea,mean-fill", "--metrics", "psnr,fd_lite0").does()
    (OUT / "telea" / "features.lite0.json").write_bytes(b"{")
    terminal("table", OUT, "--metrics", "psnr").does("psnr ↑")
    terminal("compare", "telea", "mean-fill", OUT, "--metrics", "psnr").does("psnr ↑")


def test_a_table_of_a_frechet_distance_shows_its_kernel_distance(terminal: Terminal, page: Path) -> None:
    terminal.run("telea", "--metrics", "psnr,fd_lite0").does()
    terminal("table", OUT, "--metrics", "fd_lite0").does("fd_lite0 ↓", "kid_lite0 ↓")


def test_the_tables_of_a_run_do_not_depend_on_what_was_requested_last(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=4, metrics=["psnr", "fid"])
    terminal.run("telea").does()
    before = (OUT / "tables" / "plain.txt").read_bytes()
    terminal("score", OUT, "--metrics", "psnr", "--data", "data").does()
    assert (OUT / "tables" / "plain.txt").read_bytes() == before


def test_strict_looks_at_what_was_requested(terminal: Terminal, page: Path) -> None:
    terminal.run("telea", "--metrics", "psnr,fd_lite0").does()
    terminal("score", OUT, "--data", "data", "--metrics", "psnr", "--strict").does()


def test_a_perfect_method_takes_no_mark_from_the_others(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=24, metrics=["psnr"])
    for number in range(24):
        tiny.save_png(Path(f"same/picture{number}.png"), tiny.picture(number))
    terminal.run("telea,mean-fill").does()
    alone = tiny.main_results(OUT)
    terminal.run("same=folder:same,telea,mean-fill").does()
    table = (OUT / "tables" / "plain.txt").read_text()
    lines = {line.split()[-5]: line.split()[-1] for line in table.splitlines() if len(line.split()) >= 5}
    assert lines["same"] == "inf"
    assert lines["telea"].endswith("*")
    assert not lines["mean-fill"].endswith("~")
    assert [one for one in tiny.main_results(OUT) if one["method"] != "same"] == alone


@pytest.mark.acceptance
def test_methods_are_compared_where_a_bucket_holds_one_pair(terminal: Terminal, page: Path) -> None:
    terminal.run("telea,mean-fill", "--metrics", "psnr,fd_lite0").does()
    rows = json.loads(terminal("compare", "telea", "mean-fill", OUT, "--format", "json").out)["rows"]
    lone = next(row for row in rows if (row["metric"], row["bucket"]) == ("fd_lite0", "0.4-0.6"))
    assert (lone["n"], lone["a"], lone["p"], lone["better"]) == (0, None, 1, None)
    terminal("compare", "telea", "mean-fill", OUT).does("fd_lite0 ↓")


def test_scores_that_were_cut_are_made_again(terminal: Terminal, page: Path) -> None:
    terminal.run("telea").does()
    path = OUT / "telea" / "scores.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    terminal("table", OUT).refuses(5, "telea/scores.csv: not what the results of ")
    terminal("score", OUT, "--data", "data").does()
    assert path.read_bytes() == whole
