"""Names that a user types, checked before any work."""

from typing import TYPE_CHECKING

from inpaint_bench.errors import InputError
from inpaint_bench.protocols import Page

if TYPE_CHECKING:
    import torch


def chosen_metrics(text: str, page: Page, where: str) -> list[str]:
    """The metrics of `--metrics`, or the page's. Raises InputError for an unknown one, naming the page if it is its."""
    from inpaint_bench.metrics import metric

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        metric(name)
    if not names:
        for name in page.metrics:
            try:
                metric(name)
            except InputError as error:
                raise InputError(f"the protocol page of {where}: {error}") from error
    return names or list(page.metrics)


def open_device(name: str) -> "torch.device":
    """A torch device that is there. Raises InputError for one that is not."""
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"--device {name}: no such device; give cpu, cuda or cuda:1.") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"--device {name}: metrics need float64; give cpu, cuda or cuda:1.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"--device {name}: {torch.cuda.device_count()} GPUs are visible here. Use --device cpu.")
    return device
