"""Data-parallel training: several processes, as torchrun starts them, with DistributedDataParallel.

Every process takes its share of each batch and gradients are averaged before an update, so the processes together
compute what one process computes on the whole batch, as far as a loss is a mean over images. All losses of the
deterministic network are; the diversity loss of the probabilistic network is computed on each share.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from inpaint_bench.errors import InputError


@dataclass(frozen=True)
class Processes:
    """The rank of this process and the number of processes."""

    rank: int = 0
    world_size: int = 1

    def parallel(self, module: nn.Module, find_unused: bool = False) -> nn.Module:
        """The module with its gradients averaged over the processes; the module itself where there is one process.

        `find_unused`: whether a backward pass may leave parameters without a gradient.
        """
        if self.world_size == 1:
            return module
        return DistributedDataParallel(module, find_unused_parameters=find_unused)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor over the processes."""
        if self.world_size == 1:
            return values
        total = values.clone()
        distributed.all_reduce(total)
        return total / self.world_size


def synchronised(module: nn.Module, last: bool) -> AbstractContextManager[None]:
    """The context of one micro-batch of several: only the last one's backward pass averages gradients."""
    if last or not isinstance(module, DistributedDataParallel):
        return nullcontext()
    return module.no_sync()


@contextmanager
def process_group(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """The processes and the device of this one, from the variables that torchrun sets.

    Raises InputError when there are more processes on a machine than GPUs.
    """
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        yield Processes(), device
        return
    if device.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise InputError(
                f"process {local} of this machine has no GPU: {torch.cuda.device_count()} are visible here."
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_rank(), world_size), device
    finally:
        distributed.destroy_process_group()
