"""Several processes that train one network, as torchrun starts them; one process alone is a team of one.

Every process takes its share of each batch, and gradients are averaged before a step, so a team of two computes what
one process does with the whole batch, as far as a loss is a mean over pictures. All losses of the deterministic network
are; the diversity of the probabilistic one is of each share.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as group

from inpaint_bench.errors import InputError


@dataclass(frozen=True)
class Team:
    """This process's number, and how many there are."""

    rank: int = 0
    world: int = 1

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors by their means over the team, in place."""
        found = list(tensors)
        if self.world == 1 or not found:
            return
        flat = torch.cat([tensor.flatten() for tensor in found])
        group.all_reduce(flat)
        flat /= self.world
        means = torch.split(flat, [tensor.numel() for tensor in found])
        for tensor, mean in zip(found, means, strict=True):
            tensor.copy_(mean.view_as(tensor))


@contextmanager
def gathered(device: torch.device) -> Iterator[tuple[Team, torch.device]]:
    """The team of this process and its own device, from the variables that torchrun sets.

    Raises InputError when there are more processes on a machine than GPUs.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Team(), device
        return
    if device.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise InputError(
                f"process {local} of this machine has no GPU: {torch.cuda.device_count()} are visible here."
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    group.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Team(group.get_rank(), world), device
    finally:
        group.destroy_process_group()
