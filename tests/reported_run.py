"""A small run with its report, made once and used by every test of reports."""

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
import tiny
from finished import finished_run

from inpaint_bench.analysis.run import RunData
from inpaint_bench.data import datasets
from inpaint_bench.report.write import write_report

METHODS = ["telea", "mean-fill", tiny.NOISE]
STRANGE = "<b onload='x'>&$a$ b.png"  # a name that a careless page would execute


@dataclass(frozen=True)
class ReportedRun:
    """A run folder, the page of its dataset, and the folder of its report."""

    run: Path
    page: Path
    out: Path

    def report(
        self,
        data: Path | None = None,
        absent: Mapping[str, str] = MappingProxyType({}),
        on_progress: Callable[[int], None] = lambda count: None,
    ) -> Path:
        """Write the report."""
        run = RunData.open(self.run)
        dataset = datasets.of_run(run.info.protocol, run.pairs, data or self.page.parent / "data", (None, None))
        return write_report(run, dataset, self.out, absent, 1, on_progress)

    def data(self) -> dict[str, Any]:
        """The data of the page."""
        first, text = (self.out / "data.js").read_text().split("\n", 1)
        assert first == "// inpaint-bench report 1"
        found = msgspec.json.decode(text.removeprefix("window.REPORT = ").rstrip().removesuffix(";"))
        assert isinstance(found, dict)
        return found

    def copied(self, folder: Path) -> "ReportedRun":
        """A copy of the run and of its report that may be changed."""
        run, out = (shutil.copytree(old, folder / old.name) for old in (self.run, self.out))
        return ReportedRun(run, self.page, out)


@functools.cache
def reported_run(base: Path, compiled: Path, count: int) -> ReportedRun:
    """A run of two methods and a stochastic one, and its report; read only. `base` is the folder of the session."""
    folder = base / f"reported-run-{count}"
    page = tiny.make_dataset(folder / "dataset", count=count, metrics=["psnr", "ssim"])
    pictures = folder / "dataset" / "data" / "images"
    (pictures / "picture3.png").rename(pictures / STRANGE)
    made = ReportedRun(folder / "run", page, folder / "report")
    with working_in(folder, compiled):
        finished_run(page, made.run, METHODS)
        made.report()
    return made


@contextlib.contextmanager
def working_in(folder: Path, compiled: Path) -> Iterator[None]:
    """The working folder and caches of a fixture that outlives a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        patch.setenv("NUMBA_CACHE_DIR", str(compiled))
        patch.chdir(folder)
        yield
