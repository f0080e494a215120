"""A run on Slurm or Ray ends with the bytes of a run in one process, whatever happens on the way."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import tiny
from engines import COMMON, Engine, alone, run, slurm_engine
from painter import checkpoint, write_baseline
from selection import quick
from terminal import Terminal

from inpaint_bench.api.planning import units_folder
from inpaint_bench.api.status import unit_statuses
from inpaint_bench.decode import json
from inpaint_bench.executors.units import Attempt

pytest_plugins = ["engine_fixtures"]
pytestmark = pytest.mark.usefixtures("nine")
OUT = Path("runs/tiny")
UNITS = units_folder(OUT)
PROGRAM = f"copy=exec:'{sys.executable} own_program.py {{images}} {{masks}} {{out}}'"
COPY = """
import shutil, sys
images, masks, out = sys.argv[1:]
shutil.copytree(images, out, dirs_exist_ok=True)
"""
EVERY = f"{tiny.COUNTING},{tiny.NOISE},{PROGRAM},painter"
SLOW = "slow=python:tiny:load_slow"


@pytest.mark.parametrize(
    ("methods", "units"),
    quick(
        [(tiny.NOISE, 2), (EVERY, 1), (EVERY, 2), (EVERY, 7), (EVERY, None)],
        [(tiny.NOISE, 2)],
    ),
)
def test_the_bytes_are_those_of_one_process(
    methods: str, units: int | None, engine: Engine, terminal: Terminal
) -> None:
    Path("own_program.py").write_text(COPY)
    options: tuple[str, ...] = ()
    if "painter" in methods:
        write_baseline()
        Path("painter.pth").write_bytes(checkpoint())
        terminal("weights", "add", "painter", "tiny.toml", "painter.pth", "--baselines", "mine").does()
        options = ("--baselines", "mine", "--batch", "2")
    expected = alone(terminal, methods, *options)
    count = ("--units", str(units)) if units else ()
    answer = run(engine, methods, *options, *count)
    answer.does("psnr")
    assert tiny.outcome(OUT) == expected
    assert "answers: device cpu." in answer.err
    assert not UNITS.exists()


# --- what is lost -----------------------------------------------------------------------------


@contextlib.contextmanager
def driven(engine: Engine) -> Iterator["subprocess.Popen[bytes]"]:
    """A run in a process of its own, with four units of a slow method; the same command each time."""
    command = [sys.executable, "-m", "inpaint_bench", "run", "--dataset", "tiny.toml", "--methods", SLOW]
    command += [*COMMON, *engine.options, "--units", "4", "--quiet"]
    with open("driver.log", "ab") as log:
        driver = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield driver
    finally:
        driver.kill()
        driver.wait()


def working() -> list[Attempt]:
    """The tries of units that have begun and not ended."""
    found: list[Attempt] = [json(path.read_bytes(), Attempt) for path in UNITS.glob("slow.*.attempt")]
    return [one for one in found if one.ended is None and psutil.pid_exists(one.process)]


def until_at_work(driver: "subprocess.Popen[bytes]") -> Attempt:
    """A try that has finished a pair, and goes on."""
    while True:
        assert driver.poll() is None, Path("driver.log").read_text()
        with contextlib.suppress(OSError):
            if (found := working()) and finished():
                return found[0]
        time.sleep(0.05)


def finished() -> dict[str, int]:
    """The file of each composite: written again, it would be another one. Its time may still change for a moment."""
    return {path.name: path.stat().st_ino for path in UNITS.rglob("slow/composites/0*.png")}


def ends_alike(driver: "subprocess.Popen[bytes]", expected: dict[str, bytes], before: dict[str, int]) -> None:
    """The run ends with the bytes of one process, and no pair that was finished was made again."""
    assert driver.wait(300) == 0, Path("driver.log").read_text()
    assert tiny.outcome(OUT) == expected
    after = {path.name: path.stat().st_ino for path in OUT.rglob("slow/composites/0*.png")}
    assert before.items() <= after.items()


@pytest.mark.acceptance
def test_a_machine_that_is_lost_changes_nothing(engine: Engine, terminal: Terminal) -> None:
    expected = alone(terminal, SLOW)
    with driven(engine) as driver:
        until_at_work(driver)
        engine.lose_machine()
        ends_alike(driver, expected, finished())


@pytest.mark.acceptance
def test_a_worker_that_is_killed_changes_nothing(engine: Engine, terminal: Terminal) -> None:
    expected = alone(terminal, SLOW)
    with driven(engine) as driver:
        os.kill(until_at_work(driver).process, signal.SIGKILL)
        ends_alike(driver, expected, finished())


@pytest.mark.acceptance
def test_a_controller_that_is_away_for_a_while_changes_nothing(tmp_path: Path, terminal: Terminal) -> None:
    expected = alone(terminal, SLOW)
    with slurm_engine(tmp_path / "slurm") as engine, driven(engine) as driver:
        until_at_work(driver)
        engine.cluster.restart_controller(down=15)
        ends_alike(driver, expected, finished())


@pytest.mark.acceptance
def test_a_driver_that_is_killed_is_started_again(engine: Engine, terminal: Terminal) -> None:
    expected = alone(terminal, SLOW)
    with driven(engine) as driver:
        until_at_work(driver)
        driver.kill()
        before = finished()
    with driven(engine) as driver:
        ends_alike(driver, expected, before)
    assert not working()


@pytest.mark.acceptance
def test_an_interrupt_leaves_jobs_of_slurm_and_ends_those_of_ray(engine: Engine, terminal: Terminal) -> None:
    expected = alone(terminal, SLOW)
    with driven(engine) as driver:
        until_at_work(driver)
        driver.send_signal(signal.SIGINT)
        assert driver.wait(60) == 130
    words = Path("driver.log").read_text()
    if "--slurm" in engine.options:
        assert (
            "jobs go on. The same command, without --fresh, comes back to them; `scancel --name=inpaint-bench-" in words
        )
    else:
        _, alive = psutil.wait_procs([psutil.Process(one.process) for one in working()], timeout=20)
        assert not alive
    before = finished()
    with driven(engine) as driver:
        ends_alike(driver, expected, before)


FAILING = """
import os, signal, time
def load(weights, device):
    def inpaint(image, mask):
        if (mask.mean((1, 2, 3)) > 0.4).any():
            {deed}
        return image + 0.5 * mask
    return inpaint
"""


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("raise ValueError('this one never works')", "this one never works"),
        ("os.kill(os.getpid(), signal.SIGKILL)  # as a machine does that is out of memory", "ended"),
        ("time.sleep(1000)", "mine."),
    ],
)
def test_a_unit_that_always_fails_leaves_the_others_whole(
    deed: str, words: str, engine: Engine, terminal: Terminal
) -> None:
    Path("failing.py").write_text(FAILING.format(deed=deed))
    short = replace(engine, options=(engine.options[0], f"{engine.options[1]},time=1"))
    answer = run(short, "mean-fill,mine=python:failing:load", "--units", 3, "--batch", 1)
    answer.refuses(3, "failed 3 times: ", words, "Its log: ", "mine lacks ")
    assert "mean-fill" in answer.out
    failed = [one for one in unit_statuses(OUT) if one.state == "failed"]
    assert failed
    assert {(one.name.partition(".")[0], one.tries) for one in failed} == {("mine", 3)}
    terminal("status", OUT).does(f"{len(failed)} failed", words, "Its log: ")
