"""Declarations of metrics are plain data: importing them loads no heavy package, and what they name exists."""

import subprocess
import sys
from inspect import getdoc
from pathlib import Path

import pytest
import torch

from inpaint_bench.metrics.base import Metric, Reference, SamplesMetric, SetMetric, StudyMetric, docstring, resolve
from inpaint_bench.metrics.detection import DETECTORS
from inpaint_bench.metrics.features import EXTRACTORS, by_path
from inpaint_bench.metrics.registry import KNOWN, absent, network_signature, signature

HEAVY = ("torch", "torchvision", "torchmetrics", "cv2", "numba", "scipy", "skimage", "sklearn", "matplotlib", "lpips")
LIGHT = ("metrics", "metrics.registry", "data.protocols", "data.pair_lists", "errors", "files", "threads")
OPENED = [*(one.opened_by for one in EXTRACTORS.values()), *(one.opened_by for one in DETECTORS.values())]
COMPUTED = [metric for metric in KNOWN.values() if isinstance(metric, (Metric, SamplesMetric, SetMetric))]


def loaded_by(program: str) -> str:
    """The heavy packages that a program has loaded when it ends."""
    report = f"import sys; print(*sorted({set(HEAVY)} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"{program}\n{report}"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", LIGHT)
def test_importing_declarations_loads_no_heavy_package(module: str) -> None:
    assert loaded_by(f"import inpaint_bench.{module}") == ""


def test_signatures_and_availability_load_no_heavy_package() -> None:
    program = (
        "from inpaint_bench.metrics.registry import *\n"
        "for metric in KNOWN.values():\n"
        "    network = '' if absent(metric) else network_signature(metric)\n"
        "    signature(metric, 'round', False, network), few(metric.name, 1000), companion(metric.name)"
    )
    assert loaded_by(program) == ""


@pytest.mark.parametrize("metric", COMPUTED, ids=lambda metric: metric.name)
def test_the_function_of_a_metric_exists_and_documents_it(metric: Metric | SamplesMetric | SetMetric) -> None:
    assert callable(metric.function)
    assert metric.name.split("_")[0] in metric.function.__name__ or isinstance(metric, SetMetric)
    assert getdoc(metric.function)


def test_docstrings_are_read_from_the_source_as_python_has_them() -> None:
    named = [metric for metric in KNOWN.values() if isinstance(metric, (Metric, SamplesMetric, StudyMetric))]
    assert [docstring(metric.implementation) for metric in named] == [getdoc(metric.function) for metric in named]


@pytest.mark.parametrize("reference", OPENED)
def test_the_function_that_opens_a_network_exists(reference: Reference) -> None:
    assert callable(resolve(reference))


@pytest.mark.parametrize("metric", COMPUTED, ids=lambda metric: metric.name)
def test_a_docstring_gives_direction_range_and_source(metric: Metric | SamplesMetric | SetMetric) -> None:
    text = getdoc(metric.function) or ""
    assert f"{metric.better} is better" in text
    assert "\nRange: " in text
    assert "\nSource: " in text


def test_a_function_resolves_to_itself() -> None:
    assert resolve(len) is len


def test_every_metric_has_a_signature_of_its_own() -> None:
    networks = {name: "" if absent(metric) else network_signature(metric) for name, metric in KNOWN.items()}
    signatures = {signature(metric, "round", False, networks[name]) for name, metric in KNOWN.items()}
    assert len(signatures) == len(KNOWN)


@pytest.mark.parametrize("variable", ["TORCH_HOME", "XDG_CACHE_HOME", None])
def test_downloads_of_torch_lie_where_torch_puts_them(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    assert by_path.torch_downloads() == Path(torch.hub.get_dir()) / "checkpoints"
