"""Training images per second of SPN at widths 16 and 64, float32 and bf16, as benchmarks/training.py measures them."""

import argparse
import os
import time

from training import speed

from on_gpu import FINISHED, INCOMPLETE
from on_gpu.part import PartRun, run_part

WIDTHS, PRECISIONS = (16, 64), ("float32", "bf16")


def work(part: PartRun) -> int:
    """A row for each width and precision."""
    size, batch, steps = (32, 2, 2) if part.quick else (256, 8, 20)
    jobs = min(16, os.cpu_count() or 1)
    part.notes.append(f"Steps of {batch} images of {size} pixels, both updates with a pretext network; jobs {jobs}.")
    options = argparse.Namespace(size=size, batch=batch, steps=steps, compile=False, jobs=jobs)
    ways = [(4, "float32")] if part.quick else [(width, kind) for width in WIDTHS for kind in PRECISIONS]
    longest, left_out = 0.0, False
    for width, kind in ways:
        if part.left < longest:
            part.add(**{"width": width, "precision": kind, "why": "no time was left"})
            left_out = True
            continue
        begun = time.monotonic()
        rate, waiting = speed(part.device, width, kind, options)
        longest = max(longest, time.monotonic() - begun)
        part.add(**{"width": width, "precision": kind, "images/s": rate, "waiting for data %": 100 * waiting})
    return INCOMPLETE if left_out else FINISHED


if __name__ == "__main__":
    run_part("training", "Training images per second", work)
