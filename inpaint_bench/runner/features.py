"""Image features on disk: a .npy file with a row a picture, and a .json file that says which picture each row is of.

Those of a method's composites lie in its folder, those of the targets in `_targets`. A row is made anew when its
picture or the network has changed since; networks do not run twice on one picture, whatever it is called.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import cache
from inpaint_bench.metrics.cache import features_of
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.pictures import ALL, Picture, Samples, offered, pictures, still_counted
from inpaint_bench.runner.predict import RuntimeOptions
from inpaint_bench.runner.progress import Advance, Bar, no_bar
from inpaint_bench.runner.stored import TARGETS, FeatureRow, Index, features_path, read_features
from inpaint_bench.threads import in_order


def measure_features(
    run: RunFolder,
    dataset: Dataset,
    folder: str,
    extractor: Extractor,
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
    counted: Samples = ALL,
) -> None:
    """Compute the features of a method's composites, or of the targets, unless the file is up to date.

    Of a stochastic method those of the samples that are `counted`, and of all where the file holds more already.
    """
    path = features_path(run, folder, extractor.name)
    before = _index(path) if sums.trusted(run.path, path.with_suffix(".json")) else None
    measured = [(row.pair, row.sample) for row in before.rows] if before else []
    listed = pictures(run, folder, still_counted(counted, measured))
    rows = tuple(FeatureRow(one.pair.pair, one.sample, one.hash) for one in listed)
    if before and (before.signature, before.rows) == (extractor.signature(), rows):
        return

    def decoded(one: Picture) -> Pixels:
        return one.pixels(run, one.prepared(dataset)) if folder == TARGETS else one.composite(run)

    source = (offered(pixels) for pixels in in_order(decoded, listed, runtime.jobs))
    made = features_of(extractor, source, runtime.metric_device)
    with bar(f"{folder.lstrip('_')}: {extractor.name}", len(rows)) as advance:
        _write(path, extractor.signature(), rows, extractor.width, made, advance)
    sums.write_sums(run.path, path, path.with_suffix(".json"))


def _write(
    path: Path,
    signature: str,
    rows: tuple[FeatureRow, ...],
    width: int,
    made: Iterable[cache.FeatureVector],
    advance: Advance = lambda count: None,
) -> None:
    """Write the rows one by one, then the index."""
    with files.written_whole(path) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.float32, (len(rows), width))
        for number, row in enumerate(made):
            out[number] = row
            advance(1)
        out.flush()
    index = Index(1, signature, files.file_sha256(path), rows)
    files.write_whole(path.with_suffix(".json"), msgspec.json.encode(index) + b"\n")


def _index(path: Path) -> Index | None:
    """What the file holds; None where it is not there or not to be used, and is made anew."""
    try:
        return read_features(path).index
    except (InputError, HashError):
        return None


def merge_features(parts: Sequence[RunFolder], out: RunFolder, folder: str, extractor: str) -> None:
    """Join the feature files of the parts of a run, if all were computed by the same network."""
    paths = [features_path(part, folder, extractor) for part in parts]
    for part, path in zip(parts, paths, strict=True):
        sums.refuse_changed(part.path, path.with_suffix(".json"))
    kept = [read_features(path) for path in paths if path.is_file()]
    if not kept or len({one.index.signature for one in kept}) != 1:
        return
    found = {row: one.features[n] for one in kept for n, row in enumerate(one.index.rows)}
    rows = tuple(sorted(found, key=lambda row: (row.pair, -1 if row.sample is None else row.sample)))
    path = features_path(out, folder, extractor)
    before, signature = _index(path), kept[0].index.signature
    if before is None or (before.signature, before.rows) != (signature, rows):
        _write(path, signature, rows, kept[0].features.shape[1], (found[row] for row in rows))
    sums.write_sums(out.path, path, path.with_suffix(".json"))
