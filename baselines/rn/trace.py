"""Intermediate results of RN, for comparison with its reference activations."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from baselines.layers import THRESHOLD, SpatialAttention
from baselines.rn.network import RegionNormGenerator

MODULES = (
    "encoder_conv1",
    "encoder_in1",
    "encoder_in2",
    "encoder_in3",
    "middle.0.conv_block.2",
    "middle.0",
    "middle.7",
    "decoder.2",
    "decoder.6",
    "decoder.9",
)


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of the golden file, in eval mode; RN has only one, without variants."""
    return RegionNormGenerator().eval()


@torch.inference_mode()
def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden file by its name there, and "output"; RN uses no noise."""
    attention = [name for name, module in network.named_modules() if isinstance(module, SpatialAttention)]
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            seen[name] = output.clone()  # later layers may change it in place

        return hook

    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in (*MODULES, *attention)]
    try:
        output = cast(Tensor, network(inputs["x"], inputs["mask"]))
    finally:
        for hook in hooks:
            hook.remove()
    first = MODULES[4]
    return {
        **{name: seen[name] for name in MODULES},
        f"sa_map {first}": seen[f"{first}.sa"],
        "sa_fraction_ge_threshold": {name: float((seen[name] >= THRESHOLD).float().mean()) for name in attention},
        "output": output,
    }
