"""The pictures of one pair: the pyramid beside edges, the features of the image, and two samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from baselines.spn.inspect.clusters import Labels, agreement, cluster, match
from baselines.spn.inspect.edges import Edges
from baselines.spn.inspect.look import Look
from baselines.spn.inspect.pictures import Panel, painted
from inpaint_bench import files
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.metrics.detection.matching import masked_input

Rows = list[list[Panel]]


@dataclass(frozen=True, eq=False)
class View:
    """Rows of pictures of one pair."""

    name: str  # the end of the files' name
    shows: str
    counted: str  # what was counted on it; '' where nothing was
    rows: Rows


@dataclass(frozen=True, eq=False)
class Pyramid:
    """The clusters of the three levels of a pyramid; a number means the same in all of them."""

    full: Int64[np.ndarray, "height width"]
    half: Int64[np.ndarray, "height//2 width//2"]
    quarter: Int64[np.ndarray, "height//4 width//4"]


def seed_of(what: str, name: str) -> int:
    """The seed of whatever is drawn: the first 32 bits of a hash, of a pair's map or of a run's plane."""
    return int(files.sha256(f"inspect:{what}:{name}".encode())[:8], 16)


def views(prepared: Prepared, looks: Sequence[Look], edges: Edges) -> list[View]:
    """What there is to see of a pair; of several samples the first two.

    Raises InputError for a map that has no 8 clusters.
    """
    levels = pyramid(looks[0], prepared.pair.pair)
    masked = Panel("masked image", masked_input(prepared.target, prepared.hole))
    result = Panel("result", looks[0].composite)
    found = [
        _pyramid_view(masked, Panel(edges.title, _dark(edges, prepared)), levels, result),
        _features_view(masked, looks[0], prepared.pair.pair, levels, result),
    ]
    return [*found, _samples_view(prepared, looks, levels)] if len(looks) > 1 else found


def pyramid(look: Look, pair: str) -> Pyramid:
    """The clusters of each level, matched to those of the next smaller one."""
    full, half, quarter = _levels(look, pair)
    half = match(half, quarter)
    return Pyramid(match(full, half), half, quarter)


def pyramid_like(look: Look, pair: str, like: Pyramid) -> Pyramid:
    """The clusters of each level, matched to the same level of another pyramid of the pair."""
    full, half, quarter = _levels(look, pair)
    return Pyramid(match(full, like.full), match(half, like.half), match(quarter, like.quarter))


def _levels(look: Look, pair: str) -> list[Labels]:
    named = (("S_prior^1", look.full), ("S_prior^2", look.half), ("S_prior^3", look.quarter))
    return [cluster(features, seed_of(pair, name)) for name, features in named]


def _pyramid_view(masked: Panel, edges: Panel, levels: Pyramid, result: Panel) -> View:
    counted = (
        f"the half-size level has the cluster of the quarter-size one at {agreement(levels.half, levels.quarter):.1%} "
        f"of its positions, the full-size level that of the half-size one at {agreement(levels.full, levels.half):.1%}"
    )
    shows = "the clusters of the pyramid, from the smallest level to the largest, beside edges"
    return View("pyramid", shows, counted, [[masked, edges, *_panels(levels), result]])


def _features_view(masked: Panel, look: Look, pair: str, levels: Pyramid, result: Panel) -> View:
    before = match(cluster(look.encoded, seed_of(pair, "F_enc^3")), levels.quarter)
    after = match(cluster(look.decoded, seed_of(pair, "F_dec^3")), levels.quarter)
    panels = [_panel("$F_{enc}^3$", before), _panel("$F_{dec}^3$", after), _panel("$S_{prior}^3$", levels.quarter)]
    counted = (
        f"the features have the cluster of the pyramid's smallest level at {agreement(before, levels.quarter):.1%} of "
        f"their positions before the blocks that it modulates, and at {agreement(after, levels.quarter):.1%} after them"
    )
    shows = (
        "the clusters of the image's features before (F_enc) and after (F_dec) the blocks that the pyramid modulates"
    )
    return View("features", shows, counted, [[masked, *panels, result]])


def _samples_view(prepared: Prepared, looks: Sequence[Look], levels: Pyramid) -> View:
    other = pyramid_like(looks[1], prepared.pair.pair, levels)
    rows = [
        [*_panels(each, f"sample {number}: "), Panel(f"sample {number}: result", look.composite)]
        for number, (each, look) in enumerate(zip((levels, other), looks, strict=False))
    ]
    one, two = (look.composite[prepared.hole].astype(np.float64) for look in looks[:2])
    counted = (
        f"the smallest levels of the two pyramids have the same cluster at "
        f"{agreement(other.quarter, levels.quarter):.1%} of their positions; in the hole, the two results differ by "
        f"{np.abs(one - two).mean():.2f} of 255 levels on average"
    )
    return View("samples", "two samples: the clusters of the pyramid of each, and its result", counted, rows)


def _panels(levels: Pyramid, before: str = "") -> list[Panel]:
    return [
        _panel(f"{before}$S_{{prior}}^{n}$", each)
        for n, each in ((3, levels.quarter), (2, levels.half), (1, levels.full))
    ]


def _panel(title: str, labels: Labels) -> Panel:
    height, width = labels.shape
    return Panel(f"{title}, {height}x{width}", painted(labels))


def _dark(edges: Edges, prepared: Prepared) -> Pixels:
    """Edges dark on white."""
    values = 255 - (edges.of(prepared).numpy() * 255).round().astype(np.uint8)
    return np.repeat(values[..., None], 3, axis=2)
