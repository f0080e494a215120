"""The intervals of a large table: 9 methods, 4 metrics, 4 buckets of 12,000 pairs each, 10,000 resamples.

    python benchmarks/bootstrap.py

No table has more: buckets divide the pairs, here each has them all. It should take at most 60 seconds on two
cores. Then, without a target, the tests that tell the nine methods of each cell from the best.
"""

import os
import time

import numpy as np

from inpaint_bench.analysis.statistics import intervals, separable

METHODS, METRICS, BUCKETS, PAIRS, TARGET = 9, 4, 4, 12_000, 60


def main() -> None:
    """Time both on random scores and print what each took."""
    rng = np.random.default_rng(0)
    scores = rng.normal(25, 4, (PAIRS, 1)) + rng.normal(0, 1, (PAIRS, METHODS * METRICS))
    intervals(scores[:20], "compile")
    separable({"a": scores[:20, 0], "b": scores[:20, 1]}, "higher", "compile")
    start, busy = time.perf_counter(), time.process_time()
    for bucket in range(BUCKETS):
        intervals(scores, f"bucket {bucket}")
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"intervals   {seconds:6.1f} s on {cores} cores, {busy:.1f} s of processor time (at most {TARGET} s wanted)")
    start, busy = time.perf_counter(), time.process_time()
    for bucket in range(BUCKETS):
        for metric in range(METRICS):
            columns = scores[:, metric * METHODS : (metric + 1) * METHODS].T
            methods = {str(number): np.ascontiguousarray(column) for number, column in enumerate(columns)}
            separable(methods, "higher", f"{metric}:{bucket}")
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(f"separation  {seconds:6.1f} s on {cores} cores, {busy:.1f} s of processor time")


if __name__ == "__main__":
    main()
