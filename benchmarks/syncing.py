"""What syncing every file to the disk costs a run of the sample: the seconds within fsync as a share of the run's.

    python benchmarks/syncing.py [METHODS] [TIMES]

METHODS is as --methods has it, by default telea and spn-small: a classical method and a network with weights. Every run
begins in an empty folder with a warm cache. Where threads sync at once, each counts in full, so that the share is an
upper bound; unlike the difference to runs that do not sync, other work on the machine does not hide it. Exit code 1
where the median share is above the bound.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import inpaint_bench as ib

PAIRS, TIMES, BOUND = 30, 5, 0.05


def seconds_of_run(methods: str, out: Path) -> tuple[float, list[float]]:
    """Seconds of a run in an empty folder, and those of each sync in it."""
    syncs: list[float] = []
    real = os.fsync

    def timed(handle: int) -> None:
        begun = time.perf_counter()
        real(handle)
        syncs.append(time.perf_counter() - begun)

    weights = {"*": "synthetic"} if methods.endswith("=synthetic") else None
    begun = time.perf_counter()
    with mock.patch("os.fsync", timed):
        ib.run("sample", methods.removesuffix("=synthetic"), limit=PAIRS, out=out, weights=weights, quiet=True)
    return time.perf_counter() - begun, syncs


def main(arguments: list[str]) -> int:
    """Print the share of every run, and their median."""
    methods, times = (*arguments, *("telea,spn-small", str(TIMES))[len(arguments) :])
    shares = []
    Path("runs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="runs") as folder:  # on the disk where runs lie
        os.environ["INPAINT_BENCH_CACHE"] = str(Path(folder, "cache").absolute())
        seconds_of_run(methods, Path(folder, "warm"))
        for number in range(int(times)):
            whole, syncs = seconds_of_run(methods, Path(folder, str(number)))
            shares.append(sum(syncs) / whole)
            print(f"{whole:7.2f} s, {len(syncs)} syncs of {1000 * statistics.mean(syncs):.1f} ms: {shares[-1]:.2%}")
    cost = statistics.median(shares)
    print(f"{methods}: syncing is {cost:.2%} of a run (at most {BOUND:.0%} wanted)")
    return 1 if cost > BOUND else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
