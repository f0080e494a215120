"""A command that goes on with the units of another one: what counts as done, and what is refused."""

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import tiny
from engines import COMMON

from inpaint_bench.api.executing import _failure
from inpaint_bench.api.outcome import Outcome
from inpaint_bench.api.pipeline import Pipeline
from inpaint_bench.api.planning import units_folder
from inpaint_bench.errors import BenchError, HashError, IncompleteError, InputError, NotComparableError
from inpaint_bench.executors import slurm
from inpaint_bench.executors.local import Local
from inpaint_bench.executors.slurm import Queue, open_slurm
from inpaint_bench.executors.units import OnLook, State, Unit, seal

pytest_plugins = ["engine_fixtures"]
pytestmark = pytest.mark.usefixtures("nine")
OUT = Path("run")
UNITS = units_folder(OUT)
MINE = """
def load(weights, device, *, level: float = 0.5):
    return lambda image, mask: image + level * mask
"""
Then = Callable[[Sequence[Unit]], None]


@dataclasses.dataclass(frozen=True)
class Followed(Local):
    """Two processes of this machine; something happens after each call."""

    slots: int = 2
    then: Then = lambda units: None

    def run(self, units: Sequence[Unit], on_look: OnLook = lambda _: None) -> list[State]:
        states = super().run(units, on_look)
        self.then(units)
        return states


def interrupt(units: Sequence[Unit]) -> None:
    raise KeyboardInterrupt


def command(methods: str = "mine", executor: Local | None = None, **options: Any) -> Outcome:
    """`run` in four units a method."""
    Path("mine.py").touch()
    entries = [f"{name}=python:mine:load" for name in methods.split(",")]
    given: dict[str, Any] = {
        "device": "cpu",
        "units": 4,
        "allow_known_error": True,
        "quiet": True,
        "out": OUT,
    } | options
    return Pipeline("tiny.toml", entries, "psnr", executor=executor or Followed(), **given).run()


def stopped(**options: Any) -> None:
    """A command that is interrupted when its units are done, before they are gathered."""
    Path("mine.py").write_text(MINE)
    with pytest.raises(KeyboardInterrupt):
        command(executor=Followed(then=interrupt), **options)


def written() -> dict[str, int]:
    """The file of each composite, which would be another one if it was written again."""
    return {path.name: path.stat().st_ino for path in Path().rglob("mine/composites/0*.png")}


@pytest.mark.acceptance
def test_units_of_other_code_options_or_device_are_refused() -> None:
    stopped()
    with pytest.raises(InputError, match=r"mine: made with options level=0\.5, now it is level=0\.25"):
        command(options={"mine": {"level": 0.25}})
    with pytest.raises(InputError, match=r"begun with --device cpu, now it is auto\..*--fresh mine"):
        command(device="auto")
    with pytest.raises(InputError, match=r"cut mine into 4 units\. Leave out --units, or start anew with --fresh mine"):
        command(units=3)
    Path("mine.py").write_text(MINE + "\n# another version\n")
    with pytest.raises(InputError, match="mine: made with code"):
        command()
    command(fresh="mine", units=3).raise_failures()
    assert not UNITS.exists()


@pytest.mark.acceptance
def test_what_changes_no_output_leaves_units_done() -> None:
    stopped()
    before = written()
    command(jobs=1, batch=3, allow_mixed=True).raise_failures()
    assert written() == before


@pytest.mark.acceptance
def test_units_of_a_method_that_a_command_does_not_name_stay() -> None:
    stopped(methods="mine,other")
    before = written()
    command("other").raise_failures()
    assert sorted(path.name for path in UNITS.glob("*.done")) == [f"mine.{number}of4.done" for number in (1, 2, 3, 4)]
    command("mine,other").raise_failures()
    assert written() == before
    assert not UNITS.exists()


@pytest.mark.acceptance
def test_a_unit_that_lacks_a_composite_is_not_done() -> None:
    Path("mine.py").write_text(MINE)

    def lose(units: Sequence[Unit]) -> None:
        next(units[0].part.glob("mine/composites/*.png")).unlink()

    with pytest.raises(IncompleteError, match="mine lacks 1 of 9 pairs"):
        command(executor=Followed(then=lose)).raise_failures()
    assert UNITS.exists()
    command().raise_failures()
    assert len(written()) == 9
    assert not UNITS.exists()


@pytest.mark.acceptance
def test_a_trial_whose_cost_is_not_known_is_followed_by_units_all_the_same() -> None:
    Path("mine.py").write_text(MINE)

    def forget(units: Sequence[Unit]) -> None:
        for unit in units:
            unit.attempt.unlink(missing_ok=True)

    command(executor=Followed(then=forget, remote=True), units=None, batch=1).raise_failures()
    assert len(written()) == 9


@pytest.mark.acceptance
def test_no_unit_outlives_a_driver_that_was_killed() -> None:
    import subprocess
    import sys

    words = [sys.executable, "-m", "inpaint_bench", "run", "--dataset", "tiny.toml", "--methods", tiny.COUNTING]
    driver = subprocess.Popen([*words, *COMMON, "--processes", "2", "--quiet"])
    children: list[psutil.Process] = []
    while len(children) < 2:
        assert driver.poll() is None
        children = psutil.Process(driver.pid).children()
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    assert not psutil.wait_procs(children, timeout=5)[1]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1, IncompleteError), (2, InputError), (3, IncompleteError), (4, NotComparableError), (5, HashError)],
)
def test_a_unit_fails_with_the_error_that_it_ended_with(code: int, kind: type[BenchError]) -> None:
    unit = Unit("mine.1of2", "mine", "key", Path("mine.1of2.json"), (), lambda *_: 0)
    state = State(unit, "running", 1).after(code)
    assert state.state == ("failed" if code in (2, 4, 5) else "waiting")
    assert type(_failure(state)) is kind


def test_a_file_that_says_that_something_else_is_done_says_nothing() -> None:
    unit = Unit("mine.1of2", "mine", "key", Path("mine.1of2.json"), (), lambda *_: 0)
    for content, finished in ((seal("other", unit.part), False), (b"", False), (seal("key", unit.part), True)):
        unit.done.write_bytes(content)
        assert unit.finished() is finished
    unit.part.mkdir()
    (unit.part / "SHA256SUMS").write_text("changed")
    assert not unit.finished()


# --- Slurm's words ----------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What Slurm is asked; it answers with a queue of three jobs."""
    found: list[tuple[str, ...]] = []

    def ask(*words: str) -> str:
        found.append(words)
        return "7_0|RUNNING|None\n7_1|PENDING|Resources\n9|PENDING|Priority\n" if words[0] == "squeue" else ""

    monkeypatch.setattr(slurm, "_ask", ask)
    return found


def test_only_jobs_that_still_do_what_is_wanted_are_come_back_to(calls: list[tuple[str, ...]]) -> None:
    units = [
        Unit(f"mine.{number}of3", "mine", "key", Path(f"mine.{number}of3.json"), (), lambda *_: 0)
        for number in (1, 2, 3)
    ]
    Path("mine.1of3.job").write_text("7_0 key")
    Path("mine.2of3.job").write_text("7_1 another")
    Path("mine.3of3.job").write_text("\udcff", errors="surrogateescape")
    queue = Queue(units, 1)
    assert [queue.attached(unit).state for unit in units] == ["running", "waiting", "waiting"]
    queue.cancel_strangers()
    assert calls[-1] == ("scancel", "7_1", "9")


@pytest.mark.usefixtures("calls")
def test_what_is_no_file_with_a_job_is_passed_over() -> None:
    units = [Unit(f"mine.{n}of3", "mine", "key", Path(f"mine.{n}of3.json"), (), lambda *_: 0) for n in (1, 2, 3)]
    Path("mine.1of3.job").mkdir()
    Path("mine.2of3.job").write_text("--user=me key")
    Path("mine.3of3.job").write_text("9 key")
    os.mkfifo("another.job")
    assert Queue(units, 1).jobs == {"mine.3of3": "9"}


def test_a_cluster_that_does_not_answer_at_the_start_is_given_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "_ask", lambda *_: None)
    with pytest.raises(IncompleteError, match="Slurm does not answer"):
        Queue([Unit("mine.1of1", "mine", "key", Path("mine.1of1.json"), (), lambda *_: 0)], 1)


def test_options_of_sbatch_and_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    found = open_slurm({"partition": "gpu", "cpus_per_task": "8", "poll": "3", "array-parallelism": "5", "setup": "x"})
    assert (found.threads, found.poll, found.slots, found.setup) == (8, 3, 5, "x")
    assert found.options == {"partition": "gpu", "time": "60"}
    with pytest.raises(InputError, match="--slurm: poll is '0'; it must be a whole number from 1"):
        open_slurm({"poll": "0"})
