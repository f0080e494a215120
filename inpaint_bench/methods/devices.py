"""The device that methods and metrics run on, by the name that a user gives."""

from typing import TYPE_CHECKING

import psutil

from inpaint_bench.errors import InputError
from inpaint_bench.methods.needs import Needs

if TYPE_CHECKING:
    import torch

GB = 1e9


def open_device(name: str) -> "torch.device":
    """The torch device of a name: `cpu`, `cuda`, `cuda:1` or `mps`; `auto` is cuda if available, else mps, else cpu.

    Raises InputError for a device that is not available here.
    """
    import torch  # heavy

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(_unknown(name)) from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise InputError(_unknown(name))
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"--device {name}: {torch.cuda.device_count()} GPUs are visible here. Use --device cpu.")
    if device.type == "mps" and not _has_mps():
        raise InputError(f"--device {name}: no Apple GPU is available here. Use --device cpu.")
    return device


def metric_device(device: "torch.device") -> "torch.device":
    """The device that metrics run on: they need float64, which mps does not have, so there it is the CPU."""
    import torch  # heavy

    return torch.device("cpu") if device.type == "mps" else device


def too_little_memory(needs: Needs, device: "torch.device") -> str:
    """A sentence where a method needs more memory than its device has; '' elsewhere."""
    import torch  # heavy

    if device.type == "cuda":
        there = torch.cuda.get_device_properties(device).total_memory
    else:
        there = psutil.virtual_memory().total
    if needs.memory_gb * GB <= there:
        return ""
    return f"it needs about {needs.memory_gb:g} GB of memory with its usual options, and {device} has {there / GB:.0f}"


def _has_mps() -> bool:
    import torch  # heavy

    return torch.backends.mps.is_available()


def _unknown(name: str) -> str:
    return f"--device {name}: no such device; give auto, cpu, cuda, cuda:1 or mps."
