"""Every learned method on one 256x256 image: seconds, GFLOP and GFLOP/s (beside plain networks: `plain_modules.py`).

    python benchmarks/networks.py [METHOD ...] [--precision bf16] [--runs 5] [--device cuda]

Batch 1, synthetic weights, two threads on a CPU. Methods take turns, so that all see the same load; the median is
printed. "work" is seconds times the convolution's rate in the same run, which does not depend on the speed of the
machine. GFLOP are counted by torch: convolutions and matrix products as they are run, so a Winograd convolution counts
a quarter. With bf16, the PSNR of the prediction against the float32 prediction is printed too.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.methods.baselines import find_baselines, installed, loader, weights_of
from inpaint_bench.weights import SYNTHETIC

SLOW = {"dsi"}  # once is enough

Run = Callable[[], Tensor]


def convolution(device: torch.device) -> Run:
    """3x3, 256 channels, 64x64, channels last: 4.83 GFLOP."""
    layer = torch.nn.Conv2d(256, 256, 3, padding=1).to(device).to(memory_format=torch.channels_last)
    features = torch.randn(1, 256, 64, 64, device=device).to(memory_format=torch.channels_last)
    return lambda: layer(features)


def method(name: str, device: torch.device) -> Run:
    """One prediction by a method with synthetic weights; one sample of a stochastic one."""
    baseline, card = find_baselines()[name]
    inpaint = loader(baseline, card)(weights_of(baseline, card, "", SYNTHETIC), device)
    mask = synthetic.mask(256, 0)
    arguments = [emptied(synthetic.image(256, 0), mask).to(device), mask.to(device)]
    if card.stochastic:
        arguments.append(torch.tensor([[1]]))
    return lambda: inpaint(*arguments)


def seconds(run: Run, device: torch.device) -> float:
    """Wall seconds of one call."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def gflop(run: Run) -> float:
    """The GFLOP of one call, as counted by torch."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops()) / 1e9


def psnr(prediction: Tensor, reference: Tensor) -> float:
    """In dB, of values in [0, 1]."""
    return float(-10 * torch.log10((prediction.float() - reference.float()).square().mean()))


def precision(name: str, device: torch.device) -> AbstractContextManager[object]:
    """The autocast context of a run."""
    return torch.autocast(device.type, torch.bfloat16) if name == "bf16" else nullcontext()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    options = parser.parse_args()
    torch.set_num_threads(2)
    found = find_baselines().items()
    learned = [name for name, (_, card) in found if card.learned and card.model is None and installed(card)]
    runs = {name: method(name, options.device) for name in options.methods or learned}
    with torch.inference_mode():
        report(runs, options.precision, options.runs, options.device)


def report(runs: dict[str, Run], kind: str, count: int, device: torch.device) -> None:
    """Warm up, time the methods in turns, print a table."""
    plain = convolution(device)
    reference = {name: run() for name, run in runs.items()}
    costs = {name: gflop(run) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    rates, float32 = [], dict.fromkeys(runs, 0.0)
    for turn in range(count):
        rates.append(max(4.832 / seconds(plain, device) for _ in range(20)))
        for name, run in runs.items():
            if turn and name in SLOW:
                continue
            float32[name] = seconds(run, device) if kind == "bf16" else 0.0
            with precision(kind, device):
                times[name].append(seconds(run, device))
    rate = statistics.median(rates)
    print(f"convolution {rate:.0f} GFLOP/s, {kind}, {device}, torch {torch.__version__}")
    print(f"{'method':12}{'seconds':>9}{'GFLOP':>8}{'GFLOP/s':>9}{'work':>8}")
    for name, run in runs.items():
        middle = statistics.median(times[name])
        cost = costs[name]
        line = f"{name:12}{middle:9.3f}{cost:8.1f}{cost / middle:9.1f}{middle * rate:8.0f}"
        if kind == "bf16":
            with precision(kind, device):
                line += (
                    f"  PSNR to float32 {psnr(run(), reference[name]):.1f} dB, {float32[name] / middle:.2f}x as fast"
                )
        print(line)


if __name__ == "__main__":
    main()
