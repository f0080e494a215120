"""`score` of any folder of outputs: JSON and CSV, composited or as it is."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from terminal import OUT, Terminal

FOLDERS = ("--targets", "targets", "--masks", "holes", "--predictions", "done")
WAYS = "give a RUN folder, or all of --targets, --masks and --predictions, or --features alone."
HOLE = np.zeros((tiny.SIZE, tiny.SIZE), np.uint8)
HOLE[2:12, 4:15] = 255


@pytest.fixture(autouse=True)
def _folders() -> None:
    for number, letter in enumerate("abc"):
        target = tiny.picture(number)
        tiny.save_png(Path("targets", f"{letter}.png"), target)
        tiny.save_png(Path("holes", f"{letter}.png"), HOLE)
        tiny.save_png(Path("done", f"{letter}.png"), np.clip(target.astype(int) + 10 * number, 0, 255).astype(np.uint8))


def error(letter: str, hole_only: bool) -> float:
    """The mean absolute error of an output over all pixels, of the hole alone or of everything."""
    number = "abc".index(letter)
    target = tiny.picture(number).astype(int)
    moved = np.abs(np.clip(target + 10 * number, 0, 255) - target) / 255
    return float((moved * (HOLE > 0)[..., None]).mean() if hole_only else moved.mean())


def test_a_folder_is_scored_as_json(terminal: Terminal) -> None:
    answer = terminal("score", *FOLDERS, "--metrics", "psnr,mae")
    answer.does()
    rows = json.loads(answer.out)
    assert [row["pair"] for row in rows] == ["a", "b", "c"]
    assert rows[0] == {"pair": "a", "psnr": "inf", "mae": 0.0, "known_error": 0.0}
    assert rows[2]["known_error"] > 0
    for row in rows:
        assert row["mae"] == pytest.approx(error(row["pair"], hole_only=True), abs=1e-12)
    assert answer.err == (
        "done: 3 files of 3 pairs, laid out as inpaint-bench (pair.png, pair.s0.png), matched by image.\n"
    )


def test_a_folder_is_scored_as_csv(terminal: Terminal) -> None:
    lines = terminal("score", *FOLDERS, "--metrics", "psnr,mae", "--format", "csv", "--quiet").out.splitlines()
    assert lines[0] == "pair,psnr,mae,known_error"
    assert lines[1] == "a,inf,0.0,0.0"
    for line in lines[1:]:
        assert float(line.split(",")[2]) == pytest.approx(error(line[0], hole_only=True), abs=1e-12)


def test_raw_scores_differ_from_composited_ones(terminal: Terminal) -> None:
    rows = json.loads(terminal("score", *FOLDERS, "--metrics", "mae", "--raw").out)
    for row in rows:
        assert row["mae"] == pytest.approx(error(row["pair"], hole_only=False), abs=1e-12)
    assert error("c", hole_only=False) > error("c", hole_only=True)


def test_samples_are_scored_each(terminal: Terminal) -> None:
    for number, letter in enumerate("abc"):
        for sample in range(2):
            tiny.save_png(Path("samples", f"{letter}_out_{sample}.png"), tiny.output(number, sample))
    answer = terminal("score", *FOLDERS[:4], "--predictions", "samples", "--metrics", "mae")
    rows = json.loads(answer.out)
    assert [(row["pair"], row["sample"]) for row in rows] == [(letter, s) for letter in "abc" for s in range(2)]
    csv = terminal("score", *FOLDERS[:4], "--predictions", "samples", "--metrics", "mae", "--format", "csv").out
    assert csv.splitlines()[0] == "pair,sample,mae,known_error"


def test_a_metric_that_is_not_defined_is_null_and_an_empty_cell(terminal: Terminal) -> None:
    edge = np.zeros_like(HOLE)
    edge[0, :3] = 255
    for letter in "abc":
        tiny.save_png(Path("holes", f"{letter}.png"), edge)
    assert json.loads(terminal("score", *FOLDERS, "--metrics", "ssim_hole").out)[0]["ssim_hole"] is None
    assert terminal("score", *FOLDERS, "--metrics", "ssim_hole", "--format", "csv").out.splitlines()[1] == "a,,0.0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), WAYS),
        (FOLDERS[:4], WAYS),
        (
            ("runs/tiny", *FOLDERS),
            WAYS,
        ),
        (
            ("runs/tiny", "--raw"),
            WAYS,
        ),
        ((*FOLDERS, "--metrics", "pnsr"), "no metric is called 'pnsr'. Did you mean 'psnr'?"),
        ((*FOLDERS[:5], "nowhere"), "nowhere: there is no such folder of outputs."),
        (("--targets", "nowhere", *FOLDERS[2:]), "nowhere: there is no such folder."),
        ((*FOLDERS, "--device", "tpu"), "--device tpu: no such device"),
    ],
)
def test_what_cannot_be_scored_is_refused(terminal: Terminal, arguments: tuple[str, ...], message: str) -> None:
    terminal("score", *arguments).refuses(2, message)


def test_a_missing_prediction_is_named(terminal: Terminal) -> None:
    Path("done/b.png").unlink()
    terminal("score", *FOLDERS).refuses(3, "done: 1 of 3 pairs have no output: 00001 (b.png). Add them and run again.")


def test_a_prediction_of_another_size_is_named(terminal: Terminal) -> None:
    tiny.save_png(Path("done/b.png"), tiny.picture(1, 32))
    terminal("score", *FOLDERS).refuses(2, "done/b.png: pair 00001: the output is 32x32; the image is 24x24.")


def test_a_mask_of_other_values_is_refused(terminal: Terminal) -> None:
    tiny.save_png(Path("holes/b.png"), HOLE // 2)
    terminal("score", *FOLDERS).refuses(2, "holes/b.png: contains the value 127; the rule '255' allows only 0 and 255.")


def test_a_run_is_scored_in_further_metrics(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does()
    terminal("score", OUT, "--data", "data", "--metrics", "mae").does("runs/tiny: scored mean-fill.")
    assert {result["metric"] for result in tiny.results(OUT)} >= {"psnr", "mae"}
    answer = terminal("score", OUT)
    answer.refuses(2, "the data of tiny are not here. Give --data DIR")
