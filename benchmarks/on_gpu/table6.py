"""Table 6: milliseconds, memory, parameters and GFLOP of every method; float32, TF32, bf16, and as a CUDA graph.

One image a call, synthetic weights. All networks stay loaded. Quick ones come first, CUDA graphs last.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.methods.foreign import described
from inpaint_bench.methods.parameters import takes_seeds
from inpaint_bench.methods.select import Given
from inpaint_bench.timing import Cost
from inpaint_bench.timing.flops import cost_of, tracked
from inpaint_bench.timing.measure import clock_of
from inpaint_bench.timing.timed import (
    Selection,
    SyntheticImages,
    TimedMethod,
    draw_images,
    find_timed_methods,
    network_call,
)
from inpaint_bench.timing.timer import Repetitions, Task, in_turns
from on_gpu import FINISHED, INCOMPLETE
from on_gpu.part import PartRun, run_part, wait_for

SIZES = (256, 512)  # pixels; the second for methods that do not take the first
ENOUGH = Repetitions(50, 0.5, both=False, least=1)
EAGER = {"cuda": ("float32", "TF32", "bf16"), "cpu": ("float32", "bf16")}
GRAPHS = ("TF32", "bf16")
QUICK, QUICK_SIZES = ("mean-fill", "spn-small"), (32,)


@dataclass(frozen=True)
class Loaded:
    """A method that is ready to be timed."""

    name: str
    size: int
    call: Callable[[], Tensor]
    cost: Cost
    first_seconds: float  # of its first call
    held: int  # bytes that were in use on the GPU before it was loaded
    weights: int  # bytes that it holds there between calls


@contextmanager
def precision(kind: str, device: torch.device) -> Iterator[None]:
    """float32 without TF32, float32 with it, or bf16 by autocast."""
    before = torch.backends.cuda.matmul.allow_tf32
    flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=kind == "TF32")
    cast = torch.autocast(device.type, torch.bfloat16, enabled=kind == "bf16", cache_enabled=False)
    with ExitStack() as stack:
        torch.backends.cuda.matmul.allow_tf32 = kind == "TF32"
        stack.callback(setattr, torch.backends.cuda.matmul, "allow_tf32", before)
        stack.enter_context(flags)
        stack.enter_context(cast)
        yield


def allocated(device: torch.device) -> int:
    """Bytes that torch holds on the GPU; 0 on a CPU."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def load(timed: TimedMethod, part: PartRun, inputs: dict[int, SyntheticImages]) -> Loaded:
    """Load a method, and count what its first call costs."""
    device, opened = part.device, timed.method.load
    assert opened is not None
    size = next(size for size in inputs if timed.method.needs.sizes.take(size))
    held = allocated(device)
    inpaint, tracker = tracked(lambda: opened(device))
    call = network_call(inpaint, inputs[size], device, int(takes_seeds(inpaint)))
    begun = time.monotonic()
    with precision("float32", device):
        _, cost = cost_of(call, tracker)
        wait_for(device)
    return Loaded(timed.name, size, call, cost, time.monotonic() - begun, held, allocated(device) - held)


def measured(
    method: Loaded, call: Callable[[], Tensor], reference: Tensor | None, device: torch.device
) -> dict[str, Any]:
    """Times of a call in the precision that holds, its memory, and how far its prediction is from a reference."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
    before = allocated(device)
    prediction = call().float()
    wait_for(device)
    peak = torch.cuda.max_memory_allocated(device) - before + method.weights if device.type == "cuda" else None
    task = Task(method.name, call, clock_of(device))
    for error in in_turns([task], ENOUGH).values():
        raise error
    series = task.series()
    return {
        "ms": 1000 * series.p50,
        "p90 ms": 1000 * series.percentile(90),
        "calls": len(series.seconds),
        "memory MiB": None if peak is None else peak / 2**20,
        "PSNR to float32": None if reference is None else psnr(prediction, reference),
    }


def psnr(prediction: Tensor, reference: Tensor) -> float | str:
    """In dB, of values in [0, 1]; 'inf' of equal ones."""
    error = float((prediction - reference).square().mean())
    return float(-10 * torch.log10(torch.tensor(error))) if error else "inf"


def graphed(call: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The same work as one CUDA graph.

    Raises RuntimeError for a call that waits for the GPU or copies from the CPU, before a capture is tried: one that
    fails can leave torch unusable.
    """
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        call()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        prediction = call()

    def replay() -> Tensor:
        graph.replay()
        return prediction

    return replay


def row(method: Loaded, kind: str, found: dict[str, Any]) -> dict[str, Any]:
    """A row of the table."""
    cost = method.cost
    return {
        "method": method.name,
        "pixels": method.size,
        "parameters M": None if cost.parameters is None else cost.parameters / 1e6,
        "GFLOP": None if cost.flop is None else cost.flop / 1e9,
        "how": kind,
        **found,
    }


def work(part: PartRun) -> int:
    """Load every method, then time it in each way."""
    selection = Selection(QUICK if part.quick else (), given=Given(weights={"*": "synthetic"}))
    part.notes.append("One image a call, synthetic images and weights; ms is the median; memory: weights and one call.")
    ready, failed = [], 0
    with files.scratch("table6") as scratch:
        inputs = {size: draw_images(scratch / str(size), size, 1) for size in (QUICK_SIZES if part.quick else SIZES)}
        for timed in find_timed_methods(selection):
            try:
                ready.append(load(timed, part, inputs))
            except Exception as error:  # one method that fails does not end the table
                failed += 1
                part.add(method=timed.name, why=described(error))
        ready.sort(key=lambda method: method.first_seconds)
        references: dict[str, Tensor] = {}
        ways = [(method, kind, False) for method in ready for kind in EAGER[part.device.type]]
        if part.device.type == "cuda":
            ways += [(method, kind, True) for method in ready for kind in GRAPHS if method.cost.flop]
        for method, kind, graph in ways:
            failed += not timed_row(part, method, kind, graph, references)
    return INCOMPLETE if failed else FINISHED


def timed_row(part: PartRun, method: Loaded, kind: str, graph: bool, references: dict[str, Tensor]) -> bool:
    """Time a method in one way and add the row; False where the time is over or float32 or TF32 fails.

    bf16 and CUDA graphs are beyond what some methods support: the row says why.
    """
    if kind != "float32" and method.cost.flop is None:
        return True  # a classical method has no precision to choose
    name = f"{kind}, CUDA graph" if graph else kind
    if part.left < 3 * method.first_seconds:
        part.add(**row(method, name, {"why": "no time was left"}))
        return False
    try:
        with precision(kind, part.device):
            call = graphed(method.call) if graph else method.call
            if kind == "float32":
                references[method.name] = call().float()
            found = measured(method, call, None if kind == "float32" else references.get(method.name), part.device)
    except Exception as error:  # one method that fails does not end the table
        part.add(**row(method, name, {"why": described(error)}))
        return graph or kind == "bf16"
    part.add(**row(method, name, found))
    return True


if __name__ == "__main__":
    run_part("table6", "Table 6", work)
