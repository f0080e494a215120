"""The pictures of a run that feature extractors and detectors are given: composites, targets and masked targets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.metrics.detection.matching import masked_input
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.hashes import sha256_of
from inpaint_bench.runner.stored import MASKED, TARGETS


@dataclass(frozen=True)
class Picture:
    """One picture of a run."""

    folder: str  # a method, TARGETS or MASKED
    pair: Pair
    sample: int | None
    hash: str  # the start of that of the composite's file, or of the target's pixels

    def prepared(self, dataset: Dataset) -> Prepared:
        """Its target and hole."""
        return prepare(dataset.page, dataset.data, self.pair)

    def pixels(self, run: RunFolder, prepared: Prepared) -> Pixels:
        """Its pixels."""
        if self.folder == TARGETS:
            return prepared.target
        if self.folder == MASKED:
            return masked_input(prepared.target, prepared.hole)
        return self.composite(run)

    def composite(self, run: RunFolder) -> Pixels:
        """The composite, of a picture of a method."""
        return images.read_png(run.composite(self.folder, self.pair.pair, self.sample))[0]


def pictures(run: RunFolder, folder: str) -> Iterator[Picture]:
    """The pictures that exist, in order of pairs and samples."""
    finished = None if folder in (TARGETS, MASKED) else run.samples_of(folder)
    for pair in run.pairs:
        if finished is None:
            yield Picture(folder, pair, None, pair.image_sha256[:16])
            continue
        for sample in finished.get(pair.pair, []):
            path = run.composite(folder, pair.pair, sample)
            yield Picture(folder, pair, sample, sha256_of(path)[:16])


def content(pixels: Pixels) -> str:
    """A key for a picture's content: its size and the SHA-256 of its pixels."""
    height, width, _ = pixels.shape
    return f"{height}x{width} {images.pixels_sha256(pixels)}"


def offered(pixels: Pixels) -> tuple[str, Callable[[], Pixels]]:
    """A picture that was read already, in the form that the cache takes."""
    return content(pixels), lambda: pixels
