"""Files among the composites that the run did not make change no number, and what is missing is said."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image

from inpaint_bench.cli import run_cli
from inpaint_bench.data.images import Pixels, png_bytes
from inpaint_bench.runner.folder import open_run

STRAYS = [
    "00000.s.png",
    "00000.s1.png",
    "00000.s0x.png",
    "00000.s01.png",
    "00000.s-1.png",
    "00000.s99999999999999999999.png",
    "notes.scan.png",
    "00099.png",
    "99.png",
    "٠٠٠٠٠.png",
    "00000.png.png",
    "Thumbs.db",
]
METHODS = f"telea,{tiny.NOISE}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    page = tiny.make_dataset(folder / "dataset", count=4, metrics=["psnr"])
    assert tiny.run(page, folder / "run", methods=METHODS) == 0
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of one run."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"


def score(run: Path) -> int:
    return run_cli(["score", str(run), "--data", str(run.parent / "dataset/data"), "--quiet"])


def again(run: Path) -> int:
    return tiny.run(run.parent / "dataset/tiny.toml", run, methods=METHODS)


@pytest.mark.parametrize("stray", STRAYS)
def test_a_stray_file_is_seen_and_leaves_every_pair_its_samples(run: Path, stray: str) -> None:
    finished = open_run(run).samples_of("telea")
    shutil.copy(run / "telea/composites/00001.png", run / "telea/composites" / stray)
    opened = open_run(run)
    assert (opened.samples_of("telea"), opened.strays("telea")) == (finished, [stray])


@pytest.mark.parametrize("command", [score, again, lambda run: tiny.merge([run], run.parent / "merged")])
def test_stray_files_change_nothing_and_are_named(
    run: Path, capsys: pytest.CaptureFixture[str], command: Callable[[Path], int]
) -> None:
    before, stray = tiny.outcome(run), "00000.s.png"
    folder = run / "telea/composites"
    shutil.copy(folder / "00001.png", folder / stray)
    capsys.readouterr()
    assert command(run) == 0
    assert f"{folder}: {stray} is no composite of this run and counted for nothing." in capsys.readouterr().err
    (folder / stray).unlink()
    assert tiny.outcome(run) == before
    if (run.parent / "merged").is_dir():
        assert tiny.outcome(run.parent / "merged") == before


@pytest.mark.parametrize("stray", ["00000.png", "00000.s3.png", "00000.s.png"])
def test_a_stray_file_among_samples_changes_nothing_and_is_named(
    run: Path, capsys: pytest.CaptureFixture[str], stray: str
) -> None:
    before = tiny.outcome(run)
    folder = run / "noise/composites"
    shutil.copy(folder / "00001.s0.png", folder / stray)
    assert score(run) == 0
    assert f"{folder}: {stray} is no composite" in capsys.readouterr().err
    (folder / stray).unlink()
    assert tiny.outcome(run) == before


@pytest.mark.parametrize("missing", ["telea/composites/00002.png", "noise/composites/00002.s1.png"])
def test_scoring_a_run_that_lacks_a_composite_ends_in_3(
    run: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    before = tiny.outcome(run)
    (run / missing).unlink()
    assert score(run) == 3
    method = missing.split("/")[0]
    assert f"{run}: {method} lacks 1 of 4 pairs: 00002. `inpaint-bench run` makes" in capsys.readouterr().err
    assert again(run) == 0
    assert tiny.outcome(run) == before


def edited(path: Path, change: Callable[[Pixels], Pixels]) -> None:
    """Write a composite again, before it is scored, with other pixels and the texts that the run wrote into it."""
    (path.parents[1] / "scores.csv").unlink()
    with Image.open(path) as picture:
        pixels, texts = np.array(picture), {str(name): str(text) for name, text in picture.info.items()}
    path.write_bytes(png_bytes(change(pixels), texts))


def test_a_composite_with_another_known_region_is_not_scored(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "telea/composites/00002.png"
    edited(path, lambda pixels: 0 * pixels)
    assert score(run) == 5
    assert f"{path}: its known region is not that of the target of pair 00002." in capsys.readouterr().err
    path.unlink()
    assert again(run) == 0


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("telea/composites/00001.png", "telea/composites/00002.png", "its known region is not that of the target"),
        ("noise/composites/00001.s0.png", "noise/composites/00001.s2.png", "holds sample 2."),
        ("telea/composites/00001.png", "noise/composites/00001.s2.png", "holds sample 2."),
    ],
)
def test_a_composite_in_the_place_of_another_is_not_scored(
    run: Path, capsys: pytest.CaptureFixture[str], one: str, other: str, words: str
) -> None:
    shutil.copy(run / other, run / one)
    (run / one).parents[1].joinpath("scores.csv").unlink()
    assert score(run) == 5
    message = capsys.readouterr().err
    assert f"{run / one}: " in message
    assert words in message


def test_a_composite_of_another_size_is_not_scored(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "telea/composites/00002.png"
    edited(path, lambda pixels: pixels[:-1])
    assert score(run) == 5
    assert f"{path}: is 24x23, its target 24x24." in capsys.readouterr().err
