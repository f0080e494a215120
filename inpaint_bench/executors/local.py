"""Units on this machine: so many processes at a time, each with its share of the processor, or a GPU of its own."""

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from inpaint_bench.executors.units import State, Unit

WAIT = 0.1  # seconds between looks at the processes
GRACE = 5  # seconds that a process has to end when it is asked to
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run_units(
    units: Iterable[Unit],
    processes: int,
    gpus: int = 0,
    threads: int = 1,
    on_look: Callable[[Sequence[State]], None] = lambda _: None,
) -> list[State]:
    """Work on units in up to `processes` processes at a time, and return what became of each, in order.

    Each has so many threads. With `gpus`, process k sees GPU k modulo their number alone. A unit that fails is tried
    again, after the others. A process ends when this one does: its standard input ends. `on_look` is called with all
    states now and then.
    """
    states = {unit.name: State(unit, "waiting") for unit in units}
    waiting, free = deque(states), list(reversed(range(processes)))
    running: dict[str, tuple[int, subprocess.Popen[bytes]]] = {}
    try:
        while waiting or running:
            while waiting and free:
                name, slot = waiting.popleft(), free.pop()
                before = states[name]
                states[name] = State(before.unit, "running", before.tries + 1)
                running[name] = (slot, _start(before.unit, slot % gpus if gpus else None, threads))
            for name, (slot, process) in list(running.items()):
                if (code := process.poll()) is not None:
                    del running[name]
                    _end([process])
                    free.append(slot)
                    states[name] = states[name].after(code)
                    if states[name].state == "waiting":
                        waiting.append(name)
            on_look([*states.values()])
            time.sleep(WAIT)
    finally:
        _end(process for _, process in running.values())
    return [*states.values()]


def _start(unit: Unit, gpu: int | None, threads: int) -> "subprocess.Popen[bytes]":
    environment = dict(os.environ) | dict.fromkeys(THREADS, str(threads))
    environment["PYTHONSAFEPATH"] = "1"  # no module of the working folder in place of one that we import
    if gpu is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(gpu)
    with open(unit.log, "ab") as log:
        return subprocess.Popen(
            unit.command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, start_new_session=True
        )


def _end(processes: Iterable["subprocess.Popen[bytes]"]) -> None:
    """End processes that still run: they end when their standard input does."""
    left = list(processes)
    for process in left:
        if process.stdin is not None:
            process.stdin.close()
    for process in left:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
