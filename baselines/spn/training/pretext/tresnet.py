"""The stem and the first two stages of TResNet-L: the paper's pretext network, trained or not."""

import torch

from baselines.spn.training.config import PretextConfig
from baselines.spn.training.pretext.features import Features, Larger, torch_file
from baselines.spn.tresnet import Pretext, Targets
from inpaint_bench.data.tensors import Images
from inpaint_bench.errors import InputError


class TResNet(Features):
    """Features of the enlarged image."""

    channels = (76, 76, 152)

    def __init__(self, network: Pretext) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Features of the enlarged image."""
        targets: Targets = self.network(larger)
        return targets


def trained(config: PretextConfig, seed: int) -> Features:
    """From the file of ASL's authors, or its state dict alone."""
    path, content = torch_file(config)
    state = content.get("model", content)
    network = Pretext()
    wanted = network.state_dict()
    if missing := sorted(wanted.keys() - state.keys()):
        raise InputError(f"{path}: not TResNet-L: it has no {missing[0]}.")
    network.load_state_dict({name: state[name] for name in wanted})
    return TResNet(network)


def random(config: PretextConfig, seed: int) -> Features:
    """With random weights from the seed: features of an untrained network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TResNet(Pretext())
