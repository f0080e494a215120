"""The most memory that a method holds while it inpaints, seen in a process of its own."""

import ctypes
import gc
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

import torch

from inpaint_bench.errors import MethodError
from inpaint_bench.timing import Memory

Job = TypeVar("Job")

CALL = "resident memory of a process of its own, weights and one call; what loading alone needs is left out"
LOADING = "resident memory of a process of its own, weights and one call, with what loading needs"
ON_GPU = "memory that torch held on the GPU, weights and one call"


def peak_apart(method: str, prepare: Callable[[Job], Callable[[], object]], job: Job, device: torch.device) -> Memory:
    """`peak` of what `prepare(job)` returns, in a new process. Both must be picklable.

    Raises MethodError when that process is killed, as one is that asks for more memory than there is.
    """
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(peak, prepare, job, device).result()
    except BrokenProcessPool as error:
        raise MethodError(
            f"{method}: the process that measures its memory was killed: it may have asked for more than there is."
        ) from error


def peak(prepare: Callable[[Job], Callable[[], object]], job: Job, device: torch.device) -> Memory:
    """The most memory in use during one call of `prepare(job)`, above what this process holds now."""
    if device.type == "cuda":
        return _on_gpu(prepare, job, device)
    before = _status("VmRSS")
    if before is None:
        return _by_resource(prepare, job)
    call = prepare(job)
    forgotten = _forget_peak()
    call()
    after = _status("VmHWM")
    return Memory(None if after is None else max(0, after - before), CALL if forgotten else LOADING)


def _on_gpu(prepare: Callable[[Job], Callable[[], object]], job: Job, device: torch.device) -> Memory:
    call = prepare(job)
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return Memory(torch.cuda.max_memory_allocated(device), ON_GPU)


def _by_resource(prepare: Callable[[Job], Callable[[], object]], job: Job) -> Memory:
    """Where there is no /proc: the peak of the process's whole life, before and after."""
    try:
        import resource
    except ImportError:
        return Memory(None, "this system does not tell")
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    prepare(job)()
    return Memory((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit, LOADING)


def _status(key: str) -> int | None:
    """A line of Linux's account of this process, in bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    words = next((line.split() for line in lines if line.startswith(f"{key}:")), None)
    return int(words[1]) * 1024 if words else None


def _forget_peak() -> bool:
    """Give free memory back and let the peak begin anew; whether the system lets us."""
    gc.collect()
    try:
        if sys.platform == "linux":
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; other libraries give back by themselves
            if trim is not None:
                trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True
