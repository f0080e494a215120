"""The networks of the reference activations, and their stages by their names there."""

from collections import defaultdict
from typing import Any

from torch import Tensor, nn

from baselines.rfr.network import RFRNet

PARTIAL = ("Pconv1", "Pconv2", "Pconv22", "tail1")
PLAIN = ("bn1", "RFRModule.enc_3", "RFRModule.enc_6", "RFRModule.dec_3", "Tconv", "tail2")
WITH_MEMORY = ("RFRModule", "RFRModule.att", "RFRModule.att.att")
EVERY_TURN = ("Pconv22", "Pconv22 mask", "RFRModule", "RFRModule.att.att", "attention scores")


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file, in eval mode; there are no variants."""
    network = RFRNet(kernel={"golden.json": 7, "golden_small.json": 5}[golden])
    return network.eval()


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage and the output, for inputs in the authors' convention: the mask has three equal channels."""
    calls: dict[str, list[Any]] = defaultdict(list)

    def keep(name: str) -> Any:
        return lambda module, args, result: calls[name].append(result)

    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in (*PARTIAL, *PLAIN, *WITH_MEMORY)]
    try:
        output = network(inputs["masked_image"], inputs["mask"][:, :1])
    finally:
        for hook in hooks:
            hook.remove()
    stages: dict[str, Tensor | dict[str, float]] = {"output": output}
    for name, tensors in _tensors(calls).items():
        if name in EVERY_TURN:
            stages |= {f"{name} iter{turn}": tensor for turn, tensor in enumerate(tensors)}
        else:
            stages[name] = tensors[-1]  # stages recorded once are those of the last recurrence
    return stages


def _tensors(calls: dict[str, list[Any]]) -> dict[str, list[Tensor]]:
    """The tensors of every call, with the mask repeated over the channels as in the authors' code."""
    tensors = {name: calls[name] for name in PLAIN}
    for name in PARTIAL:
        tensors[name] = [partial.values for partial in calls[name]]
        tensors[f"{name} mask"] = [partial.known.expand_as(partial.values) for partial in calls[name]]
    for name in WITH_MEMORY:
        tensors[name] = [features for features, _ in calls[name]]
    tensors["attention scores"] = [
        memory.scores.transpose(1, 2).unflatten(2, features.shape[2:])
        for features, memory in calls["RFRModule.att.att"]
    ]
    return tensors
