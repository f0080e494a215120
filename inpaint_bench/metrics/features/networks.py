"""How networks are built and run so that a picture's numbers depend on the picture alone."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray
from torch import Tensor

from inpaint_bench.data.images import Pixels
from inpaint_bench.metrics.features.extractor import Rows

Levels = UInt8[Tensor, "chunk 3 height width"]

Given = ParamSpec("Given")
Built = TypeVar("Built")
Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = {"cpu": 1}  # pictures a network takes at once, by kind of device; 16 on others
_gpu = threading.Lock()  # its settings are the process's
_entry = threading.Lock()
_inside: list[int] = []  # of each call that runs on a processor, how many threads torch had before the first


def built_once(build: Callable[Given, Built]) -> Callable[Given, Built]:
    """Build each network once in a process, however many threads ask for it at the same time."""
    lock, kept = threading.Lock(), functools.cache(build)

    @functools.wraps(build)
    def get(*args: Given.args, **kwargs: Given.kwargs) -> Built:
        with lock:
            return kept(*args, **kwargs)  # type: ignore[arg-type]  # names, paths and devices are hashable

    return get


def each(function: Callable[[Item], Result], items: Sequence[Item], device: torch.device) -> list[Result]:
    """What a function that runs a network makes of each item, in order: the same bits on every run, without gradients.

    Kernels share out their sums among torch's threads, and with another number of them sum in another order. So on
    a processor every item has one thread, and as many items run at once as torch has threads. On a GPU: whole
    float32 products and the same kernels each time, one call at a time.
    """

    @torch.inference_mode()
    def alone(item: Item) -> Result:
        return function(item)

    if device.type == "cpu":
        with _torch_threads() as threads, ThreadPoolExecutor(threads, "", torch.set_num_threads, (1,)) as pool:
            return list(pool.map(alone, items))
    with _gpu, torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        return [alone(item) for item in items]


@contextlib.contextmanager
def _torch_threads() -> Iterator[int]:
    """How many threads torch has. The number is each thread's own, but the last one set is every new thread's too."""
    with _entry:
        threads = _inside[0] if _inside else torch.get_num_threads()
        _inside.append(threads)
    try:
        yield threads
    finally:
        with _entry:
            _inside.pop()
            torch.set_num_threads(threads)


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

    def fill(start: int) -> None:
        chunks = [_levels(pictures[start : start + size], size).to(device) for pictures in inputs]
        some = rows[start : start + size]
        some[:] = network(*chunks)[: len(some)].cpu().numpy()

    each(fill, range(0, len(rows), size), device)
    return rows


def _levels(pictures: Sequence[Pixels] | NDArray[np.uint8], size: int) -> Levels:
    stacked = np.stack([*pictures, *[np.zeros_like(pictures[0])] * (size - len(pictures))])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()
