"""A cache of values that networks computed, keyed by the hashes of the pixels and by the signature of the value.

File names are not part of a key: an image is computed once, under whatever name, run or method it appears. The cache
is a SQLite file in the cache folder, which several processes may use at once. It only saves time: where it cannot be
read or written, values are computed, an entry whose checksum does not match is computed again, and a damaged file is
begun anew.
"""

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float32

from inpaint_bench import files
from inpaint_bench.data.images import Pixels, hole_sha256, pixels_sha256
from inpaint_bench.metrics.base import Metric
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.metrics.pixel_stats import PerImage

FeatureVector = Float32[np.ndarray, " width"]

WAIT = 20  # seconds to wait while another process writes
LOOKED_UP = 256  # keys per query, and feature vectors held in memory
_TABLE = "CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum BLOB NOT NULL)"


def key_of(signature: str, device: torch.device, *hashes: str) -> bytes:
    """The key of a value: its signature, the kind of device (last digits differ) and the hashes of its inputs."""
    return bytes.fromhex(files.sha256("\n".join([signature, device.type, *hashes]).encode()))


def get_many(keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Look up keys; the result holds those that are in the cache."""
    found: dict[bytes, bytes] = {}
    with contextlib.suppress(sqlite3.Error, OSError), _opened() as connection:
        for start in range(0, len(keys), LOOKED_UP):
            some = keys[start : start + LOOKED_UP]
            marks = ",".join("?" * len(some))
            entries = connection.execute(f"SELECT key, value, checksum FROM kept WHERE key IN ({marks})", some)
            found.update((key, value) for key, value, checksum in entries if checksum == _checksum(key, value))
    return found


def put_many(values: Mapping[bytes, bytes]) -> None:
    """Store values by their keys. Does nothing where the cache cannot be written."""
    entries = [(key, value, _checksum(key, value)) for key, value in values.items()]
    with contextlib.suppress(sqlite3.Error, OSError), _opened() as connection, connection:
        connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", entries)


def features_of(
    extractor: Extractor,
    images: Iterable[tuple[str, Callable[[], Pixels]]],
    device: torch.device,
    batch: int = 64,
) -> Iterator[FeatureVector]:
    """Yield the features of each image, float32 (width,), in order: from the cache, or computed and cached.

    An image is given as the hash of its pixels and a function that reads it, which is called only if the cache has no
    entry. At most `batch` images and 256 feature vectors are in memory at a time. Raises what the extractor and the
    functions raise.
    """
    source = iter(images)
    while window := list(itertools.islice(source, LOOKED_UP)):
        keys = [key_of(extractor.signature(), device, sha256) for sha256, _ in window]
        rows = {key: np.frombuffer(value, np.float32) for key, value in get_many(keys).items()}
        rows = {key: row for key, row in rows.items() if row.size == extractor.width}
        lacking = {key: read for key, (_, read) in zip(keys, window, strict=True) if key not in rows}
        for some in _split(list(lacking.items()), batch):
            computed = _computed(extractor, some, device)
            put_many({key: row.tobytes() for key, row in computed.items()})
            rows |= computed
        yield from (rows[key] for key in keys)


def cached_values(metric: Metric, batch: Batch) -> PerImage:
    """Compute a metric of each image of a batch, float64 (batch,): from the cache, or computed and cached."""
    how = ":".join(filter(None, (metric.stem, metric.network(), f"v{metric.version}")))
    prompts = [files.sha256(one.encode()) for one in batch.prompts] if metric.of_prompt else [""] * len(batch.holes)
    inputs = zip(_hashes(batch), prompts, strict=True)
    keys = [key_of(how, batch.device, *hashes, *filter(None, [prompt])) for hashes, prompt in inputs]
    kept = {key: np.frombuffer(value, np.float64) for key, value in get_many(keys).items()}
    kept = {key: value for key, value in kept.items() if value.size == 1}
    lacking = {key: number for number, key in enumerate(keys) if key not in kept}
    if lacking:
        chosen = list(lacking.values())
        of_chosen = (batch.composites[chosen], batch.targets[chosen], batch.holes[chosen])
        prompts_of_chosen = tuple(batch.prompts[number] for number in chosen) if batch.prompts else ()
        computed = metric.of(Batch(*of_chosen, batch.device, prompts_of_chosen))
        put_many({key: value.tobytes() for key, value in zip(lacking, computed, strict=True)})
        kept |= {key: value.reshape(1) for key, value in zip(lacking, computed, strict=True)}
    return np.array([kept[key][0] for key in keys], dtype=np.float64)


def _hashes(batch: Batch) -> Iterator[tuple[str, str, str]]:
    for composite, target, hole in zip(batch.composites, batch.targets, batch.holes, strict=True):
        size = "x".join(map(str, hole.shape))  # the same bytes with another shape are another image
        yield f"{size} {pixels_sha256(composite)}", pixels_sha256(target), hole_sha256(hole)


def _computed(
    extractor: Extractor, lacking: Sequence[tuple[bytes, Callable[[], Pixels]]], device: torch.device
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


def _checksum(key: bytes, value: bytes) -> bytes:
    return bytes.fromhex(files.sha256(key + value))


@contextlib.contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    """Open the cache file, creating it if needed. Readers do not wait for writers, nor writers for the disk."""
    path = files.cache_dir() / "values.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_TABLE)
            yield connection
    except sqlite3.DatabaseError as error:
        if type(error) is sqlite3.DatabaseError:  # not one of its kinds, such as a disk that is full: it is damaged
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise
