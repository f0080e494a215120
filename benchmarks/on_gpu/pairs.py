"""Pairs per second of the harness with SPN, from files to composites, and the share of the time that the GPU waits.

The GPU works from the start of a call of the network to its end, as two events see it; for the rest of the time it
waits for pictures to be read and saved. Within a call it may wait too: Table 6 with CUDA graphs shows how much.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import torch
from made_pairs import make_pairs
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data import datasets, synthetic
from inpaint_bench.methods.baselines import find_baselines, loader, weights_of
from inpaint_bench.methods.networks import network_method
from inpaint_bench.runner import folder
from inpaint_bench.runner.predict import predict_pairs
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.timing.measure import clock_of
from inpaint_bench.weights import NO_WEIGHTS, SYNTHETIC
from on_gpu import FINISHED, INCOMPLETE
from on_gpu.part import PartRun, run_part

SIZE, MOST, LEAST_SECONDS = 256, 960, 0.02  # the last: of a pair, for files and rounding


class Busy:
    """A network that adds up how long its calls take on the device, without waiting for them."""

    def __init__(self, inpaint: Callable[[Tensor, Tensor], Tensor], device: torch.device) -> None:
        self.inpaint, self.device = inpaint, device
        self.calls: list[tuple[Any, Any]] = []

    def __call__(self, image: Tensor, mask: Tensor) -> Tensor:
        """Its prediction."""
        start = self._moment()
        prediction = self.inpaint(image, mask)
        self.calls.append((start, self._moment()))
        return prediction

    def _moment(self) -> Any:
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        return torch.cuda.current_stream(self.device).record_event(event)

    def seconds(self) -> float:
        """The sum over the calls so far."""
        if self.device.type != "cuda":
            return float(sum(end - start for start, end in self.calls))
        torch.cuda.synchronize(self.device)
        return float(sum(start.elapsed_time(end) for start, end in self.calls)) / 1000


def work(part: PartRun) -> int:
    """A row for each size of a batch."""
    method, size, batches = ("spn-small", 32, (1, 2)) if part.quick else ("spn", SIZE, (1, 8, 32))
    jobs = min(16, os.cpu_count() or 1)
    part.notes.append(f"{method} with synthetic weights, {size} pixels, jobs {jobs}; torch's own choice of TF32.")
    baseline, card = find_baselines()[method]
    inpaint = loader(baseline, card)(weights_of(baseline, card, "", SYNTHETIC), part.device)
    left_out = False
    for number, batch in enumerate(batches):
        seconds = 0.7 * part.left / (len(batches) - number)  # the rest is for the data and the warm-up
        if seconds < 1:
            part.add(**{"method": method, "batch": batch, "why": "no time was left"})
            left_out = True
            continue
        part.add(**{"method": method, "batch": batch, **rate(inpaint, batch, size, jobs, seconds, part)})
    return INCOMPLETE if left_out else FINISHED


def rate(
    inpaint: Callable[[Tensor, Tensor], Tensor], batch: int, size: int, jobs: int, seconds: float, part: PartRun
) -> dict[str, float | int]:
    """Pairs per second of a run that takes about so many seconds, and how long the GPU waited in it."""
    image, mask = (made(size).repeat(batch, 1, 1, 1).to(part.device) for made in (synthetic.image, synthetic.mask))
    clock = clock_of(part.device)
    call = [clock(lambda: inpaint(image, mask)).seconds for _ in range(1 if part.quick else 3)][-1]
    count = int(min(MOST, seconds / max(call / batch, LEAST_SECONDS)))
    count = 2 * batch if part.quick else max(2 * batch, count - count % batch)
    busy = Busy(inpaint, part.device)

    def network(image: Tensor, mask: Tensor) -> Tensor:
        return busy(image, mask)

    method = network_method("spn", "benchmark", "", lambda weights, device: network, NO_WEIGHTS, probed=False)
    runtime = RuntimeOptions(str(part.device), batch, jobs, allow_known_error=True)
    with files.scratch("pairs") as scratch:
        page = make_pairs(scratch, count, size)
        dataset = datasets.see(datasets.open_dataset(str(page), None), jobs)
        run = folder.start(scratch / "run", dataset)
        begun = time.perf_counter()
        predict_pairs(run, dataset, method, runtime)
        whole = time.perf_counter() - begun
    return {"pairs": count, "pairs/s": count / whole, "GPU waits %": 100 * (1 - busy.seconds() / whole)}


if __name__ == "__main__":
    run_part("pairs", "Pairs per second of the harness", work)
