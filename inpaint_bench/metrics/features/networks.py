"""Running networks so that the output of an image depends on that image alone, to the bit."""

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
Output = TypeVar("Output")

CHUNK = {"cpu": 1}  # batch size by kind of device; 16 on others
_gpu = threading.Lock()  # cuDNN's settings belong to the process
_entry = threading.Lock()
_inside: list[int] = []  # for each running call on a CPU, torch's number of threads before the first


def built_once(build: Callable[Given, Built]) -> Callable[Given, Built]:
    """Build each network once per process and arguments, also when several threads request it at the same time."""
    lock, kept = threading.Lock(), functools.cache(build)

    @functools.wraps(build)
    def get(*args: Given.args, **kwargs: Given.kwargs) -> Built:
        with lock:
            return kept(*args, **kwargs)  # type: ignore[arg-type]  # names, paths and devices are hashable

    return get


def each(function: Callable[[Item], Output], items: Sequence[Item], device: torch.device) -> list[Output]:
    """Apply a function that runs a network to each item, without gradients; the same bits on every run.

    Kernels split their sums among torch's threads, so the order of additions depends on the number of threads. On a
    CPU every item therefore runs in one thread, and as many items run at once as torch has threads. On a GPU, calls
    run one at a time, without TF32 and with deterministic kernels.
    """

    @torch.inference_mode()
    def alone(item: Item) -> Output:
        return function(item)

    if device.type == "cpu":
        with _torch_threads() as threads, ThreadPoolExecutor(threads, "", torch.set_num_threads, (1,)) as pool:
            return list(pool.map(alone, items))
    with _gpu, torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        return [alone(item) for item in items]


@contextlib.contextmanager
def _torch_threads() -> Iterator[int]:
    """Torch's number of threads, restored at the end. It is set per thread, and new threads inherit the last one."""
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
    """Run a network on images of one size: float32 (images, numbers), in order.

    Several inputs of one length are taken together, an image of each. The choice of kernels, and with it the order of
    additions, depends on the batch size. Every call therefore has the same batch size, 1 on a CPU and 16 on a GPU; the
    last batch is padded with black images.
    """
    size = CHUNK.get(device.type, 16)
    rows = np.empty((len(inputs[0]), numbers), np.float32)

    def fill(start: int) -> None:
        chunks = [levels_of(images[start : start + size], size).to(device) for images in inputs]
        some = rows[start : start + size]
        some[:] = network(*chunks)[: len(some)].cpu().numpy()

    each(fill, range(0, len(rows), size), device)
    return rows


def levels_of(images: Sequence[Pixels] | NDArray[np.uint8], size: int) -> UInt8[Tensor, "chunk channels height width"]:
    """Images of one size, at most `size` of them, as a batch of that size; the rest is black."""
    stacked = np.stack([*images, *[np.zeros_like(images[0])] * (size - len(images))])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()
