"""A run that is killed and started again, as often as one likes, ends as if nothing had happened."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny

from inpaint_bench import files
from inpaint_bench.cli import run_cli
from inpaint_bench.data import datasets, tensors
from inpaint_bench.data.prepare import prepare

KILLS = 20
PAIRS = 60
METHODS = "slow=python:tiny:load_slow,telea"
RUN = ("run", "--dataset", "tiny.toml", "--methods", "mean-fill,telea", "--quiet", "--out")
SMALL = (
    *("pretext.name=edges", "network.width=4", "network.discriminator=4", "network.levels=0", "network.blocks=1"),
    *("validation=1", "validation_size=32", "stages=[{steps=6,size=32,batch=2}]", "log_every=1"),
    *("checkpoint_every=2", "validate_every=3"),
)
OTHERS = {  # commands, each with how often it is killed; with those of a run, 50 times in all
    ("score", "out", "--data", "data", "--metrics", "psnr,ssim,mae,mse,mse_hole,psnr_hole", "--quiet"): 8,
    ("merge", "part1", "part2", "--out", "merged"): 8,
    ("report", "out", "--data", "data", "--quiet"): 6,
    ("gate", "out", "--expected", "expected", "--accept", "--reason", "because"): 8,
    ("weights", "add", "spn-small", "paris", "spn-small.safetensors"): 5,
    ("train", "spn", "--images", "images", "--out", "trained", "--quiet", *(f"--set={one}" for one in SMALL)): 5,
}
VOLATILE = ("data.js", "checkpoint.pt", "training.json", "losses.csv")  # with times in them

pytestmark = pytest.mark.acceptance


def begin(arguments: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
    """A command as a process of its own, at work in `folder`."""
    folder.mkdir(exist_ok=True)
    with open(folder / "output.txt", "wb") as message:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        command = [sys.executable, "-c", "from inpaint_bench.cli import main; main()", *arguments]
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=message, stderr=message)


def start(page: Path, out: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """`inpaint-bench run` as a process of its own, at work in `folder`."""
    options = [
        "--dataset",
        str(page),
        "--methods",
        METHODS,
        "--out",
        str(out),
        "--batch",
        "2",
        "--jobs",
        "2",
        "--quiet",
    ]
    return begin(["run", *options], folder)


def ended_well(process: "subprocess.Popen[bytes]") -> bool:
    return process.wait() == 0


def files_in(out: Path) -> int:
    return sum(not path.name.startswith(".") for path in out.rglob("*.*"))


def kill_at_some_moment(process: "subprocess.Popen[bytes]", out: Path, moments: random.Random) -> bool:
    """Kill a process a little after it wrote a few files more; whether it was still alive."""
    wanted = files_in(out) + moments.randint(0, 3)
    while process.poll() is None and files_in(out) < wanted:
        pass
    try:
        process.wait(moments.uniform(0, 0.05))
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() < 0


def names_of_pairs(page: Path) -> dict[str, str]:
    """How the method writes each pair down in its log."""
    dataset = datasets.open_dataset(str(page), None)
    names = {}
    for pair in dataset.pairs:
        prepared = prepare(dataset.page, dataset.data, pair)
        image, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
        names[pair.pair] = tiny.seen_as(tensors.emptied(image, mask)[0], mask[0])
    return names


def composites(out: Path) -> dict[str, tuple[bytes, int]]:
    """Every composite with its bytes and when it was written."""
    return {name: entry for name, entry in tiny.state(out).items() if "/composites/" in name and ".writing" not in name}


def test_kills_change_no_byte_and_no_finished_pair_is_done_twice(tmp_path: Path) -> None:
    page = tiny.make_dataset(tmp_path / "dataset", count=PAIRS)
    assert ended_well(start(page, tmp_path / "calm", tmp_path / "calm-log")), (
        tmp_path / "calm-log/output.txt"
    ).read_text()
    out, folder, names = tmp_path / "out", tmp_path / "log", names_of_pairs(page)
    log, moments, killed = folder / "calls.txt", random.Random(2023), 0
    for _ in range(KILLS):
        done = composites(out)
        before = len(log.read_text().splitlines()) if log.is_file() else 0
        killed += kill_at_some_moment(start(page, out, folder), out, moments)
        again = log.read_text().splitlines()[before:] if log.is_file() else []
        finished = {names[Path(name).stem] for name in done if name.startswith("slow/")}
        assert not finished & set(again)
        assert {name: entry for name, entry in composites(out).items() if name in done} == done
    done = composites(out)
    assert ended_well(start(page, out, folder)), (folder / "output.txt").read_text()
    assert {name: entry for name, entry in composites(out).items() if name in done} == done
    assert tiny.outcome(out) == tiny.outcome(tmp_path / "calm")
    calm = (tmp_path / "calm-log" / "output.txt").read_text()
    assert (folder / "output.txt").read_text() == calm.replace(str(tmp_path / "calm"), str(out))
    assert killed == KILLS


# --- other commands ---------------------------------------------------------------------------------


def touched(folder: Path) -> dict[str, int]:
    """Every file of a folder, hidden ones too, and when it was written."""
    found = {}
    for path in folder.rglob("*"):
        try:
            found[str(path)] = path.stat().st_mtime_ns
        except FileNotFoundError:  # removed meanwhile
            continue
    return found


def wait_for_work(process: "subprocess.Popen[bytes]", folder: Path) -> float:
    """Wait until a process begins to write in a folder, or ends; the time of that."""
    before = touched(folder)
    while process.poll() is None and touched(folder) == before:
        time.sleep(0.002)
    return time.monotonic()


def set_up(folder: Path) -> None:
    """What the other commands need: a run, its two shards, photographs and a file of weights."""
    tiny.make_dataset(folder, count=30, metrics=["psnr", "ssim"])
    for options in (("out",), ("part1", "--shard", "1/2"), ("part2", "--shard", "2/2")):
        assert run_cli([*RUN, *options]) == 0
    (folder / "images").mkdir()
    for path in sorted((files.shipped("protocols") / "sample" / "images").iterdir())[:9]:
        shutil.copy(path, folder / "images")
    shutil.copy(files.PACKAGE.parent / "baselines" / "spn" / "spn-small.safetensors", folder)


def made(folder: Path) -> dict[str, bytes]:
    """What there is in a folder; of files that hold times only that they are there."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    kept = {name: path for name, path in found.items() if path.name not in (".lock", "output.txt", "run.json")}
    return {name: b"" if name.endswith(VOLATILE) else path.read_bytes() for name, path in kept.items()}


@pytest.mark.parametrize("command", OTHERS, ids=lambda command: command[0])
def test_a_command_that_is_killed_and_given_again_ends_as_if_it_had_not_been(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", "weights")
    first, moments, killed = tmp_path / "first", random.Random(2023), 0
    first.mkdir()
    monkeypatch.chdir(first)
    set_up(first)
    shutil.copytree(first, tmp_path / "calm")
    process = begin(command, tmp_path / "calm")
    began = wait_for_work(process, tmp_path / "calm")
    assert ended_well(process), (tmp_path / "calm" / "output.txt").read_text()
    seconds, calm = time.monotonic() - began, made(tmp_path / "calm")
    for number in range(OTHERS[command]):
        folder = tmp_path / f"killed{number}"
        shutil.copytree(first, folder)
        process = begin(command, folder)
        wait_for_work(process, folder)
        time.sleep(moments.uniform(0, 0.9 * seconds))
        process.kill()
        killed += process.wait() < 0
        monkeypatch.chdir(folder)
        assert run_cli(list(command)) == 0
        assert made(folder) == calm
        shutil.rmtree(folder)
    assert killed >= OTHERS[command] // 2
    assert not list((tmp_path / "cache" / "scratch").glob("*"))
