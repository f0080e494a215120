"""What syncing every file to the disk costs a run: pairs of runs of the sample, one with fsync and one without.

    python benchmarks/syncing.py [METHODS] [TIMES]

METHODS is as --methods has it, by default telea and spn-small: a classical method and a network with weights. Both
runs of a pair have the same cache and begin in an empty folder; they take turns in being first. Printed are the seconds
of all, the median of the ratios of the pairs, and what a sync takes on this disk. Exit code 1 where the median is above
the bound.
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


def seconds_of_run(methods: str, out: Path, synced: bool) -> tuple[float, list[float]]:
    """Seconds of a run in an empty folder, and those of each sync in it."""
    syncs: list[float] = []
    real = os.fsync

    def timed(handle: int) -> None:
        begun = time.perf_counter()
        if synced:
            real(handle)
        syncs.append(time.perf_counter() - begun)

    weights = {"*": "synthetic"} if methods.endswith("=synthetic") else None
    begun = time.perf_counter()
    with mock.patch("os.fsync", timed):
        ib.run("sample", methods.removesuffix("=synthetic"), limit=PAIRS, out=out, weights=weights, quiet=True)
    return time.perf_counter() - begun, syncs


def main(arguments: list[str]) -> int:
    """Print the seconds of every pair of runs, the median of their ratios, and the ratio of the least seconds."""
    methods, times = (*arguments, *("telea,spn-small", str(TIMES))[len(arguments) :])
    seconds: dict[bool, list[float]] = {True: [], False: []}
    Path("runs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="runs") as folder:  # on the disk where runs lie
        os.environ["INPAINT_BENCH_CACHE"] = str(Path(folder, "cache").absolute())
        seconds_of_run(methods, Path(folder, "warm"), True)
        for number in range(int(times)):
            for synced in (True, False) if number % 2 else (False, True):
                whole, syncs = seconds_of_run(methods, Path(folder, f"{number}-{synced}"), synced)
                seconds[synced].append(whole)
                each = f"{len(syncs)} syncs of {1000 * statistics.mean(syncs):.1f} ms" if synced else "no syncs"
                print(f"{whole:7.2f} s with {each}")
    cost = statistics.median(with_ / without - 1 for with_, without in zip(*seconds.values(), strict=True))
    least = min(seconds[True]) / min(seconds[False]) - 1
    print(f"{methods}: syncing costs {100 * cost:.1f} % of a run (at most {100 * BOUND:.0f} % wanted)")
    print(f"of the least seconds of each side: {100 * least:.1f} %")
    return 1 if cost > BOUND else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
