"""Weights of methods, from a file or synthetic; a method never falls back to random values.

`SYNTHETIC` can be imported without torch, as readers of results do; the other names are imported when first used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inpaint_bench.weights.base import NO_WEIGHTS, Weights, open_weights, synthetic_weights

__all__ = ["NO_WEIGHTS", "SYNTHETIC", "Weights", "open_weights", "synthetic_weights"]

SYNTHETIC = "synthetic"  # recorded in place of a hash; results of synthetic weights appear in no quality table


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module("inpaint_bench.weights.base"), name)
