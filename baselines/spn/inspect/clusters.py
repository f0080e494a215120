"""K-means clusters of feature maps (Sec. 4.5.2 of the paper), with labels that correspond between maps."""

import warnings
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from inpaint_bench.errors import InputError

K = 8  # the paper's number of clusters
ATTEMPTS = 10  # restarts of K-means, of which the best is kept, as in the authors' code
STEPS = 100  # iterations of one restart at most; 20 in the authors' code

Map: TypeAlias = Float32[np.ndarray, "channels height width"]
Labels: TypeAlias = Int64[np.ndarray, "height width"]


def cluster(features: Map, seed: int, k: int = K) -> Labels:
    """The cluster of every position of a feature map, from 0 to k - 1; 0 is the largest cluster.

    K-means on the raw features, with k-means++ initialisation from the seed (0 to 2**32 - 1); the restart with the
    smallest sum of squared distances is kept. The result does not depend on the order of the channels or the number of
    threads. Clusters of equal size are ordered by their first positions, row by row.
    Raises InputError if values are not finite, or if fewer than k positions differ.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    _, height, width = features.shape
    if not np.isfinite(features).all():
        raise InputError(f"a map of {height}x{width} positions holds NaN or infinite values, which have no clusters.")
    few = f"a map of {height}x{width} positions has fewer than {k} different ones; it has no {k} clusters."
    if height * width < k:
        raise InputError(few)
    channels = sorted(features, key=lambda channel: channel.tobytes())  # sums depend on the order of their terms
    rows = np.stack([channel.ravel() for channel in channels], axis=1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            found = KMeans(k, n_init=ATTEMPTS, max_iter=STEPS, random_state=seed).fit(rows).labels_
        except ConvergenceWarning as error:  # raised only for too few different rows
            raise InputError(few) from error
    return np.asarray(_by_size(found.astype(np.int64), k).reshape(height, width))


def _by_size(labels: Int64[np.ndarray, " positions"], k: int) -> Int64[np.ndarray, " positions"]:
    """The same clusters, numbered by decreasing size."""
    sizes = np.bincount(labels, minlength=k)
    firsts = np.array([np.argmax(labels == label) for label in range(k)])
    number = np.empty(k, dtype=np.int64)
    number[np.lexsort((firsts, -sizes))] = np.arange(k)
    return np.asarray(number[labels])


def match(labels: Labels, reference: Int64[np.ndarray, "rows columns"], k: int = K) -> Labels:
    """The same clusters, relabelled one to one so that as many positions as possible agree with a reference.

    This is the Hungarian assignment on the counts of common positions. The reference has the same size, or is
    smaller by an integer factor and enlarged by repetition.
    """
    from scipy.optimize import linear_sum_assignment

    larger = enlarged(reference, labels)
    overlap = np.bincount((k * labels + larger).ravel(), minlength=k * k).reshape(k, k)
    _, number = linear_sum_assignment(overlap, maximize=True)
    return np.asarray(number[labels], dtype=np.int64)


def agreement(labels: Labels, reference: Int64[np.ndarray, "rows columns"]) -> float:
    """The fraction of positions, 0 to 1, with the same label in both; sizes as in `match`."""
    return float((labels == enlarged(reference, labels)).mean())


def enlarged(
    reference: Int64[np.ndarray, "rows columns"], labels: Int64[np.ndarray, "height width"]
) -> Int64[np.ndarray, "height width"]:
    """The reference enlarged to the size of the labels by repetition."""
    rows, columns = (large // small for large, small in zip(labels.shape, reference.shape, strict=True))
    return np.asarray(reference.repeat(rows, axis=0).repeat(columns, axis=1))
