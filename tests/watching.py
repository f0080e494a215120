"""What this process does while it reads a file: writes, sockets and programs, memory and time, each within bounds.

Nothing is forbidden, so that no `except` of the code under test can hide it: it is recorded, and judged afterwards.
"""

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from inpaint_bench.errors import BenchError

SECONDS = 20  # of work; a machine that is busy with other things may need
WAITS = 4  # times as long
BYTES = 2 << 30
STOP = 3 * BYTES  # where allocations fail, so that a machine survives a fault
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {  # audit events → how many of their arguments are paths that change
    "os.mkdir": 1, "os.rmdir": 1, "os.remove": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "os.chmod": 1, "os.chown": 1, "os.utime": 1, "os.mkfifo": 1, "shutil.rmtree": 1, "sqlite3.connect": 1,
}  # fmt: skip
SOCKETS = ("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname")
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "pty.spawn")
NOWHERE = ("/dev/", "/proc/self/")


class Fault(AssertionError):
    """What must not happen."""


class TimeUpError(BaseException):
    """The time is over; no `except Exception` keeps it."""


class Watch:
    """What happened so far."""

    def __init__(self, allowed: Sequence[Path]) -> None:
        self.allowed = tuple(str(folder.resolve()) + os.sep for folder in allowed)
        self.faults: list[str] = []

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit event of Python."""
        if event in SOCKETS or event in PROGRAMS:
            self.faults.append(f"{event} {str(arguments[1:3])[:100]}")
        elif event == "open":
            if arguments[2] & WRITES and not isinstance(arguments[0], int):
                self.write(event, arguments[0])
        elif event in CHANGES:
            for path in arguments[: CHANGES[event]]:
                if not isinstance(path, int):
                    self.write(event, path)

    def write(self, event: str, path: Any) -> None:
        """A file is opened for writing, made, moved or removed; a link that lies outside is judged by where it lies."""
        name = os.fsdecode(path)
        if name == ":memory:" or name.startswith(NOWHERE):
            return
        folder, last = os.path.split(os.path.abspath(name))  # noqa: PTH100  # pathlib refuses names with NUL
        real = os.path.join(os.path.realpath(folder), last)  # noqa: PTH118
        if not (real + os.sep).startswith(self.allowed):
            self.faults.append(f"{event} outside: {name[:200]}")


_watch: Watch | None = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch is not None:
        _watch.hear(event, arguments)


sys.addaudithook(_hear)


@contextmanager
def watched(allowed: Sequence[Path]) -> Iterator[None]:
    """Raise Fault for whatever must not happen meanwhile; only what lies in these folders may be written."""
    global _watch
    watch, before, sockets, began = Watch(allowed), _memory("VmRSS"), _sockets(), time.process_time()
    try:
        with pytest.MonkeyPatch.context() as patch, _bounded(watch):
            patch.setattr(sys, "dont_write_bytecode", True)
            patch.setattr(BenchError, "__init__", _init_of_errors(watch))
            _watch = watch
            try:
                yield
            except TimeUpError:
                pass
            finally:
                _watch = None
    finally:  # also where the file was refused
        if (seconds := time.process_time() - began) > SECONDS:
            watch.faults.append(f"more than {SECONDS} s: {seconds:.1f} s of work")
        if (peak := _memory("VmHWM") - before) > BYTES:
            watch.faults.append(f"{peak >> 20} MiB")
        watch.faults += [f"a socket is left: {one}" for one in _sockets() - sockets]
        if watch.faults:
            raise Fault("; ".join(dict.fromkeys(watch.faults)))


def _init_of_errors(watch: Watch) -> Any:
    """An error of ours that was made of one of memory: without the bound, the memory would have been taken."""

    def init(error: BenchError, *arguments: object) -> None:
        cause = sys.exc_info()[1]
        while cause is not None:
            if isinstance(cause, MemoryError) or re.search("allocate|out of memory", str(cause)):
                watch.faults.append(f"asked for too much memory: {cause}")
            cause = cause.__cause__ or cause.__context__
        super(BenchError, error).__init__(*arguments)

    return init


@contextmanager
def _bounded(watch: Watch) -> Iterator[None]:
    """A time-out, and a bound of the memory that may be added."""

    def stop(number: int, frame: FrameType | None) -> None:
        watch.faults.append(f"more than {WAITS * SECONDS} s")
        raise TimeUpError

    handler = signal.signal(signal.SIGALRM, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_memory("VmSize") + STOP, hard))
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins here
    signal.setitimer(signal.ITIMER_REAL, WAITS * SECONDS, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _memory(fact: str) -> int:
    """VmRSS, VmSize or VmHWM of this process, in bytes; 0 where it is not known."""
    if sys.platform != "linux":
        return 0
    found = re.search(rf"{fact}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) << 10 if found else 0


def _sockets() -> set[str]:
    """The sockets that this process holds, those of C code too."""
    if sys.platform != "linux":
        return set()
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:  # the one that listed them
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
