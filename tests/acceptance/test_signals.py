"""SIGINT and SIGTERM end a command in one sentence and its exit code; nothing is lost, and no child is left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import tiny

from inpaint_bench import files

SETTINGS = ("pretext.name=edges", "log_every=1", "checkpoint_every=1", "validate_every=400", "network.levels=0")
PROGRAM = """
import shutil, subprocess, sys, time
from pathlib import Path
images, masks, out = map(Path, sys.argv[1:])
subprocess.Popen(["sleep", "1000"])
for number, path in enumerate(sorted(images.iterdir())):
    if number == 3 and not images.parent.name.endswith("-probe") and not Path("mended").exists():
        Path("stopped").touch()
        time.sleep(1000)
    shutil.copy(path, out)
"""
RUN = ("run", "--dataset", "tiny.toml", "--out", "out", "--quiet", "--methods")

pytestmark = pytest.mark.acceptance


def start(*arguments: str) -> "subprocess.Popen[str]":
    """A command in a process of its own; a shell may have told us to ignore SIGINT."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from inpaint_bench.cli import main; main()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stop(number: int, ready: Callable[[], bool], *arguments: str) -> None:
    """Start a command, send it a signal once it is ready, and look at how it ends."""
    process = start(*arguments)
    until = time.monotonic() + 240
    while not ready() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    what, code = ("Interrupted", 130) if number == signal.SIGINT else ("Stopped by SIGTERM", 143)
    sentence = f"{what}. What was finished is kept; run the same command again to go on."
    assert (process.returncode, out) == (code, ""), err[-2000:]
    assert err.strip().splitlines()[-1] == sentence
    assert "Traceback" not in err
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def ends(*arguments: str) -> None:
    """A command ends well."""
    process = start(*arguments)
    out, err = process.communicate()
    assert process.returncode == 0, (out, err[-2000:])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_with_a_program(tmp_path: Path, number: int) -> None:
    tiny.make_dataset(tmp_path, count=6, metrics=["psnr"])
    Path("program.py").write_text(PROGRAM)
    entry = f"telea,mine=exec:{sys.executable} -S program.py {{images}} {{masks}} {{out}}"
    stop(number, Path("stopped").exists, *RUN, entry)
    kept = tiny.state(Path("out/telea/composites"))
    assert len(kept) == 6
    Path("mended").touch()
    ends(*RUN, entry)
    assert tiny.state(Path("out/telea/composites")) == kept
    assert len(list(Path("out/mine/composites").glob("*.png"))) == 6
    assert not [path for path in Path("out").rglob("*") if "program" in path.name or "writing" in path.name]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_score_merge_and_report(tmp_path: Path, number: int) -> None:
    tiny.make_dataset(tmp_path, count=60, metrics=["psnr"])
    methods = "mean-fill,telea,navier-stokes"
    for part in ("1/2", "2/2"):
        ends("predict", *RUN[1:], methods, "--out", f"part{part[0]}", "--shard", part)
    stop(number, Path("out/telea").is_dir, "merge", "part1", "part2", "--out", "out")
    ends("merge", "part1", "part2", "--out", "out")
    assert len(list(Path("out").rglob("composites/*.png"))) == 180
    scored = ("score", "out", "--data", "data", "--metrics", "psnr,ssim,mse", "--quiet")
    stop(number, Path("out/mean-fill/scores.csv").is_file, *scored)
    ends(*scored)
    drawn = ("report", "out", "--data", "data", "--quiet")
    stop(number, Path("out/report/pictures/targets/00010.png").is_file, *drawn)
    ends(*drawn)
    assert Path("out/report/index.html").is_file()
    assert not list(Path("out").rglob(".writing-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_training(tmp_path: Path, number: int) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for path in sorted((files.shipped("protocols") / "sample" / "images").glob("*"))[:8]:
        shutil.copy(path, images)
    options = [part for one in SETTINGS for part in ("--set", one)]
    small = ("validation=1", "validation_size=32", "network.width=4", "network.discriminator=4", "network.blocks=1")
    options += [part for one in small for part in ("--set", one)]
    command = ("train", "spn", "--images", str(images), "--out", "out", "--quiet", *options, "--set")
    stop(number, Path("out/checkpoint.pt").is_file, *command, "stages=[{steps=400,size=32,batch=2}]")
    ends(*command, "stages=[{steps=400,size=32,batch=2}]")
    assert Path("out/best.safetensors").is_file()
