"""Files that are read, each with a valid example, a command that reads it, and the numbers that the command gives.

`try_seed` breaks one file in a copy of a small workspace and runs the command in this process. It must end with the
same numbers as before, or in one sentence with exit code 2, 3, 4 or 5. Nothing may be written outside the workspace.
"""

import json
import os
import random
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

import breakage
import numpy as np
import tensorflow_checkpoint
import tiny
import torch
from breakage import Break

from baselines.dsi.tensorflow import read_checkpoint
from baselines.spn.training.config import read_config
from inpaint_bench.cli import run_cli
from inpaint_bench.errors import BenchError
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.weights.torch_files import read_torch

SECONDS = 20
BYTES = 2 << 30
CODES = {0, 2, 3, 4, 5}
POLICY = 'schema = 1\n[[rules]]\nmetric = "psnr"\nabsolute = 0.5\nrelative = 1e-5\n'
CARD = """schema = 1
title = "Mine"
[[methods]]
name = "mine"
title = "Mine"
paper = "none"
year = 2026
repository = "none"
licence = "none"
learned = false
multiple = 8
min_size = 16
"""
Numbers = Any
RUN = ("run", "--methods", "telea", "--metrics", "psnr", "--out", "out", "--quiet", "--jobs", "1", "--device", "cpu")


@dataclass(frozen=True)
class Format:
    """A kind of file: a valid one, how it is broken, and what is computed from it.

    `read` is called in the workspace. It raises BenchError, or Refused where a command line ended in a sentence.
    """

    name: str
    file: str
    breaks: tuple[Break, ...]
    read: Callable[[], Numbers]
    hashed: bool = True  # any change of a value is found; else another valid value gives other numbers


class Refused(Exception):
    """A command line ended with an exit code other than 0 and one sentence."""


class Fault(AssertionError):
    """What must not happen."""


def command(*arguments: str) -> Callable[[], str]:
    """A command line; what it prints on stdout."""

    def run() -> str:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run_cli(list(arguments))
        if code == 0 or (code == 1 and "DIFFERS" in out.getvalue()):  # stages of other reference activations
            return out.getvalue()
        last = (err.getvalue().strip().splitlines() or [""])[-1]
        if code not in CODES or not last.startswith(("Error: ", "Usage")) or "Traceback" in err.getvalue():
            raise Fault(f"exit {code}: {err.getvalue()[-2000:]}")
        raise Refused(last)

    return run


def values_of_run(*arguments: str) -> Callable[[], Numbers]:
    """A run; its fingerprint and values, or the fingerprint alone where that is another."""

    def run() -> Numbers:
        command(*RUN, *arguments)()
        results = [json.loads(line) for line in Path("out/results.jsonl").read_text().splitlines()]
        if any(one["fingerprint"] != valid_fingerprint() for one in results):
            return "other pairs"
        return [(one["metric"], one["value"], one["n"]) for one in results if one["bucket"] == "all"]

    return run


def valid_fingerprint() -> str:
    """The fingerprint of the workspace's dataset."""
    return str(json.loads(Path("run/run.json").read_text())["fingerprint"])


def tensors(path: str) -> Callable[[], Numbers]:
    """The tensors of a checkpoint, by name."""

    def read() -> Numbers:
        found = read_torch(Path(path))
        return sorted((name, np.asarray(value).tolist()) for name, value in found.items())

    return read


def tensorflow() -> Numbers:
    """The arrays of a TensorFlow checkpoint."""
    return sorted(
        (name, np.asarray(value).tolist()) for name, value in read_checkpoint(Path("tf/model.ckpt.index")).items()
    )


def settings() -> Numbers:
    """The settings of a training."""
    return repr(read_config("spn-small", Path("train.toml")))


WITH_POLICY = command("gate", "run", "--expected", "expected", "--policy", "policy.toml")
WITH_REPORTED = command("table", "run", "--reported", "reported.csv", "--format", "csv")
WITH_CARD = command("methods", "show", "mine", "--baselines", "baselines")
WITH_GOLDEN = command("check", "rn", "--golden", "golden.json")
PAIRS = values_of_run("--dataset", "tiny.toml", "--pairs", "list.csv")
TABLE = command("table", "run", "--format", "csv")
GATE = command("gate", "run", "--expected", "expected")
FOLDERS = ("--targets", "data/images", "--masks", "masks", "--predictions", "done")
SCORE = command("score", *FOLDERS, "--metrics", "psnr,ssim", "--quiet")
COMPARE = command("compare", "telea", "mean-fill", "run", "--format", "csv")
FORMATS = [
    Format("protocol page", "tiny.toml", breakage.TOML, values_of_run("--dataset", "tiny.toml")),
    Format("list of pairs", "list.csv", breakage.CSV, PAIRS),
    Format("image", "data/images/picture0.png", breakage.BYTES, values_of_run("--dataset", "tiny.toml")),
    Format("mask", "data/masks/mask0.png", breakage.BYTES, values_of_run("--dataset", "tiny.toml")),
    Format("prediction", "done/picture1.png", breakage.BYTES, SCORE),
    Format("run.json", "run/run.json", breakage.JSON, TABLE),
    Format("pairs.csv of a run", "run/pairs.csv", breakage.CSV, COMPARE),
    Format("results.jsonl", "run/results.jsonl", breakage.JSON, TABLE),
    Format("SHA256SUMS", "run/SHA256SUMS", breakage.TEXT, TABLE),
    Format("scores.csv", "run/telea/scores.csv", breakage.CSV, COMPARE),
    Format("expected results", "expected/results.jsonl", breakage.JSON, GATE),
    Format("policy", "policy.toml", breakage.TOML, WITH_POLICY, hashed=False),
    Format("reported numbers", "reported.csv", breakage.CSV, WITH_REPORTED, hashed=False),
    Format("card", "baselines/mine/card.toml", breakage.TOML, WITH_CARD, hashed=False),
    Format("reference activations", "golden.json", breakage.JSON, WITH_GOLDEN, hashed=False),
    Format("features", "x.npy", breakage.BYTES, command("score", "--features", "x.npy", "y.npy"), hashed=False),
    Format("checkpoint", "new.pth", breakage.BYTES, tensors("new.pth")),
    Format("legacy checkpoint", "old.pth", breakage.BYTES, tensors("old.pth"), hashed=False),
    Format("TensorFlow index", "tf/model.ckpt.index", breakage.BYTES, tensorflow),
    Format("training settings", "train.toml", breakage.TOML, settings, hashed=False),
]  # fmt: skip


def make_workspace(folder: Path, reported: Path) -> None:
    """A valid example of every format, and a finished run."""
    tiny.make_dataset(folder, count=3, metrics=["psnr", "ssim"])
    before = Path.cwd()
    os.chdir(folder)
    try:
        for number in range(3):
            tiny.save_png(Path("done", f"picture{number}.png"), tiny.output(number))
            hole = tiny.read(Path("data/masks", f"mask{number}.png"))[..., 0]
            tiny.save_png(Path("masks", f"picture{number}.png"), hole)
        run = ("run", "--dataset", "tiny.toml", "--methods", "telea,mean-fill", "--out", "run", "--quiet")
        for arguments in (run, ("gate", "run", "--expected", "expected", "--accept", "--reason", "first")):
            command(*arguments)()
        shutil.copy("run/pairs.csv", "list.csv")
        Path("reported.csv").write_text(reported.read_text().replace("paris", "tiny"))
        Path("policy.toml").write_text(POLICY)
        Path("baselines/mine").mkdir(parents=True)
        Path("baselines/mine/card.toml").write_text(CARD)
        Path("baselines/mine/adapter.py").write_text("")
        shutil.copy(find_baselines()["rn"][0].folder / "golden.json", "golden.json")
        state = {"a.weight": torch.arange(24.0).reshape(2, 3, 4), "a.bias": torch.ones(2), "b": torch.arange(5)}
        torch.save(state, "new.pth")
        torch.save(state, "old.pth", _use_new_zipfile_serialization=False)
        for name in "xy":
            np.save(f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(12, 4)).astype(np.float32))
        Path("tf").mkdir()
        tensorflow_checkpoint.write(Path("tf"), {"a": np.arange(6.0), "b/c": np.ones((2, 2), np.float32)})
        Path("train.toml").write_text(
            'lr = 1e-4\nclip = 1.0\ninit = "diffusion"\nbetas = [0.9, 0.99]\n[network]\nwidth = 16\n'
        )
    finally:
        os.chdir(before)


def try_seed(form: Format, workspace: Path, scratch: Path, seed: int) -> str:
    """Break one file and read it. What came of it: 'same', 'refused' or 'unbroken'; raises Fault."""
    chance = random.Random(f"{form.name}:{seed}")
    copy = scratch / "workspace"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(workspace, copy)
    valid = (copy / form.file).read_bytes()
    broken = chance.choice(form.breaks)(valid, chance)
    if broken == valid:
        return "unbroken"
    (copy / form.file).write_bytes(broken)
    outside = set(scratch.iterdir())
    before = Path.cwd()
    os.chdir(copy)
    try:
        with bounded():
            found = form.read()
    except (Refused, BenchError) as error:
        if "\n" in str(error).strip() or not str(error):
            raise Fault(f"no sentence: {error}") from error
        return "refused"
    finally:
        os.chdir(before)
        if more := set(scratch.iterdir()) - outside:
            raise Fault(f"written outside: {more}")
    if form.hashed and found != "other pairs" and found != expected_numbers(form, workspace):
        raise Fault(f"other numbers: {str(found)[:600]}")
    return "same"


_expected: dict[str, Numbers] = {}


def expected_numbers(form: Format, workspace: Path) -> Numbers:
    """What the valid file gives."""
    if form.name not in _expected:
        before, copy = Path.cwd(), workspace.with_name("valid")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(workspace, copy)
        os.chdir(copy)
        try:
            _expected[form.name] = form.read()
        finally:
            os.chdir(before)
    return _expected[form.name]


@contextmanager
def bounded() -> Iterator[None]:
    """A time-out, and bounds of the memory that may be added."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Fault(f"more than {SECONDS} s")

    handler = signal.signal(signal.SIGALRM, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, hard))
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def faults(form: Format, workspace: Path, scratch: Path, seeds: range) -> list[str]:
    """What must not happen and did, each with the seed that shows it again."""
    found = []
    for seed in seeds:
        try:
            try_seed(form, workspace, scratch, seed)
        except Fault as fault:
            found.append(f"{form.name}, seed {seed}: {fault}")
        except Exception as error:
            found.append(f"{form.name}, seed {seed}: traceback of {type(error).__name__}: {str(error)[:200]}")
    return found
