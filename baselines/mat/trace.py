"""Intermediate results of MAT, for comparison with its reference activations."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from baselines.mat.network import Draws, Generator
from inpaint_bench.errors import InputError


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file: `golden_512.json`, `golden_256.json` or `golden_128.json`."""
    return Generator(int(golden.removesuffix(".json").split("_")[1]))


@torch.inference_mode()
def trace(
    network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor], details: dict[str, Any]
) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden files by its name there, and "output".

    The draws are z, the two dropouts and, for noise that is not constant, its maps. `details` holds `noise_mode`
    ("const" or "random") and `truncation_psi`. Raises InputError for another mode.
    """
    if details.get("noise_mode") != ("const" if len(noise) == 3 else "random"):
        raise InputError(f"noise_mode {details.get('noise_mode')!r} with {len(noise)} draws; known: const, random.")
    assert isinstance(network, Generator)
    stages: dict[str, Tensor | dict[str, float]] = {}
    tokens = [f"first_stage.tran.{level}" for level in range(5)] + ["first_stage.tran.1.downsample"]
    tokens += [f"first_stage.tran.{level}.blocks.{number}" for level in (0, 1) for number in (0, 1)]
    maps = ["first_stage", "first_stage.conv_first", "first_stage.to_style", "to_style", "dec.Dec_32x32.conv0"]
    maps += [f"first_stage.tran.0.blocks.{number}.attn" for number in (0, 1)]
    maps += [f"{stage}.{name}" for stage in ("first_stage", "enc", "dec") for name in _children(network, stage)]

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            found, second = output if isinstance(output, tuple) else (output, None)
            kind = "image" if ".dec" in f".{name}" else "mask"
            for key, value in ((name, found), (f"{name} {kind}", second)):
                if value is not None:
                    stages[key] = (value.flatten(1, 2) if name in tokens else value).clone()

        return hook

    hooks = [
        network.synthesis.get_submodule(name).register_forward_hook(keep(name)) for name in sorted({*tokens, *maps})
    ]
    try:
        encoded = network.encode(inputs["images_in"], inputs["masks_in"])
        z, first, second, *of_layers = noise
        draws = Draws(z, first > 0, second > 0, of_layers or None)
        output = network(encoded, draws, float(details.get("truncation_psi", 1)))
        w = network.mapping(z, float(details.get("truncation_psi", 1)))
        stages["mapping (ws[:, 0])"] = w
        stage = network.synthesis.first_stage
        mixed = stage.mixed(encoded.levels[2], stage.ws_style(w), draws.first)
        stages["first_stage.mixed (tran.2 after the first dropout)"] = mixed.permute(0, 3, 1, 2)
        stages["first_stage (composed)"] = stages["first_stage"]
        smallest = stages["enc.EncConv_Block_16x16"]
        assert isinstance(smallest, Tensor)
        stages["fea_16 after the second dropout"] = network.synthesis.mixed(smallest, w, draws.second)
    finally:
        for hook in hooks:
            hook.remove()
    return stages | {"output": output}


def _children(network: Generator, stage: str) -> Sequence[str]:
    """The names of a stage's blocks that give features or images."""
    if stage == "first_stage":
        steps = range(len(network.synthesis.first_stage.dec_conv))
        return [f"{name}.{number}" for name in ("enc_conv", "dec_conv") for number in steps]
    return [name for name, _ in network.synthesis.get_submodule(stage).named_children()]
