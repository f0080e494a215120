"""A run in units on this machine ends with the bytes of a run in one process, whatever happens on the way."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import tiny
from selection import quick
from terminal import Terminal

from inpaint_bench.api.planning import paths_of_units, units_folder
from inpaint_bench.executors.local import Local

PROGRAM = "copy=exec:'python own_program.py {images} {masks} {out}'"
COPY = """
import shutil, sys
images, masks, out = sys.argv[1:]
shutil.copytree(images, out, dirs_exist_ok=True)
"""
OUT = Path("runs/tiny")
UNITS = units_folder(OUT)


@pytest.fixture(autouse=True)
def _methods(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    """Methods of tests for other processes too, and one thread as in tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(tiny.__file__).parent), *sys.path]))
    Path("own_program.py").write_text(COPY)


def composites(out: Path = OUT) -> dict[str, int]:
    """When each composite was written."""
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in out.rglob("composites/*.png")}


@pytest.mark.parametrize(
    ("methods", "processes"),
    quick(
        [("telea", 2), (f"{tiny.COUNTING},{tiny.NOISE}", 3), (PROGRAM, 2), ("again=telea,mean-fill", 8)], [("telea", 2)]
    ),
)
def test_units_give_the_bytes_of_one_process(methods: str, processes: int, terminal: Terminal) -> None:
    common = ("--allow-known-error", "--metrics", "psnr,ssim", "--device", "cpu")
    terminal.run(methods, *common, "--out", "alone").does("psnr")
    terminal.run(methods, *common, "--processes", processes, "--units", min(2, processes)).does("psnr")
    assert tiny.outcome(OUT) == tiny.outcome(Path("alone"))
    assert not UNITS.exists()
    before = composites()
    terminal.run(methods, *common, "--processes", processes).does("psnr")
    assert composites() == before


FRAGILE = """
import torch
from pathlib import Path

def load(weights, device):
    def inpaint(image, mask):
        if Path("broken").exists() and (mask.mean((1, 2, 3)) > 0.4).any():
            raise ValueError("this one never works")
        return image + 0.5 * mask
    return inpaint
"""


@pytest.mark.acceptance
def test_a_unit_that_always_fails_leaves_the_others_whole_and_goes_on_later(terminal: Terminal) -> None:
    Path("fragile.py").write_text(FRAGILE)
    Path("broken").touch()
    answer = terminal.run("mean-fill,mine=python:fragile:load", "--processes", 2, "--metrics", "psnr")
    answer.refuses(3, "failed 3 times: ", "this one never works", "Its log: ", "mine lacks ")
    assert "mean-fill" in answer.out
    assert UNITS.is_dir()
    terminal("status", OUT).does("failed", "this one never works", "Its log: ")
    before = composites()
    Path("broken").unlink()
    answer = terminal.run("mean-fill,mine=python:fragile:load", "--processes", 2, "--metrics", "psnr")
    answer.does("mean-fill", "mine")
    assert before.items() <= composites().items()
    assert not UNITS.exists()


@pytest.mark.acceptance
def test_kills_of_units_and_of_the_driver_change_nothing(terminal: Terminal) -> None:
    methods = "slow=python:tiny:load_slow"
    terminal.run(methods, "--out", "alone", "--metrics", "psnr", "--device", "cpu").does("psnr")
    command = [sys.executable, "-m", "inpaint_bench", "run", "--dataset", "tiny.toml", "--methods", methods]
    command += ["--metrics", "psnr", "--device", "cpu", "--processes", "2", "--quiet"]
    driver = subprocess.Popen(command)
    killed = 0
    while driver.poll() is None and killed < 2:  # workers
        for child in psutil.Process(driver.pid).children():
            with contextlib.suppress(psutil.Error):
                if "inpaint_bench.api.unit" in child.cmdline() and killed < 2:
                    child.kill()
                    killed += 1
        time.sleep(0.2)
    assert killed == 2
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + 30
    while [one for one in psutil.process_iter(["cmdline"]) if "inpaint_bench.api.unit" in (one.info["cmdline"] or [])]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    finished = composites(UNITS) if UNITS.is_dir() else composites()
    assert subprocess.run(command, check=False).returncode == 0
    assert tiny.outcome(OUT) == tiny.outcome(Path("alone"))
    kept = {name.partition("/")[2]: when for name, when in finished.items()}
    assert kept.items() <= composites().items()


OPTIONED = """
def load(weights, device, *, level: float = 0.5):
    return lambda image, mask: image + level * mask
"""


def test_finished_pairs_of_other_options_are_not_reused_in_silence(terminal: Terminal) -> None:
    Path("optioned.py").write_text(OPTIONED)
    common = ("mine=python:optioned:load", "--metrics", "psnr", "--set")
    terminal.run(*common, "mine.level=0.5").does("mine: level=0.5")
    words = "made with options level=0.5, now it is level=0.25"
    terminal.run(*common, "mine.level=0.25", "--processes", 2).refuses(2, words)
    next(OUT.glob("mine/composites/*.png")).unlink()
    terminal.run(*common, "mine.level=0.25", "--processes", 2).refuses(2, words)
    assert not UNITS.exists()


def test_starting_a_method_anew_leaves_the_units_of_others(tmp_path: Path) -> None:
    for name in ("spn.1of4", "spn.2-3of4", "spn.whole", "spn.small.1of4"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.attempt").touch()
    found = sorted(path.name for path in paths_of_units(tmp_path, "spn"))
    assert found == sorted(name + end for name in ("spn.1of4", "spn.2-3of4", "spn.whole") for end in ("", ".attempt"))


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("4,2", 4), ("none", 1)])
def test_threads_are_those_of_the_environment(given: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert Local(2).threads == threads


def test_units_of_the_first_pairs_give_the_bytes_of_one_process(terminal: Terminal) -> None:
    common = ("--metrics", "psnr", "--limit", 3)
    terminal.run("mean-fill", *common, "--out", "alone").does("psnr")
    terminal.run("mean-fill", *common, "--processes", 2, "--units", 2).does("psnr")
    assert tiny.outcome(Path("runs/tiny.first3")) == tiny.outcome(Path("alone"))


def test_units_of_a_shard_are_refused(terminal: Terminal) -> None:
    terminal.run("telea", "--processes", 2, "--shard", "1/2").refuses(2, "units are shards themselves: leave out")
