"""What reads a file of each format in the workspace of `fuzz_workspace`, and the numbers that it gives."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from fuzz_workspace import COUNT, KEPT, METHODS, training
from fuzzing import OTHER_PAIRS, Numbers, command
from reported_run import data_of_report

from baselines.dsi.tensorflow import read_checkpoint
from baselines.mat.files import read_network
from baselines.spn.training.checkpoint import resume
from baselines.spn.training.config import read_config
from baselines.spn.training.loggers import LOSSES, CsvLog
from inpaint_bench import files
from inpaint_bench.api.pipeline import Pipeline
from inpaint_bench.api.planning import planned, sized, trials_of, units_of
from inpaint_bench.executors import slurm
from inpaint_bench.executors.units import Unit, seal
from inpaint_bench.metrics import cache_file
from inpaint_bench.weights import lock
from inpaint_bench.weights.models import open_index
from inpaint_bench.weights.torch_files import read_torch

QUIET = ("--quiet", "--jobs", "1")
RUN = ("run", "--methods", "telea", "--metrics", "psnr", "--out", "out", *QUIET, "--device", "cpu")


def values_of_run(*arguments: str) -> Callable[[], Numbers]:
    """A run; its fingerprint and values, or the fingerprint alone where that is another."""

    def run() -> Numbers:
        command(*RUN, *arguments)()
        results = [json.loads(line) for line in Path("out/results.jsonl").read_text().splitlines()]
        if any(one["fingerprint"] != valid_fingerprint() for one in results):
            return OTHER_PAIRS
        return [(one["metric"], one["value"], one["n"]) for one in results if one["bucket"] == "all"]

    return run


def valid_fingerprint() -> str:
    """The fingerprint of the workspace's dataset."""
    return str(json.loads(Path("run/run.json").read_text())["fingerprint"])


def fingerprint_of_kinds() -> str:
    """The fingerprint of the images of every kind of file."""
    return Path("kinds.txt").read_text()


def with_file(path: str, *arguments: str) -> Callable[[], Numbers]:
    """A command line; what it writes into a file, instead of what it prints."""

    def run() -> Numbers:
        command(*arguments)()
        return Path(path).read_text()

    return run


def with_environment(variable: str, value: str, *arguments: str) -> Callable[[], Numbers]:
    """A command line with an environment variable."""

    def run() -> Numbers:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(variable, value)
            return command(*arguments)()

    return run


def tensors(path: str) -> Callable[[], Numbers]:
    """The tensors of a checkpoint, by name."""

    def read() -> Numbers:
        found = read_torch(Path(path))
        return sorted((name, np.asarray(value).tolist()) for name, value in found.items())

    return read


def snapshot() -> Numbers:
    """The tensors of MAT's snapshot, by name."""
    return sorted((name, value.tolist()) for name, value in read_network(Path("authors/mat.pkl")).items())


def model_index() -> Numbers:
    """What the index of a model of several files lists."""
    return repr(open_index(Path("model")))


def tensorflow() -> Numbers:
    """The arrays of a TensorFlow checkpoint."""
    return sorted(
        (name, np.asarray(value).tolist()) for name, value in read_checkpoint(Path("tf/model.ckpt.index")).items()
    )


def added(path: str) -> Callable[[], Numbers]:
    """The images of an archive that was added."""

    def read() -> Numbers:
        with_environment("INPAINT_BENCH_DATA", "added", "datasets", "add", "published.toml", path)()
        return {one.name: one.read_bytes() for one in sorted(Path("added/published/images").iterdir())}

    return read


def settings() -> Numbers:
    """The settings of a training."""
    return repr(read_config("spn-small", Path("train.toml")))


def locked() -> Numbers:
    """What a lock file says of weights."""
    return repr(sorted(lock.read(Path("weights.lock.toml")).items()))


_training = cache(training)


def resumed() -> Numbers:
    """What a training goes on from."""
    config, state = _training()
    resume(Path("trained"), config, "photographs", state, tiny.CPU)
    return state.step, [float(p.detach().double().sum()) for p in state.networks.generator.parameters()]


def log() -> Numbers:
    """The log that a training goes on with: of a broken one what can be read is not known."""
    CsvLog(Path("trained/losses.csv"), LOSSES, 100)
    return Path("trained/losses.csv").read_text()


def cached() -> Numbers:
    """The values of networks that are kept: one may be lost, none may change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", "kept")
        found = cache_file.get_many([*KEPT])
    return "kept" if found.items() <= KEPT.items() else found


def with_kept_list() -> Numbers:
    """The hashes of pixels that were recorded when a dataset was first read here."""
    if (kept := Path("kept/pairs/list.csv")).exists() or kept.is_symlink():  # nothing may stand in for it
        kept.rename(f"kept/pairs/{fingerprint_of_kinds()}.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", "kept")
        return command("pairs", "verify", "--dataset", "kinds.toml", *QUIET)()


def merged() -> Numbers:
    """A part merged into a run; its table."""
    command("merge", "parts/run", "--out", "whole")()
    return command("table", "whole", "--format", "csv")()


def listed() -> Numbers:
    """Every way in which a run is printed."""
    return [TABLE(), LONG(), command("gate", "run", "--expected", "expected", good=(0, 1))()]


def accepted() -> Numbers:
    """Results accepted as the expected ones."""
    shutil.rmtree("expected/telea", ignore_errors=True)
    return command("gate", "run", "--expected", "expected", "--accept", "--reason", "again")()


def reported() -> Numbers:
    """The numbers of a report; what it says of machines and licences is text."""
    command("report", "run", "--data", "data", "--out", "report", *QUIET)()
    data = data_of_report(Path("report"))
    return {name: data[name] for name in ("buckets", "metrics", "groups", "pairs", "scores", "samples")}


def reported_again() -> Numbers:
    """The numbers of a report in the folder of an older one."""
    command("report", "run", "--data", "data", "--out", "before", *QUIET)()
    return Path("before/data.js").read_bytes()


def verified() -> Numbers:
    """What `pairs verify` says, or that the list is another one."""
    printed = command("pairs", "verify", "--dataset", "kinds.toml", "--pairs", "kinds.csv", *QUIET)()
    return printed if fingerprint_of_kinds() in printed else OTHER_PAIRS


@cache
def hashed_again(read: Callable[[], Numbers]) -> Callable[[], Numbers]:
    """A reader of a run whose recorded hashes somebody has made to fit: SHA256SUMS is no signature."""

    def run() -> Numbers:
        for folder in ("run", "parts/run", "expected", "voted"):
            for index in Path(folder).glob("*/features.*.json"):
                _state_hash(index, index.with_suffix(".npy"))
            sums = Path(folder, "SHA256SUMS")
            names = [line.split("  ", 1)[1] for line in sums.read_text().splitlines()]
            there = [name for name in names if Path(folder, name).is_file() and Path(folder, name).stat().st_size < 1e8]
            lines = [f"{hashlib.sha256(Path(folder, name).read_bytes()).hexdigest()}  {name}\n" for name in there]
            sums.unlink()
            sums.write_text("".join(lines))
        return read()

    return run


def _state_hash(index: Path, features: Path) -> None:
    """The hash of features in their index, where both can be read."""
    with contextlib.suppress(ValueError, TypeError, OSError, RecursionError):
        if all(path.is_file() and path.stat().st_size < 1e8 for path in (features, index)):
            content = {**json.loads(index.read_text()), "sha256": hashlib.sha256(features.read_bytes()).hexdigest()}
            index.unlink()
            index.write_text(json.dumps(content))


TABLE = command("table", "run", "--format", "csv")
LONG = command("table", "run", "--long", "scores")
TIMES = command("table", "run", "--style", "table6", "--format", "csv")
COMPARE = command("compare", *METHODS, "run", "--format", "csv")
GATE = command("gate", "run", "--expected", "expected")
OBJECTS = command("figure", "detection", "run", "--data", "data", "--out", "figure.png")
SCORE_RUN = with_file("run/results.jsonl", "score", "run", "--data", "data", "--metrics", "psnr,ssim", *QUIET)
PAIRS = values_of_run("--dataset", "tiny.toml", "--pairs", "list.csv")
WHOLE = values_of_run("--dataset", "tiny.toml")
FOLDERS = ("--targets", "data/images", "--masks", "masks", "--predictions", "done")
SCORE = command("score", *FOLDERS, "--metrics", "psnr,ssim", *QUIET)
CHECKS = command("weights", "verify", "--baselines", "baselines")
ADD = ("weights", "add", "mine", "tiny", "--baselines", "baselines")


# --- units of a run -------------------------------------------------------------------------------


def units_gone_on_with() -> Numbers:
    """Whether the units that a command goes on with hold every shard of each method once, in order."""
    home = Path("run.units")
    made = Pipeline(dataset="tiny.toml", methods=",".join(METHODS), device="cpu", out=Path("run"))
    methods = [SimpleNamespace(name=name, offloads=False) for name in METHODS]
    executor = SimpleNamespace(threads=1, slots=2, remote=False)
    plan = planned(home, made, executor, methods, COUNT, "cpu")  # type: ignore[arg-type]
    units = units_of(made, methods, plan, home)  # type: ignore[arg-type]
    assert {unit.method for unit in units} == {*METHODS}
    trials = trials_of(plan, units)
    for unit in trials:
        files.write_whole(unit.done, seal(unit.key, unit.part))
    plan = sized(plan, trials, home, 2, COUNT)
    for name in METHODS:
        held = [number for first, last, _ in plan.units[name] for number in range(first, last + 1)]
        assert held == list(range(1, plan.units[name][0][2] + 1))
    return "every shard once"


def jobs_come_back_to() -> Numbers:
    """The units whose job is found in a queue: one may be lost and is begun again, none may be another's."""
    home = Path("run.units")
    units = [Unit(f"telea.{n}of2", "telea", "key", home / f"telea.{n}of2.json", (), lambda *_: 0) for n in (1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slurm, "_ask", lambda *words: "7_0|RUNNING|None\n7_1|RUNNING|None\n" * (words[0] == "squeue"))
        found = slurm.Queue(units, 1)
        assert {*found.jobs} <= {unit.name for unit in units}
        assert all(job.replace("_", "").isdecimal() for job in found.jobs.values())
        states = [found.attached(unit) for unit in units]
    assert all(state.where == f"job {found.jobs[state.unit.name]}" for state in states if state.state == "running")
    return "its own jobs"


STATUS = command("status", "run")
