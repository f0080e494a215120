"""Set metrics on features that somebody else made: two arrays, the same rows of which belong together."""

from pathlib import Path

import numpy as np

from inpaint_bench.analysis.statistics.subsampling import real_vs_real, set_interval
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.base import Features, SetMetric
from inpaint_bench.metrics.registry import few, refuse_marked
from inpaint_bench.metrics.sets import SET_METRICS

# By the names that they have without a network: all of them are there for Inception.
OWN = {
    "fd" if metric.biased else metric.name: metric for metric in SET_METRICS.values() if metric.extractor == "inception"
}


def measure_own_features(composites: Path, targets: Path, strict: bool) -> list[dict[str, object]]:
    """Every set metric of the two files: value, 95% interval, and the floor of half of the targets against the other.

    Raises InputError for files that are no such arrays, and NotComparableError if `strict` and the rows are few.
    """
    x, y = _read(composites), _read(targets)
    if x.shape != y.shape:
        raise InputError(
            f"{composites} holds {x.shape[0]} rows of {x.shape[1]}, {targets} {y.shape[0]} of {y.shape[1]}. "
            "Give as many rows of as many numbers, the same rows paired."
        )
    if strict:
        marked = [name for name, metric in OWN.items() if few(metric.name, len(x))]
        refuse_marked([f"{name} of {len(x)} rows of {composites}" for name in marked])
    return [_row(name, metric, x, y) for name, metric in OWN.items()]


def _row(name: str, metric: SetMetric, x: Features, y: Features) -> dict[str, object]:
    low, high = set_interval(metric.function, x, y, "own features") or (None, None)
    return {
        "metric": name,
        "value": metric.function(x, y),
        "low": low,
        "high": high,
        "floor": real_vs_real(metric.function, y, "own features") if len(y) >= 4 else None,
        "n": len(x),
        "mark": few(metric.name, len(x)),
        "signature": f"{name}:{metric.stem.partition(':')[2]}:own-features:v{metric.version}",
    }


def _read(path: Path) -> Features:
    try:
        features = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not an array of numpy's own format ({error}).") from error
    if not isinstance(features, np.ndarray) or features.ndim != 2 or features.dtype.kind != "f":
        raise InputError(f"{path}: must hold one table of real numbers, a row a picture.")
    if len(features) < 2:
        raise InputError(f"{path}: holds {len(features)} rows; a set metric needs at least 2.")
    return features if features.dtype in (np.float32, np.float64) else features.astype(np.float32)
