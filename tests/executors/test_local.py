"""Units in processes of this machine: tried again, each with its threads and GPU, and none outlives its driver."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from inpaint_bench.executors.local import Local
from inpaint_bench.executors.units import TRIES, State, Unit, last_lines

DONE = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(b'key -\\n')"


def unit(name: str, code: str = DONE, threads: int = 1) -> Unit:
    """A unit that runs Python code with the path of its file as argument."""
    spec = Path(f"{name}.json").absolute()
    return Unit(
        name, "mine", "key", spec, (sys.executable, "-S", "-c", code, str(spec.with_suffix(".done"))), never, threads
    )


def never(*_: object) -> int:
    """Programs are started here, nothing is called."""
    raise AssertionError


def outcomes(states: list[State]) -> dict[str, tuple[str, int, int]]:
    return {one.unit.name: (one.state, one.tries, one.code) for one in states}


def test_units_are_done_at_most_so_many_at_a_time() -> None:
    most = []
    units = [unit(f"u{number}") for number in range(7)]
    states = Local(3).run(units, lambda seen: most.append(sum(one.state == "running" for one in seen)))
    assert outcomes(states) == {f"u{number}": ("done", 1, 0) for number in range(7)}
    assert 1 <= max(most) <= 3


def test_a_unit_has_three_tries_and_one_that_cannot_succeed_has_one() -> None:
    second = f"import sys, pathlib; p = pathlib.Path('tried'); e = p.exists(); p.touch(); e or sys.exit(3); {DONE}"
    units = [
        unit("fails", "raise SystemExit('no')"),
        unit("wrong", "raise SystemExit(2)"),
        unit("second", second),
        unit("silent", "pass"),
        unit("good"),
    ]
    states = Local(2).run(units)
    assert outcomes(states) == {
        "fails": ("failed", TRIES, 1),
        "wrong": ("failed", 1, 2),
        "second": ("done", 2, 0),
        "silent": ("failed", TRIES, 0),
        "good": ("done", 1, 0),
    }
    assert last_lines(units[0].log) == "no"
    assert Path("fails.log").read_text().splitlines() == ["no"] * TRIES


def test_a_process_has_its_threads_and_its_gpu() -> None:
    names = ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
    show = f"import os; print(*[os.environ.get(name) for name in {names}]); {DONE}"
    units = [unit(f"u{number}", show, threads=3) for number in range(6)]
    Local(4, gpus=2).run(units)
    shown = {one.log.read_text().strip() for one in units}
    assert shown == {"3 0", "3 1"}
    Local(1).run([unit("u0", show)])
    assert units[0].log.read_text().splitlines()[-1].startswith("1 ")


WAITS = "import os, sys, pathlib; pathlib.Path('pid').write_text(str(os.getpid())); sys.stdin.read()"


def test_what_still_runs_ends_with_an_interrupt() -> None:
    def interrupt(states: object) -> None:
        if Path("pid").is_file() and Path("pid").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Local(1).run([unit("waits", WAITS)], interrupt)
    assert not psutil.pid_exists(int(Path("pid").read_text()))


def test_no_process_outlives_a_driver_that_was_killed() -> None:
    driver = dedent(
        f"""
        import sys
        from pathlib import Path
        from inpaint_bench.executors.local import Local
        from inpaint_bench.executors.units import Unit
        Local(1).run([Unit("u", "m", "key", Path("u.json"), (sys.executable, "-c", {WAITS!r}), print)])
        """
    )
    process = subprocess.Popen([sys.executable, "-c", driver])
    pid = Path("pid")
    while not (pid.is_file() and pid.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    child = psutil.Process(int(pid.read_text()))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not psutil.wait_procs([child], timeout=20)[1]


def test_the_last_lines_of_a_log_are_bounded() -> None:
    log = Path("long.log")
    log.write_bytes(b"x" * 100_000 + b"\n\n  the end \xff \n\n")
    assert last_lines(log) == "the end \ufffd"
    assert len(last_lines(log, 2)) <= 600
    assert last_lines(Path("none.log")) == ""
