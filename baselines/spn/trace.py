"""The networks of SPN's reference activations, and their stages."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from baselines.spn.discriminators import Discriminator, ProbabilisticDiscriminator
from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.tresnet import TResNet

BUILD: dict[str, Callable[[], nn.Module]] = {
    "spn.json": SPN,
    "spn_prob.json": ProbabilisticSPN,
    "spn_discriminator.json": Discriminator,
    "spn_prob_discriminator.json": ProbabilisticDiscriminator,
    "tresnet_l.json": TResNet,
}

GENERATOR = {  # stage of the golden files: module
    "rn_b_1": "encoder_in1",
    "rn_b_2": "encoder_in2",
    "F_enc_3": "encoder_out",
    "S_enc_1": "encoder_full",
    "S_enc_2": "encoder_half",
    "S_enc_3_pre_rdb": "encoder_quarter",
    "rdb_0": "rdbs.0",
    "rdb_15": "rdbs.15",
    "gff": "gff",
    "S_enc_3": "gff_sum",
    "S_prior_3": "feature_recon.3",
    "S_prior_2": "feature_recon_decoder.3",
    "S_prior_1": "feature_recon_decoder.7",
    "head_1": "feature_mapping_256",
    "head_2": "feature_mapping_128",
    "head_3": "feature_mapping",
    "middle_0": "middle.0",
    "F_dec_3": "middle.7",
    "F_dec_2": "decoder.1",
    "F_dec_1": "decoder.3",
    "pre_tanh": "decoder.6",
}
LATENT = {"mu": "mu", "sigma_before_softplus": "sigma", "z": "sample", "decoder_z_out": "decoder_z"}
DISCRIMINATOR = {name: name for name in ("conv1", "conv2", "conv3", "conv4", "conv5")}
PRETEXT = {
    "space_to_depth": "body.SpaceToDepth",
    "conv1": "body.conv1",
    "layer1": "body.layer1",
    "layer2_0_downsample": "body.layer2.0.downsample",
    "layer2_0_conv1_after_blur": "body.layer2.0.conv1",
    "layer2_0_se": "body.layer2.0.se",
    "layer2": "body.layer2",
    "layer3": "body.layer3",
    "layer4": "body.layer4",
    "global_pool": "global_pool",
    "embedding": "head.fc.embedding_generator",
}


def build(golden: str, variant: str | None) -> nn.Module:
    """The network of a golden file, by the file's name; the variants differ only in their weights."""
    return BUILD[golden]().eval()


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> dict[str, Tensor | dict[str, float]]:
    """Every stage of the network's golden file, and its output, for the inputs of a case."""
    stages: dict[str, Tensor | dict[str, float]] = {}

    def keep(stage: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            stages[stage] = output.detach().clone()  # later layers may change it in place

        return hook

    hooks = [network.get_submodule(name).register_forward_hook(keep(stage)) for stage, name in _stages(network).items()]
    try:
        with torch.inference_mode():
            stages["output"] = _run(network, inputs, noise)
    finally:
        for handle in hooks:
            handle.remove()
    return stages


def _stages(network: nn.Module) -> dict[str, str]:
    if isinstance(network, ProbabilisticSPN):
        return GENERATOR | LATENT
    if isinstance(network, SPN):
        return GENERATOR
    return PRETEXT if isinstance(network, TResNet) else DISCRIMINATOR


def _run(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> Tensor:
    """The network computes `masked_512` and `mask_512` itself; its heads are run for their stages."""
    if isinstance(network, SPN | ProbabilisticSPN):
        prediction: Tensor
        prediction, priors, *_ = network(inputs["x"], inputs["mask"], *noise)
        network.distil(priors)
        return prediction
    output: Tensor = network(inputs["x"])
    return output if isinstance(network, TResNet) else output[0]
