"""The processor, the GPUs and torch's settings here. Heavy libraries are imported where they are used."""

import contextlib
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from inpaint_bench import files

if TYPE_CHECKING:  # heavy
    import torch

Answer = TypeVar("Answer")


def machine_facts(device: "torch.device") -> dict[str, str]:
    """What a computation on a device runs on: the system, the processor, and of a GPU its name and its libraries.

    What code may change as it runs is in `torch_settings`. A fact that is not known is left out.
    """
    return _known(_processor_facts() | (_gpu_facts(device) if device.type != "cpu" else {}))


def program_facts() -> dict[str, str]:
    """What a program may run on: the system, the processor, and every kind of GPU with their driver.

    Which of these it uses, with which libraries and settings, only the program knows.
    """
    gpus = _ask_nvml(lambda nvml: ", ".join(dict.fromkeys(_gpu_names(nvml))))
    return _known(_processor_facts() | {"GPU": gpus, "driver": _driver()})


def torch_settings(device: "torch.device") -> dict[str, str]:
    """The settings of torch in this thread that change the last digits on a device; any code may change them.

    `precision` is that of torch's defaults. What a network does inside, in half precision say, cannot be seen here.
    """
    import torch

    cast = torch.is_autocast_enabled(device.type)
    found = {
        "threads": str(torch.get_num_threads()),
        "precision": str(torch.get_autocast_dtype(device.type) if cast else torch.get_default_dtype())[6:],
        "float32 products": _float32_products(),
    }
    if device.type == "cpu":
        return found | {"float32 convolutions": _precision_of(getattr(torch.backends.mkldnn, "conv", None))}
    return found | (_cuda_settings() if device.type == "cuda" else {})


def _processor_facts() -> dict[str, str | None]:
    import torch

    return {
        "system": platform.system(),
        "processor": processor_name(),
        "CPU capability": torch.backends.cpu.get_cpu_capability(),
    }


def _gpu_facts(device: "torch.device") -> dict[str, str | None]:
    import torch

    if device.type != "cuda":  # Apple's GPUs are part of the processor
        return {"GPU": processor_name()}
    return {
        "GPU": torch.cuda.get_device_name(device),
        "compute capability": ".".join(map(str, torch.cuda.get_device_capability(device))),
        "driver": _driver(),
        "CUDA": torch.version.cuda,
        "cuDNN": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]  # torch's
    }


def _cuda_settings() -> dict[str, str]:
    import torch

    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn
    override = os.environ.get("NVIDIA_TF32_OVERRIDE", "")  # read by NVIDIA's libraries; it wins over torch's flags
    forced = f", NVIDIA_TF32_OVERRIDE={override}" if override else ""
    deterministic = cudnn.deterministic or torch.are_deterministic_algorithms_enabled()
    return {
        "TF32 in products": _tf32(lambda: cuda.matmul.allow_tf32, lambda: cuda.matmul) + forced,
        "TF32 in convolutions": _tf32(lambda: cudnn.allow_tf32, lambda: cudnn.conv) + forced,  # type: ignore[attr-defined]
        "cudnn.benchmark": _yes(cudnn.benchmark),
        "cudnn.deterministic": _yes(deterministic),
    }


def _float32_products() -> str:
    """'highest', 'high' or 'medium', or torch's newer words for each kind of device where code has used those."""
    import torch

    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:  # the newer words were used, and these have no older one
        cuda, cpu = torch.backends.cuda.matmul, torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
        return f"CUDA {_precision_of(cuda)}, CPU {_precision_of(cpu)}"


def _tf32(flag: Callable[[], bool], operation: Callable[[], Any]) -> str:
    try:
        return _yes(flag())
    except RuntimeError:  # as in `_float32_products`
        return _yes(_precision_of(operation()) == "tf32")


def _precision_of(operation: Any) -> str:
    """The precision of float32 in an operation: 'ieee', 'tf32' or 'bf16'; 'ieee' where torch has no such setting."""
    found = getattr(operation, "fp32_precision", "none")
    return "ieee" if found == "none" else str(found)


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _known(facts: dict[str, str | None]) -> dict[str, str]:
    return {fact: value for fact, value in facts.items() if value}


def _driver() -> str | None:
    return _ask_nvml(lambda nvml: str(nvml.nvmlSystemGetDriverVersion()))


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


def _gpu_names(nvml: Any) -> list[str]:
    handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
    return [str(nvml.nvmlDeviceGetName(handle)) for handle in handles]


def keep_compiled_code() -> None:
    """Let torch keep compiled code in the cache folder, unless the user chose a folder or none can be made there.

    Torch makes that folder as soon as certain parts of it are imported, torchvision among them, even where nothing is
    compiled; by default it lies in the temporary folder of the system.
    """
    with contextlib.suppress(RuntimeError, OSError):  # there is no home, or a folder above it cannot be looked into
        folder = (files.cache_dir() / "compiled").absolute()
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))
