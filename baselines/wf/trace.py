"""Intermediate results of WaveFill, for comparison with its reference activations."""

from typing import Any

import torch
from torch import Tensor, nn

from baselines.wf.network import WaveFill

COARSE = ("fc", "encoder", "fuse_conv", "res_blocks.0", "res_blocks.4", "res_blocks", "attn", "res_b1", "conv_b1")
FINE = ("sp0.norm_0.an", "sp0.norm_0", "sp0", "res_b2", "conv_b2", "sp1.norm_0.an", "sp1", "res_b3", "conv_b3")
STAGES = (*COARSE, *FINE)


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file; there is only one, `golden.json`."""
    return WaveFill().eval().to(memory_format=torch.channels_last)


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden file and "output"."""
    seen: dict[str, list[Any]] = {name: [] for name in (*STAGES, "xfm", "ifm")}
    hooks = [
        network.get_submodule(name).register_forward_hook(lambda _, __, value, values=values: values.append(value))
        for name, values in seen.items()
    ]
    try:
        output = network(*inputs.values())
    finally:
        for hook in hooks:
            hook.remove()
    (_, high_1), (low, high_2) = seen["xfm"]
    stages: dict[str, Tensor | dict[str, float]] = {name: seen[name][0] for name in STAGES}
    return stages | {
        "dwt.low": low,
        "dwt.high_level1": high_1,
        "dwt.high_level2": high_2,
        "pyramid_128": seen["ifm"][0],
        "output": output,
    }
