"""The network of the reference activations, and its stages by their names there."""

from collections import defaultdict
from typing import Any, get_args

from torch import Tensor, nn

from baselines.mfe.filling import MaskRule
from baselines.mfe.network import MEDFE

VARIANTS: dict[str, MaskRule] = {rule: rule for rule in get_args(MaskRule)}
ENCODER = ("Encoder_1", "Encoder_2", "Encoder_3", "Encoder_4", "Encoder_5", "middle")
CALLED_ONCE = ("down_128", "down_64", "down_32", "fuse", "base.model", "base", "down_16", "down_8", "down_4")
FOR_BOTH = ("cov_3", "cov_5", "cov_7")  # textures and structures form one batch


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a case of golden.json, in eval mode; the variants differ in the rule for known features."""
    return MEDFE(VARIANTS[variant or "newest code"]).eval()


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage and the output, for inputs in the authors' convention."""
    calls: dict[str, list[Any]] = defaultdict(list)

    def keep(name: str) -> Any:
        return lambda module, args, result: calls[name].append(result)

    inside = (*CALLED_ONCE, *FOR_BOTH, "up", "down", "known", "base.gaussian", "base.neighbour")
    names = (*ENCODER, *(f"pc_block.{name}" for name in inside), "pc_block")
    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        output = network(inputs["input"], inputs["mask"].float())
    finally:
        for hook in hooks:
            hook.remove()
    return {**_stages(calls), "output": output}


def _stages(calls: dict[str, list[Any]]) -> dict[str, Tensor]:
    """The recorded tensors under their names in the golden file, where #n is the n-th call in the authors' code."""
    stages: dict[str, Tensor] = {
        f"encoder_{number}_as_returned": calls[name][0] for number, name in enumerate(ENCODER, start=1)
    }
    stages |= {f"pc_block.{name}#1": calls[f"pc_block.{name}"][0] for name in CALLED_ONCE}
    stages |= {f"pc_block.up#{number}": result for number, result in enumerate(calls["pc_block.up"], start=1)}
    for name in FOR_BOTH:
        texture, structure = calls[f"pc_block.{name}"][0].feature.chunk(2)
        stages |= {f"pc_block.{name}#1": texture, f"pc_block.{name}#2": structure}
    before, after = calls["pc_block.down"]
    stages["pc_block.down#2"], stages["pc_block.down#1"] = before.chunk(2)
    stages["pc_block.down#3"], stages["pc_block.down#4"] = after.chunk(2)
    stages["pc_block.mask_1"] = calls["pc_block.known"][0]
    stages["base.gaussian"] = calls["pc_block.base.gaussian"][0]
    stages["base.neighbour"] = calls["pc_block.base.neighbour"][0]
    return stages | {f"equalised_{number}": of for number, of in enumerate(calls["pc_block"][0], start=1)}
