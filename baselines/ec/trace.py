"""Intermediate results of EdgeConnect, for comparison with its reference activations."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from baselines.ec.adapter import to_grey
from baselines.ec.network import CompletionGenerator, EdgeGenerator

MODULES = (
    "encoder.1",
    "encoder.2",
    "encoder",
    "middle.0",
    "middle.7",
    "decoder.2",
    "decoder.5",
    "decoder.7",
)


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file, in eval mode; variants differ only in their inputs."""
    networks = {"ec_edge.json": EdgeGenerator, "ec_inpaint.json": CompletionGenerator}
    return networks[golden]().eval()


def prepare(image: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """The stages that the adapter computes from a complete image in [0, 1], before the first network."""
    return {"gray": to_grey(image)}


@torch.inference_mode()
def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """The stages of the golden file by their names there, and "output"; EdgeConnect uses no noise."""
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            seen[name] = output.clone()  # later layers may change it in place

        return hook

    x = inputs["x"]
    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in MODULES]
    try:
        output = cast(Tensor, network(x))
    finally:
        for hook in hooks:
            hook.remove()
    given = {"input": x, "edge_map": x[:, 3:]} if isinstance(network, CompletionGenerator) else {"input": x}
    return {**given, **seen, "output": output}
