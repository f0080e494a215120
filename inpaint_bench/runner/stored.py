"""Image features and detected objects as they lie in a run folder; read without what computed them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics.base import Features, FeatureVector
from inpaint_bench.metrics.detection import Tally
from inpaint_bench.metrics.features.timm_files import extractor_of, file_name
from inpaint_bench.runner.folder import RunFolder

# Folders beside those of the methods, whose names never begin with an underscore.
TARGETS = "_targets"
MOST_OBJECTS = 1 << 30  # bytes
MOST_WIDTH = 8192  # numbers of one picture: the covariance of more fills a machine's memory
MASKED = "_masked"  # what a method that does nothing would show


class FeatureRow(Schema, frozen=True, array_like=True):
    """The picture of a row: pair, sample and the first 16 digits of its SHA-256."""

    pair: str
    sample: int | None
    picture: str


class Index(Schema, frozen=True):
    """The .json file of a feature file."""

    schema: Literal[1]
    signature: str
    sha256: str  # of the file of features
    rows: tuple[FeatureRow, ...]


@dataclass(frozen=True, eq=False)
class StoredFeatures:
    """Features as they lie on disk."""

    path: Path
    index: Index
    features: Features


def features_path(run: RunFolder, folder: str, extractor: str) -> Path:
    """The feature file of a method, or of the targets."""
    return run.folder_of(folder) / f"features.{file_name(extractor)}.npy"


def extractors_of(run: RunFolder, folder: str) -> list[str]:
    """The extractors of the feature files of a method, or of the targets."""
    names = sorted(path.name for path in run.folder_of(folder).glob("features.*.npy"))
    return [extractor_of(name.removeprefix("features.").removesuffix(".npy")) for name in names]


def read_features(path: Path) -> StoredFeatures:
    """Features with their index; rows are memory-mapped.

    Raises InputError when they are not there or not of this version, HashError when they were changed.
    """
    try:
        index = decode.json(files.read_bytes(path.with_suffix(".json")), Index)
        features = decode.npy(path)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: no features can be read here ({error}). Score again.") from error
    if features.ndim != 2 or features.dtype != "float32" or features.shape[1] > MOST_WIDTH:
        raise InputError(
            f"{path}: holds {features.dtype} of shape {features.shape}; features are float32, a row each, "
            f"of at most {MOST_WIDTH} numbers. Delete the file and score again."
        )
    if len(features) != len(index.rows) or files.file_sha256(path) != index.sha256:
        raise HashError(f"{path}: not the features that {path.stem}.json lists. Delete both and score again.")
    return StoredFeatures(path, index, features)


def write_features(
    path: Path,
    signature: str,
    rows: tuple[FeatureRow, ...],
    width: int,
    made: Iterable[FeatureVector],
    on_progress: Callable[[int], None] = lambda count: None,
) -> None:
    """Write features, the rows one by one, then their index."""
    with files.written_whole(path) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.float32, (len(rows), width))
        for number, row in enumerate(made):
            out[number] = row
            on_progress(1)
        out.flush()
    index = Index(1, signature, files.file_sha256(path), rows)
    files.write_whole(path.with_suffix(".json"), msgspec.json.encode(index) + b"\n")


def usable_index(path: Path) -> Index | None:
    """What a feature file holds; None where it is not there or not to be used, and is made anew."""
    try:
        return read_features(path).index
    except (InputError, HashError):
        return None


# --- objects --------------------------------------------------------------------------------------


class Header(Schema, frozen=True):
    """The first line."""

    schema: Literal[1]
    signature: str


class Found(Schema, frozen=True):
    """The objects found in one picture, and their comparison with those of its target."""

    pair: str
    sample: int | None
    picture: str  # the start of the hash of the file, or of the target's pixels
    detections: dict[str, Any]
    tally: Tally


@dataclass(frozen=True)
class StoredObjects:
    """The objects in a file."""

    path: Path
    sha256: str
    header: Header
    found: tuple[Found, ...]


def objects_path(run: RunFolder, folder: str, detector: str) -> Path:
    """The objects file of a method, of the targets or of the masked targets."""
    return run.folder_of(folder) / f"objects.{detector}.jsonl"


def read_objects(path: Path) -> StoredObjects:
    """The objects in a file. Raises InputError for a file that is missing or of another version."""
    try:
        data = files.read_bytes(path, MOST_OBJECTS)
        first, *rest = data.splitlines()
        header = decode.json(first, Header)
        return StoredObjects(path, files.sha256(data), header, tuple(decode.json(line, Found) for line in rest))
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: no objects can be read here ({error}). Score again.") from error
