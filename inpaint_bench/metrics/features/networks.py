"""How networks are built and run so that a picture's numbers depend on the picture alone."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, TypeVar

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray
from torch import Tensor

from inpaint_bench.images import Pixels
from inpaint_bench.metrics.features.extractor import Rows

Levels = UInt8[Tensor, "chunk 3 height width"]

Given = ParamSpec("Given")
Built = TypeVar("Built")

CHUNK = {"cpu": 1}  # pictures a network takes at once, by kind of device; 16 on others
_gpu = threading.Lock()  # its settings are the process's


def built_once(build: Callable[Given, Built]) -> Callable[Given, Built]:
    """Build each network once in a process, however many threads ask for it at the same time."""
    lock, kept = threading.Lock(), functools.cache(build)

    @functools.wraps(build)
    def get(*args: Given.args, **kwargs: Given.kwargs) -> Built:
        with lock:
            return kept(*args, **kwargs)  # type: ignore[arg-type]  # names, paths and devices are hashable

    return get


@torch.inference_mode()
def in_chunks(
    network: Callable[..., Float32[Tensor, "chunk numbers"]],
    numbers: int,
    device: torch.device,
    *inputs: Sequence[Pixels] | NDArray[np.uint8],
) -> Rows:
    """The network's row of each picture, or of each pair where there are two inputs, of one size and in order.

    Kernels are chosen by the size of a batch, and sum in another order when it changes. So every call has the
    same size, 1 on a processor and 16 on a GPU, and the last one is filled up with black pictures.
    """
    size = CHUNK.get(device.type, 16)
    rows = np.empty((len(inputs[0]), numbers), np.float32)
    with _exact(device):
        for start in range(0, len(rows), size):
            chunks = [_levels(pictures[start : start + size], size).to(device) for pictures in inputs]
            some = rows[start : start + size]
            some[:] = network(*chunks)[: len(some)].cpu().numpy()
    return rows


def _levels(pictures: Sequence[Pixels] | NDArray[np.uint8], size: int) -> Levels:
    stacked = np.stack([*pictures, *[np.zeros_like(pictures[0])] * (size - len(pictures))])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()


@contextlib.contextmanager
def _exact(device: torch.device) -> Iterator[None]:
    """On a GPU: whole float32 products, and the same kernels on every run."""
    if device.type != "cuda":
        yield
        return
    with _gpu, torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
