"""Pictures inpainted in several processes at once, by functions that use one core."""

import contextlib
import pickle
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from baselines.classical import functions
from baselines.classical.functions import FUNCTIONS
from inpaint_bench.data.images import Hole, Pixels

LEAST = 4  # pictures at once; fewer are done before a process has started
MOST = 8  # processes: one a picture of a batch


class Workers:
    """A function of `functions` and the processes that apply it, which end with this object.

    There are as many as torch has threads. Each begins when it is first needed. A picture whose process has failed is
    inpainted here, so that an error is raised as it is.
    """

    def __init__(self, name: str) -> None:
        self.function = FUNCTIONS[name]
        self.name = name
        self.idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self.started: list[subprocess.Popen[bytes]] = []
        self.lock = threading.Lock()
        weakref.finalize(self, _end, self.started)

    def all(self, pictures: Sequence[Pixels], holes: Sequence[Hole]) -> list[Pixels]:
        """The inpainted pictures, in order."""
        count = min(torch.get_num_threads(), MOST)
        if count == 1 or len(pictures) < LEAST:
            return [self.function(*one) for one in zip(pictures, holes, strict=True)]
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(self._one, pictures, holes))

    def _one(self, pixels: Pixels, hole: Hole) -> Pixels:
        worker = self._worker()
        try:
            assert worker.stdin
            assert worker.stdout
            pickle.dump((pixels, hole), worker.stdin)
            worker.stdin.flush()
            output: Pixels = pickle.load(worker.stdout)
        except (OSError, EOFError):  # it has ended
            return self.function(pixels, hole)
        self.idle.put(worker)
        return output

    def _worker(self) -> subprocess.Popen[bytes]:
        """A process that waits for a picture; a new one where none does."""
        with contextlib.suppress(queue.Empty):
            return self.idle.get_nowait()
        command = [sys.executable, str(Path(functions.__file__)), self.name]
        with self.lock:
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.started.append(worker)
        return worker


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    """End processes, whatever they are doing."""
    for worker in started:
        worker.kill()
        for file in (worker.stdin, worker.stdout):
            with contextlib.suppress(OSError):  # what was not sent yet is of no use
                assert file
                file.close()
        worker.wait()
