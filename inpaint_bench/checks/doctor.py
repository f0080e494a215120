"""What is here and what is not: packages, folders, data, methods with their weights, metrics; each lack with its mend.

Packages are looked at first and without importing any, so that a broken installation can still be on_progress about.
"""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from inpaint_bench import __version__, files

PROJECT = "inpaint-bench"
EXTRAS = ("classical", "detect", "train")
SAME = {  # packages that bring the same modules under another name
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "ultralytics-opencv-headless": ("ultralytics",),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    part: Literal["packages", "folders", "data", "methods", "metrics"]
    state: Literal["ok", "note", "missing"]
    what: str
    mend: str = ""  # the command, or what to do
    needed: bool = False  # by the default run


@dataclass(frozen=True)
class Requirement:
    """A package that the project names, with the least version it takes and the extra that brings it."""

    name: str
    least: str = ""
    extra: str = ""

    @property
    def install(self) -> str:
        """The line that installs it."""
        if self.extra:
            return f"pip install '{PROJECT}[{self.extra}]'"
        return f"pip install '{self.name}{f'>={self.least}' if self.least else ''}'"


def examine() -> Iterator[Finding]:
    """Everything that can be looked at, in order. Where a package that is needed lacks, it ends with the packages."""
    lacking = False
    for finding in packages():
        lacking |= finding.needed and finding.state == "missing"
        yield finding
    yield from folders()
    if lacking:
        return
    for part, look in _PARTS.items():
        try:
            yield from look()
        except Exception as error:  # a package that does not load may raise anything, as ValueError for another numpy
            message = " ".join(f"{type(error).__name__}: {error}".split())
            yield Finding(part, "missing", f"cannot be looked at: {message}", needed=True)


def works(findings: list[Finding]) -> bool:
    """Whether `inpaint-bench run`, with no option, can do its work."""
    return not any(finding.needed and finding.state == "missing" for finding in findings)


# --- packages ---------------------------------------------------------------------------------


def packages() -> Iterator[Finding]:
    """Python, the project, and every package that it names, each beside the version it was tested with."""
    yield Finding("packages", "ok", f"python {platform.python_version()}, {PROJECT} {__version__}")
    tested = tested_versions()
    for one in requirements():
        yield _package(one, tested.get(_plain(one.name), ""))


def _package(one: Requirement, tested: str) -> Finding:
    name, version = _installed(one.name)
    needed, of = not one.extra, f" (extra {one.extra})" if one.extra else ""
    if version is None:
        return Finding("packages", "missing", f"{one.name}{of}: not installed", one.install, needed)
    if one.least and _numbers(version) < _numbers(one.least):
        what = f"{name} {version}{of}: too old, {one.least} or newer is needed"
        return Finding("packages", "missing", what, one.install, needed)
    if tested and version.partition("+")[0] != tested:
        return Finding("packages", "note", f"{name} {version}{of}: tested with {tested}", needed=needed)
    return Finding("packages", "ok", f"{name} {version}{of}", needed=needed)


def _installed(name: str) -> tuple[str, str | None]:
    for other in (name, *SAME.get(name, ())):
        try:
            return other, metadata.version(other)
        except metadata.PackageNotFoundError:
            continue
    return name, None


def requirements() -> list[Requirement]:
    """The packages that the project names for this Python and this system, tests' aside.

    Those of a checkout are read from its pyproject.toml, those of an installation from its metadata.
    """
    page = files.PACKAGE.parent / "pyproject.toml"
    if page.is_file():
        project = _toml(page)["project"]
        lines = [*project["dependencies"]]
        for extra, named in project["optional-dependencies"].items():
            lines += [f"{line}{' and' if ';' in line else ';'} extra == '{extra}'" for line in named]
    else:
        lines = metadata.requires(PROJECT) or []
    found = [_read(line) for line in lines]
    return [one for one in found if one is not None and one.extra in ("", *EXTRAS)]


def _toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _read(line: str) -> Requirement | None:
    """One requirement, or None where a marker says that it is none here."""
    words, _, marker = line.partition(";")
    name, _, least = words.strip().partition(">=")
    here = {"sys_platform": sys.platform, "python_version": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    extra = ""
    for key, sign, value in re.findall(r"(\w+)\s*(==|<)\s*['\"]([^'\"]+)['\"]", marker):
        if key == "extra":
            extra = value
        elif (sign == "==" and here[key] != value) or (sign == "<" and _numbers(here[key]) >= _numbers(value)):
            return None
    return Requirement(name.strip(), least.strip(), extra)


def tested_versions() -> dict[str, str]:
    """The versions in constraints.txt, where it lies beside the package; none elsewhere."""
    path = files.PACKAGE.parent / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {_plain(name): version for name, sign, version in (line.partition("==") for line in lines) if sign}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


# --- folders, data, methods, metrics ----------------------------------------------------------


def folders() -> Iterator[Finding]:
    """Where runs and what can be made again are written."""
    for what, path, mend in (
        ("runs", Path("runs").absolute(), "work in a folder that you may write to, or give --out"),
        ("cache", files.cache_dir(), "set INPAINT_BENCH_CACHE to a folder that you may write to"),
    ):
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if there.is_dir() and os.access(there, os.W_OK):
            yield Finding("folders", "ok", f"{what}: {path}", needed=True)
        else:
            yield Finding("folders", "missing", f"{what}: {path} cannot be written to", mend, needed=True)


def data() -> Iterator[Finding]:
    """The data of every dataset."""
    from inpaint_bench.data.datasets import open_dataset
    from inpaint_bench.data.protocols import page_names
    from inpaint_bench.errors import InputError

    for name in page_names():
        needed = name == "sample"
        try:
            found = open_dataset(name, None)
        except InputError as error:
            mend = "install the package again" if needed else f"inpaint-bench datasets show {name}"
            message = str(error).partition(" `inpaint-bench datasets")[0]  # which the mend says
            yield Finding("data", "missing", f"{name}: {message}", mend, needed)
        else:
            yield Finding("data", "ok", f"{name}: {len(found.pairs)} pairs, {found.data.images}", needed=needed)


def methods() -> Iterator[Finding]:
    """Every method, whether it can run, and for which datasets its weights are here."""
    from inpaint_bench.methods.baselines import find_baselines, installed, runnable

    some = False
    for name, (baseline, card) in find_baselines().items():
        some = some or runnable(baseline, card, "sample")
        if not installed(card) and card.requires is not None:
            mend = f"pip install '{PROJECT}[{card.requires.extra}]'"
            yield Finding("methods", "missing", f"{name}: needs {card.requires.module}", mend)
            continue
        here = sorted(path.stem for path in (files.weights_dir() / name).glob("*.safetensors"))
        if card.learned and not here and not card.ships:
            dataset = "|".join(dict.fromkeys(one.dataset for one in card.weights)) or "DATASET"
            where = (
                f", a file that `inpaint-bench methods show {name}` names" if card.weights else ", a file of your own"
            )
            mend = f"inpaint-bench weights add {name} {dataset} FILE{where}"
            yield Finding("methods", "missing", f"{name}: no weights in {files.weights_dir() / name}", mend)
        else:
            has = [f"weights for {', '.join(here)}"] * bool(here) + ["weights that ship"] * bool(card.ships)
            yield Finding("methods", "ok", f"{name}: {', '.join(has)}" if has else name)
    if not some:
        yield Finding("methods", "missing", "no method can run on the sample dataset", needed=True)


def metrics() -> Iterator[Finding]:
    """The metrics that can be measured, and why the others cannot."""
    from inpaint_bench.data.protocols import page_path, read_page
    from inpaint_bench.metrics.registry import CHOOSABLE, absent, find

    lacks = {name: absent(metric) for name, metric in CHOOSABLE.items()}
    yield Finding("metrics", "ok", f"{sum(not why for why in lacks.values())} of {len(lacks)} can be measured")
    for why in dict.fromkeys(lacks.values()):
        if why:
            names = ", ".join(name for name in lacks if lacks[name] == why)
            what, _, mend = why.partition(". ")
            yield Finding("metrics", "missing", f"{names}: {what}", mend)
    if all(absent(find(name)) for name in read_page(page_path("sample")).metrics):
        yield Finding("metrics", "missing", "no metric of the sample dataset can be measured", needed=True)


_PARTS: dict[Literal["data", "methods", "metrics"], Callable[[], Iterator[Finding]]] = {
    "data": data,
    "methods": methods,
    "metrics": metrics,
}
