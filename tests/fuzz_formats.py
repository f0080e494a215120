"""The formats: a valid file of each in the workspace, how it is broken, and what reads it."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import breakage
import breakage_binary as binary
import numpy as np
import pytest
import tiny
from fuzz_workspace import KEPT, METHODS, training
from fuzzing import OTHER_PAIRS, Format, Numbers, command

from baselines.dsi.tensorflow import read_checkpoint
from baselines.mat.files import read_network
from baselines.spn.training.checkpoint import resume
from baselines.spn.training.config import read_config
from baselines.spn.training.loggers import LOSSES, CsvLog
from inpaint_bench.metrics import cache as values
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
        found = values.get_many([*KEPT])
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
    text = Path("report/data.js").read_text().partition("window.REPORT = ")[2].rstrip().removesuffix(";")
    return {name: json.loads(text)[name] for name in ("buckets", "metrics", "groups", "pairs", "scores", "samples")}


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
        for folder in ("run", "parts/run", "expected"):
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
CODES = frozenset({2, 3, 5})
COMPARED = frozenset({2, 3, 4, 5})  # where two runs are compared, they may be of different pairs
TEXT, JSON, TOML, CSV, BYTES = breakage.TEXT, breakage.JSON, breakage.TOML, breakage.CSV, breakage.BYTES


def _kind(name: str, *breaks: breakage.Break) -> Format:
    return Format(name, f"kinds/{name}", (*BYTES, *breaks), verified)


def _hashes_fit() -> Iterator[Format]:
    """The files of a run, each with hashes that fit it, and each way of reading them."""
    ways = {
        "compared": (COMPARE, COMPARED), "listed": (listed, CODES), "drawn": (OBJECTS, CODES),
        "merged": (merged, COMPARED),
    }  # fmt: skip
    for name, (file, breaks, chosen) in {
        "scores": ("telea/scores.csv", CSV, ("compared", "listed", "merged")),
        "results": ("results.jsonl", JSON, ("compared", "listed")),
        "pairs": ("pairs.csv", CSV, ("compared", "listed", "drawn", "merged")),
        "features": ("telea/features.lite0.npy", (*BYTES, *binary.NPY), ("compared", "listed", "merged")),
        "index of features": ("telea/features.lite0.json", JSON, ("compared", "merged")),
        "objects": ("telea/objects.nanodet.jsonl", JSON, ("compared", "listed", "drawn", "merged")),
        "objects of targets": ("_targets/objects.nanodet.jsonl", JSON, ("drawn",)),
    }.items():
        for how in chosen:
            read, codes = ways[how]
            path = f"parts/run/{file}" if how == "merged" else f"run/{file}"
            yield Format(
                f"{name} whose hash fits, {how}", path, breaks, hashed_again(read), False, codes, how != "compared", 0.6
            )


FORMATS = [
    Format("protocol page", "tiny.toml", TOML, WHOLE),
    Format("list of pairs", "list.csv", CSV, PAIRS),
    Format("list of pairs, verified", "kinds.csv", CSV, verified),
    Format("list of pairs in the cache", "kept/pairs/list.csv", CSV, with_kept_list),
    Format("values in the cache", "kept/values.sqlite", BYTES, cached),
    Format("index array", "index.npy", (*BYTES, *binary.NPY), command(
        "pairs", "import", "--dataset", "tiny.toml", "--index", "index.npy", "--out", "imported.csv"), hashed=False),
    Format("mapping of CelebA-HQ", "hq/CelebA-HQ-to-CelebA-mapping.txt", TEXT,
           command("pairs", "show", "--dataset", "hq.toml"), hashed=False),
    Format("image", "data/images/picture0.png", (*BYTES, *binary.PNG), PAIRS),
    Format("mask", "data/masks/mask0.png", (*BYTES, *binary.PNG), PAIRS),
    Format("zip archive of images", "published.zip", (*BYTES, *binary.ZIP), added("published.zip"), hashed=False),
    Format("zip archive of images, flipped", "published.zip", BYTES, added("published.zip"), share=0.5),
    Format("tar archive of images", "published.tar", (*BYTES, binary.old_tar), added("published.tar"), hashed=False),
    Format("tar.gz archive of images", "published.tar.gz", BYTES, added("published.tar.gz"), hashed=False, share=0.5),
    _kind("images/a.jpg", *binary.JPEG), _kind("images/b.webp"), _kind("images/c.bmp"),
    _kind("masks/b.bmp"), _kind("masks/c.webp"),
    Format("prediction", "done/picture1.png", BYTES, SCORE),
    Format("prediction, written anew", "done/picture1.png", binary.PNG, SCORE, hashed=False),
    Format("composite", "run/telea/composites/00001.png", (*BYTES, *binary.PNG), reported, share=0.5),
    Format("run.json", "run/run.json", JSON, TABLE),
    Format("run.json, reported", "run/run.json", JSON, reported, share=0.5, slow=True),
    Format("report of before", "before/data.js", BYTES, reported_again, share=0.5, slow=True),
    Format("run.json of a part", "parts/run/run.json", JSON, merged, codes=COMPARED, share=0.5, slow=True),
    Format("pairs.csv of a run", "run/pairs.csv", CSV, COMPARE),
    Format("results.jsonl", "run/results.jsonl", JSON, TABLE),
    Format("results.jsonl, reported", "run/results.jsonl", JSON, reported, share=0.5, slow=True),
    Format("SHA256SUMS", "run/SHA256SUMS", TEXT, TABLE),
    Format("scores.csv", "run/telea/scores.csv", CSV, COMPARE),
    Format("scores.csv, scored again", "run/telea/scores.csv", CSV, SCORE_RUN, share=0.2, slow=True),
    Format("scores.csv, listed", "run/telea/scores.csv", CSV, LONG),
    Format("features of a run", "run/telea/features.lite0.npy", (*BYTES, *binary.NPY), COMPARE),
    Format("index of features", "run/telea/features.lite0.json", JSON, COMPARE),
    Format("objects of a run", "run/telea/objects.nanodet.jsonl", JSON, COMPARE),
    Format("objects, drawn", "run/telea/objects.nanodet.jsonl", JSON, OBJECTS),
    Format("objects of the targets", "run/_targets/objects.nanodet.jsonl", JSON, TABLE),
    *_hashes_fit(),
    Format("times", "run/telea/timing.json", JSON, TIMES, hashed=False),
    Format("times, reported", "run/telea/timing.json", JSON, reported, hashed=False, share=0.5, slow=True),
    Format("expected results", "expected/results.jsonl", JSON, GATE, codes=COMPARED),
    Format("run.json of expected results", "expected/run.json", JSON, GATE, codes=COMPARED),
    Format("scores of expected results", "expected/telea/scores.csv", CSV, GATE),
    Format("history", "expected/history.jsonl", JSON, GATE),
    Format("history, accepted again", "expected/history.jsonl", JSON, accepted, hashed=False),
    Format("policy", "policy.toml", TOML, command("gate", "run", "--expected", "expected", "--policy", "policy.toml"),
           hashed=False),
    Format("reported numbers", "reported.csv", CSV, command(
        "table", "run", "--reported", "reported.csv", "--format", "csv"), hashed=False),
    Format("reported numbers, checked", "reported.csv", CSV, command(
        "claims", "check", "--reported", "reported.csv", "--format", "json", good=(0, 1)), hashed=False),
    Format("card", "baselines/mine/card.toml", TOML, command("methods", "show", "mine", "--baselines", "baselines"),
           hashed=False),
    Format("reference activations", "golden.json", JSON, command("check", "rn", "--golden", "golden.json", good=(0, 1)),
           hashed=False, share=0.2, slow=True),
    Format("features", "x.npy", (*BYTES, *binary.NPY), command("score", "--features", "x.npy", "y.npy"),
           hashed=False, share=0.5, slow=True),
    Format("checkpoint", "authors/new.pth", (*BYTES, *binary.ZIP), tensors("authors/new.pth"), hashed=False),
    Format("checkpoint, flipped", "authors/new.pth", BYTES, tensors("authors/new.pth")),
    Format("checkpoint, added", "authors/wrapped.ckpt", (*BYTES, *binary.ZIP), command(*ADD, "authors/wrapped.ckpt"),
           hashed=False),
    Format("checkpoint of others", "authors/new.pth", binary.CHECKPOINTS, command(*ADD, "authors/new.pth"),
           hashed=False, share=0.5),
    Format("legacy checkpoint", "authors/old.pth", (*BYTES, *binary.PICKLE), command(*ADD, "authors/old.pth"),
           hashed=False),
    Format("zipped checkpoint", "authors/packed.zip", (*BYTES, *binary.ZIP), command(*ADD, "authors/packed.zip"),
           hashed=False),
    Format("MAT's snapshot", "authors/mat.pkl", (*BYTES, *binary.PICKLE), snapshot, hashed=False),
    Format("index of a model", "model/model_index.json", JSON, model_index, hashed=False),
    Format("safetensors", "authors/mine.safetensors", (*BYTES, *binary.SAFETENSORS),
           command(*ADD, "authors/mine.safetensors"), hashed=False),
    Format("weights that were added", "weights/mine/tiny.safetensors", (*BYTES, *binary.SAFETENSORS), CHECKS),
    Format("note of weights", "weights/mine/tiny.json", JSON, CHECKS, hashed=False),
    Format("notes of weights, listed", "weights/mine/tiny.json", JSON, command("weights", "list"), hashed=False),
    Format("lock file of weights", "weights.lock.toml", TOML, locked, hashed=False),
    Format("TensorFlow index", "tf/model.ckpt.index", (*BYTES, *binary.TENSORFLOW), tensorflow, hashed=False),
    Format("TensorFlow index, flipped", "tf/model.ckpt.index", BYTES, tensorflow),
    Format("TensorFlow data", "tf/model.ckpt.data-00000-of-00001", BYTES, tensorflow),
    Format("training settings", "train.toml", TOML, settings, hashed=False),
    Format("training checkpoint", "trained/checkpoint.pt", (*BYTES, *binary.ZIP), resumed, hashed=False, slow=True),
    Format("training checkpoint, flipped", "trained/checkpoint.pt", BYTES, resumed, slow=True),
    Format("training log", "trained/losses.csv", CSV, log, hashed=False),
]  # fmt: skip
