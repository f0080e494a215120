"""The machine that times are measured on: its facts, and whether anything disturbed the measurement."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch

from inpaint_bench.hardware import ask_gpu, machine_facts, torch_settings
from inpaint_bench.timing import Series

OTHERS = 0.05  # share of the cores' time that other processes may take
SPREAD = 1.2  # p90 over p50
DRIFT = 1.1  # median of the last third over that of the first
CLOCK_FELL = 0.9  # of the clock at the start
SLOWDOWNS = {  # reasons for a lower GPU clock, and their names in pynvml
    "sw_power_cap": "SwPowerCap",
    "hw_slowdown": "HwSlowdown",
    "sw_thermal_slowdown": "SwThermalSlowdown",
    "hw_thermal_slowdown": "HwThermalSlowdown",
    "hw_power_brake_slowdown": "HwPowerBrakeSlowdown",
}


def facts(device: torch.device) -> dict[str, str]:
    """What times depend on: the processor, its cores and memory, the GPU, and torch's settings."""
    found = machine_facts(device) | torch_settings(device)
    found |= {
        "cores": f"{psutil.cpu_count()}, of which {usable_cores()} may be used",
        "memory": _gibibytes(psutil.virtual_memory().total),
        "load at the start": f"{psutil.getloadavg()[0]:.2f}",
    }
    return found | (gpu_facts(_uuid(device)) if device.type == "cuda" else {})


def clocks(device: torch.device, when: str) -> dict[str, str]:
    """The clocks of the processor's cores and of the GPU now; `when` is 'before' or 'after' and names the facts."""
    each = megahertz()
    found = {f"clock {when}": f"{min(each):.0f} to {max(each):.0f} MHz" if each else "unknown"}
    if device.type == "cuda":
        clock = ask_gpu(_uuid(device), lambda nvml, gpu: nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM))
        found[f"GPU clock {when}"] = "unknown" if clock is None else f"{clock} MHz"
    return found


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return psutil.cpu_count() or 1


def _uuid(device: torch.device) -> str:
    """The GPU's name in NVIDIA's library, whose numbers differ from torch's where CUDA_VISIBLE_DEVICES is set."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def gpu_facts(uuid: str) -> dict[str, str]:
    """Memory, highest clock and power limit of a GPU; what its driver does not report is left out."""
    found = {
        "GPU memory": ask_gpu(uuid, lambda nvml, gpu: _gibibytes(nvml.nvmlDeviceGetMemoryInfo(gpu).total)),
        "GPU clock at most": ask_gpu(
            uuid, lambda nvml, gpu: f"{nvml.nvmlDeviceGetMaxClockInfo(gpu, nvml.NVML_CLOCK_SM)} MHz"
        ),
        "power limit": ask_gpu(uuid, lambda nvml, gpu: f"{nvml.nvmlDeviceGetPowerManagementLimit(gpu) / 1000:.0f} W"),
    }
    return {fact: value for fact, value in found.items() if value is not None}


def _gibibytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def megahertz() -> list[float]:
    """The clock of every core now, which on a virtual machine may be a nominal one; empty where it is not reported."""
    try:
        return [clock.current for clock in psutil.cpu_freq(percpu=True) or []]
    except (NotImplementedError, OSError):
        return []


@dataclass(frozen=True)
class Moment:
    """Counters of the machine at one time; None where the system does not report them."""

    wall: float
    own: float  # CPU seconds used by this process and by the programs it has waited for
    busy: float | None  # CPU seconds used by all processes, or taken by the host of a virtual machine
    throttled: float | None  # seconds for which a CPU quota has stopped this process
    megahertz: float | None
    gpu_slowed: str = ""  # why the GPU runs below its clock


def now(device: torch.device) -> Moment:
    """The counters as they are now."""
    clocks, times = megahertz(), os.times()
    slowed = gpu_slowed(_uuid(device)) if device.type == "cuda" else ""
    return Moment(time.monotonic(), sum(times[:4]), _busy(), _throttled(), median(clocks) if clocks else None, slowed)


def _busy() -> float | None:
    """CPU seconds that were not idle, of the cores that this process may use; None where these are not known."""
    if sys.platform != "linux":
        return None
    usable = os.sched_getaffinity(0)
    each = [core for number, core in enumerate(psutil.cpu_times(percpu=True)) if number in usable]
    return sum(core.user + core.nice + core.system + core.irq + core.softirq + core.steal for core in each)


def _throttled() -> float | None:
    for path, unit in (("/sys/fs/cgroup/cpu.stat", 1e6), ("/sys/fs/cgroup/cpu/cpu.stat", 1e9)):
        try:
            words = dict(line.split() for line in Path(path).read_text().splitlines())
        except OSError:
            continue
        return float(words.get("throttled_usec", words.get("throttled_time", 0))) / unit
    return None


def gpu_slowed(uuid: str) -> str:
    """Why a GPU runs below its clock: 'sw_power_cap, hw_slowdown'; '' where it does not, or where this is not known."""

    def reasons(nvml: Any, gpu: Any) -> str:
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)
        return ", ".join(
            reason for reason, name in SLOWDOWNS.items() if bits & getattr(nvml, f"nvmlClocksThrottleReason{name}")
        )

    return ask_gpu(uuid, reasons) or ""


def disturbances(before: Moment, after: Moment, cores: int) -> list[str]:
    """Sentences about what disturbed the measurement between two moments; none if nothing did.

    `cores` is the number of cores that this process may use.
    """
    found = []
    seconds = after.wall - before.wall
    if before.busy is not None and after.busy is not None and seconds > 0:
        others = (after.busy - before.busy - (after.own - before.own)) / (seconds * cores)
        if others > OTHERS:
            found.append(f"Other processes used {others:.0%} of the usable cores: times may be too long.")
    if before.throttled is not None and after.throttled is not None and after.throttled > before.throttled:
        stopped = after.throttled - before.throttled
        found.append(f"A CPU quota stopped the process for {stopped:.1f} of {seconds:.0f} seconds: times are too long.")
    if before.megahertz and after.megahertz and after.megahertz < CLOCK_FELL * before.megahertz:
        found.append(f"The CPU clock fell from {before.megahertz:.0f} to {after.megahertz:.0f} MHz: throttling.")
    if slowed := after.gpu_slowed or before.gpu_slowed:
        found.append(f"The GPU ran below its clock ({slowed}).")
    return found


def unsteady(what: str, series: Series) -> list[str]:
    """Sentences about a series that is not steady, spreads or drifts; none if it is stable. `what` names the series."""
    found = []
    if not series.steady:
        found.append(f"{what}: not steady after {series.warm_up} warm-up calls.")
    slow = series.percentile(90)
    if slow > SPREAD * series.p50:
        found.append(f"{what}: a tenth of the calls took {slow:.3g} s or more; the median is {series.p50:.3g} s.")
    third = len(series.seconds) // 3
    if third >= 3:
        first, last = median(series.seconds[:third]), median(series.seconds[-third:])
        if max(first, last) > DRIFT * min(first, last):
            way = "slowed down" if last > first else "sped up"
            found.append(f"{what}: the calls {way}, from {first:.3g} s (first third) to {last:.3g} s (last).")
    return found
