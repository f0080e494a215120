"""Set metrics on features computed elsewhere: two arrays whose rows are paired."""

from pathlib import Path

import msgspec
import numpy as np

from inpaint_bench import decode
from inpaint_bench.analysis.statistics.subsampling import real_vs_real, set_interval
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.base import Features, SetMetric
from inpaint_bench.metrics.registry import few, refuse_marked
from inpaint_bench.metrics.sets import SET_METRICS

# Set metrics by a name without an extractor; Inception has all of them.
BARE = {
    "fd" if metric.biased else metric.name: metric for metric in SET_METRICS.values() if metric.extractor == "inception"
}
SEED_TEXT = "own features"  # of intervals and split halves: another text would move them

MOST_WIDTH, MOST_BYTES = 8192, 2 << 30  # numbers a row: the covariance of more fills the memory; bytes of a file
LARGEST = 1e30  # of a feature: its powers of six stay finite


def measure_external_features(composites: Path, targets: Path, strict: bool) -> list[dict[str, object]]:
    """Every set metric of two .npy files of float features, each (pictures, dimensions), paired by row.

    A row for each metric: value, ends of its 95% interval, n, signature, the mark of a small n, and as `floor` the
    same metric between two halves of the targets. Raises InputError for files that are no such arrays, and
    NotComparableError if `strict` and there are too few rows for a metric.
    """
    x, y = _read(composites), _read(targets)
    if x.shape != y.shape:
        raise InputError(
            f"{composites} holds {x.shape[0]} rows of {x.shape[1]}, {targets} {y.shape[0]} of {y.shape[1]}. "
            "Both files must have the same shape, with paired rows."
        )
    if strict:
        marked = [name for name, metric in BARE.items() if few(metric.name, len(x))]
        refuse_marked([f"{name} of {len(x)} rows of {composites}" for name in marked])
    return [_row(name, metric, x, y) for name, metric in BARE.items()]


def _row(name: str, metric: SetMetric, x: Features, y: Features) -> dict[str, object]:
    low, high = set_interval(metric.function, x, y, SEED_TEXT) or (None, None)
    return {
        "metric": name,
        "value": metric.function(x, y),
        "low": low,
        "high": high,
        "floor": real_vs_real(metric.function, y, SEED_TEXT) if len(y) >= 4 else None,
        "n": len(x),
        "mark": few(metric.name, len(x)),
        "signature": f"{name}:{metric.stem.partition(':')[2]}:own-features:v{metric.version}",
    }


def _read(path: Path) -> Features:
    try:
        features = decode.npy(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not an array of numpy's own format ({error}).") from error
    if features.ndim != 2 or features.dtype.kind != "f":
        raise InputError(f"{path}: must hold one table of real numbers, a row for each picture.")
    if features.shape[1] > MOST_WIDTH or features.nbytes > MOST_BYTES:
        raise InputError(
            f"{path}: {features.shape[0]:,} rows of {features.shape[1]:,} numbers; allowed: {MOST_WIDTH:,} numbers a "
            f"row, {MOST_BYTES:,} bytes in all."
        )
    if len(features) < 2:
        raise InputError(f"{path}: holds {len(features)} rows; a set metric needs at least 2.")
    if len(features) and float(max(features.max(initial=0), -features.min(initial=0))) > LARGEST:
        raise InputError(f"{path}: holds values above {LARGEST:g}. Features of images are far smaller: check the file.")
    return features if features.dtype in (np.float32, np.float64) else features.astype(np.float32)
