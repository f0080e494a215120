"""What the harness costs round a method that costs nothing: a pair by stage, the same command again, memory, the start.

    python benchmarks/harness.py                      all of it, which takes a quarter of an hour
    python benchmarks/harness.py pair                 processor time of a 256-pixel pair by stage
    python benchmarks/harness.py again                the same command again
    python benchmarks/harness.py start                processor time until a method is loaded, and of a short command
    python benchmarks/harness.py scale COUNT…         runs of so many 64-pixel pairs

Processor time counts every thread. Each measurement is a process of its own; what numba compiles is there before.
Goals stand beside what is measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from made_pairs import DIFFERENT, make_pairs

from inpaint_bench.data import datasets, images
from inpaint_bench.methods.select import select_methods
from inpaint_bench.runner import folder
from inpaint_bench.runner.predict import predict_pairs
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score import score_method

METRICS = ["ssim", "psnr", "mae"]
PAIRS = {"pair": 400, "again": 2_000}
SCALE = (2_000, 12_000, 50_000)
GOALS = {  # at most
    "encoding a composite, ms": 5.0,
    "a pair of a whole run, ms": 13.0,
    "again, s": 3 + 0.3 * PAIRS["again"] / 1000,
    "until the method is loaded, cpu s": 5.0,
    "`methods`, cpu s": 1.0,
    "MiB more than at the fewest pairs": 50.0,
}
METHOD = """
def load(weights, device):
    def inpaint(image, mask):
        return image + 0.5 * mask
    return inpaint
"""
STARTING = """
import time
def load(weights, device):
    print("processor time until loaded:", time.process_time())
    raise SystemExit(0)
"""


def make_data(root: Path, count: int, size: int) -> None:
    """A dataset of so many pairs, with a method that costs nothing and one that says when it is loaded."""
    make_pairs(root, count, size)
    (root / "nothing.py").write_text(METHOD)
    (root / "starting.py").write_text(STARTING)


def command(root: Path, method: str = "nothing=python:nothing:load") -> list[str]:
    """A run of the dataset, in one process."""
    run = ["run", "--dataset", "page.toml", "--methods", method, "--metrics", ",".join(METRICS), "--device", "cpu"]
    return [sys.executable, "-m", "inpaint_bench", *run, "--allow-known-error", "--quiet", "--out", str(root / "run")]


def run_once(root: Path, method: str = "nothing=python:nothing:load") -> dict[str, float]:
    """What a run takes; see `measured`."""
    return measured(command(root, method), root)


def measured(line: list[str], root: Path) -> dict[str, float]:
    """Seconds of wall clock and of the processor, and the largest memory, of a command."""
    began = time.monotonic()
    process = subprocess.Popen(line, cwd=root, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{line} ended with exit code {process.returncode}")
    return {"s": time.monotonic() - began, "cpu s": used.ru_utime + used.ru_stime, "MiB": used.ru_maxrss / 1024}


def stages(root: Path) -> dict[str, float]:
    """Processor time by stage, in ms a pair, of the functions that a run calls, and of a whole run."""
    os.chdir(root)
    clock, found = time.process_time(), {}
    count = PAIRS["pair"]

    def lap(name: str) -> None:
        nonlocal clock
        now = time.process_time()
        found[name] = 1000 * (now - clock) / count
        clock = now

    dataset = datasets.open_dataset("page.toml", None)
    methods = select_methods(["nothing=python:nothing:load"], dataset, dataset)
    runtime = RuntimeOptions("cpu", allow_known_error=True)
    lap("open")
    dataset = datasets.see(dataset, runtime.jobs)
    lap("first look")
    run = folder.start(root / "stages", dataset)
    run = predict_pairs(run, dataset, methods[0], runtime)
    lap("predict")
    score_method(run, dataset, "nothing", METRICS, runtime)
    lap("score")
    pictures = [images.read_pixels(path) for path in sorted(Path("data/images").iterdir())]
    lap("reading")
    for picture in pictures:
        images.png_bytes(picture)
    lap("encoding a composite")
    return {name: found[name] for name in ("first look", "predict", "encoding a composite", "score")}


def pair(root: Path) -> dict[str, float]:
    """Processor time of a 256-pixel pair, in ms: by stage, and as the slope between runs of 100 and 500 pairs."""
    make_data(root / "warm", DIFFERENT, 256)
    run_once(root / "warm")
    make_data(root / "stages", PAIRS["pair"], 256)
    code = f"import json, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import harness, pathlib; "
    code += f"print(json.dumps(harness.stages(pathlib.Path({str(root / 'stages')!r}))))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = {f"{name}, ms": value for name, value in json.loads(shown.splitlines()[-1]).items()}
    used = []
    for count in (100, 100 + PAIRS["pair"]):
        make_data(root / str(count), count, 256)
        used.append(run_once(root / str(count))["cpu s"])
    return found | {"a pair of a whole run, ms": 1000 * (used[1] - used[0]) / PAIRS["pair"]}


def again(root: Path) -> dict[str, float]:
    """The same command again, with nothing to do."""
    make_data(root, PAIRS["again"], 256)
    run_once(root)
    time.sleep(3)  # files that are as young as this are hashed again
    run_once(root)
    used = run_once(root)
    return {"again, s": used["s"], "again, cpu s": used["cpu s"]}


def start(root: Path) -> dict[str, float]:
    """Processor time until a method is loaded, and of a command that needs no torch, in s: five starts, the least."""
    make_data(root, DIFFERENT, 256)
    found, listing = [], []
    for _ in range(5):
        shown = subprocess.run(command(root, "starting=python:starting:load"), cwd=root, capture_output=True, text=True)
        line = next(line for line in (shown.stdout + shown.stderr).splitlines() if "until loaded" in line)
        found.append(float(line.split(":")[1]))
        listing.append(measured([sys.executable, "-m", "inpaint_bench", "methods"], root)["cpu s"])
    return {"until the method is loaded, cpu s": min(found), "`methods`, cpu s": min(listing)}


def scale(root: Path, counts: Sequence[int]) -> dict[str, float]:
    """Runs of small pairs: pairs per second, processor time a pair, the largest memory of a process and its growth."""
    found, memory = {}, list[float]()
    for count in counts:
        make_data(root / str(count), count, 64)
        used = run_once(root / str(count))
        found[f"{count} pairs, pairs per s"] = count / used["s"]
        found[f"{count} pairs, cpu ms a pair"] = 1000 * used["cpu s"] / count
        found[f"{count} pairs, MiB"] = used["MiB"]
        memory.append(used["MiB"])
    return found | {"MiB more than at the fewest pairs": max(memory) - memory[0]}


def main(what: Sequence[str]) -> None:
    """Print what is measured, as it is measured."""
    chosen, counts = what[:1] or ["pair", "again", "start", "scale"], [int(count) for count in what[1:]] or SCALE
    benchmarks: dict[str, Callable[[Path], dict[str, float]]]
    benchmarks = {"pair": pair, "again": again, "start": start, "scale": lambda root: scale(root, counts)}
    for name in chosen:
        with tempfile.TemporaryDirectory() as temporary:
            os.environ["INPAINT_BENCH_CACHE"] = temporary + "/cache"
            for label, value in benchmarks[name](Path(temporary)).items():
                goal = f" (goal: {GOALS[label]:.1f})" if label in GOALS else ""
                print(f"{label}: {value:.2f}{goal}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
