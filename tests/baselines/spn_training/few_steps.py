"""Twenty training steps on eight sample photographs at width 16, whose losses are stored in `curve.json`.

python tests/baselines/spn_training/few_steps.py               # rewrites curve.json
python tests/baselines/spn_training/few_steps.py IMAGES OUT    # trains in OUT, alone or under torchrun
"""

import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from baselines.spn.training.config import Config, as_config
from baselines.spn.training.loggers import TERMS, read_log
from baselines.spn.training.train import TrainJob, train
from inpaint_bench import files

STEPS, PHOTOGRAPHS = 20, 8
CURVE = Path(__file__).with_name("curve.json")
SETTINGS: dict[str, Any] = {
    "method": "spn",
    "network": {"width": 16, "discriminator": 16},
    "pretext": {"name": "lite0"},
    "weights": {"prior": 0.05},
    "stages": [{"steps": STEPS, "size": 64, "batch": 2}],
    "crop": "random",
    "validation": 1,
    "validation_size": 64,
    "prior_until": 0.9,  # both of its phases are seen
    "late": 0.75,
    "log_every": 1,
    "validate_every": 10,
    "checkpoint_every": 10,
}
GENTLE: dict[str, Any] = {
    "lr": 2e-5,
    "lr_late": 2e-6,
}  # at the full rate, rounding errors grow to 1e-3
SHORT: dict[str, Any] = {  # changes that make four steps of a tiny network
    "stages": [{"steps": 4, "size": 32, "batch": 2}],
    "network": {"width": 4, "discriminator": 4},
    "validation_size": 32,
}
TINY: dict[str, Any] = {  # the same without a pyramid, for tests in which the network does not matter
    **SHORT,
    "network": {"width": 4, "discriminator": 4, "levels": 0, "blocks": 1},
}

Curve = list[dict[str, float]]


def config(**changes: Any) -> Config:
    """The settings, with some of them changed."""
    return as_config({**SETTINGS, **changes}, "the test")


def photographs(folder: Path) -> Path:
    """A folder with eight sample photographs, and one more that is kept out."""
    source = files.shipped("protocols") / "sample" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir())[: PHOTOGRAPHS + 1]:
        shutil.copyfile(path, folder / path.name)
    return folder


def run(images: Path, out: Path, stop_after: int | None = None, jobs: int = 1, **changes: Any) -> Curve:
    """Train, and what the losses were at each step."""
    train(config(**changes), TrainJob(images, "generated", out, torch.device("cpu"), jobs, stop_after))
    return curve(out)


def curve(out: Path) -> Curve:
    """The losses of a run's folder, step by step."""
    return [{name: float(row[name]) for name in ("step", *TERMS) if row[name]} for row in read_log(out / "losses.csv")]


def difference(one: Curve, other: Curve) -> float:
    """The largest relative difference of two curves; infinite when they are not of the same losses."""
    if [list(row) for row in one] != [list(row) for row in other]:
        return float("inf")
    pairs = [(row[name], twin[name]) for row, twin in zip(one, other, strict=True) for name in row]
    return max(abs(a - b) / max(1.0, abs(a)) for a, b in pairs)


def machine() -> str:
    """What determines the order of float32 sums: CPU, vector instructions and torch."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{model}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"


def main(folders: list[str]) -> None:
    """Write curve.json, or train from one folder into another."""
    if folders:
        images, out = map(Path, folders)
        train(config(**GENTLE), TrainJob(images, "generated", out, torch.device("cpu")))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = run(photographs(Path(folder) / "images"), Path(folder) / "out")
    CURVE.write_text(json.dumps({"machine": machine(), "curve": found}, indent=1) + "\n")


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    main(sys.argv[1:])
