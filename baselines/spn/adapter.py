"""SPN was trained with RGB in [0, 1], mask 1 in the hole, and the hole filled with white."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from baselines.layers import refuse_size
from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from inpaint_bench.data.tensors import Images, Inpaint, InpaintSamples, Masks, Samples, Seeds
from inpaint_bench.weights import Weights

SMALL = 16  # the width of the small networks, whose weights have no heads
PIECE = 2  # images at once on few cores: what a layer writes is still in the cache when the next one reads it
FEW = 4  # cores; on more, a whole batch keeps all of them busy


def load(weights: Weights, device: torch.device) -> Inpaint:
    """The deterministic network, without its heads, which only training needs."""
    return _deterministic("spn", weights.into(SPN()), device)


def load_small(weights: Weights, device: torch.device) -> Inpaint:
    """The deterministic network at a quarter of the width, without heads."""
    return _deterministic("spn-small", weights.into(SPN(SMALL, None)), device)


def load_probabilistic(weights: Weights, device: torch.device) -> InpaintSamples:
    """The probabilistic network: one prediction per seed; both encoders run once for all of them."""
    return _probabilistic("spn-prob", weights.into(ProbabilisticSPN()), device)


def load_probabilistic_small(weights: Weights, device: torch.device) -> InpaintSamples:
    """The probabilistic network at a quarter of the width, without heads."""
    return _probabilistic("spn-prob-small", weights.into(ProbabilisticSPN(SMALL, None)), device)


def _deterministic(method: str, network: SPN, device: torch.device) -> Inpaint:
    network = network.to(device).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks) -> Images:
        refuse_size(method, image, multiple=4, min_size=12)
        return _in_pieces(lambda *piece: network(*piece)[0], image, mask)

    return inpaint


def _probabilistic(method: str, network: ProbabilisticSPN, device: torch.device) -> InpaintSamples:
    network = network.to(device).to(memory_format=torch.channels_last).eval()

    def samples(image: Images, mask: Masks, seeds: Seeds) -> Samples:
        height, width = image.shape[2:]
        encoded = network.encode(image, mask)
        posterior = network.infer(encoded)
        predictions = []
        for column in seeds.unbind(dim=1):
            noise = noise_of(column, (network.latent, height // 32, width // 32)).to(device)
            priors = network.learn(encoded, posterior, noise)
            predictions.append(network.paint(encoded.image, priors))
        return torch.stack(predictions, dim=1)

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks, seeds: Seeds) -> Samples:
        refuse_size(method, image, multiple=32)
        return _in_pieces(samples, image, mask, seeds)

    return inpaint


def _in_pieces(function: Callable[..., Tensor], image: Images, *others: Tensor) -> Tensor:
    """The function of a batch; on a processor of few cores of two images at a time, and of two such pieces at once.

    A piece has no single image: for one, torch chooses other kernels, which round otherwise.
    """
    threads, count = torch.get_num_threads(), len(image)
    if image.device.type != "cpu" or threads > FEW or count < 2 * PIECE:
        return function(image, *others)
    sizes = [PIECE] * (count // PIECE)
    sizes[-1] += count % PIECE
    pieces = zip(*(torch.split(tensor, sizes) for tensor in (image, *others)), strict=True)
    run = torch.inference_mode()(function)  # a mode of each thread
    with ThreadPoolExecutor(min(2, threads), "", torch.set_num_threads, (threads,)) as pool:
        return torch.cat(list(pool.map(lambda piece: run(*piece), pieces)))


def noise_of(seeds: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Standard normal noise, one map per seed; the same on every device and in every batch."""
    draws = [np.random.default_rng(int(seed)).standard_normal(shape).astype(np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(draws))
