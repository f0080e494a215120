"""The facts of the machine, with a library of NVIDIA's that answers, and without one."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from inpaint_bench.hardware import ask_gpu, machine_facts, processor_name
from inpaint_bench.timing.machine import SLOWDOWNS, gpu_facts, gpu_slowed

UUID = "GPU-5c1b"


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


def test_the_facts_of_a_machine_with_gpus_name_them_and_their_driver(nvml: FakeNvml) -> None:
    found = machine_facts()
    assert (found["GPU"], found["driver"]) == ("H200, L4", "575.57")
    assert found["processor"] == processor_name() != ""
    assert nvml.opened == 0


def test_a_machine_without_a_driver_has_no_facts_of_gpus(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NVMLError("NVML Shared Library Not Found")

    monkeypatch.setattr(nvml, "nvmlInit", refuse, raising=False)
    assert machine_facts().keys() == {"system", "processor", "CPU capability", "threads"}
    assert gpu_facts(UUID) == {}
    assert gpu_slowed(UUID) == ""


def test_a_gpu_that_is_not_known_and_a_fact_that_is_not_supported_are_left_out(nvml: FakeNvml) -> None:
    assert gpu_facts("GPU-other") == {}
    assert gpu_facts(UUID) == {"driver": "575.57", "GPU memory": "1.5 GiB", "GPU clock at most": "1980 MHz"}
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
