"""Commands write nothing into the home folder and leave nothing in the temporary folder, where torch would."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from authors_files import tensors, write_authors_files

from inpaint_bench import files
from inpaint_bench.methods.baselines import find_baselines

pytestmark = pytest.mark.acceptance

Command = Callable[..., None]
STEPS = ("stages=[{steps=2,size=32,batch=2}]", "network.width=4", "network.discriminator=4", "validation=1")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run a command as a user does, and look at the home and the temporary folder afterwards."""
    folders = {"HOME": tmp_path / "home", "TMPDIR": tmp_path / "tmp", "INPAINT_BENCH_CACHE": tmp_path / "cache"}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    dropped = ("TORCHINDUCTOR_CACHE_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {name: str(folder) for name, folder in folders.items()}
    environment["PYTHONPATH"] = str(files.PACKAGE.parent)

    def run(*words: object) -> None:
        arguments = [sys.executable, "-m", "inpaint_bench", *map(str, words)]
        subprocess.run(arguments, check=True, env=environment, cwd=tmp_path)
        assert not list(folders["HOME"].iterdir())
        assert not list(folders["TMPDIR"].iterdir())

    return run


def test_a_run_its_score_its_report_and_its_figure(command: Command) -> None:
    command("run", "--methods", "telea,spn-small", "--limit", "2", "--out", "run", "--quiet")
    command("score", "run", "--quiet")
    command("report", "run", "--quiet")
    command("figure", "bars", "run", "--out", "bars.pdf")


def test_weights_that_are_added_and_networks_that_are_checked(command: Command, tmp_path: Path) -> None:
    baseline, card = find_baselines()["ec"]
    for legacy in (False, True):
        command("weights", "add", "ec", "paris", *write_authors_files(card, tensors(baseline, card), tmp_path, legacy))
        shutil.rmtree(tmp_path / "cache" / "weights")
    command("check", "ec")


def test_a_training(command: Command) -> None:
    images = files.shipped("protocols") / "sample" / "images"
    changes = [word for step in (*STEPS, "validation_size=32", "network.levels=0") for word in ("--set", step)]
    command("train", "spn", "--images", images, "--out", "training", "--quiet", *changes)
