"""Values that networks computed, from the cache: keyed by the hashes of the pixels and by the signature of the value.

File names are not part of a key: an image is computed once, under whatever name, run or method it appears.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from inpaint_bench import files
from inpaint_bench.data.images import Pixels, hole_sha256, pixels_sha256
from inpaint_bench.metrics.base import FeatureVector, Metric
from inpaint_bench.metrics.cache_file import LOOKED_UP, get_many, key_of, put_many
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.metrics.pixel_stats import PerImage

if TYPE_CHECKING:  # heavy
    import torch

    from inpaint_bench.metrics.batch import Batch

Inputs: TypeAlias = tuple[str, str, str, str]  # the hashes of composite, target and hole, and the prompt


def features_of(
    extractor: Extractor,
    images: Iterable[tuple[str, Callable[[], Pixels]]],
    device: "torch.device",
    batch: int = 64,
) -> Iterator[FeatureVector]:
    """Yield the features of each image, float32 (width,), in order: from the cache, or computed and cached.

    An image is given as the hash of its pixels and a function that reads it, which is called only if the cache has no
    entry. At most `batch` images and 256 feature vectors are in memory at a time. Raises what the extractor and the
    functions raise.
    """
    source = iter(images)
    while window := list(itertools.islice(source, LOOKED_UP)):
        keys = [key_of(extractor.signature(), str(device), sha256) for sha256, _ in window]
        rows = {key: np.frombuffer(value, np.float32) for key, value in get_many(keys).items()}
        rows = {key: row for key, row in rows.items() if row.size == extractor.width}
        lacking = {key: read for key, (_, read) in zip(keys, window, strict=True) if key not in rows}
        for some in _split(list(lacking.items()), batch):
            computed = _computed(extractor, some, device)
            put_many({key: row.tobytes() for key, row in computed.items()})
            rows |= computed
        yield from (rows[key] for key in keys)


def cached_values(metrics: Sequence[Metric], batch: "Batch") -> dict[str, PerImage]:
    """Compute metrics of each image of a batch by name, float64 (batch,) each: from the cache, or computed and cached.

    Metrics that are computed in one pass share it for the images that lack several of them.
    """
    if not metrics:
        return {}
    images = list(_inputs(batch))
    keys = {(one.name, image): _key(one, image, batch.device) for one in metrics for image in images}
    kept = {key: np.frombuffer(value, np.float64) for key, value in get_many(list(keys.values())).items()}
    kept = {key: value for key, value in kept.items() if value.size == 1}
    missing = {place for place, key in keys.items() if key not in kept}
    where = {image: number for number, image in enumerate(images)}
    for some, lacking in _passes(metrics, list(where), missing):
        computed = some[0].with_others(batch.part([where[image] for image in lacking]), [one.name for one in some])
        new = {keys[name, image]: one for name, of in computed.items() for image, one in zip(lacking, of, strict=True)}
        put_many({key: value.tobytes() for key, value in new.items()})
        kept |= {key: value.reshape(1) for key, value in new.items()}
    return {one.name: np.array([kept[keys[one.name, image]][0] for image in images], np.float64) for one in metrics}


def _key(metric: Metric, image: Inputs, device: "torch.device") -> bytes:
    how = ":".join(filter(None, (metric.stem, metric.network(), f"v{metric.version}")))
    *hashes, prompt = image
    return key_of(how, str(device), *hashes, *([files.sha256(prompt.encode())] if metric.of_prompt else []))


def _passes(
    metrics: Sequence[Metric], images: Sequence[Inputs], missing: set[tuple[str, Inputs]]
) -> Iterator[tuple[tuple[Metric, ...], list[Inputs]]]:
    """What is to be computed at a time: metrics of one pass, and the images that lack just these of them."""
    for joined in dict.fromkeys(one.joint or one.name for one in metrics):
        alike: dict[tuple[Metric, ...], list[Inputs]] = {}
        for image in images:
            some = [one for one in metrics if (one.joint or one.name) == joined and (one.name, image) in missing]
            alike.setdefault(tuple(some), []).append(image)
        yield from ((some, lacking) for some, lacking in alike.items() if some)


def _inputs(batch: "Batch") -> Iterator[Inputs]:
    prompts = batch.prompts or ("",) * len(batch.holes)
    for composite, target, hole, prompt in zip(batch.composites, batch.targets, batch.holes, prompts, strict=True):
        size = "x".join(map(str, hole.shape))  # the same bytes with another shape are another image
        yield f"{size} {pixels_sha256(composite)}", pixels_sha256(target), hole_sha256(hole), prompt


def _computed(
    extractor: Extractor, lacking: Sequence[tuple[bytes, Callable[[], Pixels]]], device: "torch.device"
) -> dict[bytes, FeatureVector]:
    """Feature vectors of a few images; those of one size go through the network together."""
    read = {key: function() for key, function in lacking}
    extract = extractor.open(device)
    rows: dict[bytes, FeatureVector] = {}
    for shape in {pixels.shape for pixels in read.values()}:
        alike = {key: pixels for key, pixels in read.items() if pixels.shape == shape}
        rows |= dict(zip(alike, extract(list(alike.values())), strict=True))
    return rows


def _split(
    items: list[tuple[bytes, Callable[[], Pixels]]], size: int
) -> Iterator[Sequence[tuple[bytes, Callable[[], Pixels]]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
