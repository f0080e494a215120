"""The same computation while torch has other numbers of threads."""

from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")


def with_threads(compute: Callable[[], Result], *counts: int) -> list[Result]:
    """What comes out with each number of torch's threads; afterwards it has as many as before."""
    before = torch.get_num_threads()
    results = []
    try:
        for count in counts:
            torch.set_num_threads(count)
            results.append(compute())
            assert torch.get_num_threads() == count  # a computation leaves it as it was
    finally:
        torch.set_num_threads(before)
    return results
