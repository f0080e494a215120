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
from inpaint_bench.report import pages
from inpaint_bench.report.write import write_report

METHODS = ["telea", "mean-fill", tiny.NOISE]
PER_PAGE = 8  # pairs: so a report of tests has several pages
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
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pages, "PER_PAGE", PER_PAGE)
            return write_report(run, dataset, self.out, absent, 1, on_progress)

    def data(self) -> dict[str, Any]:
        """The data of the page, with those of its pairs: `pairs`, `scores` and `samples` as of one file."""
        return data_of_report(self.out)

    def copied(self, folder: Path) -> "ReportedRun":
        """A copy of the run and of its report that may be changed."""
        run, out = (shutil.copytree(old, folder / old.name) for old in (self.run, self.out))
        return ReportedRun(run, self.page, out)


def data_of_report(out: Path) -> dict[str, Any]:
    """The data of a report, with those of its pairs, as of one file."""
    found: dict[str, Any] = read_script(out / "data.js")
    index = read_script(out / "pairs" / "index.js")
    pages = [
        read_script(out / "pairs" / f"page.{number}.js") for number in range(-(-found["count"] // found["per_page"]))
    ]
    sizes = [size for page in pages for size in page["sizes"]]
    buckets = [*(bucket["name"] for bucket in found["buckets"]), ""]
    index |= {"bucket": [buckets[number] for number in index["bucket"]]}
    index |= {"height": [height for height, _ in sizes], "width": [width for _, width in sizes]}
    found["pairs"] = [dict(zip(index, facts, strict=True)) for facts in zip(*index.values(), strict=True)]
    found["scores"], found["samples"] = (joined([page[kind] for page in pages]) for kind in ("scores", "samples"))
    return found


def joined(pages: list[Any]) -> Any:
    """The lists in the dicts of pages as those of one page."""
    if isinstance(pages[0], list):
        return [one for page in pages for one in page]
    return {name: joined([page[name] for page in pages]) for name in pages[0]}


def read_script(path: Path) -> Any:
    """The data in a file of a report."""
    first, text = path.read_text().split("\n", 1)
    assert first == "// inpaint-bench report 1"
    return msgspec.json.decode(text.partition(" = ")[2].rstrip().removesuffix(";"))


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
