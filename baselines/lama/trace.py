"""Intermediate results of LaMa, for comparison with its reference activations."""

from typing import Any

import torch
from torch import Tensor, nn

from baselines.lama.adapter import padded
from baselines.lama.fourier import forward_transform
from baselines.lama.network import LOCAL, Generator, affine

BRANCHES = ("model.1", "model.4", "model.5.conv1", "model.5", "model.13", "model.22")
SPECTRAL = "model.5.conv1.ffc.convg2g"
WHOLE = ("model.24", "model.25", "model.28", "model.31", "model.34")


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of the golden file; there is only one, of 18 blocks."""
    return Generator()


@torch.inference_mode()
def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden file by its name there, and "output"; LaMa uses no noise."""
    image, mask = inputs["image"], inputs["mask"]
    height, width = image.shape[2:]
    x = torch.cat([padded(image) * (1 - padded(mask)), padded(mask)], dim=1)
    seen: dict[str, tuple[Tensor, Tensor]] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            seen[name] = args[0].clone(), output.clone()  # later layers may change them in place

        return hook

    names = (*BRANCHES, SPECTRAL, f"{SPECTRAL}.fu", *WHOLE)
    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        output: Tensor = network(x)
    finally:
        for hook in hooks:
            hook.remove()
    stages: dict[str, Tensor | dict[str, float]] = {"x": x, "output": output[:, :, :height, :width]}
    for name in BRANCHES:
        features = seen[name][1]
        stages[f"{name} local"] = features[:, :LOCAL]
        stages[f"{name} global"] = features[:, LOCAL:]
    return stages | _spectral(network, seen) | {name: seen[name][1] for name in WHOLE}


def _spectral(network: nn.Module, seen: dict[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """The stages of a spectral transform, as the authors' code has them: channels first, spectra interleaved."""
    entered, unit = seen[f"{SPECTRAL}.fu"]
    spectrum = torch.unflatten(forward_transform(entered), 3, (2, -1)).transpose(3, 4).flatten(3)
    norm = network.get_submodule(f"{SPECTRAL.partition('.ffc')[0]}.bn_g")  # which follows, and is folded in
    assert isinstance(norm, nn.BatchNorm2d)
    factor, _ = affine(norm)
    found = {".conv1": entered, ".fu.conv_layer input": spectrum, ".fu": unit, "": seen[SPECTRAL][1] / factor}
    return {f"{SPECTRAL}{name}": value.permute(0, 3, 1, 2) for name, value in found.items()}
