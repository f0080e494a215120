"""Background similarity: DINOv2 features of the filled hole against those of its surroundings."""

from math import ceil, sqrt

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor
from torch.nn import functional

from inpaint_bench.data.images import Hole
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.networks import Levels, in_chunks
from inpaint_bench.metrics.features.timm_models import Opened, open_network
from inpaint_bench.metrics.features.timm_specs import SPECS
from inpaint_bench.metrics.pixel_stats import PerImage

WANTED = SPECS["dinov2_b"]
AREA = 4  # a crop has this many times the hole's pixels
SMALLEST = 112  # pixels a side of a crop; half of the network's input, so that nothing is enlarged more than twice

Window = tuple[slice, slice]  # of rows and columns
Patches = UInt8[np.ndarray, "rows columns 1"]


def remove_dinov2(batch: Batch) -> PerImage:
    """Background similarity after ReMOVE: the cosine between the mean features of the filled hole and of what is near.

    The composite is cropped to a square of 4 times the hole's area around the hole, at least 112 pixels a side and at
    least as large as the hole's bounding box, moved into the image and cut off where the image ends. The crop is
    resized to 224x224 (Pillow's bicubic), and features are those of the 16x16 patches after the last norm of DINOv2
    ViT-B/14. A patch is of the hole where at least half of its area is hole, else of the surroundings.

    Range: -1 to 1; higher is better, nan where no patch is of the hole or none of the surroundings.
    Source: the idea is that of Chandrasekar et al. 2024 (ReMOVE); crop, network and patches are inpaint-bench's, and
    values are not comparable with the paper's.
    Raises InputError where timm or the weights are not here.
    """
    values = np.full(len(batch.holes), np.nan)
    opened = open_network(WANTED, batch.device)
    found = [_patches_of(opened, hole) for hole in batch.holes]
    fit = [number for number, patches in enumerate(found) if 0 < patches.sum() < patches.size]
    crops = [batch.composites[number][window(batch.holes[number])] for number in fit]

    def similarity(levels: Levels, patches: UInt8[Tensor, "chunk 1 rows columns"]) -> Float32[Tensor, "chunk 1"]:
        tokens = opened.network.forward_features(opened.inputs(levels))[:, opened.network.num_prefix_tokens :].double()
        inside = patches.flatten(1).double()[:, :, None]
        hole, surroundings = ((tokens * part).sum(dim=1) / part.sum(dim=1) for part in (inside, 1 - inside))
        return functional.cosine_similarity(hole, surroundings)[:, None].float()

    if fit:
        rows = in_chunks(similarity, 1, batch.device, opened.sized(crops), np.stack([found[number] for number in fit]))
        values[fit] = np.clip(rows[:, 0], -1, 1)
    return values


def window(hole: Hole) -> Window:
    """The crop around a hole, which lies in it whole; the image where there is no hole."""
    if not hole.any():
        return slice(0, hole.shape[0]), slice(0, hole.shape[1])
    boxes = [np.flatnonzero(hole.any(axis=axis))[[0, -1]] + [0, 1] for axis in (1, 0)]
    side = max(SMALLEST, ceil(sqrt(AREA * int(hole.sum()))), *(int(end - start) for start, end in boxes))
    starts = [
        min(max(0, (int(start) + int(end) - side) // 2), max(0, length - side))
        for (start, end), length in zip(boxes, hole.shape, strict=True)
    ]
    rows, columns = (slice(start, min(start + side, length)) for start, length in zip(starts, hole.shape, strict=True))
    return rows, columns


def patches_in_hole(hole: Hole, grid: tuple[int, int]) -> Patches:
    """1 for each patch of a grid over a picture of which at least half of the area is hole, 0 for any other."""
    rows, columns = (_overlaps(length, count) for length, count in zip(hole.shape, grid, strict=True))
    inside: Int64[np.ndarray, "rows columns"] = rows @ hole @ columns.T
    return (2 * inside >= hole.size)[..., None].astype(np.uint8)


def _overlaps(length: int, count: int) -> Int64[np.ndarray, "count length"]:
    """How much of each pixel lies in each of `count` equal parts of a side: of `count` units a pixel, exactly."""
    parts, pixels = np.arange(count)[:, None] * length, np.arange(length) * count
    overlaps: Int64[np.ndarray, "count length"] = np.minimum(parts + length, pixels + count) - np.maximum(parts, pixels)
    return overlaps.clip(min=0)


def _patches_of(opened: Opened, hole: Hole) -> Patches:
    return patches_in_hole(hole[window(hole)], opened.network.patch_embed.grid_size)
