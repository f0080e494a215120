"""EdgeConnect's edges, which the paper's figures set beside the pyramid: another prior, learned for the same end.

This is the one place where a wing looks into another baseline: to draw that baseline's middle result.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from baselines.ec.adapter import known_edges, to_grey
from baselines.ec.network import CompletionGenerator, EdgeGenerator
from inpaint_bench.data import images
from inpaint_bench.data.images import Images, Masks
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.methods.baselines import Baseline, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import NO_WEIGHTS, SYNTHETIC, Weights
from inpaint_bench.weights.store import find_weights

NAME = "ec"  # the method whose weights these are
SoftEdges = Float32[Tensor, "height width"]


@dataclass(frozen=True)
class Edges:
    """How edges are drawn, and what to call them."""

    title: str
    weights: str  # their hash; '' for edges that no network drew
    of: Callable[[Prepared], SoftEdges]  # from 0 to 1


def weights_for(baseline: Baseline, card: MethodCard, dataset: str, named: str | None) -> Weights:
    """EC's weights by name, or those found for a dataset; none where there are none and none were named."""
    return weights_of(baseline, card, dataset, named) if named or find_weights(card.name, dataset) else NO_WEIGHTS


def open_edges(weights: Weights, device: torch.device) -> Edges:
    """The edges of EdgeConnect's first network; without weights, those of the known region that it would be given.

    Raises InputError for weights of another network.
    """
    if weights == NO_WEIGHTS:
        title = "Canny's edges of the masked\nimage (no weights of EC here)"
        return Edges(title, "", lambda prepared: _known(*_given(prepared)))
    networks = weights.into(nn.ModuleDict({"edge": EdgeGenerator(), "inpaint": CompletionGenerator()}))
    edge = networks["edge"].to(device).eval()

    @torch.inference_mode()
    def drawn(prepared: Prepared) -> SoftEdges:
        image, mask = _given(prepared)
        grey, known = to_grey(image), 1 - mask
        seen = torch.cat([grey.to(image) * known + mask, known_edges(grey, mask) * known, mask], dim=1)
        soft: SoftEdges = edge(seen.to(device))[0, 0].cpu()
        return soft

    filled = "\n(filled weights: not trained)" if weights.sha256 == SYNTHETIC else ""
    return Edges(f"EC's edges{filled}", weights.sha256, drawn)


def _given(prepared: Prepared) -> tuple[Images, Masks]:
    """What a method is given: the image with an empty hole, and the mask."""
    image, mask = images.to_images([prepared.target]), images.to_masks([prepared.hole])
    return images.emptied(image, mask), mask


def _known(image: Images, mask: Masks) -> SoftEdges:
    return known_edges(to_grey(image), mask)[0, 0]
