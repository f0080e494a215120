"""Intermediate results of MI-GAN, for comparison with its reference activations."""

from typing import Any

import torch
from torch import Tensor, nn

from baselines.migan.network import GAIN, Generator, SeparableConv


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file, `golden.json` or `golden_512.json`."""
    return Generator(512 if "512" in golden else 256)


@torch.inference_mode()
def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden file by its name there, and "output"; the noise is part of the weights."""
    assert isinstance(network, Generator)
    side = network.encoder.sides[0]
    start, end = f"encoder.b{side}", f"synthesis.b{side}"
    seen: dict[str, tuple[Tensor, Any]] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], output: Any) -> None:
            seen[name] = args[0].clone(), output.clone() if isinstance(output, Tensor) else output

        return hook

    plain = [f"{start}.fromrgb", f"{start}.conv1", f"{start}.conv2.downsample", f"{start}.conv2"]
    plain += ["encoder.b8.conv2", "encoder.b4.conv1", "encoder.b4.conv2"]
    plain += [f"synthesis.b4.{name}" for name in ("conv1", "conv2", "torgb")]
    plain += [f"synthesis.b8.{name}" for name in ("conv1.upsample", "conv1", "conv2", "upsample")]
    plain += [f"{end}.{name}" for name in ("conv1", "conv2", "upsample", "torgb")]
    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in plain]
    hooks += [
        network.get_submodule(name).register_forward_hook(keep(name)) for name in ("encoder.b64", "synthesis.b64")
    ]
    try:
        output: Tensor = network(inputs["x"])
    finally:
        for hook in hooks:
            hook.remove()
    stages: dict[str, Tensor | dict[str, float]] = {name: seen[name][1] for name in plain}
    first = network.get_submodule(f"{start}.conv1")
    assert isinstance(first, SeparableConv)
    stages[f"{start}.conv1.conv1"] = first.spread(seen[f"{start}.conv1"][0]) / GAIN  # which is folded into kernels
    stages["synthesis.b8.conv1.upsample"] = seen["synthesis.b8.conv1.upsample"][1] / GAIN
    stages["encoder.b64 x"], stages["synthesis.b64 x"] = seen["encoder.b64"][1][1], seen["synthesis.b64"][1][0]
    return stages | {"output": output}
