"""Every optimised network gives what the same network in plain torch modules gives."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
TOLERANCES = {  # absolute, of outputs in [0, 1] or [-1, 1]; that of WaveFill grows where positions hardly vary
    "lama": 1e-4,
    "migan": 1e-4,
    "migan-512": 1e-4,
    "mat": 1e-4,
    "mat-256": 1e-4,
    "spn": 1e-4,
    "spn-prob": 1e-4,
    "wf": 1e-3,
    "rfr": 1e-4,
    "ec": 1e-4,
    "spl": 1e-4,
    "mfe": 1e-4,
    "rn": 1e-4,
    "ctsdg": 1e-4,
    "pic": 1e-4,
    "dsi": 1e-4,
    "dsi-64": 1e-4,
}

pytestmark = pytest.mark.acceptance


@pytest.fixture
def plain_modules(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark as a module."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("plain_modules")


def test_every_network_of_the_benchmark_is_compared(plain_modules: ModuleType) -> None:
    assert set(plain_modules.PAIRS) == set(TOLERANCES)


@pytest.mark.parametrize("name", TOLERANCES)
def test_a_network_gives_what_its_plain_modules_give(plain_modules: ModuleType, name: str) -> None:
    ours, plain = plain_modules.PAIRS[name]()
    with torch.inference_mode():
        one, other = ours(), plain()
    assert other.std() > 0.01
    torch.testing.assert_close(one, other, rtol=0, atol=TOLERANCES[name])
