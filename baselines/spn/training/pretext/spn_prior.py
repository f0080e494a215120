"""The pyramid of another trained SPN as a pretext (Table 5)."""

import torch

from baselines.spn.network import SPN
from baselines.spn.training.config import PretextConfig
from baselines.spn.training.pretext.features import Features, Larger, path_of
from baselines.spn.tresnet import Targets
from inpaint_bench.data.tensors import Images
from inpaint_bench.weights import open_weights


class SpnPrior(Features):
    """The pyramid of a trained SPN for the whole image."""

    def __init__(self, network: SPN) -> None:
        super().__init__()
        self.network = network
        width = network.encoder_conv1.out_channels
        self.channels = (width, 2 * width, 4 * width)

    def forward(self, image: Images, larger: Larger) -> Targets:
        """The pyramid of the image itself, with an empty mask."""
        return Targets(*self.network.learn(self.network.encode(image, torch.zeros_like(image[:, :1]))))


def trained(config: PretextConfig, seed: int) -> Features:
    """From weights of `train`, with or without heads."""
    weights = open_weights(path_of(config))
    state = weights.tensors()
    try:
        heads = ("feature_mapping_256", "feature_mapping_128", "feature_mapping")
        full, half, quarter = (len(state[f"{head}.bias"]) for head in heads)
    except KeyError:
        return SpnPrior(weights.into(SPN(len(state["encoder_conv1.bias"]), None)))
    return SpnPrior(weights.into(SPN(len(state["encoder_conv1.bias"]), (full, half, quarter))))
