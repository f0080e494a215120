"""The pictures of a run: composites as they are saved, and what feature extractors and detectors are given."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.metrics.detection.matching import masked_input
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.hashes import sha256_of
from inpaint_bench.runner.stored import MASKED, TARGETS

Samples: TypeAlias = Mapping[str, int]  # of a stochastic method, by pair the sample that counts
ALL: Samples = {}


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


@dataclass(frozen=True)
class Saved:
    """A composite as it lies on disk."""

    prepared: Prepared
    sample: int | None
    sha256: str  # of its file
    pixels: Pixels
    known_error: float  # of the prediction


def pictures(run: RunFolder, folder: str, counted: Samples = ALL) -> list[Picture]:
    """The pictures that exist, in order of pairs and samples; of a stochastic method those of the samples that count.

    Where nothing is said of a pair, all of its samples are among them.
    """
    if folder in (TARGETS, MASKED):
        return [Picture(folder, pair, None, pair.image_sha256[:16]) for pair in run.pairs]
    finished = run.samples_of(folder)
    return [
        Picture(folder, pair, sample, sha256_of(run.composite(folder, pair.pair, sample))[:16])
        for pair in run.pairs
        for sample in finished.get(pair.pair, ())
        if counted.get(pair.pair, sample) == sample
    ]


def still_counted(counted: Samples, measured: Iterable[tuple[str, int | None]]) -> Samples:
    """The samples that count, or all where several samples of a pair were measured before: they stay up to date."""
    of_pair = Counter(pair for pair, _ in measured)
    return ALL if any(count > 1 for count in of_pair.values()) else counted


def content(pixels: Pixels) -> str:
    """A key for a picture's content: its size and the SHA-256 of its pixels."""
    height, width, _ = pixels.shape
    return f"{height}x{width} {images.pixels_sha256(pixels)}"


def offered(pixels: Pixels) -> tuple[str, Callable[[], Pixels]]:
    """A picture that was read already, in the form that the cache takes."""
    return content(pixels), lambda: pixels
