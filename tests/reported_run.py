"""A small run with its report: made once, and looked at by every test of reports."""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tiny

from inpaint_bench.cli import run_cli

METHODS = f"telea,mean-fill,{tiny.NOISE}"
STRANGE = "<b onload='x'>&$a$ b.png"  # a name that a careless page would run


@dataclass(frozen=True)
class Made:
    """A run folder, the page of its dataset, and the folder that its report is written to."""

    run: Path
    page: Path
    out: Path

    def report(self, *arguments: str) -> int:
        """`inpaint-bench report`; the exit code."""
        where = ["--data", str(self.page.parent / "data"), "--out", str(self.out)]
        return run_cli(["report", str(self.run), *where, *arguments])

    def data(self) -> dict[str, Any]:
        """What the page is given."""
        first, text = (self.out / "data.js").read_text().split("\n", 1)
        assert first == "// inpaint-bench report 1"
        found = msgspec.json.decode(text.removeprefix("window.REPORT = ").rstrip().removesuffix(";"))
        assert isinstance(found, dict)
        return found

    def copied(self, folder: Path) -> "Made":
        """A copy of the run and of its report, to do with as one likes."""
        run, out = (shutil.copytree(old, folder / old.name) for old in (self.run, self.out))
        return Made(run, self.page, out)


@functools.cache
def made_once(base: Path, compiled: Path, count: int) -> Made:
    """A run of two methods and a stochastic one and its report, to look at only. `base` is the session's folder."""
    folder = base / f"reported-run-{count}"
    page = tiny.make_dataset(folder / "dataset", count=count, metrics=["psnr", "ssim"])
    pictures = folder / "dataset" / "data" / "images"
    (pictures / "picture3.png").rename(pictures / STRANGE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        patch.setenv("NUMBA_CACHE_DIR", str(compiled))
        patch.chdir(folder)
        made = Made(folder / "run", page, folder / "report")
        assert tiny.run(page, made.run, methods=METHODS) == 0
        assert made.report() == 0
    return made
