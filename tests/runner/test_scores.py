"""Scores: what was saved, once, each with its signature and the hash of the file it came from."""

import csv
import json
import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from terminal import Once

from inpaint_bench import files
from inpaint_bench.cli import run_cli
from inpaint_bench.data import images
from inpaint_bench.data.images import Hole
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import METRICS
from inpaint_bench.runner import score_pairs, scorer
from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.scores import SCHEMA, Score, each_score, number, read_scores, scores_path, write_sorted


@pytest.fixture
def run(tmp_path: Path, once: Once) -> Path:
    """A run of two methods, scored in the page's metrics: ssim, psnr and mae."""
    once(lambda: tiny.run(tiny.make_dataset(tmp_path / "dataset"), tmp_path / "run"))
    return tmp_path / "run"


def score(run: Path, *arguments: str) -> int:
    data = run.parent / "dataset" / "data"
    return run_cli(["score", str(run), "--data", str(data), "--quiet", *arguments])


def rows(run: Path, method: str) -> list[dict[str, str]]:
    lines = (run / method / "scores.csv").read_text().splitlines()
    assert lines[0] == SCHEMA
    return list(csv.DictReader(lines[1:]))


def test_every_pair_has_one_row_a_metric(run: Path) -> None:
    found = [(row["pair"], row["metric"]) for row in rows(run, "telea")]
    assert found == [(f"{pair:05d}", name) for pair in range(6) for name in ("ssim", "psnr", "mae", "known_error")]


def test_a_row_names_the_file_it_scored_and_how(run: Path) -> None:
    for row in rows(run, "telea"):
        assert row["composite"] == files.file_sha256(run / "telea" / "composites" / f"{row['pair']}.png")[:16]
        assert row["sample"] == ""
    assert {row["signature"] for row in rows(run, "telea") if row["metric"] == "psnr"} == {"psnr:rgb:u8r:comp:v1"}


def test_a_score_is_that_of_the_saved_file_to_the_last_digit(run: Path) -> None:
    for row in (row for row in rows(run, "telea") if row["metric"] == "mae"):
        composite = np.array(Image.open(run / "telea" / "composites" / f"{row['pair']}.png"), np.int64)
        target = np.array(Image.open(run.parent / "dataset" / "data" / "images" / f"picture{int(row['pair'])}.png"))
        assert float(row["value"]) == np.abs(composite - target).sum() / (3 * 255 * tiny.SIZE**2)


def test_metrics_requested_later_join_those_that_are_there(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "dataset" / "tiny.toml"
    assert tiny.run(page, tmp_path / "step", "--metrics", "psnr") == 0
    assert {row["metric"] for row in rows(tmp_path / "step", "telea")} == {"psnr", "known_error"}
    assert tiny.run(page, tmp_path / "step", "--metrics", "mae,ssim") == 0
    assert tiny.outcome(tmp_path / "step") == tiny.outcome(run)


def test_scoring_fewer_metrics_keeps_the_others(run: Path) -> None:
    before = tiny.state(run)
    assert score(run, "--metrics", "psnr") == 0
    assert tiny.state(run) == before


HERE = tuple(name for name, metric in METRICS.items() if not metric.absent())


@pytest.mark.parametrize(
    "metrics", [("mse", "psnr_hole"), pytest.param(HERE, marks=pytest.mark.acceptance)], ids=["two", "all"]
)
def test_metrics_at_once_are_those_one_after_the_other(run: Path, tmp_path: Path, metrics: tuple[str, ...]) -> None:
    shutil.copytree(run, tmp_path / "other")
    assert score(run, "--metrics", ",".join(metrics)) == 0
    for name in reversed(metrics):
        assert score(tmp_path / "other", "--metrics", name) == 0
    assert tiny.outcome(tmp_path / "other") == tiny.outcome(run)


@pytest.mark.parametrize("held", [0, 3, 50_000])
def test_how_often_new_scores_are_written_changes_no_byte(
    run: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run / "telea" / "scores.csv"
    whole = path.read_bytes()
    write_sorted(open_run(run), "telea", (one for one in read_scores(path) if one.pair not in ("00001", "00004")))
    monkeypatch.setattr(score_pairs, "HELD", held)
    monkeypatch.setattr(score_pairs, "CHUNK", 1)
    assert score(run) == 0
    assert path.read_bytes() == whole


def test_scores_in_another_order_are_put_in_order_and_not_computed_again(run: Path) -> None:
    path = run / "telea" / "scores.csv"
    whole = path.read_bytes()
    write_sorted(open_run(run), "telea", reversed(read_scores(path)))
    assert path.read_bytes() != whole
    file = score_pairs.ScoresFile.opened(open_run(run), "telea")
    assert path.read_bytes() == whole
    assert [one.key for one in file.scores()] == sorted(one.key for one in read_scores(path))


def test_scores_of_pairs_that_have_no_composite_are_left_out(run: Path) -> None:
    (run / "telea" / "composites" / "00003.png").unlink()
    assert score(run) == 3
    assert {row["pair"] for row in rows(run, "telea")} == {f"{pair:05d}" for pair in range(6) if pair != 3}


def test_a_composite_whose_source_changed_is_scored_again_and_no_other(run: Path) -> None:
    """A new output of a folder replaces a composite and its scores, also those of a metric that is not named again."""
    outputs = run.parent / "outputs"
    for index in range(6):
        tiny.save_png(outputs / f"picture{index}.png", tiny.output(index))
    page, methods = run.parent / "dataset" / "tiny.toml", f"theirs=folder:{outputs}"
    assert tiny.run(page, run, "--metrics", "psnr,mae_spn", methods=methods) == 0
    before = rows(run, "theirs")
    tiny.save_png(outputs / "picture2.png", tiny.output(2, sample=1))
    assert tiny.run(page, run, methods=methods) == 0
    after = [row for row in rows(run, "theirs") if row["metric"] in {row["metric"] for row in before}]
    assert [row for row in after if row["pair"] != "00002"] == [row for row in before if row["pair"] != "00002"]
    composite = files.file_sha256(run / "theirs" / "composites" / "00002.png")[:16]
    for old, new in zip(before, after, strict=True):
        if new["pair"] == "00002":
            assert new["composite"] == composite != old["composite"]
    assert tiny.result(run, "theirs", "psnr")["scores"] == files.file_sha256(run / "theirs" / "scores.csv")


def test_a_composite_that_is_made_again_as_it_was_keeps_its_scores(run: Path) -> None:
    assert score(run, "--metrics", "psnr_grey") == 0
    before = tiny.outcome(run)
    (run / "telea" / "composites" / "00002.png").unlink()
    assert tiny.run(run.parent / "dataset" / "tiny.toml", run) == 0
    assert tiny.outcome(run) == before


@pytest.mark.parametrize("held", [0, 3, 50_000])
def test_scores_that_are_made_with_the_composites_are_those_of_the_files(
    run: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(run)
    monkeypatch.setattr(scorer, "HELD", held)
    assert tiny.run(run.parent / "dataset" / "tiny.toml", run) == 0
    for method in ("mean-fill", "telea"):
        made = (run / method / "scores.csv").read_bytes()
        (run / method / "scores.csv").unlink()
        assert score(run) == 0
        assert (run / method / "scores.csv").read_bytes() == made


def test_an_edited_composite_is_found_whoever_asks(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also one with the texts of the run, the target's known region, its old size and the time of its old change."""
    page, path = run.parent / "dataset" / "tiny.toml", run / "telea" / "composites" / "00002.png"
    before, status = tiny.outcome(run), path.stat()
    pixels, texts = images.read_png(path)
    mask = (run / "pairs.csv").read_text().splitlines()[4].split(",")[2]
    hole = tiny.read(run.parent / "dataset" / "data" / "masks" / mask) == 255
    path.write_bytes(images.png_bytes(np.where(hole, 255 - pixels, pixels), texts))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for verify in ([], ["--verify"], None):
        capsys.readouterr()
        assert (score(run) if verify is None else tiny.run(page, run, *verify)) == 5
        assert f"{path}: not what was scored: sha256 " in capsys.readouterr().err
    path.unlink()
    assert tiny.run(page, run) == 0
    assert tiny.outcome(run) == before


def test_a_picture_that_this_program_did_not_save_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "telea" / "composites" / "00001.png"
    tiny.save_png(path, tiny.picture(0))
    (run / "telea" / "scores.csv").unlink()
    assert score(run) == 2
    assert f"{path}: carries no known_error; it was not saved by this program. Delete it." in capsys.readouterr().err


def test_a_target_that_changed_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.save_png(run.parent / "dataset" / "data" / "images" / "picture4.png", tiny.picture(99))
    (run / "telea" / "scores.csv").unlink()
    assert score(run) == 5
    assert "the image of pair 00004 has pixels of hash " in capsys.readouterr().err


def test_broken_scores_are_refused_and_made_again(run: Path) -> None:
    path = run / "telea" / "scores.csv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"psnr,", b"pnsr,", 1))
    with pytest.raises(InputError, match=r"scores\.csv: line 4 is no score\. Delete the file and score again\."):
        read_scores(path)
    path.write_bytes(whole + b"\xff\n")
    with pytest.raises(InputError, match=r"scores\.csv: not UTF-8 text\. Delete the file and score again\."):
        read_scores(path)
    assert score(run) == 0
    assert path.read_bytes() == whole


def test_scores_are_read_back_as_they_were_written(run: Path) -> None:
    found = read_scores(run / "telea" / "scores.csv")
    assert [(one.pair, one.metric, number(one.value)) for one in found] == [
        (row["pair"], row["metric"], row["value"]) for row in rows(run, "telea")
    ]


def test_scores_that_are_copied_are_not_held(run: Path) -> None:
    opened = open_run(run)
    made = (Score(f"{pair:05d}", None, "psnr", "psnr:rgb", "0" * 16, pair / 7) for pair in range(20_000))
    write_sorted(opened, "telea", made)
    tracemalloc.start()
    write_sorted(opened, "mean-fill", each_score(scores_path(opened, "telea")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert files.holds(scores_path(opened, "mean-fill"), scores_path(opened, "telea").read_bytes())
    assert peak < 3 << 20  # bytes; the objects are 6 MiB and more


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "0.1"), (1 / 3, "0.3333333333333333"), (float("inf"), "inf"), (float("nan"), "")]
)
def test_a_value_is_written_with_every_digit(value: float, text: str) -> None:
    assert number(value) == text


# --- infinite and undefined values ----------------------------------------------------------------


def test_an_infinite_psnr_is_counted_and_never_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tiny.make_dataset(tmp_path / "dataset")
    outputs = tmp_path / "outputs"
    shutil.copytree(tmp_path / "dataset" / "data" / "images", outputs)
    tiny.save_png(outputs / "picture3.png", tiny.picture(77))
    assert tiny.run(page, tmp_path / "run", "--by", "bucket", methods=f"same=folder:{outputs}") == 0
    values = {row["pair"]: row["value"] for row in rows(tmp_path / "run", "same") if row["metric"] == "psnr"}
    assert [pair for pair, value in values.items() if value != "inf"] == ["00003"]
    everything = tiny.result(tmp_path / "run", "same", "psnr")
    assert everything["value"] == float(values["00003"])
    assert (everything["n"], everything["infinite"], everything["undefined"]) == (1, 5, 0)
    assert f"{everything['value']:.2f} (n=1)" in capsys.readouterr().out
    ssim = tiny.result(tmp_path / "run", "same", "ssim")
    assert (ssim["n"], ssim.get("infinite", 0)) == (6, 0)


def test_where_every_psnr_is_infinite_so_is_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tiny.make_dataset(tmp_path / "dataset")
    targets = tmp_path / "dataset" / "data" / "images"
    assert tiny.run(page, tmp_path / "run", "--by", "bucket", methods=f"same=folder:{targets}") == 0
    found = tiny.result(tmp_path / "run", "same", "psnr")
    assert (found["value"], found["n"], found["infinite"]) == ("inf", 0, 6)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("psnr ↑  ")]
    assert line.split()[3:] == ["inf"] * 4
    assert ",same,inf,inf,inf,inf\n" in (tmp_path / "run" / "tables" / "plain.csv").read_text()


def test_scoring_two_folders_gives_inf_as_a_string(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        tiny.save_png(tmp_path / "targets" / f"{name}.png", tiny.picture(ord(name)))
        hole = np.zeros((tiny.SIZE, tiny.SIZE), np.uint8)
        hole[8:16, 8:16] = 255
        tiny.save_png(tmp_path / "masks" / f"{name}.png", hole)
    folders = ["--targets", "targets", "--masks", "masks", "--predictions", "targets", "--metrics", "psnr,mae"]
    assert run_cli(["score", *folders, "--quiet"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values == [{"pair": name, "psnr": "inf", "mae": 0.0, "known_error": 0.0} for name in ("a", "b")]
    assert run_cli(["score", *folders, "--quiet", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "pair,psnr,mae,known_error\na,inf,0.0,0.0\nb,inf,0.0,0.0\n"


def test_ssim_hole_is_not_defined_where_no_window_is_centred_in_the_hole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hole(number: int) -> Hole:
        drawn = np.zeros((tiny.SIZE, tiny.SIZE), bool)
        drawn[:5, : 10 + number] = True  # within 5 pixels of the edge
        if number >= 4:
            drawn[10:14, 10:14] = True
        return drawn

    page = tiny.make_dataset(tmp_path / "dataset", hole=hole, metrics=["ssim_hole", "psnr_hole"])
    assert tiny.run(page, tmp_path / "run", "--by", "bucket", methods="mean-fill") == 0
    values = [row["value"] for row in rows(tmp_path / "run", "mean-fill") if row["metric"] == "ssim_hole"]
    defined = [float(value) for value in values if value]
    assert len(defined) == 2
    found = tiny.result(tmp_path / "run", "mean-fill", "ssim_hole")
    assert found["value"] == sum(defined) / 2
    assert (found["n"], found["undefined"], found.get("infinite", 0)) == (2, 4, 0)
    assert tiny.result(tmp_path / "run", "mean-fill", "psnr_hole")["n"] == 6
    table = capsys.readouterr().out
    assert f"{found['value']:.3f} (n=2)" in table
    assert "A cell with its own n leaves out pairs for which the metric is not defined." in table
