"""MI-GAN's weights files, in the layout of today and in that of before October 2023."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.migan.network import pattern_of
from inpaint_bench.errors import InputError
from inpaint_bench.weights.torch_files import read_torch

BEFORE = re.compile(r"synthesis\.b([0-9]{1,3})\.(conv1\.)?upsample\.insert_zeros\.weight")


def read_generator(path: Path) -> Mapping[str, Any]:
    """The tensors of a file by the names of today.

    Before, a transposed convolution of one pixel stuffed the zeros that a pattern stuffs now. Raises InputError where
    its kernel is another one, and as `read_torch` does.
    """
    content = read_torch(path)
    for name in [name for name in content if BEFORE.fullmatch(name)]:
        found = BEFORE.fullmatch(name)
        kernel = content.pop(name)
        assert found is not None
        one = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
        if not isinstance(kernel, Tensor) or kernel.shape[1:] != (1, 2, 2) or not (kernel == one).all():
            raise InputError(f"{path}: {name} does not stuff zeros, as in MI-GAN's files of before October 2023.")
        side = int(found[1])
        content[name.replace("insert_zeros.weight", "filter_const")] = pattern_of(side)
    return content
