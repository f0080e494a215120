"""Check the `time` command against calls that are known to take 20 ms, on the CPU and on a simulated GPU.

    python benchmarks/timing.py

A method sleeps 20 ms: its median must be 20 ± 1 ms. A simulated GPU queues work and does it in a thread, 20 ms per
call, while the call returns at once: the time between its events must be within 5% of what its thread measured. Exit
code 1 if either check fails.
"""

import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

from inpaint_bench.timing.measure import TimingOptions, time_methods
from inpaint_bench.timing.timed import Selection, find_timed_methods
from inpaint_bench.timing.timer import ON_CPU, EventClock, Repetitions, Task, in_turns

SLEEP = 0.02
SLEEPER = f"""
import time

def load(weights, device):
    def inpaint(image, mask):
        time.sleep({SLEEP})
        return image
    return inpaint
"""


class LaterGpu:
    """Does queued work in a thread, in order, and measures how long each piece took."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Callable[[], object]] = queue.Queue()
        self.truth: list[float] = []
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self.queue.get()()
            self.queue.task_done()

    def launch(self) -> None:
        """Queue 20 ms of work."""
        self.queue.put(self._sleep)

    def _sleep(self) -> None:
        start = time.perf_counter()
        time.sleep(SLEEP)
        self.truth.append(time.perf_counter() - start)

    def event(self) -> "LaterEvent":
        """An event in the queue."""
        return LaterEvent(self)


class LaterEvent:
    """As torch.cuda.Event: reached when the queue gets to it."""

    def __init__(self, gpu: LaterGpu) -> None:
        self.gpu, self.at = gpu, 0.0

    def record(self) -> None:
        """Put the event into the queue."""
        self.gpu.queue.put(self._reach)

    def _reach(self) -> None:
        self.at = time.perf_counter()

    def elapsed_time(self, later: "LaterEvent") -> float:
        """Milliseconds."""
        return 1000 * (later.at - self.at)


def sleeper() -> float:
    """The measured median of the method that sleeps, which takes turns with two others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sleeps_20_ms.py").write_text(SLEEPER)
        sys.path.insert(0, folder)
        selection = Selection(("sleeper=python:sleeps_20_ms:load", "telea", "mean-fill"))
        options = TimingOptions(selection, torch.device("cpu"), repetitions=ON_CPU)
        outcome = time_methods(find_timed_methods(selection), options, Path(folder, "run"))
        outcome.raise_failures()
        (found,) = (timing for timing in outcome.timings if timing.method == "sleeper")
        assert found.network is not None
        print(*(f"  {sentence}" for sentence in found.unstable), sep="\n")
        return found.network.p50


def later_gpu() -> tuple[float, float]:
    """The median between events, and the median of the same calls as the simulated GPU measured them."""
    gpu = LaterGpu()
    task = Task("later", gpu.launch, EventClock(gpu.event, gpu.queue.join))
    in_turns([task], Repetitions(200, 0.0, both=True))
    truth = sorted(gpu.truth[-2 * len(task.timed) :])[len(task.timed)]
    return task.series().p50, truth


def main() -> None:
    """Print both checks; exit code 1 if one fails."""
    median = sleeper()
    good = abs(median - SLEEP) <= 0.001
    print(f"{'ok' if good else 'OFF'}: a method that sleeps 20 ms takes {1000 * median:.2f} ms (p50)")
    events, truth = later_gpu()
    near = abs(events - truth) <= 0.05 * truth
    print(
        f"{'ok' if near else 'OFF'}: queued work takes {1000 * events:.2f} ms between events, "
        f"{1000 * truth:.2f} ms in the queue's thread"
    )
    sys.exit(0 if good and near else 1)


if __name__ == "__main__":
    main()
