"""Units on this machine: so many processes at a time, each with its share of the processor, or a GPU of its own."""

import os
import re
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inpaint_bench.executors.units import OnLook, State, Unit

WAIT = 0.1  # seconds between looks at the processes
GRACE = 5  # seconds that a process has to end when it is asked to
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def stated_threads() -> int | None:
    """The threads that OMP_NUM_THREADS states; it may be a list, of which the first counts."""
    found = re.match("[1-9][0-9]{0,3}", os.environ.get("OMP_NUM_THREADS", ""))
    return int(found[0]) if found else None


@dataclass(frozen=True)
class Local:
    """Processes of this machine; with `gpus`, process k sees GPU k modulo their number alone."""

    slots: int
    gpus: int = 0
    name: str = "local"
    remote: bool = False
    detaches: bool = False

    @property
    def threads(self) -> int:
        """Those of OMP_NUM_THREADS, or a share of the processor."""
        return stated_threads() or max(1, (os.cpu_count() or 1) // self.slots)

    def run(self, units: Sequence[Unit], on_look: OnLook = lambda _: None) -> list[State]:
        """Work on units; one that fails is tried again after the others.

        A process ends when this one does: its standard input ends.
        """
        states = {unit.name: State(unit, "waiting") for unit in units}
        waiting, free = deque(states), list(reversed(range(self.slots)))
        running: dict[str, tuple[int, subprocess.Popen[bytes]]] = {}
        try:
            while waiting or running:
                while waiting and free:
                    name, slot = waiting.popleft(), free.pop()
                    process = _start(states[name].unit, slot % self.gpus if self.gpus else None)
                    states[name] = states[name].started(f"process {process.pid}")
                    running[name] = (slot, process)
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


def _start(unit: Unit, gpu: int | None) -> "subprocess.Popen[bytes]":
    environment = dict(os.environ) | dict.fromkeys(THREADS, str(unit.threads))
    environment["PYTHONSAFEPATH"] = "1"  # no module of the working folder in place of one that we import
    if gpu is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(gpu)
    with open(unit.log, "ab") as log:
        return subprocess.Popen(
            [*unit.command, "--with-driver"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
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
