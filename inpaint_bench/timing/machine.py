"""The machine that times are of: what it is, how torch is set, and whether it was quiet while they were taken."""

import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from inpaint_bench.timing import Series

OTHERS = 0.05  # share of the processors that others may take
SPREAD = 1.2  # p90 over p50
DRIFT = 1.1  # median of the last third over that of the first
CLOCK_FELL = 0.9  # of the clock at the start

GPU_FACTS = {  # what nvidia-smi calls it → what we call it
    "driver_version": "driver",
    "clocks.max.sm": "GPU clock at most",
    "power.limit": "power limit",
}


def facts(device: torch.device) -> dict[str, str]:
    """What times depend on, in words: the processor, its cores, threads and clock, memory, and torch's settings."""
    found = {
        "processor": _processor(),
        "cores": f"{os.cpu_count()}, of which {usable_cores()} may be used",
        "memory": _memory(),
        "threads": str(torch.get_num_threads()),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "load at the start": _load(),
    }
    return found | (_of_gpu(device) if device.type == "cuda" else {})


def clocks(device: torch.device, when: str) -> dict[str, str]:
    """The clocks of the processor's cores and of the GPU as they are now, named for a time: 'before', 'after'."""
    each = megahertz()
    found = {f"clock {when}": f"{min(each):.0f} to {max(each):.0f} MHz" if each else "unknown"}
    if device.type == "cuda":
        found[f"GPU clock {when}"] = ask_gpu(_uuid(device), ["clocks.sm"]).get("clocks.sm", "unknown")
    return found


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _of_gpu(device: torch.device) -> dict[str, str]:
    found = {
        "GPU": torch.cuda.get_device_name(device),
        "CUDA": torch.version.cuda or "",
        "cuDNN": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]  # torch's
        "float32 products": torch.get_float32_matmul_precision(),
        "TF32 in convolutions": "yes" if torch.backends.cudnn.allow_tf32 else "no",
        "cudnn.benchmark": "yes" if torch.backends.cudnn.benchmark else "no",
    }
    return found | {GPU_FACTS[name]: value for name, value in ask_gpu(_uuid(device), GPU_FACTS).items()}


def _uuid(device: torch.device) -> str:
    """What nvidia-smi knows it by; its numbers are others where CUDA_VISIBLE_DEVICES is set."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def ask_gpu(uuid: str, names: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """What nvidia-smi says of a GPU; nothing where it is not installed or does not answer."""
    command = ["nvidia-smi", f"--id={uuid}", f"--query-gpu={','.join(names)}", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    values = [value.strip() for value in answer.strip().split(",")]
    return dict(zip(names, values, strict=True)) if len(values) == len(names) else {}


def _processor() -> str:
    return _proc_lines("cpuinfo").get("model name") or platform.processor() or platform.machine()


def _memory() -> str:
    kibibytes = _proc_lines("meminfo").get("MemTotal", "").removesuffix(" kB")
    return f"{int(kibibytes) / 2**20:.1f} GiB" if kibibytes else "unknown"


def megahertz() -> list[float]:
    """The clock of every core now, as Linux tells it; nothing elsewhere. A virtual machine may tell its nominal one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    return [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def _proc_lines(name: str) -> dict[str, str]:
    try:
        lines = Path("/proc", name).read_text().splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}


@dataclass(frozen=True)
class Moment:
    """Counters of the machine at one time; None where the system does not tell."""

    wall: float
    own: float  # seconds of processor that this process and the programs it waited for have used
    busy: float | None  # seconds of processor that anybody has used, or that the host took
    throttled: float | None  # seconds that a quota has stopped us
    megahertz: float | None
    gpu_slowed: str = ""  # why the GPU runs below its clock


def now(device: torch.device) -> Moment:
    """The counters as they stand."""
    clocks, times = megahertz(), os.times()
    slowed = _gpu_slowed(_uuid(device)) if device.type == "cuda" else ""
    return Moment(time.monotonic(), sum(times[:4]), _busy(), _throttled(), median(clocks) if clocks else None, slowed)


def _busy() -> float | None:
    """Seconds of processor that were not idle, of the cores that this process may use."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    mine = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    rows = [[int(word) for word in line.split()[1:9]] for line in lines if line.split()[0] in mine]
    return sum(sum(row) - row[3] - row[4] for row in rows) / os.sysconf("SC_CLK_TCK")  # less idle and waiting for disks


def _throttled() -> float | None:
    for path, unit in (("/sys/fs/cgroup/cpu.stat", 1e6), ("/sys/fs/cgroup/cpu/cpu.stat", 1e9)):
        try:
            words = dict(line.split() for line in Path(path).read_text().splitlines())
        except OSError:
            continue
        return float(words.get("throttled_usec", words.get("throttled_time", 0))) / unit
    return None


def _gpu_slowed(uuid: str) -> str:
    reasons = ("sw_power_cap", "hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown")
    message = ask_gpu(uuid, [f"clocks_throttle_reasons.{reason}" for reason in reasons])
    return ", ".join(name.partition(".")[2] for name, value in message.items() if value == "Active")


def unquiet(before: Moment, after: Moment, cores: int) -> list[str]:
    """Sentences about what disturbed the machine between two moments; none where nothing did."""
    message = []
    seconds = after.wall - before.wall
    if before.busy is not None and after.busy is not None and seconds > 0:
        others = (after.busy - before.busy - (after.own - before.own)) / (seconds * cores)
        if others > OTHERS:
            message.append(f"Other work took {others:.0%} of the cores that may be used: times may be too long.")
    if before.throttled is not None and after.throttled is not None and after.throttled > before.throttled:
        stopped = after.throttled - before.throttled
        message.append(f"A quota stopped the process for {stopped:.1f} of {seconds:.0f} seconds: times are too long.")
    if before.megahertz and after.megahertz and after.megahertz < CLOCK_FELL * before.megahertz:
        message.append(
            f"The processor's clock fell from {before.megahertz:.0f} to {after.megahertz:.0f} MHz: throttling."
        )
    if slowed := after.gpu_slowed or before.gpu_slowed:
        message.append(f"The GPU ran below its clock ({slowed}).")
    return message


def unsteady(what: str, series: Series) -> list[str]:
    """Sentences about a series whose seconds do not agree with each other; none where they do."""
    message = []
    if not series.steady:
        message.append(f"{what}: {series.warm_up} calls of warm-up did not become steady.")
    slow = series.percentile(90)
    if slow > SPREAD * series.p50:
        message.append(f"{what}: a tenth of the calls took {slow:.3g} s or more, the median is {series.p50:.3g} s.")
    third = len(series.seconds) // 3
    if third >= 3:
        first, last = median(series.seconds[:third]), median(series.seconds[-third:])
        if max(first, last) > DRIFT * min(first, last):
            way = "slowed down" if last > first else "sped up"
            message.append(f"{what}: the calls {way}, from {first:.3g} s (first third) to {last:.3g} s (last).")
    return message
