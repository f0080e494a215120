"""How a run is worked on."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from inpaint_bench.methods.devices import metric_device, open_device

if TYPE_CHECKING:  # heavy
    import torch

ALWAYS_HERE = ("auto", "cpu")


@dataclass(frozen=True)
class RuntimeOptions:
    """Device, batch size, threads, time-out and checks; only the device may change an output, by rounding.

    Raises InputError for a device that is not available here. PyTorch is not imported for 'auto' and 'cpu' before the
    device is used, which a run that is finished does not do.
    """

    device_name: str  # as `open_device` takes it
    batch: int = 8
    jobs: int = 2
    timeout: float | None = None  # seconds, of a program
    allow_known_error: bool = False  # also where the known region of a prediction is far from the target's
    allow_mixed: bool = False  # machines that differ may work on one method

    def __post_init__(self) -> None:
        if self.device_name not in ALWAYS_HERE:
            _ = self.device

    @cached_property
    def device(self) -> "torch.device":
        """The device, opened when it is first used."""
        return open_device(self.device_name)

    @property
    def metric_device(self) -> "torch.device":
        """Where metrics are computed: the device, or the CPU where it has no float64."""
        return metric_device(self.device)
