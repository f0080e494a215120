"""Intermediate results of CTSDG, for comparison with its reference activations."""

import torch
from torch import Tensor, nn

from baselines.ctsdg.adapter import grey
from baselines.ctsdg.blocks import Masked
from baselines.ctsdg.network import Generator

TEXTURE = ("ec_texture_1", "ec_texture_3", "ec_texture_7", "dc_texture_7", "dc_texture_4", "dc_texture_1")
STRUCTURE = ("ec_structure_1", "ec_structure_7", "dc_structure_7", "dc_structure_1")
STAGES = (*TEXTURE, *STRUCTURE, "bigff", "fusion_layer1", "cfa.ral", "cfa", "fusion_layer2")


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file; there is only one, `golden.json`."""
    return Generator().eval().to(memory_format=torch.channels_last)


def prepare(image: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """The stages that the adapter computes from a complete image in [0, 1], before the network."""
    return {"grey": grey(image * 2 - 1)}


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """The stages of the golden file and "output"; "grey" is computed before the network."""
    stages: dict[str, Tensor | dict[str, float]] = {}

    def keep(name: str, value: Tensor | Masked) -> None:
        stages[name] = value.features if isinstance(value, Masked) else value
        if isinstance(value, Masked):
            stages[f"{name}.mask"] = value.known.expand_as(value.features)

    hooks = [
        network.get_submodule(name).register_forward_hook(lambda _, __, value, name=name: keep(name, value))
        for name in STAGES
    ]
    try:
        stages["output"] = network(inputs["input_image"], inputs["input_edge"], inputs["mask"])
    finally:
        for hook in hooks:
            hook.remove()
    for stream in ("texture", "structure"):
        project = network.get_submodule(f"{stream}_feature_projection")
        stages[f"{stream}_feature_projection"] = project(stages[f"dc_{stream}_1"])
    return stages
