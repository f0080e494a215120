"""The processor and the NVIDIA GPUs of this machine. Heavy libraries are imported where they are used."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def machine_facts() -> dict[str, str]:
    """What is recorded about the machine with every run.

    System, processor, the vector instructions and the number of threads that torch uses, and the GPUs and their driver
    where there are some.
    """
    import torch

    found = {
        "system": platform.system(),
        "processor": processor_name(),
        "CPU capability": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "GPU": _ask_nvml(_gpu_names),
        "driver": _ask_nvml(lambda nvml: str(nvml.nvmlSystemGetDriverVersion())),
    }
    return {fact: value for fact, value in found.items() if value}


def processor_name() -> str:
    """The processor's model name, or its architecture where the system does not report one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def ask_gpu(uuid: str, question: Callable[[Any, Any], Answer]) -> Answer | None:
    """The answer of NVIDIA's management library (pynvml) to `question(pynvml, handle)` about a GPU ('GPU-…').

    None where there is no such library, no such GPU, or no answer.
    """
    return _ask_nvml(lambda nvml: question(nvml, nvml.nvmlDeviceGetHandleByUUID(uuid)))


def _ask_nvml(question: Callable[[Any], Answer]) -> Answer | None:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no NVIDIA driver
        return None
    try:
        return question(pynvml)
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()


def _gpu_names(nvml: Any) -> str:
    handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
    return ", ".join(str(nvml.nvmlDeviceGetName(handle)) for handle in handles)
