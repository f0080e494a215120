"""The folder of a report: its pictures are those that were scored, and nothing else's folder is touched."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from reported_run import Made, made_once

from inpaint_bench.data import datasets
from inpaint_bench.data.prepare import prepare
from inpaint_bench.report.pictures import overlay, place
from inpaint_bench.runner.folder import open_run


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Made:
    return made_once(tmp_path_factory.getbasetemp(), compiled, 20)


@pytest.fixture
def copied(written: Made, tmp_path: Path) -> Made:
    return written.copied(tmp_path)


def test_every_picture_is_there_and_is_the_one_that_was_scored(written: Made) -> None:
    run = open_run(written.run)
    for pair in run.pairs:
        for method, samples in (("telea", [None]), ("mean-fill", [None]), ("noise", [0, 1, 2])):
            for sample in samples:
                source = run.composite(method, pair.pair, sample)
                shown = written.out / "pictures" / "methods" / method / source.name
                assert shown.read_bytes() == source.read_bytes()
    assert len(list((written.out / "pictures").rglob("*.png"))) == len(run.pairs) * (2 + 1 + 1 + 3)


def test_targets_and_holes_are_those_of_the_pairs(written: Made) -> None:
    run = open_run(written.run)
    dataset = datasets.of_run(run.info.protocol, run.pairs, written.page.parent / "data", (None, None))
    for pair in run.pairs:
        prepared = prepare(dataset.page, dataset.data, pair)
        assert (tiny.read(written.out / "pictures" / "targets" / f"{pair.pair}.png") == prepared.target).all()
        with Image.open(written.out / "pictures" / "holes" / f"{pair.pair}.png") as opened:
            layer = np.asarray(opened.convert("RGBA"))
        assert ((layer[..., 3] == 255) == prepared.hole).all()
        assert (layer[prepared.hole] == 255).all()


def test_whose_the_pictures_are_goes_with_them(written: Made, copied: Made, tmp_path: Path) -> None:
    assert written.data()["attribution"] == ""
    data = shutil.copytree(copied.page.parent / "data", tmp_path / "data")
    (data / "ATTRIBUTION.csv").write_text("picture,author\n")
    assert copied.report("--data", str(data)) == 0
    assert copied.data()["attribution"] == "ATTRIBUTION.csv"
    assert (copied.out / "ATTRIBUTION.csv").read_text() == "picture,author\n"


def test_an_overlay_takes_a_bit_a_pixel() -> None:
    hole = np.zeros((40, 64), dtype=np.bool_)
    hole[3:20, 5:60] = True
    data = overlay(hole)
    assert data[24] == 1  # the depth in the header
    assert len(data) < 200


def test_a_second_report_is_the_same_to_the_byte(copied: Made) -> None:
    before = {path: data for path, data in tiny.outcome(copied.out).items() if path.endswith((".svg", ".png", ".html"))}
    assert len([path for path in before if path.endswith(".svg")]) == 8
    shutil.rmtree(copied.out)
    assert copied.report() == 0
    assert {path: data for path, data in tiny.outcome(copied.out).items() if path in before} == before


def test_what_an_older_report_left_is_swept_and_the_rest_stays(copied: Made) -> None:
    old = [copied.out / "pictures" / "methods" / "old" / "00000.png", copied.out / "plots" / "old.light.svg"]
    for path in old:
        tiny.save_png(path, tiny.picture(1))
    kept = copied.out / "notes.txt"
    kept.write_text("mine")
    assert copied.report() == 0
    assert not any(path.exists() for path in old)
    assert not old[0].parent.exists()
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("name", ["data.js", "index.html", "thesis.tex"])
def test_a_folder_of_something_else_is_refused_and_left_alone(
    copied: Made, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(copied.out)
    copied.out.mkdir()
    (copied.out / name).write_text("mine")
    assert copied.report() == 2
    assert "this folder holds something else than a report. Choose another --out." in capsys.readouterr().err
    assert [path.read_text() for path in copied.out.iterdir()] == ["mine"]


def test_a_composite_that_changed_after_it_was_scored_is_refused(
    copied: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.save_png(copied.run / "telea" / "composites" / "00002.png", tiny.picture(99))
    assert copied.report() == 5
    err = capsys.readouterr().err
    assert "telea/composites/00002.png: not the picture that was scored" in err
    assert f"`inpaint-bench score {copied.run}` scores what has changed." in err


def test_scores_that_changed_after_the_results_were_made_are_refused(
    copied: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied.run / "telea" / "scores.csv"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, *rest[:-1], rest[-1].replace("\n", "1\n")]))
    assert copied.report() == 5
    assert "not what the results of" in capsys.readouterr().err


def test_another_target_is_refused(copied: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = shutil.copytree(copied.page.parent / "data", tmp_path / "other")
    tiny.save_png(data / "images" / "picture5.png", tiny.picture(99))
    assert copied.report("--data", str(data)) == 5
    assert "was recorded" in capsys.readouterr().err


def test_a_method_without_results_is_left_out_and_said(copied: Made, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (copied.run / "results.jsonl").read_text().splitlines(keepends=True)
    (copied.run / "results.jsonl").write_text("".join(line for line in lines if '"mean-fill"' not in line))
    assert copied.report() == 0
    assert "mean-fill has no results" in capsys.readouterr().err
    data = copied.data()
    assert [method["name"] for method in data["methods"]] == ["noise", "telea"]
    assert data["left_out"] == ["mean-fill"]
    assert not (copied.out / "pictures" / "methods" / "mean-fill").exists()


def test_what_is_done_to_a_picture_of_the_report_does_not_reach_the_run(written: Made) -> None:
    composites = [path for path in written.run.rglob("*.png") if path.is_file()]
    assert len(composites) == 20 * (1 + 1 + 3)
    assert {path.stat().st_nlink for path in [*composites, *written.out.rglob("*.png")]} == {1}


def test_a_link_to_the_run_becomes_a_picture_of_its_own(tmp_path: Path) -> None:
    source, linked, symbolic = (tmp_path / name for name in ("source.png", "linked.png", "symbolic.png"))
    source.write_bytes(b"picture")
    os.link(source, linked)
    symbolic.symlink_to(source)
    for destination in (linked, symbolic):
        place(b"picture", source, destination)
        assert not destination.samefile(source)
        assert destination.read_bytes() == b"picture"


def test_a_composite_that_is_gone_is_refused(copied: Made, capsys: pytest.CaptureFixture[str]) -> None:
    (copied.run / "telea" / "composites" / "00002.png").unlink()
    assert copied.report() == 2
    err = capsys.readouterr().err
    assert "telea/composites/00002.png: cannot be read" in err
    assert "Traceback" not in err
