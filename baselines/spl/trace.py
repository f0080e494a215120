"""Intermediate results of SPL, for comparison with its reference activations: inputs and outputs of modules."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from baselines.spl.network import SemanticPriorGenerator

OUTPUTS = {
    "rn_b_1": "encoder_in1",
    "rn_b_2": "encoder_in2",
    "rdb_0": "rdbs.0",
    "rdb_15": "rdbs.15",
    "S_prior_3": "feature_recon",
    "middle_0": "middle.0",
    "F_dec_3": "middle.7",
    "rn_l_2_map": "decoder.2.sa",
    "rn_l_2": "decoder.2",
    "rn_l_6_map": "decoder.6.sa",
    "rn_l_6": "decoder.6",
    "gff": "gff",
    "pre_tanh": "decoder.9",
}
INPUTS = {"F_enc_3": "middle.0", "S_enc_3_pre_rdb": "encoder_sm_out", "S_enc_3": "feature_recon"}


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of the golden file, in eval mode; its variant differs only in the weights."""
    return SemanticPriorGenerator().eval()


@torch.inference_mode()
def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the golden file by its name there, and "output"; SPL uses no noise."""
    seen: dict[str, Tensor] = {}

    def keep_output(stage: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            seen[stage] = output.clone()  # later layers may change it in place

        return hook

    def keep_input(stage: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...]) -> None:
            seen[stage] = args[0].clone()

        return hook

    hooks = [network.get_submodule(at).register_forward_hook(keep_output(stage)) for stage, at in OUTPUTS.items()]
    hooks += [network.get_submodule(at).register_forward_pre_hook(keep_input(stage)) for stage, at in INPUTS.items()]
    try:
        output = cast(Tensor, network(*(inputs[name] for name in ("x", "mask", "masked_512", "mask_512"))))
    finally:
        for hook in hooks:
            hook.remove()
    head = cast(Tensor, network.get_submodule("feature_mapping")(seen["S_prior_3"]))
    return {**seen, "head_3": head, "output": output}
