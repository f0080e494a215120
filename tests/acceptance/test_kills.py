"""A run that is killed and started again, as often as one likes, ends as if nothing had happened."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from inpaint_bench.data import datasets, images
from inpaint_bench.data.prepare import prepare

KILLS = 10
PAIRS = 40
METHODS = "slow=python:tiny:load_slow,telea"

pytestmark = pytest.mark.acceptance


def start(page: Path, out: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """`inpaint-bench run` as a process of its own, at work in `folder`."""
    code = "from inpaint_bench.cli import main; main()"
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
    folder.mkdir(exist_ok=True)
    with open(folder / "output.txt", "wb") as message:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        command = [sys.executable, "-c", code, "run", *options]
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=message, stderr=message)


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
        image, mask = images.to_images([prepared.target]), images.to_masks([prepared.hole])
        names[pair.pair] = tiny.seen_as(images.emptied(image, mask)[0], mask[0])
    return names


def composites(out: Path) -> dict[str, tuple[bytes, int]]:
    """Every composite with its bytes and when it was written."""
    return {name: entry for name, entry in tiny.state(out).items() if "/composites/" in name and ".writing" not in name}


def test_ten_kills_change_no_byte_and_no_finished_pair_is_done_twice(tmp_path: Path) -> None:
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
