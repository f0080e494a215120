"""Time and memory of the Fréchet distance of features of width 2048: ours, scipy's sqrtm and torch-fidelity's.

    python benchmarks/frechet.py [pairs ...]        default: 100 3000 12000

Each runs in a process of its own, on the same features. Goals: at least 100 times the speed of sqrtm with 100 pairs,
at least twice with 3,000, and faster than torch-fidelity with 12,000. The last column is the peak memory of the
process beyond the features and the imports.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

WIDTH = 2048
GOALS = {100: ("sqrtm", 100.0), 3000: ("sqrtm", 2.0), 12_000: ("torch-fidelity", 1.0)}
Rows: TypeAlias = NDArray[np.float32]


def pairs(count: int) -> tuple[Rows, Rows]:
    """Features of composites and of targets, float32: positive, with falling variance, as pooled features are."""
    rng = np.random.default_rng(0)
    scale = np.arange(1, WIDTH + 1, dtype=np.float32) ** -0.4
    y = np.abs(rng.standard_normal((count, WIDTH), np.float32)) * scale
    return y + 0.3 * rng.standard_normal((count, WIDTH), np.float32) * scale, y


def ours(x: Rows, y: Rows) -> float:
    """Ours: the nuclear norm of the product of roots."""
    from inpaint_bench.metrics.sets.frechet import frechet_distance

    return frechet_distance(x, y)


def sqrtm(x: Rows, y: Rows) -> float:
    """The formula of most FID scripts."""
    from scipy import linalg

    shift = x.mean(axis=0, dtype=np.float64) - y.mean(axis=0, dtype=np.float64)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root: Any = linalg.sqrtm(a @ b)
    return float(shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(np.real(root)))


def fidelity(x: Rows, y: Rows) -> float:
    """torch-fidelity's statistics and distance."""
    import torch
    from torch_fidelity import metric_fid

    both = [metric_fid.fid_features_to_statistics(torch.from_numpy(rows)) for rows in (x, y)]
    found = metric_fid.fid_statistics_to_metric(*both, verbose=False)
    return float(found[metric_fid.KEY_METRIC_FID])


IMPLEMENTATIONS: dict[str, Callable[[Rows, Rows], float]] = {
    "inpaint-bench": ours,
    "sqrtm": sqrtm,
    "torch-fidelity": fidelity,
}


def measure(name: str, folder: Path) -> None:
    """Run one of them in this process and print seconds, CPU seconds, value and MiB as JSON."""
    form = IMPLEMENTATIONS[name]
    x, y = (np.load(folder / f"{one}.npy") for one in "xy")
    form(x[:20, :8].copy(), y[:20, :8].copy())  # imports
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    repeats = 20 if name == "inpaint-bench" and len(x) <= 100 else 1
    start, busy = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        value = form(x, y)
    seconds, busy = (time.perf_counter() - start) / repeats, (time.process_time() - busy) / repeats
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024
    print(json.dumps({"seconds": seconds, "busy": busy, "value": value, "memory": memory}))


def in_a_process(name: str, count: int) -> dict[str, float]:
    """Run one of them in a process of its own, which only loads the features."""
    with tempfile.TemporaryDirectory() as folder:
        for one, rows in zip("xy", pairs(count), strict=True):
            np.save(Path(folder, f"{one}.npy"), rows)
        command = [sys.executable, __file__, "--measure", name, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(counts: list[int]) -> None:
    """Time each of them with each number of pairs and print the results."""
    for count in counts:
        found = {}
        for name in IMPLEMENTATIONS:
            one = found[name] = in_a_process(name, count)
            print(
                f"{count:6} pairs  {name:14} {one['seconds']:9.4f} s  {one['busy']:9.4f} CPU s  "
                f"{one['value']:.9f}  {one['memory']:6.0f} MiB",
                flush=True,
            )
        for name in list(IMPLEMENTATIONS)[1:]:
            times, busy = (found[name][kind] / found["inpaint-bench"][kind] for kind in ("seconds", "busy"))
            goal = f"; goal: {GOALS[count][1]:g}" if GOALS.get(count, ("",))[0] == name else ""
            print(
                f"              {times:8.1f} times as fast as {name} ({busy:.1f} in CPU time{goal})",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main([int(count) for count in sys.argv[1:]] or list(GOALS))
