"""Units on this machine, Slurm and Ray: how much faster two processes are, what an engine costs, what the driver holds.

    python benchmarks/executors.py local             two processes beside one: 1.8 times as fast is wanted
    python benchmarks/executors.py slurm OPTIONS     the engine beside two processes of this machine, at units of a
    python benchmarks/executors.py ray ADDRESS       minute: 5% more is allowed
    python benchmarks/executors.py memory PAIRS…     the driver's memory at numbers of pairs, by default 2,000 and
                                                     12,000: it may grow by 50 MiB

The method works for a set time of the processor on each picture, in one thread. Two units run at a time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from made_pairs import make_pairs

SIZE, SECONDS = 64, 1.5
PAIRS = {"local": 240, "engine": 80}  # 360 s of the processor, and a unit of a minute for each of two processes
METHOD = f"""
import time
def load(weights, device):
    def inpaint(image, mask):
        end = time.process_time() + {SECONDS} * len(image) * (image.shape[-1] == {SIZE})
        while time.process_time() < end:
            pass
        return image + 0.5 * mask
    return inpaint
"""


def make_data(root: Path, count: int) -> None:
    """A dataset of so many pairs, with the method."""
    make_pairs(root, count, SIZE)
    (root / "busy.py").write_text(METHOD)


def seconds(root: Path, method: str, *options: str) -> float:
    """Wall clock of a run, from the command to its table."""
    out = root / "runs" / f"run{time.monotonic_ns()}"
    command = [sys.executable, "-m", "inpaint_bench", "run", "--dataset", "page.toml", "--methods", method]
    command += ["--metrics", "psnr", "--allow-known-error", "--device", "cpu", "--quiet", "--out", str(out), *options]
    began = time.monotonic()
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return time.monotonic() - began


def speed(root: Path, engine: tuple[str, ...]) -> dict[str, float]:
    """Two processes beside one, or an engine beside two processes."""
    make_data(root, PAIRS["engine" if engine else "local"])
    method = "busy=python:busy:load"
    two = seconds(root, method, "--processes", "2", "--units", "2")
    if not engine:
        one = seconds(root, method)
        return {"one process, s": one, "two processes, s": two, "times as fast": one / two}
    other = seconds(root, method, *engine, "--units", "2")
    return {"two processes, s": two, "engine, s": other, "more, %": 100 * (other / two - 1)}


def memory(root: Path, counts: Sequence[int]) -> dict[str, float]:
    """The driver's largest memory at numbers of pairs, in MiB; its units are other processes."""
    found = {}
    for count in counts:
        here = root / str(count)
        make_data(here, count)
        code = "import resource, sys; from inpaint_bench.cli import run_cli; run_cli(sys.argv[1:])\n"
        code += "print('MiB', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
        command = ["run", "--dataset", "page.toml", "--methods", "mean-fill", "--metrics", "psnr", "--processes", "2"]
        ended = subprocess.run(
            [sys.executable, "-c", code, *command, "--quiet"], cwd=here, check=True, capture_output=True, text=True
        )
        found[f"MiB at {count} pairs"] = float(ended.stdout.split("MiB ")[-1])
    return found


if __name__ == "__main__":
    what, *given = sys.argv[1:] or ["local"]
    with tempfile.TemporaryDirectory() as folder:
        if what == "memory":
            shown = memory(Path(folder), [int(count) for count in given] or (2_000, 12_000))
        else:
            shown = speed(Path(folder), () if what == "local" else (f"--{what}", *(given or [""])))
    print(json.dumps({name: round(value, 2) for name, value in shown.items()}, indent=1))
