"""The figures of one pair: the pyramid next to edges, the image features, and two samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from baselines.spn.inspect.activations import Activations
from baselines.spn.inspect.clusters import Labels, agreement, cluster, match
from baselines.spn.inspect.edges import Edges
from baselines.spn.inspect.panels import Panel, coloured
from inpaint_bench import files
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.metrics.detection.matching import masked_input


@dataclass(frozen=True, eq=False)
class View:
    """Rows of images of one pair."""

    name: str  # the suffix of the file name
    description: str
    measured: str
    rows: list[list[Panel]]


@dataclass(frozen=True, eq=False)
class Pyramid:
    """The clusters of the three levels of a pyramid, with corresponding labels."""

    full: Int64[np.ndarray, "height width"]
    half: Int64[np.ndarray, "height//2 width//2"]
    quarter: Int64[np.ndarray, "height//4 width//4"]


def seed_of(subject: str, purpose: str) -> int:
    """The random seed for one purpose, e.g. a feature map of a pair, or the t-SNE of a run."""
    return int(files.sha256(f"inspect:{subject}:{purpose}".encode())[:8], 16)


def views(prepared: Prepared, samples: Sequence[Activations], edges: Edges) -> list[View]:
    """All views of a pair; of several samples, the first two.

    Raises InputError for a map without 8 clusters.
    """
    levels = pyramid(samples[0], prepared.pair.pair)
    masked = Panel("masked image", masked_input(prepared.target, prepared.hole))
    result = Panel("result", samples[0].composite)
    found = [
        _pyramid_view(masked, Panel(edges.title, _dark_on_white(edges, prepared)), levels, result),
        _features_view(masked, samples[0], prepared.pair.pair, levels, result),
    ]
    return [*found, _samples_view(prepared, samples, levels)] if len(samples) > 1 else found


def pyramid(maps: Activations, pair: str) -> Pyramid:
    """The clusters of each level, matched to those of the next smaller level."""
    full, half, quarter = _levels(maps, pair)
    half = match(half, quarter)
    return Pyramid(match(full, half), half, quarter)


def pyramid_like(maps: Activations, pair: str, like: Pyramid) -> Pyramid:
    """The clusters of each level, matched to the same level of another pyramid of the pair."""
    full, half, quarter = _levels(maps, pair)
    return Pyramid(match(full, like.full), match(half, like.half), match(quarter, like.quarter))


def _levels(maps: Activations, pair: str) -> list[Labels]:
    named = (("S_prior^1", maps.full), ("S_prior^2", maps.half), ("S_prior^3", maps.quarter))
    return [cluster(features, seed_of(pair, name)) for name, features in named]


def _pyramid_view(masked: Panel, edges: Panel, levels: Pyramid, result: Panel) -> View:
    measured = (
        f"{agreement(levels.half, levels.quarter):.1%} of the positions of the half-size level have the cluster of "
        f"the quarter-size level, and {agreement(levels.full, levels.half):.1%} of those of the full-size level the "
        "cluster of the half-size level"
    )
    description = "the clusters of the pyramid, from the smallest level to the largest, next to edges"
    return View("pyramid", description, measured, [[masked, edges, *_panels(levels), result]])


def _features_view(masked: Panel, maps: Activations, pair: str, levels: Pyramid, result: Panel) -> View:
    before = match(cluster(maps.encoded, seed_of(pair, "F_enc^3")), levels.quarter)
    after = match(cluster(maps.decoded, seed_of(pair, "F_dec^3")), levels.quarter)
    panels = [_panel("$F_{enc}^3$", before), _panel("$F_{dec}^3$", after), _panel("$S_{prior}^3$", levels.quarter)]
    measured = (
        f"{agreement(before, levels.quarter):.1%} of the positions have the cluster of the pyramid's smallest level "
        f"before the blocks that the pyramid modulates, and {agreement(after, levels.quarter):.1%} after them"
    )
    description = (
        "the clusters of the image features before (F_enc) and after (F_dec) the blocks that the pyramid modulates"
    )
    return View("features", description, measured, [[masked, *panels, result]])


def _samples_view(prepared: Prepared, samples: Sequence[Activations], levels: Pyramid) -> View:
    other = pyramid_like(samples[1], prepared.pair.pair, levels)
    rows = [
        [*_panels(each, f"sample {number}: "), Panel(f"sample {number}: result", maps.composite)]
        for number, (each, maps) in enumerate(zip((levels, other), samples, strict=False))
    ]
    one, two = (maps.composite[prepared.hole].astype(np.float64) for maps in samples[:2])
    measured = (
        f"the smallest levels of the two pyramids have the same cluster at "
        f"{agreement(other.quarter, levels.quarter):.1%} of their positions; in the hole, the two results differ by "
        f"{np.abs(one - two).mean():.2f} of 255 levels on average"
    )
    return View("samples", "two samples: the clusters of their pyramids, and their results", measured, rows)


def _panels(levels: Pyramid, prefix: str = "") -> list[Panel]:
    return [
        _panel(f"{prefix}$S_{{prior}}^{n}$", each)
        for n, each in ((3, levels.quarter), (2, levels.half), (1, levels.full))
    ]


def _panel(title: str, labels: Labels) -> Panel:
    height, width = labels.shape
    return Panel(f"{title}, {height}x{width}", coloured(labels))


def _dark_on_white(edges: Edges, prepared: Prepared) -> Pixels:
    values = 255 - (edges.of(prepared).numpy() * 255).round().astype(np.uint8)
    return np.repeat(values[..., None], 3, axis=2)
