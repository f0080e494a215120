"""The weights a method is loaded with: from a file, or made from tensor names; never random in silence.

`SYNTHETIC` can be imported without torch, as readers of results do; the rest is loaded when it is used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inpaint_bench.weights.base import NO_WEIGHTS, Weights, open_weights, synthetic_weights

__all__ = ["NO_WEIGHTS", "SYNTHETIC", "Weights", "open_weights", "synthetic_weights"]

SYNTHETIC = "synthetic"  # in place of a hash: values made from tensor names, whose quality no table shows


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module("inpaint_bench.weights.base"), name)
