"""Distances between the features of two images: LPIPS, its map averaged over a part of the image, and DISTS.

Those that are computed together share what is the same in all of them:

- LPIPS, `_hole` and `_band` on one trunk share the whole pass. The distances of each layer are computed once at the
  layer's own size; only their maps, of one channel, are enlarged.
- DISTS and LPIPS on VGG16 share the first of its five stages. Both normalise an image alike: 2u - 1 less LPIPS's shift,
  over its scale, is u less ImageNet's mean, over its standard deviation. After that stage they part, because LPIPS
  takes maxima between the stages and DISTS roots of blurred squares: the later stages see other numbers, and DISTS
  needs a pass of its own through them.

No value depends on which others are computed with it. Features are kept one layer of one pair of images at a time.
"""

import functools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from torch import Tensor
from torch.nn import functional

from inpaint_bench.metrics import dists
from inpaint_bench.metrics.batch import Batch, band
from inpaint_bench.metrics.dists import Values
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.packages import tensors
from inpaint_bench.metrics.features.trunks import convolutions
from inpaint_bench.metrics.features.weight_files import LPIPS_HEADS, Trunk
from inpaint_bench.metrics.pixel_stats import PerImage

SMALLEST = {"alex": 31, "vgg": 16}  # pixels a side of LPIPS; smaller images vanish before the last layer
PARTS = ("hole", "band")

Layer = Float32[Tensor, "chunk 1 _ _"]  # distances at the layer's own size
Maps = Float32[Tensor, "chunk 1 height width"]


def on_alex(batch: Batch, names: Sequence[str]) -> dict[str, PerImage]:
    """Compute metrics on AlexNet, `lpips_alex` and its parts, by name in one pass: float64 (batch,) each."""
    return _distances("alex", batch, names)


def on_vgg(batch: Batch, names: Sequence[str]) -> dict[str, PerImage]:
    """Compute metrics on VGG16, `lpips_vgg`, its parts and `dists`, by name: float64 (batch,) each."""
    return _distances("vgg", batch, names)


def spatial_distance(network: Any, first: Levels, second: Levels) -> Maps:
    """LPIPS of two batches of images as a map of their size, each layer upsampled bilinearly."""
    return _enlarged(list(_layer_distances(network, _first_stage(network, (first, second)))), first.shape[2:])


def mean_within(maps: Maps, inside: Bool[Tensor, "chunk height width"]) -> Float32[Tensor, " chunk"]:
    """The mean of each map over the pixels marked; nan where none is."""
    return torch.stack([one[where].mean() for one, where in zip(maps[:, 0], inside, strict=True)])


def _distances(trunk: Trunk, batch: Batch, names: Sequence[str]) -> dict[str, PerImage]:
    count, *size = batch.holes.shape
    too_small = min(size) < SMALLEST[trunk]
    computed = [name for name in names if name == "dists" or not too_small]
    values = {name: np.full(count, np.nan) for name in names}
    if not computed:
        return values
    network = lpips_network(trunk, batch.device)
    weights = dists.load_weights(batch.device) if "dists" in computed else []

    def measured(
        composites: Levels, targets: Levels, parts: UInt8[Tensor, "chunk 2 height width"]
    ) -> Float32[Tensor, "chunk numbers"]:
        images = (composites, targets)
        first = _first_stage(network, images)
        found = {} if computed == ["dists"] else _lpips(trunk, network, first, parts > 0, computed)
        if "dists" in computed:
            found["dists"] = dists.distance(network, weights, images, first)
        return torch.stack([found[name] for name in computed], dim=1)

    near = band(batch.holes) if f"lpips_{trunk}_band" in computed else batch.holes
    parts = np.stack([batch.holes, near], axis=-1).astype(np.uint8)  # as PARTS
    rows = in_chunks(measured, len(computed), batch.device, batch.composites, batch.targets, parts)
    return values | {name: rows[:, number].astype(np.float64) for number, name in enumerate(computed)}


def _lpips(
    trunk: Trunk, network: Any, first: Sequence[Values], parts: Bool[Tensor, "chunk 2 height width"], names: list[str]
) -> dict[str, Float32[Tensor, " chunk"]]:
    """LPIPS, and its means over those parts that the names mention, by name."""
    layers = list(_layer_distances(network, first))
    found = {f"lpips_{trunk}": _total(layer.mean(dim=(2, 3), keepdim=True) for layer in layers)[:, 0, 0, 0]}
    wanted = [(number, name) for number, part in enumerate(PARTS) if (name := f"lpips_{trunk}_{part}") in names]
    if wanted:
        maps = _enlarged(layers, parts.shape[2:])
        found |= {name: mean_within(maps, parts[:, number]) for number, name in wanted}
    return found


def _enlarged(layers: Sequence[Layer], size: Sequence[int]) -> Maps:
    return _total(functional.interpolate(layer, size, mode="bilinear", align_corners=False) for layer in layers)


def _total(layers: Iterable[Tensor]) -> Tensor:
    return functools.reduce(torch.add, layers)


def _first_stage(network: Any, images: Sequence[Levels]) -> list[Values]:
    return [network.net.slice1(network.scaling_layer(levels.float() / 127.5 - 1)) for levels in images]


def _layer_distances(network: Any, first: Sequence[Values]) -> Iterator[Layer]:
    """The weighted squared distance at each position of each layer, from the outputs of the first stage."""
    from lpips import normalize_tensor

    one, other = first
    for number, head in enumerate(network.lins):
        if number:
            stage = getattr(network.net, f"slice{number + 1}")
            one, other = stage(one), stage(other)
        yield head((normalize_tensor(one) - normalize_tensor(other)) ** 2)


@built_once
def lpips_network(trunk: Trunk, device: torch.device) -> Any:
    """Load the network of the package lpips with the weights of the trunk and the heads.

    Raises InputError where the weights are not installed, HashError where a file has another hash.
    """
    path, heads = LPIPS_HEADS[trunk].read()
    state = tensors(heads, str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls an older interface of torchvision
        from lpips import LPIPS

        with torch.device("meta"):  # no random initialisation: the weights replace it
            network = LPIPS(net=trunk, pretrained=False, pnet_rand=True, verbose=False)
    weights = [name for name in network.state_dict() if name.startswith("net.") and name.endswith(".weight")]
    layers = [name.removesuffix(".weight") for name in weights]
    for name, (kernel, bias) in zip(layers, convolutions(trunk), strict=True):
        state |= {f"{name}.weight": kernel, f"{name}.bias": bias}
    network.load_state_dict(state, strict=False, assign=True)
    return network.to(device)
