"""The Fréchet distance of two normal distributions with the means and covariances of two sets of features.

The trace term is a nuclear norm. Let A, B be roots of the covariances, A'A = S1 and B'B = S2: the centred rows divided
by sqrt(n - 1), or a triangular factor of them. The eigenvalues of S1 S2 are the squares of the singular values of A B',
so tr sqrt(S1 S2) is the sum of those singular values, also where the covariances are singular. Neither the product
S1 S2 nor a matrix square root is computed: both lose half of the digits.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inpaint_bench.metrics.sets.rows import (
    HELD,
    FeatureVector,
    OfSubset,
    Rows,
    Subset,
    blocks,
    check,
    mean,
    one_by_one,
)

LEAST_INVERSE_CONDITION = 1e-10
Square = Float64[np.ndarray, "width width"]


@dataclass(frozen=True, eq=False)
class Normal:
    """A normal distribution: its mean, and a root of its covariance S, with root' root = S."""

    mean: FeatureVector
    root: Float64[np.ndarray, "rank width"]


def frechet_distance(x: Rows, y: Rows) -> float:
    """Fréchet distance between the features of composites x (n, width) and of targets y (m, width).

        |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2)

    with the means m1, m2 and the covariances S1, S2 (divided by n - 1). It is biased: it grows as n falls, steeply
    below n = 2 * width, so compare equal n only. Computed in float64 without clipping; identical sets may give a
    rounding error below 0. Up to `width` rows are held in float64 at once; of more rows, 4096 at a time and a few
    matrices (width, width).

    Range: 0 and above; lower is better, 0 where means and covariances are equal.
    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, eq. 6.
    Raises InputError for fewer than 2 rows, different widths and values that are not finite.
    """
    check(x, y)
    return between(normal(x), normal(y))


def fid_pic2018(x: Rows, y: Rows) -> float:
    """Fréchet distance on the Inception features of a script of 2018, most likely the FID of the papers' tables.

    `frechet_distance` on the features of torchvision's ImageNet Inception-v3, fed with values in [-0.03, 0.43] where
    it was trained on [-1, 1]. It is not on the scale of `fid`. That the papers used it is an inference: SPN's code
    names PICNet's script, which does not ship the network that it imports, and two repositories of the time ship the
    one that fits. Not reproduced: the script drops the last n % 64 images and pairs files by an unsorted listing.

    Range: 0 and above; lower is better.
    Source: the FID script of 2018 named in the code of SPN and PIC.
    Raises InputError as `frechet_distance` does.
    """
    return frechet_distance(x, y)


def between(a: Normal, b: Normal) -> float:
    """The Fréchet distance of two normal distributions of the same width."""
    shift = a.mean - b.mean
    common = np.linalg.svd(a.root @ b.root.T, compute_uv=False).sum()
    return float(shift @ shift + np.square(a.root).sum() + np.square(b.root).sum() - 2 * common)


def normal(rows: Rows) -> Normal:
    """The normal distribution with the mean and the covariance (divided by n - 1) of features (n, width)."""
    centre = mean(rows)
    n, width = rows.shape
    if n <= width:
        return Normal(centre, (np.asarray(rows, np.float64) - centre) / np.sqrt(n - 1))
    scatter = np.zeros((width, width))
    for block in blocks(rows):
        centred = block - centre
        scatter += centred.T @ centred
    root = triangle_of(scatter)
    if root is None:
        root = np.empty((0, width))
        for block in blocks(rows):
            root = np.asarray(np.linalg.qr(np.concatenate([root, block - centre]), mode="r"))
    return Normal(centre, root / np.sqrt(n - 1))


def triangle_of(scatter: Square) -> Square | None:
    """The Cholesky factor R of a scatter matrix (width, width), R'R = scatter; None where it would be inaccurate.

    The scatter matrix has a relative error of 1e-16, which changes the distance by about 1e-16 of the traces times the
    square root of the condition number. Up to a condition number of 1e10 that is 1e-11; beyond it, and for a singular
    matrix, the rows themselves have to be decomposed, which takes three times as long.
    """
    from scipy.linalg import lapack

    triangle, failed = lapack.dpotrf(scatter, clean=True)
    if failed:
        return None
    inverse_condition, _ = lapack.dpocon(triangle, np.abs(scatter).sum(axis=0).max())
    return np.asarray(triangle) if inverse_condition >= LEAST_INVERSE_CONDITION else None


def frechet_of_subsets(x: Rows, y: Rows) -> OfSubset:
    """Prepare the Fréchet distance of subsets of pairs: a function of row indices.

    The inner products of all rows are computed once. Those of a subset are a submatrix, and subtracting its means
    centres its rows: the work does not grow with the width. With more than 2 * width pairs there is no gain, and each
    subset is computed from scratch. Rows of x and y are pairs; memory is 24 bytes per pair squared.
    """
    if len(x) > min(HELD, 2 * x.shape[1]):
        return one_by_one(frechet_distance, x, y)
    middle = mean(y)  # subtracted from all rows, which changes no distance: small products lose fewer digits
    a, b = np.asarray(x, np.float64) - middle, np.asarray(y, np.float64) - middle
    of_a, of_b, across = a @ a.T, b @ b.T, a @ b.T

    def distance(rows: Subset) -> float:
        n, some = len(rows), np.ix_(rows, rows)
        own_a, own_b, both = of_a[some], of_b[some], across[some]
        shift = own_a.mean() + own_b.mean() - 2 * both.mean()
        traces = np.trace(own_a) - n * own_a.mean() + np.trace(own_b) - n * own_b.mean()
        centred = both - both.mean(axis=0) - both.mean(axis=1, keepdims=True) + both.mean()
        return float(shift + (traces - 2 * np.linalg.svd(centred, compute_uv=False).sum()) / (n - 1))

    return distance
