"""The training speed of SPN: images per second at widths 64 and 16, and the share of time spent waiting for data.

    python benchmarks/training.py [--device cuda] [--widths 64,16] [--size 256] [--batch 8] [--steps 6] [--compile]
                                  [--precisions float32,bf16]

One thread on a CPU; without bf16 instructions, bf16 is several times slower than float32. A step includes the data,
both updates of the authors' code, and Adam. The first two steps are not counted. Waiting for data should take less than
5 % of the time.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from baselines.spn.training.config import as_config
from baselines.spn.training.loggers import read_log
from baselines.spn.training.train import TrainJob, train
from inpaint_bench import files

WARM_UP, TARGET = 2, 0.05


def speed(device: torch.device, width: int, precision: str, options: argparse.Namespace) -> tuple[float, float]:
    """Images per second, and the share of time spent waiting for data."""
    settings = {
        "network": {"width": width, "discriminator": width},
        "pretext": {"name": "random"},
        "stages": [{"steps": WARM_UP + options.steps, "size": options.size, "batch": options.batch}],
        "crop": "random",
        "validation": 1,
        "validation_size": 32,
        "precision": precision,
        "compile": options.compile,
        "log_every": 1,
    }
    photographs = files.shipped("protocols") / "sample" / "images"
    with tempfile.TemporaryDirectory() as folder:
        run = TrainJob(photographs, "generated", Path(folder), device, options.jobs, WARM_UP + options.steps - 1)
        train(as_config(settings, "the benchmark"), run)
        rows = read_log(Path(folder) / "losses.csv")[WARM_UP:]
    seconds = [options.batch / float(row["images_per_second"]) for row in rows]
    waited = sum(float(row["waiting"]) * second for row, second in zip(rows, seconds, strict=True))
    return options.batch * len(rows) / sum(seconds), waited / sum(seconds)


def main() -> None:
    """Time every width and precision and print a line for each."""
    parser = argparse.ArgumentParser(description="The training speed of SPN.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--widths", default="64,16")
    parser.add_argument("--precisions", default="float32,bf16")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.set_num_threads(1)
    for width in map(int, options.widths.split(",")):
        for precision in options.precisions.split(","):
            rate, waiting = speed(device, width, precision, options)
            print(
                f"width {width:3}  {options.size} px  batch {options.batch}  {precision:8}  {rate:7.3f} images/s  "
                f"waiting for data {100 * waiting:.1f} % (under {100 * TARGET:.0f} % wanted)"
            )


if __name__ == "__main__":
    main()
