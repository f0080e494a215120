"""Peak memory of a method while it inpaints, measured in a separate process."""

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

CALL = "resident memory of a separate process: weights and one call, without temporary memory of loading"
LOADING = "resident memory of a separate process: weights, loading and one call"
ON_GPU = "memory allocated by torch on the GPU: weights and one call"


def peak_in_new_process(
    method: str, prepare: Callable[[Job], Callable[[], object]], job: Job, device: torch.device
) -> Memory:
    """`peak(prepare, job, device)` in a new process; `prepare` and `job` must be picklable.

    Raises MethodError when that process is killed, as happens when memory runs out.
    """
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(peak, prepare, job, device).result()
    except BrokenProcessPool as error:
        raise MethodError(
            f"{method}: the process that measures its memory was killed; memory may have run out."
        ) from error


def peak(prepare: Callable[[Job], Callable[[], object]], job: Job, device: torch.device) -> Memory:
    """Peak memory in bytes during one call of the function that `prepare(job)` returns, above what is in use now."""
    if device.type == "cuda":
        return _on_gpu(prepare, job, device)
    before = _status("VmRSS")
    if before is None:
        return _by_resource(prepare, job)
    call = prepare(job)
    reset = _reset_peak()
    call()
    after = _status("VmHWM")
    return Memory(None if after is None else max(0, after - before), CALL if reset else LOADING)


def _on_gpu(prepare: Callable[[Job], Callable[[], object]], job: Job, device: torch.device) -> Memory:
    call = prepare(job)
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return Memory(torch.cuda.max_memory_allocated(device), ON_GPU)


def _by_resource(prepare: Callable[[Job], Callable[[], object]], job: Job) -> Memory:
    """Without /proc: the difference of the process's lifetime peaks before and after."""
    try:
        import resource
    except ImportError:
        return Memory(None, "this system does not report it")
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    prepare(job)()
    return Memory((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit, LOADING)


def _status(key: str) -> int | None:
    """An entry of /proc/self/status in bytes; None if there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    words = next((line.split() for line in lines if line.startswith(f"{key}:")), None)
    return int(words[1]) * 1024 if words else None


def _reset_peak() -> bool:
    """Return free memory to the system and reset the peak; False if the system does not allow it."""
    gc.collect()
    try:
        if sys.platform == "linux":
            trim = getattr(
                ctypes.CDLL(None), "malloc_trim", None
            )  # of glibc; other C libraries return memory themselves
            if trim is not None:
                trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True
