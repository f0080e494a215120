"""A disk that is full or read-only, a folder that goes away: one sentence, and nothing that was finished is lost."""

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from terminal import Answer, Terminal

from inpaint_bench.metrics.kernels import pixel_stats  # noqa: F401  # compiled before the user changes
from inpaint_bench.runner import predict, score_pairs

METHODS = "mean-fill,telea"
NOBODY = 65534
ENDS = {
    "run": ("run", "--dataset", "tiny.toml", "--methods", METHODS, "--out", "out", "--quiet"),
    "score": ("score", "out", "--metrics", "ssim,psnr,mae,mse", "--data", "data", "--quiet"),
    "merge": ("merge", "one", "two", "--out", "out"),
    "report": ("report", "out", "--data", "data", "--quiet"),
    "gate": ("gate", "out", "--expected", "expected", "--accept", "--reason", "because"),
    "table": ("table", "out", "--out", "table.csv"),
}
BEFORE = {"score": ("run",), "merge": ("one", "two"), "report": ("run",), "gate": ("run",), "table": ("run",)}

pytestmark = pytest.mark.acceptance


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every user may enter, with a dataset."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        monkeypatch.chdir(made)
        monkeypatch.setenv("INPAINT_BENCH_CACHE", str(Path(made, "cache")))
        tiny.make_dataset(Path(), count=6, metrics=["ssim", "psnr", "mae"])
        yield Path(made)
        monkeypatch.undo()


def prepare(terminal: Terminal, command: str) -> None:
    """Run what a command needs."""
    for before in BEFORE.get(command, ()):
        number = {"one": "1/2", "two": "2/2"}.get(before)
        options = ("--out", before, "--shard", number) if number else ()
        terminal(*ENDS["run"], *options).does()


def outcome(folder: Path) -> dict[str, bytes]:
    """What commands made; not when, and not in the cache."""
    found = tiny.outcome(folder)
    skipped = ("cache/", "data/", "tiny.toml", "expected/history.jsonl", "out/report/data.js")
    return {name: data for name, data in found.items() if not name.startswith(skipped) and "/.lock" not in name}


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Meanwhile no file may grow above so many bytes, as under a quota of a batch system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def as_somebody_else(*readable: Path) -> Iterator[None]:
    """Meanwhile these folders and all in them can be read and not written to."""
    every = [one for root in readable for one in (root, *root.rglob("*"))]
    modes = {one: one.stat().st_mode for one in every}
    for one, mode in modes.items():
        one.chmod(mode & 0o555 | 0o044)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for one, mode in modes.items():
            one.chmod(mode)


def sentence_of(answer: Answer, *codes: int) -> str:
    """The one sentence in which a command ended."""
    assert answer.code in codes, (answer.code, answer.err[-2000:])
    assert "Traceback" not in answer.err
    return answer.err.strip().splitlines()[-1]


@pytest.mark.parametrize("command", ENDS)
def test_a_full_disk_is_reported_and_the_same_command_goes_on(terminal: Terminal, folder: Path, command: str) -> None:
    prepare(terminal, command)
    terminal(*ENDS[command]).does()
    calm = outcome(folder)
    full = 0
    for size in (0, 100, 700, 1500, 4000):
        for name in ("out", "one", "two", "expected", "table.csv", "cache"):
            shutil.rmtree(name, ignore_errors=True)
        Path("table.csv").unlink(missing_ok=True)
        prepare(terminal, command)
        with largest_file(size):
            answer = terminal(*ENDS[command])
        if answer.code:
            assert "the disk is full. Free some space and run the same command again" in sentence_of(answer, 3), size
            full += 1
        terminal(*ENDS[command]).does()
        assert outcome(folder) == calm, size
    assert full >= 2


def test_a_full_disk_of_the_cache_ends_nothing(terminal: Terminal, folder: Path) -> None:
    terminal(*ENDS["run"]).does()
    calm = outcome(folder)
    shutil.rmtree("out")
    shutil.rmtree("cache")
    Path("cache").mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", "cache"], capture_output=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    try:
        terminal(*ENDS["run"]).does()
        assert outcome(folder) == calm
    finally:
        subprocess.run(["umount", "cache"], check=True)


@pytest.mark.parametrize("size", ["16k", "40k", "80k"])
def test_a_run_on_a_full_disk_goes_on_where_there_is_space(terminal: Terminal, folder: Path, size: str) -> None:
    terminal(*ENDS["run"]).does()
    calm = outcome(folder)
    shutil.rmtree("out")
    Path("out").mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", "out"], capture_output=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    try:
        assert "the disk is full." in sentence_of(terminal(*ENDS["run"]), 3)
        subprocess.run(["mount", "-o", "remount,size=10m", "out"], check=True)
        terminal(*ENDS["run"]).does()
        assert outcome(folder) == calm
    finally:
        subprocess.run(["umount", "out"], check=True)


@pytest.mark.parametrize("command", ["run", "score", "merge", "report", "gate"])
def test_a_folder_that_cannot_be_written_to_is_reported_and_stays_as_it_is(
    terminal: Terminal, folder: Path, command: str
) -> None:
    prepare(terminal, command)
    if command == "run":
        terminal(*ENDS["run"]).does()
    Path("out").mkdir(exist_ok=True)
    Path("expected").mkdir()
    before = tiny.state(folder)
    with as_somebody_else(folder):
        sentence = sentence_of(terminal(*ENDS[command], *(("--metrics", "mse") if command == "run" else ())), 2)
    assert "cannot write here (Permission denied)" in sentence
    assert tiny.state(folder) == before


def test_a_folder_that_cannot_be_written_to_can_be_read(terminal: Terminal, folder: Path) -> None:
    terminal(*ENDS["run"]).does()
    terminal(*ENDS["gate"]).does()
    before = tiny.state(folder)
    with as_somebody_else(folder):
        terminal("table", "out").does("psnr")
        terminal("gate", "out", "--expected", "expected").does("results pass.")
        terminal("compare", "telea", "mean-fill", "out").does("psnr")
    assert tiny.state(folder) == before


def test_a_cache_that_cannot_be_written_to_ends_nothing(
    terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("ours").mkdir()
    Path("ours").chmod(0o777)
    Path("home").mkdir()
    shutil.copytree("data/images", "three/targets")
    for path in Path("data/masks").iterdir():
        tiny.save_png(Path("three/masks", path.name.replace("mask", "picture")), tiny.read(path)[..., 0])
    monkeypatch.delenv("INPAINT_BENCH_CACHE")
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with as_somebody_else(Path("home")):
        terminal(*ENDS["run"], "--out", "ours/run").does("psnr")
        three = ("--targets", "three/targets", "--masks", "three/masks", "--predictions", "three/targets")
        terminal("score", *three, "--quiet").does("inf")
    assert not list(Path("home").iterdir())


@pytest.mark.parametrize("command", ["run", "score"])
def test_a_run_folder_that_vanishes_is_reported_and_the_same_command_goes_on(
    terminal: Terminal, folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(*ENDS["run"]).does()
    calm = outcome(folder)
    if command == "run":
        shutil.rmtree("out")
    module, name = (predict, "_save") if command == "run" else (score_pairs, "_score_chunk")
    real, called = getattr(module, name), []

    def vanishing(*arguments: object) -> object:
        called.append(1)
        if len(called) == 1:
            shutil.rmtree("out")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, vanishing)
        alone = ("--jobs", "1")  # nobody writes into the folder while it is being removed
        sentence = sentence_of(terminal(*ENDS[command], *alone), 2, 3)
    assert "out" in sentence
    assert not Path("out").exists()
    terminal(*ENDS["run"]).does()
    assert outcome(folder) == calm


@pytest.mark.parametrize("lost", ["run.json", "pairs.csv", "telea", "telea/composites", "SHA256SUMS", "results.jsonl"])
def test_a_run_folder_that_lost_a_part_is_mended_or_reported_with_the_remedy(
    terminal: Terminal, folder: Path, lost: str
) -> None:
    terminal(*ENDS["run"]).does()
    calm = outcome(folder)
    path = Path("out", lost)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    answer = terminal(*ENDS["run"])
    if answer.code:
        sentence = sentence_of(answer, 2, 3, 5)
        assert "elete" in sentence or "run again" in sentence, sentence
        shutil.rmtree("out")
        terminal(*ENDS["run"]).does()
    again = outcome(folder)
    if lost == "SHA256SUMS":  # that of pairs.csv is noted where it is written
        assert again.pop(f"out/{lost}") != calm.pop(f"out/{lost}")
    assert again == calm
