"""However a method ends, what it finished stays its own: another method and a second run find it again."""

import errno
import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tiny
from selection import quick

from inpaint_bench import files
from inpaint_bench.cli import run_cli
from inpaint_bench.errors import InputError
from inpaint_bench.runner.folder import change_info, open_run
from inpaint_bench.runner.run_info import RunInfo

SIDE = 64  # the composites of noise at this size are larger than run.json
METHOD = """
import os
import torch

def load(weights, device):
    seen = []

    def inpaint(image, mask):
        seen.append(image)
        if len(seen) > 4 and os.environ.get("ENDING"):  # two pictures of the probe, two pairs
            raise KeyboardInterrupt if os.environ["ENDING"] == "interrupted" else ValueError("no")
        torch.manual_seed(int(1000 * image.sum()))
        return image * (1 - mask) + mask * torch.rand(image.shape)

    return inpaint
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Path("ends.py").write_text(METHOD)
    return tiny.make_dataset(tmp_path / "dataset", count=4, side=SIDE, size=SIDE, metrics=["psnr"])


@contextmanager
def full_after(count: int) -> Iterator[None]:
    """After so many composites every further one ends as on a full disk; nothing else does."""
    real, written = os.replace, list[str]()

    def replace(source: Any, target: Any, **named: Any) -> None:
        if Path(target).parent.name == "composites":
            if len(written) >= count:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written.append(str(target))
        real(source, target, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(Path, "replace", lambda path, target: replace(path, target))
        yield


@contextmanager
def a_small_limit() -> Iterator[None]:
    """No file may grow beyond 6 KiB: run.json may, a composite of noise not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@contextmanager
def environment(ending: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENDING", ending)
        yield


ENDINGS: dict[str, tuple[Callable[[], Any], int]] = {
    "fine": (lambda: environment(""), 0),
    "fails at a pair": (lambda: environment("fails"), 3),
    "interrupted": (lambda: environment("interrupted"), 130),
    "the disk is full": (lambda: full_after(2), 3),
    "the disk is full at once": (lambda: full_after(0), 3),
    "a limit on the size of files": (a_small_limit, 3),
}


def run(page: Path, out: Path, methods: str) -> int:
    return tiny.run(page, out, "--batch", "1", "--jobs", "1", methods=methods)


@pytest.mark.parametrize("together", quick([True, False], [True]))
@pytest.mark.parametrize("ending", quick(ENDINGS, ["fails at a pair", "the disk is full"]))
def test_a_method_is_remembered_however_it_ends(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, together: bool
) -> None:
    out, (ends, code) = tmp_path / "out", ENDINGS[ending]
    with ends():
        assert run(page, out, "mine=python:ends:load" + (",telea" if together else "")) == code
    kept = tiny.state(out / "mine" / "composites")
    assert run(page, out, "telea") == 0
    capsys.readouterr()
    assert run(page, out, "mine=python:ends:load") == 0, capsys.readouterr().err
    assert kept.items() <= tiny.state(out / "mine" / "composites").items()
    assert run(page, tmp_path / "fresh", "mine=python:ends:load,telea") == 0
    assert tiny.outcome(out) == tiny.outcome(tmp_path / "fresh")
    assert sorted(open_run(out).info.methods) == ["mine", "telea"]


def test_run_json_is_changed_from_what_it_says_now_and_under_the_lock(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(page, out, "mean-fill") == 0
    before = open_run(out)
    assert run(page, out, "telea") == 0
    assert sorted(before.with_method("mine", before.info.methods["mean-fill"]).info.methods) == [
        "mean-fill",
        "mine",
        "telea",
    ]
    with files.only_one(out):
        assert change_info(out, kept) == open_run(out).info  # the lock of this process serves
    with pytest.MonkeyPatch.context() as patch, files.only_one(out):
        patch.setattr(files, "_held", set[Path]())  # as another process sees it
        with pytest.raises(InputError, match="another run is using this folder"):
            change_info(out, kept)


def kept(now: RunInfo | None) -> RunInfo:
    assert now is not None
    return now


def test_a_run_that_another_process_holds_is_not_touched(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(page, out, "mean-fill") == 0
    before = tiny.state(out)
    with files.only_one(out):
        assert run_cli(["score", str(out), "--data", str(page.parent / "data"), "--quiet"]) == 2
    assert tiny.state(out) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_cache_that_cannot_hold_the_list_of_pairs_ends_no_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = tempfile.mkstemp

    def mkstemp(*arguments: Any, **named: Any) -> tuple[int, str]:
        if files.cache_dir() in Path(named["dir"]).parents:
            raise OSError(number, os.strerror(number))
        handle, path = real(*arguments, **named)
        return handle, path

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    assert run(page, tmp_path / "out", "mean-fill") == 0
    assert not list(files.cache_dir().glob("pairs/*.csv"))
