"""The edges of EdgeConnect, which the paper's figures show next to the pyramid: another learned prior.

This is the only module that imports another baseline: it shows the intermediate result of that baseline.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from baselines.ec.adapter import known_edges, to_grey
from baselines.ec.network import CompletionGenerator, EdgeGenerator
from inpaint_bench.data import tensors
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.data.tensors import Images, Masks
from inpaint_bench.methods.baselines import Baseline, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import NO_WEIGHTS, SYNTHETIC, Weights
from inpaint_bench.weights.store import find_weights

NAME = "ec"  # the method whose weights these are
SoftEdges = Float32[Tensor, "height width"]


@dataclass(frozen=True)
class Edges:
    """A source of edges, and its title."""

    title: str
    weights: str  # the hash of the network's weights; '' for Canny edges
    of: Callable[[Prepared], SoftEdges]  # in [0, 1]


def weights_for(baseline: Baseline, card: MethodCard, dataset: str, named: str | None) -> Weights:
    """EC's weights: the named ones, or those found for the dataset, or NO_WEIGHTS."""
    return weights_of(baseline, card, dataset, named) if named or find_weights(card.name, dataset) else NO_WEIGHTS


def open_edges(weights: Weights, device: torch.device) -> Edges:
    """The edges of EdgeConnect's first network; without weights, the Canny edges of the known region, its input.

    Raises InputError for weights of another network.
    """
    if weights == NO_WEIGHTS:
        title = "Canny edges of the masked\nimage (no weights of EC here)"
        return Edges(title, "", lambda prepared: _known(*_input(prepared)))
    networks = weights.into(nn.ModuleDict({"edge": EdgeGenerator(), "inpaint": CompletionGenerator()}))
    edge = networks["edge"].to(device).eval()

    @torch.inference_mode()
    def edges(prepared: Prepared) -> SoftEdges:
        image, mask = _input(prepared)
        grey, known = to_grey(image), 1 - mask
        given = torch.cat([grey.to(image) * known + mask, known_edges(grey, mask) * known, mask], dim=1)
        soft: SoftEdges = edge(given.to(device))[0, 0].cpu()
        return soft

    note = "\n(synthetic weights: not trained)" if weights.sha256 == SYNTHETIC else ""
    return Edges(f"EC's edges{note}", weights.sha256, edges)


def _input(prepared: Prepared) -> tuple[Images, Masks]:
    """The input of a method: the image with its hole emptied, and the mask."""
    image, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
    return tensors.emptied(image, mask), mask


def _known(image: Images, mask: Masks) -> SoftEdges:
    return known_edges(to_grey(image), mask)[0, 0]
