"""What is installed and what is missing: packages, folders, data, methods with their weights, metrics, each with a fix.

Packages are checked first and without importing them, so that a broken installation can still be diagnosed.
"""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from inpaint_bench import __version__, files

if TYPE_CHECKING:
    from inpaint_bench.weights.models import ModelId

PROJECT = "inpaint-bench"
EXTRAS = ("classical", "detect", "diffusers", "fetch", "train", "log")
EQUIVALENT = {  # packages that provide the same modules under another name
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "ultralytics-opencv-headless": ("ultralytics",),
}


@dataclass(frozen=True)
class DoctorItem:
    """One checked item."""

    section: Literal["packages", "folders", "data", "methods", "metrics"]
    state: Literal["ok", "note", "missing"]
    what: str
    fix: str = ""  # the command, or what to do
    needed: bool = False  # by `inpaint-bench run` without options


@dataclass(frozen=True)
class Requirement:
    """A required package, its minimum version, and the extra it belongs to."""

    name: str
    minimum: str = ""
    extra: str = ""

    @property
    def install(self) -> str:
        """The command that installs it."""
        if self.extra:
            return f"pip install '{PROJECT}[{self.extra}]'"
        return f"pip install '{self.name}{f'>={self.minimum}' if self.minimum else ''}'"


def examine() -> Iterator[DoctorItem]:
    """All items in order. If a needed package is missing, data, methods and metrics are not checked."""
    incomplete = False
    for item in packages():
        incomplete |= item.needed and item.state == "missing"
        yield item
    yield from folders()
    if incomplete:
        return
    for section, items in _SECTIONS.items():
        try:
            yield from items()
        except Exception as error:  # a broken package may raise anything, as ValueError for an incompatible numpy
            message = " ".join(f"{type(error).__name__}: {error}".split())
            yield DoctorItem(section, "missing", f"cannot be checked: {message}", needed=True)


def works(items: list[DoctorItem]) -> bool:
    """Whether `inpaint-bench run` works without options."""
    return not any(item.needed and item.state == "missing" for item in items)


# --- packages ---------------------------------------------------------------------------------


def packages() -> Iterator[DoctorItem]:
    """Python, this package, and all required packages, compared with the tested versions."""
    yield DoctorItem("packages", "ok", f"python {platform.python_version()}, {PROJECT} {__version__}")
    tested = tested_versions()
    for one in requirements():
        yield _package(one, tested.get(_plain(one.name), ""))


def _package(one: Requirement, tested: str) -> DoctorItem:
    name, version = _installed(one.name)
    needed, of = not one.extra, f" (extra {one.extra})" if one.extra else ""
    if version is None:
        return DoctorItem("packages", "missing", f"{one.name}{of}: not installed", one.install, needed)
    if one.minimum and _numbers(version) < _numbers(one.minimum):
        what = f"{name} {version}{of}: too old, {one.minimum} or newer is required"
        return DoctorItem("packages", "missing", what, one.install, needed)
    if tested and version.partition("+")[0] != tested:
        return DoctorItem("packages", "note", f"{name} {version}{of}: tested with {tested}", needed=needed)
    return DoctorItem("packages", "ok", f"{name} {version}{of}", needed=needed)


def _installed(name: str) -> tuple[str, str | None]:
    for other in (name, *EQUIVALENT.get(name, ())):
        try:
            return other, metadata.version(other)
        except metadata.PackageNotFoundError:
            continue
    return name, None


def requirements() -> list[Requirement]:
    """The required packages for this Python and system, without those of the tests.

    They are read from pyproject.toml in a checkout, and from the metadata of an installation.
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
    here = [one for one in found if one is not None and one.extra in ("", *EXTRAS)]
    return list({one.name: one for one in reversed(here)}.values())[::-1]  # the first extra of those that need one


def _toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _read(line: str) -> Requirement | None:
    """One requirement; None if its marker excludes this Python or system."""
    text, _, marker = line.partition(";")
    if not _is_for_here(marker):
        return None
    name, _, minimum = text.strip().partition(">=")
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
    return Requirement(name.strip(), minimum.strip(), extra[1] if extra else "")


def _is_for_here(marker: str) -> bool:
    """Whether a marker of a requirement admits this Python and system."""
    system = re.search(r"sys_platform\s*==\s*['\"]([^'\"]+)", marker)
    python = re.search(r"python_version\s*(<|>=)\s*['\"]([^'\"]+)", marker)
    older = python is not None and sys.version_info[:2] < _numbers(python[2])
    return (system is None or system[1] == sys.platform) and (python is None or older == (python[1] == "<"))


def tested_versions() -> dict[str, str]:
    """The versions for this Python in constraints.txt of a checkout; empty for an installation."""
    path = files.PACKAGE.parent / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    here = [pin for pin, _, marker in (line.partition(";") for line in lines) if _is_for_here(marker)]
    return {_plain(name): version.strip() for name, sign, version in (pin.partition("==") for pin in here) if sign}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


# --- folders, data, methods, metrics ----------------------------------------------------------


def folders() -> Iterator[DoctorItem]:
    """The folders of runs and of the cache."""
    for what, path, fix in (
        ("runs", Path("runs").absolute(), "work in a writable folder, or give --out"),
        ("cache", files.cache_dir(), "set INPAINT_BENCH_CACHE to a writable folder"),
    ):
        existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if existing.is_dir() and os.access(existing, os.W_OK):
            yield DoctorItem("folders", "ok", f"{what}: {path}", needed=True)
        else:
            yield DoctorItem("folders", "missing", f"{what}: {path} is not writable", fix, needed=True)


def data() -> Iterator[DoctorItem]:
    """The data of every dataset."""
    from inpaint_bench.data.needs import state
    from inpaint_bench.data.protocols import page_names, page_path, read_page

    for name in page_names():
        needed, found = name == "sample", state(name)
        if found.state == "complete":
            pairs = read_page(page_path(name)).count
            yield DoctorItem("data", "ok", f"{name}: {pairs} pairs, {found.folder}", needed=needed)
        else:
            yield DoctorItem("data", "missing", f"{name}: {found.here}", found.mend, needed)


def _model_item(method: str, model: "ModelId") -> DoctorItem:
    """A method that runs with a model of several files."""
    from inpaint_bench.weights.models import find_model

    if not model.repo:
        return DoctorItem("methods", "ok", f"{method}: with a model that you name, mine={method}:FOLDER")
    if found := find_model(model):
        return DoctorItem("methods", "ok", f"{method}: {found}")
    return DoctorItem("methods", "missing", f"{method}: {model} is not here", f"inpaint-bench weights fetch {method}")


def methods() -> Iterator[DoctorItem]:
    """All methods: whether they can run, and the datasets that their weights are here for."""
    from inpaint_bench.methods.baselines import find_baselines, installed, runnable

    some = False
    for name, (baseline, card) in find_baselines().items():
        some = some or runnable(baseline, card, "sample")
        if not installed(card) and card.requires is not None:
            fix = f"pip install '{PROJECT}[{card.requires.extra}]'"
            yield DoctorItem("methods", "missing", f"{name}: needs {card.requires.module}", fix)
            continue
        if card.model is not None:
            yield _model_item(name, card.model)
            continue
        here = sorted(path.stem for path in (files.weights_dir() / name).glob("*.safetensors"))
        if card.learned and not here and not card.ships:
            dataset = "|".join(dict.fromkeys(one.dataset for one in card.weights))
            fix = f"inpaint-bench weights fetch {name} {dataset}"
            if not dataset:
                fix = f"inpaint-bench weights add {name} DATASET FILE, your own file"
            yield DoctorItem("methods", "missing", f"{name}: no weights in {files.weights_dir() / name}", fix)
        else:
            has = [f"weights for {', '.join(here)}"] * bool(here) + ["shipped weights"] * bool(card.ships)
            yield DoctorItem("methods", "ok", f"{name}: {', '.join(has)}" if has else name)
    if not some:
        yield DoctorItem("methods", "missing", "no method can run on the sample dataset", needed=True)


def metrics() -> Iterator[DoctorItem]:
    """The number of metrics that can be measured, and why the others cannot."""
    from inpaint_bench.data.protocols import page_path, read_page
    from inpaint_bench.metrics.registry import CHOOSABLE, absent, find

    lacks = {name: absent(metric) for name, metric in CHOOSABLE.items()}
    yield DoctorItem("metrics", "ok", f"{sum(not why for why in lacks.values())} of {len(lacks)} can be measured")
    for why in dict.fromkeys(lacks.values()):
        if why:
            names = ", ".join(name for name in lacks if lacks[name] == why)
            what, _, fix = why.partition(". ")
            yield DoctorItem("metrics", "missing", f"{names}: {what}", fix)
    if all(absent(find(name)) for name in read_page(page_path("sample")).metrics):
        yield DoctorItem("metrics", "missing", "no metric of the sample dataset can be measured", needed=True)


_SECTIONS: dict[Literal["data", "methods", "metrics"], Callable[[], Iterator[DoctorItem]]] = {
    "data": data,
    "methods": methods,
    "metrics": metrics,
}
