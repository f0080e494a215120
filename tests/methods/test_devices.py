"""Devices by name: which one `auto` is, which are refused, and where metrics run."""

import pytest
import torch

from inpaint_bench.errors import InputError
from inpaint_bench.methods.devices import metric_device, open_device


def machine(monkeypatch: pytest.MonkeyPatch, gpus: int = 0, mps: bool = False) -> None:
    """Pretend that torch sees so many NVIDIA GPUs, or Apple's."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(("gpus", "mps", "device"), [(2, True, "cuda"), (0, True, "mps"), (0, False, "cpu")])
def test_auto_is_the_first_of_cuda_mps_and_cpu_that_is_there(
    monkeypatch: pytest.MonkeyPatch, gpus: int, mps: bool, device: str
) -> None:
    machine(monkeypatch, gpus, mps)
    assert open_device("auto") == torch.device(device)


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1", "mps"])
def test_a_device_that_is_there_is_opened(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    machine(monkeypatch, gpus=2, mps=True)
    assert open_device(name) == torch.device(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gpu", "--device gpu: no such device; give auto, cpu, cuda, cuda:1 or mps."),
        ("", "--device : no such device"),
        ("meta", "--device meta: no such device; give auto, cpu, cuda, cuda:1 or mps."),
        ("cuda:1", "--device cuda:1: 1 GPUs are visible here. Use --device cpu."),
        ("mps", "--device mps: no Apple GPU is available here. Use --device cpu."),
    ],
)
def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, sentence: str) -> None:
    machine(monkeypatch, gpus=1)
    with pytest.raises(InputError) as raised:
        open_device(name)
    assert sentence in str(raised.value)


def test_metrics_run_on_the_cpu_where_there_is_no_float64() -> None:
    assert metric_device(torch.device("mps")) == torch.device("cpu")
    assert metric_device(torch.device("cuda:1")) == torch.device("cuda:1")
    assert metric_device(torch.device("cpu")) == torch.device("cpu")
