"""Files of timm's models whose values are made from the names of their tensors, where the trained ones are not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from inpaint_bench.metrics import registry
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.features.timm_files import TimmFile
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.weights.synthetic import fill_state_dict

TINY = "test_vit.r160_in1k"  # a vision transformer of 371,240 numbers, which timm has for its own tests


def synthetic_state(model: str, gain: float = 1.0) -> dict[str, Tensor]:
    """Tensors with the names and shapes of a model of timm."""
    with torch.device("meta"):
        network = timm.create_model(model, pretrained=False)
    return fill_state_dict({name: tuple(one.shape) for name, one in network.state_dict().items()}, gain)


def write_synthetic(model: str, folder: Path, gain: float = 1.0) -> Path:
    """A safetensors file for a model of timm in a folder."""
    path = folder / "model.safetensors"
    save_file(synthetic_state(model, gain), path)
    return path


def variable(model: str) -> str:
    """The environment variable that names a model's file."""
    return TimmFile(model).variable


@contextmanager
def as_new() -> Iterator[None]:
    """Know no metric on a model of timm at first and none afterwards, as a new process does not."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    tables: list[dict[str, Any]] = [SET_METRICS, registry.CHOOSABLE, registry.KNOWN, EXTRACTORS]
    for table in [*tables, registry.ORDER]:
        for name in [name for name in table if "timm/" in name]:
            del table[name]
