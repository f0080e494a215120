"""spn-small, fine-tuned from the weights that ship by spn-small-finetune-gpu.toml, as long as the time lasts.

Where OUT/finetune holds the checkpoint of an earlier run with the same settings, it resumes from there.
"""

import os
import time
from pathlib import Path
from typing import Any

from baselines.spn.training import packed
from baselines.spn.training.checkpoint import FILE
from baselines.spn.training.config import CONFIGS, Config, read_config
from baselines.spn.training.loggers import read_log
from baselines.spn.training.train import TrainJob, train
from inpaint_bench import files
from on_gpu import FINISHED
from on_gpu.part import PartRun, run_part

METHOD, OVERRIDES = "spn-small", CONFIGS / "overrides" / "spn-small-finetune-gpu.toml"
SHIPPED = "baselines/spn/spn-small.safetensors"  # from the root of the checkout, where the parts run
QUICK = (
    "stages=[{steps=2,size=32,batch=2}]",
    *("validation=1", "validation_size=32", 'precision="float32"', "log_every=1", "validate_every=2"),
)


def settings(part: PartRun) -> Config:
    """The settings of the run, with the weights that it begins with."""
    first = SHIPPED if part.weights is None else str(part.weights)
    return read_config(METHOD, OVERRIDES, [f'weights_file="{first}"', *(QUICK if part.quick else ())])


def photographs(part: PartRun, scratch: Path, jobs: int) -> Path:
    """The folder of photographs: those of the file; for a quick run, whose result nobody uses, the sample's."""
    if part.quick:
        return files.shipped("protocols") / "sample" / "images"
    packed.unpack(part.photographs, scratch, jobs)
    return scratch


def work(part: PartRun) -> int:
    """Train until the time is over, then a row for each validation, of earlier runs too."""
    out, jobs = part.out / part.name, min(16, os.cpu_count() or 1)
    config, resumed = settings(part), (out / FILE).is_file()
    with files.scratch("photographs") as scratch:
        folder = photographs(part, scratch, jobs)
        job = TrainJob(folder, "generated", out, part.device, jobs, None, print, time.monotonic() + part.left)
        begun = time.monotonic()
        train(config, job)
    steps = read_log(out / "losses.csv")
    part.notes += [
        f"{OVERRIDES.name}, {config.steps} steps from {config.weights_file}; {'resumed' if resumed else 'begun'} here.",
        f"This time: {time.monotonic() - begun:.0f} s with what is loaded first. {state_of(steps, config)}",
    ]
    for row in read_log(out / "validation.csv"):
        part.add(**{name: int(value) if name == "step" else float(value) for name, value in row.items() if value})
    part.save()
    return FINISHED


def state_of(rows: list[dict[str, str]], config: Config) -> str:
    """How far the run is and how fast it was at last, from the log of its losses."""
    if not rows:
        return "No step was logged."
    last: dict[str, Any] = rows[-1]
    return (
        f"At step {last['step']} of {config.steps}: {last['images_per_second']} images/s, "
        f"{100 * float(last['waiting']):.1f} % of the time waiting for data."
    )


if __name__ == "__main__":
    run_part("finetune", "spn-small, fine-tuned", work)
