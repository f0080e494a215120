"""The folder of a report: its images are those that were scored, and no other folder is touched."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from reported_run import ReportedRun, reported_run, working_in

from inpaint_bench.analysis.run import RunData
from inpaint_bench.data import datasets
from inpaint_bench.data.prepare import prepare
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.report.pictures import copy, overlay
from inpaint_bench.report.read import methods_left_out
from inpaint_bench.report.write import report_steps
from inpaint_bench.runner.folder import open_run

REASON = "$INPAINT_BENCH_INCEPTION is /tmp/{x}.pth, {0} and {which} %s: there is no such file"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> ReportedRun:
    return reported_run(tmp_path_factory.getbasetemp(), compiled, 20)


@pytest.fixture
def copied(written: ReportedRun, tmp_path: Path) -> ReportedRun:
    return written.copied(tmp_path)


@dataclass(frozen=True)
class Rewritten:
    """A report that was written again over an older one, from data with an attribution, and its progress."""

    made: ReportedRun
    progress: list[int]


@pytest.fixture(scope="module")
def rewritten(written: ReportedRun, compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Rewritten:
    folder = tmp_path_factory.mktemp("rewritten")
    made = written.copied(folder)
    shutil.rmtree(made.out)
    tiny.save_png(made.out / "pictures" / "methods" / "old" / "00000.png", tiny.picture(1))
    tiny.save_png(made.out / "plots" / "old.light.svg", tiny.picture(1))
    (made.out / "data.js").write_text("// inpaint-bench report 1\n")
    (made.out / "notes.txt").write_text("mine")
    data = shutil.copytree(made.page.parent / "data", folder / "data")
    (data / "ATTRIBUTION.csv").write_text("picture,author\n")
    progress: list[int] = []
    with working_in(folder, compiled):
        made.report(data, {"fid": REASON}, progress.append)
    return Rewritten(made, progress)


def test_every_picture_is_there_and_is_the_one_that_was_scored(written: ReportedRun) -> None:
    run = open_run(written.run)
    for pair in run.pairs:
        for method, samples in (("telea", [None]), ("mean-fill", [None]), ("noise", [0, 1, 2])):
            for sample in samples:
                source = run.composite(method, pair.pair, sample)
                shown = written.out / "pictures" / "methods" / method / source.name
                assert shown.read_bytes() == source.read_bytes()
    assert len(list((written.out / "pictures").rglob("*.png"))) == len(run.pairs) * (2 + 1 + 1 + 3)


def test_targets_and_holes_are_those_of_the_pairs(written: ReportedRun) -> None:
    run = open_run(written.run)
    dataset = datasets.of_run(run.info.protocol, run.pairs, written.page.parent / "data", (None, None))
    for pair in run.pairs:
        prepared = prepare(dataset.page, dataset.data, pair)
        assert (tiny.read(written.out / "pictures" / "targets" / f"{pair.pair}.png") == prepared.target).all()
        with Image.open(written.out / "pictures" / "holes" / f"{pair.pair}.png") as opened:
            layer = np.asarray(opened.convert("RGBA"))
        assert ((layer[..., 3] == 255) == prepared.hole).all()
        assert (layer[prepared.hole] == 255).all()


def test_the_attribution_of_the_images_is_copied(written: ReportedRun, rewritten: Rewritten) -> None:
    assert written.data()["attribution"] == ""
    assert rewritten.made.data()["attribution"] == "ATTRIBUTION.csv"
    assert (rewritten.made.out / "ATTRIBUTION.csv").read_text() == "picture,author\n"


def test_a_second_report_is_the_same_to_the_byte(written: ReportedRun, rewritten: Rewritten) -> None:
    before = {
        path: content for path, content in tiny.outcome(written.out).items() if path.endswith((".svg", ".png", ".html"))
    }
    assert len([path for path in before if path.endswith(".svg")]) == 12
    assert {path: content for path, content in tiny.outcome(rewritten.made.out).items() if path in before} == before


def test_files_of_an_older_report_are_deleted_and_others_stay(rewritten: Rewritten) -> None:
    assert not (rewritten.made.out / "pictures" / "methods" / "old").exists()
    assert not (rewritten.made.out / "plots" / "old.light.svg").exists()
    assert (rewritten.made.out / "notes.txt").read_text() == "mine"


def test_progress_is_reported_once_for_every_pair_and_plot(rewritten: Rewritten) -> None:
    assert rewritten.progress == [1] * report_steps(RunData.open(rewritten.made.run))
    assert len(rewritten.progress) == 20 + 6  # pairs and plots


def test_a_reason_with_braces_and_a_path_is_shown_as_it_is_without_the_path(rewritten: Rewritten) -> None:
    notes = rewritten.made.data()["notes"]
    assert f"absent: fid: {REASON.replace('/tmp/', '…/')}" in notes


def test_an_overlay_takes_one_bit_per_pixel() -> None:
    hole = np.zeros((40, 64), dtype=np.bool_)
    hole[3:20, 5:60] = True
    data = overlay(hole)
    assert data[24] == 1  # the depth in the header
    assert len(data) < 200


@pytest.mark.parametrize("name", ["data.js", "index.html", "thesis.tex"])
def test_a_folder_of_something_else_is_refused_and_left_alone(copied: ReportedRun, name: str) -> None:
    shutil.rmtree(copied.out)
    copied.out.mkdir()
    (copied.out / name).write_text("mine")
    with pytest.raises(InputError, match=r"this folder holds something other than a report\. Choose another --out\."):
        copied.report()
    assert [path.read_text() for path in copied.out.iterdir()] == ["mine"]


def test_a_composite_that_changed_after_it_was_scored_is_refused(copied: ReportedRun) -> None:
    tiny.save_png(copied.run / "telea" / "composites" / "00002.png", tiny.picture(99))
    with pytest.raises(HashError) as refused:
        copied.report()
    assert "telea/composites/00002.png: not the image that was scored" in str(refused.value)
    assert f"`inpaint-bench score {copied.run}` scores what has changed." in str(refused.value)


def test_scores_that_changed_after_the_results_were_made_are_refused(copied: ReportedRun) -> None:
    path = copied.run / "telea" / "scores.csv"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, *rest[:-1], rest[-1].replace("\n", "1\n")]))
    with pytest.raises(HashError, match="not what the results of"):
        copied.report()


def test_another_target_is_refused(copied: ReportedRun, tmp_path: Path) -> None:
    data = shutil.copytree(copied.page.parent / "data", tmp_path / "other")
    tiny.save_png(data / "images" / "picture5.png", tiny.picture(99))
    with pytest.raises(HashError, match="was recorded"):
        copied.report(data)


def test_a_method_without_results_is_left_out_and_listed(copied: ReportedRun) -> None:
    tiny.forget_hashes(copied.run)
    lines = (copied.run / "results.jsonl").read_text().splitlines(keepends=True)
    (copied.run / "results.jsonl").write_text("".join(line for line in lines if '"mean-fill"' not in line))
    copied.report()
    assert methods_left_out(RunData.open(copied.run)) == ["mean-fill"]
    data = copied.data()
    assert [method["name"] for method in data["methods"]] == ["noise", "telea"]
    assert data["left_out"] == ["mean-fill"]
    assert not (copied.out / "pictures" / "methods" / "mean-fill").exists()


def test_no_image_of_the_report_is_a_link_to_the_run(written: ReportedRun) -> None:
    composites = [path for path in written.run.rglob("*.png") if path.is_file()]
    assert len(composites) == 20 * (1 + 1 + 3)
    assert {path.stat().st_nlink for path in [*composites, *written.out.rglob("*.png")]} == {1}


def test_a_link_to_the_run_is_replaced_by_a_copy(tmp_path: Path) -> None:
    source, linked, symbolic = (tmp_path / name for name in ("source.png", "linked.png", "symbolic.png"))
    source.write_bytes(b"picture")
    os.link(source, linked)
    symbolic.symlink_to(source)
    for destination in (linked, symbolic):
        copy(b"picture", source, destination)
        assert not destination.samefile(source)
        assert destination.read_bytes() == b"picture"


def test_a_missing_composite_is_refused(copied: ReportedRun) -> None:
    (copied.run / "telea" / "composites" / "00002.png").unlink()
    with pytest.raises(InputError, match=r"telea/composites/00002\.png: cannot be read"):
        copied.report()
