"""Intermediate results of PIC, for comparison with its reference activations."""

from typing import Any

import torch
from torch import Tensor, nn

from baselines.pic.network import Code, Discriminator, Encoder, Generator, drawn, shrunk

ENCODED = (
    "E.block0",
    "E.encoder0",
    "E.encoder1",
    "E.encoder2",
    "E.encoder3",
    "E.infer_prior0",
    "E.infer_prior5",
    "E.prior",
)
GENERATED = ("G.generator", "G.decoder0", "G.decoder1", "G.attn1.softmax", "G.attn1", "G.out1")
REFINED = ("G.decoder2", "G.out2", "G.decoder3", "G.out3", "G.decoder4", "G.out4")
JUDGED = ("D.block0", "D.attn2", "D.encoder3", "D.block1")
STAGES = (*ENCODED, *GENERATED, *REFINED, *JUDGED)
RENAMED = {"G.attn1.softmax": "attention sample 0"}
SECOND = "composite sample 1 (second call of G, u and v moved on)"


def build(golden: str, variant: str | None) -> nn.Module:
    """The networks of a golden file; there is only one, `golden.json`."""
    networks = nn.ModuleDict({"net_E": Encoder(), "net_G": Generator(), "net_D": Discriminator()})
    return networks.eval().to(memory_format=torch.channels_last)


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden file and "output", the composite of the first of two samples."""
    seen: dict[str, list[Any]] = {name: [] for name in STAGES}
    hooks = [
        network.get_submodule(f"net_{name}").register_forward_hook(
            lambda _, __, value, values=values: values.append(value)
        )
        for name, values in seen.items()
    ]
    try:
        stages = _sampled(network, inputs["image"], inputs["mask"][:, :1], noise)
    finally:
        for hook in hooks:
            hook.remove()
    return stages | {RENAMED.get(name, name): values[0] for name, values in seen.items()}


def _sampled(
    network: nn.Module, image: Tensor, known: Tensor, noise: list[Tensor]
) -> dict[str, Tensor | dict[str, float]]:
    encode, generate, discriminate = (network.get_submodule(f"net_{name}") for name in "EGD")
    code: Code = encode(image.contiguous(memory_format=torch.channels_last), 0)
    small = shrunk(known, code)
    stages = {"encoder_input": image, "mu": code.mean, "sigma": code.deviation, "scaled_mask": small}
    composites = []
    for sample, draw in enumerate(noise):
        stages[f"z sample {sample}"] = drawn(code, draw)
        picture = generate(stages[f"z sample {sample}"], code, small, sample)
        composites.append((1 - known) * picture + known * image)
        stages[f"D score map sample {sample}"] = discriminate(composites[-1], sample)
        stages.setdefault("raw output sample 0", picture)
    return {**stages, "output": composites[0], SECOND: composites[1]}
