"""The feature maps of a network for one pair."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from baselines.layers import refuse_size
from baselines.spn.adapter import SMALL, noise_of
from baselines.spn.inspect.clusters import Map
from baselines.spn.network import SPN, Encoded, Priors
from baselines.spn.prob import ProbabilisticSPN
from inpaint_bench.data import tensors
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.data.protocols import EightBit

NETWORKS: dict[str, Callable[[], SPN | ProbabilisticSPN]] = {  # the networks of the adapter's methods
    "spn": SPN,
    "spn-prob": ProbabilisticSPN,
    "spn-small": lambda: SPN(SMALL, None),
    "spn-prob-small": lambda: ProbabilisticSPN(SMALL, None),
}


@dataclass(frozen=True, eq=False)
class Activations:
    """The feature maps for one pair, or one sample of it, and the composite."""

    full: Float32[np.ndarray, "fine height width"]  # S_prior^1
    half: Float32[np.ndarray, "middle height//2 width//2"]  # S_prior^2
    quarter: Float32[np.ndarray, "coarse height//4 width//4"]  # S_prior^3
    encoded: Float32[np.ndarray, "coarse height//4 width//4"]  # F_enc^3
    decoded: Float32[np.ndarray, "coarse height//4 width//4"]  # F_dec^3: F_enc^3 after the middle blocks
    composite: UInt8[np.ndarray, "height width 3"]


@torch.inference_mode()
def activations(
    method: str,
    network: SPN | ProbabilisticSPN,
    prepared: Prepared,
    seeds: Sequence[int],
    rule: EightBit,
    device: torch.device,
) -> list[Activations]:
    """Run a pair through a method's network on the device: one result per seed, or one if it is deterministic.

    Raises InputError for an image size that the network does not take.
    """
    image, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
    stochastic = isinstance(network, ProbabilisticSPN)
    refuse_size(method, image, *((32, 1) if stochastic else (4, 12)))
    encoded = network.encode(tensors.emptied(image, mask).to(device), mask.to(device))
    found = []
    for priors in _pyramids(network, encoded, seeds, device):
        prediction, decoded = _paint(network, encoded, priors)
        (composite,) = tensors.eight_bit(tensors.composite(prediction.cpu(), image, mask), rule)
        full, half, quarter = (_map(features) for features in priors)
        found.append(Activations(full, half, quarter, _map(encoded.image), _map(decoded), composite))
    return found


def _pyramids(
    network: SPN | ProbabilisticSPN, encoded: Encoded, seeds: Sequence[int], device: torch.device
) -> Iterator[Priors]:
    if isinstance(network, SPN):
        yield network.learn(encoded)
        return
    posterior = network.infer(encoded)
    _, channels, height, width = posterior.mean.shape
    for seed in seeds:
        noise = noise_of(torch.tensor([seed]), (channels, height, width)).to(device)
        yield network.learn(encoded, posterior, noise)


def _paint(
    network: SPN | ProbabilisticSPN, encoded: Encoded, priors: Priors
) -> tuple[Float32[Tensor, "1 3 height width"], Float32[Tensor, "1 channels height//4 width//4"]]:
    """The prediction, and F_dec^3 from inside the image generator."""
    kept: list[Tensor] = []
    handle = network.middle[-1].register_forward_hook(lambda module, given, output: kept.append(output.clone()))
    try:
        prediction = network.paint(encoded.image, priors)
    finally:
        handle.remove()
    return prediction, kept[0]


def _map(features: Float32[Tensor, "1 channels height width"]) -> Map:
    return features[0].float().cpu().contiguous().numpy()
