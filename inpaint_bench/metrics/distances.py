"""Distances between the features of two images: LPIPS, its map averaged over a part of the image, and DISTS.

Those that are computed together share what is the same in all of them:

- LPIPS, `_hole` and `_band` on one trunk share the whole pass. The distances of each layer are computed once at the
  layer's own size; only their maps, of one channel, are enlarged.
- DISTS and LPIPS on VGG16 share the first of its five stages. Both normalise an image alike: 2u - 1 less LPIPS's shift,
  over its scale, is u less ImageNet's mean, over its standard deviation. After that stage they part, because LPIPS
  takes maxima between the stages and DISTS roots of blurred squares: the later stages see other numbers, and DISTS
  needs a pass of its own through them.

No value depends on which others are computed with it. Features are kept one layer of one pair of images at a time; on
a CPU those of a target that several composites in a row are compared with, the samples of a pair, are kept whole
meanwhile (AlexNet at 256x256 3 MB, VGG16 32 MB) and computed once.
"""

import functools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inpaint_bench.metrics import dists
from inpaint_bench.metrics.batch import Batch, band
from inpaint_bench.metrics.dists import Stages, Values
from inpaint_bench.metrics.features.networks import Levels, built_once, each, in_chunks, levels_of
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


@dataclass(frozen=True)
class Features:
    """The features of a batch of images in LPIPS's network; computed once where they are `held` for several uses."""

    network: Any
    levels: Levels
    held: bool = False

    def layers(self) -> Stages:
        """The layers of LPIPS, each scaled to unit length at every position."""
        return self._layers if self.held else _scaled(self.network, self._first)

    def stages(self) -> Stages:
        """The stages of DISTS."""
        return self._stages if self.held else dists.stages(self.network, self.levels, self._first)

    @cached_property
    def _first(self) -> Values:
        """The output of the first stage, which both have in common."""
        values: Values = self.network.net.slice1(self.network.scaling_layer(self.levels.float() / 127.5 - 1))
        return values

    @cached_property
    def _layers(self) -> Stages:
        return list(_scaled(self.network, self._first))

    @cached_property
    def _stages(self) -> Stages:
        return list(dists.stages(self.network, self.levels, self._first))


def spatial_distance(ours: Features, theirs: Features) -> Maps:
    """LPIPS of two batches of images as a map of their size, each layer upsampled bilinearly."""
    return _enlarged(list(_layer_distances(ours, theirs)), ours.levels.shape[2:])


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
        composites: Features, targets: Features, parts: UInt8[Tensor, "chunk 2 height width"]
    ) -> Float32[Tensor, "chunk numbers"]:
        found = {} if computed == ["dists"] else _lpips(trunk, composites, targets, parts > 0, computed)
        if "dists" in computed:
            found["dists"] = dists.distance(weights, composites.stages(), targets.stages())
        return torch.stack([found[name] for name in computed], dim=1)

    def of_chunk(composites: Levels, targets: Levels, parts: Tensor) -> Float32[Tensor, "chunk numbers"]:
        return measured(Features(network, composites), Features(network, targets), parts)

    def of_one_target(numbers: Sequence[int]) -> None:
        target = Features(network, levels_of(batch.targets[numbers[:1]], 1), held=len(numbers) > 1)
        for number in numbers:
            composite, inside = (levels_of(images[number : number + 1], 1) for images in (batch.composites, parts))
            rows[number] = measured(Features(network, composite), target, inside)[0].numpy()

    near = band(batch.holes) if f"lpips_{trunk}_band" in computed else batch.holes
    parts = np.stack([batch.holes, near], axis=-1).astype(np.uint8)  # as PARTS
    if batch.device.type == "cpu":
        rows = np.empty((count, len(computed)), np.float32)
        each(of_one_target, _alike(batch.targets), batch.device)
    else:
        rows = in_chunks(of_chunk, len(computed), batch.device, batch.composites, batch.targets, parts)
    return values | {name: rows[:, number].astype(np.float64) for number, name in enumerate(computed)}


def _alike(targets: NDArray[np.uint8]) -> list[list[int]]:
    """The numbers of equal images in a row."""
    found: list[list[int]] = []
    for number in range(len(targets)):
        if number and np.array_equal(targets[number - 1], targets[number]):
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _lpips(
    trunk: Trunk, ours: Features, theirs: Features, parts: Bool[Tensor, "chunk 2 height width"], names: list[str]
) -> dict[str, Float32[Tensor, " chunk"]]:
    """LPIPS, and its means over those parts that the names mention, by name."""
    layers = list(_layer_distances(ours, theirs))
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


def _layer_distances(ours: Features, theirs: Features) -> Iterator[Layer]:
    """The weighted squared distance at each position of each layer."""
    for head, one, other in zip(ours.network.lins, ours.layers(), theirs.layers(), strict=True):
        yield head((one - other) ** 2)


def _scaled(network: Any, values: Values) -> Iterator[Values]:
    """Each layer, scaled to unit length at every position, from the output of the first stage."""
    from lpips import normalize_tensor

    for number in range(len(network.lins)):
        values = getattr(network.net, f"slice{number + 1}")(values) if number else values
        yield normalize_tensor(values)


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
