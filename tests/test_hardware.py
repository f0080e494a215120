"""The facts of the machine, with a library of NVIDIA's that answers, and without one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import inpaint_bench
from inpaint_bench.hardware import ask_gpu, machine_facts, processor_name, program_facts, torch_settings
from inpaint_bench.timing.machine import SLOWDOWNS, gpu_facts, gpu_slowed

UUID = "GPU-5c1b"
CPU = torch.device("cpu")
PROJECT = Path(inpaint_bench.__file__).parents[1]


class NVMLError(Exception):
    """As pynvml's."""


class FakeNvml(SimpleNamespace):
    """A machine with two GPUs of which the second has no power management; counts what is opened and closed."""

    NVMLError = NVMLError
    NVML_CLOCK_SM = 1
    nvmlClocksThrottleReasonSwPowerCap = 4
    nvmlClocksThrottleReasonHwSlowdown = 8
    nvmlClocksThrottleReasonSwThermalSlowdown = 32
    nvmlClocksThrottleReasonHwThermalSlowdown = 64
    nvmlClocksThrottleReasonHwPowerBrakeSlowdown = 128

    def __init__(self, reasons: int = 0) -> None:
        super().__init__(opened=0, reasons=reasons)

    def nvmlInit(self) -> None:
        self.opened += 1

    def nvmlShutdown(self) -> None:
        self.opened -= 1

    def nvmlSystemGetDriverVersion(self) -> str:
        return "575.57"

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        assert self.opened == 1
        if uuid != UUID:
            raise NVMLError("Not Found")
        return 0

    def nvmlDeviceGetName(self, handle: int) -> str:
        return ("H200", "L4")[handle]

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return SimpleNamespace(total=3 * 2**29)

    def nvmlDeviceGetMaxClockInfo(self, handle: int, clock: int) -> int:
        assert clock == self.NVML_CLOCK_SM
        return 1980

    def nvmlDeviceGetPowerManagementLimit(self, handle: int) -> int:
        raise NVMLError("Not Supported")

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: int) -> int:
        return int(self.reasons)


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


def test_a_program_is_given_every_kind_of_gpu_and_their_driver(nvml: FakeNvml) -> None:
    found = program_facts()
    assert (found["GPU"], found["driver"]) == ("H200, L4", "575.57")
    assert found["processor"] == processor_name() != ""
    assert nvml.opened == 0


def test_a_computation_on_the_cpu_has_no_facts_of_gpus(nvml: FakeNvml) -> None:
    assert machine_facts(CPU).keys() == {"system", "processor", "CPU capability"}


def test_a_machine_without_a_driver_has_no_facts_of_gpus(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NVMLError("NVML Shared Library Not Found")

    monkeypatch.setattr(nvml, "nvmlInit", refuse, raising=False)
    assert program_facts().keys() == {"system", "processor", "CPU capability"}
    assert gpu_facts(UUID) == {}
    assert gpu_slowed(UUID) == ""


def test_the_facts_of_a_gpu_are_those_of_the_device_itself(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {torch.device("cuda", 0): ("H200", (9, 0)), torch.device("cuda", 1): ("L4", (8, 9))}
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: names[device][0])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: names[device][1])
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 92400)
    found = machine_facts(torch.device("cuda", 1))
    gpu = {"GPU": "L4", "compute capability": "8.9", "driver": "575.57", "CUDA": "13.0", "cuDNN": "92400"}
    assert found == machine_facts(CPU) | gpu


def test_the_gpu_of_an_apple_computer_is_named_as_its_processor() -> None:
    assert machine_facts(torch.device("mps"))["GPU"] == processor_name()


CUDA_SETTINGS = {
    "threads": "1",
    "precision": "float32",
    "float32 products": "highest",
    "TF32 in products": "no",
    "TF32 in convolutions": "yes",
    "cudnn.benchmark": "no",
    "cudnn.deterministic": "no",
}


OLDER = """
torch.set_float32_matmul_precision("high")
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True
torch.use_deterministic_algorithms(True)
torch.set_default_dtype(torch.bfloat16)
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
"""
NEWER = """
torch.backends.cuda.matmul.fp32_precision = "tf32"
torch.backends.cudnn.conv.fp32_precision = "ieee"
"""
PROGRAM = """
import json, os, sys, torch
from inpaint_bench.hardware import torch_settings

for code in sys.argv[1:]:
    if os.fork() == 0:
        exec(code)
        print(json.dumps([torch_settings(torch.device(name)) for name in ("cuda", "cpu")]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def settings() -> list[Any]:
    """Torch's settings for a GPU and for the CPU, each in a process of its own: at first, and after code."""
    variables = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "NVIDIA_TF32_OVERRIDE": ""}
    command = [sys.executable, "-c", PROGRAM, "", OLDER, NEWER]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_torchs_settings_as_they_are_at_first(settings: list[Any]) -> None:
    cpu = {"threads": "1", "precision": "float32", "float32 products": "highest", "float32 convolutions": "ieee"}
    assert settings[0] == [CUDA_SETTINGS, cpu]


def test_torchs_settings_in_the_older_words(settings: list[Any]) -> None:
    assert settings[1][0] == {
        "threads": "1",
        "precision": "bfloat16",
        "float32 products": "high",
        "TF32 in products": "yes, NVIDIA_TF32_OVERRIDE=0",
        "TF32 in convolutions": "no, NVIDIA_TF32_OVERRIDE=0",
        "cudnn.benchmark": "yes",
        "cudnn.deterministic": "yes",
    }


def test_torchs_settings_in_the_newer_words_which_have_no_older_ones(settings: list[Any]) -> None:
    products = {"float32 products": "CUDA tf32, CPU ieee", "TF32 in products": "yes"}
    assert settings[2][0] == CUDA_SETTINGS | products | {"TF32 in convolutions": "no"}


def test_a_computation_in_half_precision_says_so() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch_settings(CPU)["precision"] == "bfloat16"
    assert torch_settings(CPU)["precision"] == "float32"


def test_a_gpu_that_is_not_known_and_a_fact_that_is_not_supported_are_left_out(nvml: FakeNvml) -> None:
    assert gpu_facts("GPU-other") == {}
    assert gpu_facts(UUID) == {"GPU memory": "1.5 GiB", "GPU clock at most": "1980 MHz"}
    assert ask_gpu(UUID, lambda library, gpu: library.nvmlDeviceGetName(gpu)) == "H200"
    assert nvml.opened == 0


@pytest.mark.parametrize(
    ("reasons", "sentence"),
    [(0, ""), (1 + 2, ""), (4, "sw_power_cap"), (64 + 32, "sw_thermal_slowdown, hw_thermal_slowdown")],
)
def test_the_reasons_for_a_slow_gpu_are_named(nvml: FakeNvml, reasons: int, sentence: str) -> None:
    nvml.reasons = reasons
    assert gpu_slowed(UUID) == sentence


def test_every_name_that_is_read_of_nvidias_library_exists() -> None:
    import pynvml

    names = [name for name in vars(FakeNvml) if not name.startswith("_")]
    assert all(hasattr(pynvml, name) for name in names)
    assert {f"nvmlClocksThrottleReason{name}" for name in SLOWDOWNS.values()} <= {*names}
