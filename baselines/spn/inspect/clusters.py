"""K-means of feature maps (Sec. 4.5.2 of the paper), and numbers that mean the same in several maps."""

import warnings
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from inpaint_bench.errors import InputError

K = 8  # the paper's number of clusters
ATTEMPTS = 10  # starts of K-means, of which the best is kept; the authors' code makes as many
STEPS = 100  # of one start at most; the authors' code makes 20

Map: TypeAlias = Float32[np.ndarray, "channels height width"]
Labels: TypeAlias = Int64[np.ndarray, "height width"]


def cluster(features: Map, seed: int, k: int = K) -> Labels:
    """The cluster of every position of a feature map, from 0 to k - 1; 0 is the largest.

    K-means of the positions' raw values: k-means++ starts drawn from the seed (0 to 2**32 - 1), the least sum of
    squared distances kept. The order of the channels changes nothing, nor does the number of threads. Clusters of one
    size stand in the order of their first positions, row by row.
    Raises InputError where values are not finite, or where fewer than k of them differ.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    _, height, width = features.shape
    if not np.isfinite(features).all():
        raise InputError(f"a map of {height}x{width} positions holds NaN or infinite values; they have no clusters.")
    few = f"a map of {height}x{width} positions holds fewer than {k} different ones; it has no {k} clusters."
    if height * width < k:
        raise InputError(few)
    channels = sorted(features, key=lambda channel: channel.tobytes())  # sums depend on the order of what is added
    rows = np.stack([channel.ravel() for channel in channels], axis=1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            found = KMeans(k, n_init=ATTEMPTS, max_iter=STEPS, random_state=seed).fit(rows).labels_
        except ConvergenceWarning as error:  # raised for nothing but too few different rows
            raise InputError(few) from error
    return np.asarray(_by_size(found.astype(np.int64), k).reshape(height, width))


def _by_size(labels: Int64[np.ndarray, " positions"], k: int) -> Int64[np.ndarray, " positions"]:
    """The same clusters, numbered from the largest on."""
    sizes = np.bincount(labels, minlength=k)
    firsts = np.array([np.argmax(labels == label) for label in range(k)])
    number = np.empty(k, dtype=np.int64)
    number[np.lexsort((firsts, -sizes))] = np.arange(k)
    return np.asarray(number[labels])


def match(labels: Labels, reference: Int64[np.ndarray, "rows columns"], k: int = K) -> Labels:
    """The same clusters under the numbers of a reference: one to one, so that most positions have the same in both.

    The Hungarian assignment of the counts of common positions. The reference has as many rows and columns, or is
    smaller by a whole factor and enlarged by repeating.
    """
    from scipy.optimize import linear_sum_assignment

    larger = enlarged(reference, labels)
    overlap = np.bincount((k * labels + larger).ravel(), minlength=k * k).reshape(k, k)
    _, number = linear_sum_assignment(overlap, maximize=True)
    return np.asarray(number[labels], dtype=np.int64)


def agreement(labels: Labels, reference: Int64[np.ndarray, "rows columns"]) -> float:
    """The share of positions, 0 to 1, that have the same number in both; sizes as `match` takes them."""
    return float((labels == enlarged(reference, labels)).mean())


def enlarged(
    reference: Int64[np.ndarray, "rows columns"], labels: Int64[np.ndarray, "height width"]
) -> Int64[np.ndarray, "height width"]:
    """The reference at the size of the labels, every number repeated."""
    rows, columns = (large // small for large, small in zip(labels.shape, reference.shape, strict=True))
    return np.asarray(reference.repeat(rows, axis=0).repeat(columns, axis=1))
