"""The Fréchet distance of two normal distributions with the means and covariances of two sets of features.

The trace term is a nuclear norm. Let A, B be roots of the covariances, A'A = S1 and B'B = S2: the centred rows
over sqrt(n - 1), or a triangle made of them. The eigenvalues of S1 S2 are the squares of the
singular values of A B', so tr sqrt(S1 S2) is the sum of those singular values, exact also where the covariances
are singular. No product S1 S2 is formed and no matrix square root taken: both lose half of the digits.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inpaint_bench.metrics.sets.rows import HELD, OfRows, Row, Rows, Subset, blocks, check, mean, one_by_one

LEAST_INVERSE_CONDITION = 1e-10
Square = Float64[np.ndarray, "width width"]


@dataclass(frozen=True, eq=False)
class Normal:
    """A normal distribution: its mean, and a root of its covariance S, a matrix with root' root = S."""

    mean: Row
    root: Float64[np.ndarray, "rank width"]


def frechet_distance(x: Rows, y: Rows) -> float:
    """Fréchet distance of composites x and targets y; lower is better, 0 where mean and covariance agree.

    |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2), with m the mean and S the covariance (over n - 1) of the
    features (n, width) and (m, width). In float64 throughout; identical sets may give a rounding below 0, and
    nothing is clipped. It grows as n falls, and steeply below n = 2 * width: compare equal n only.

    Up to `width` rows are held whole in float64; of more, 4096 at once, and a few matrices (width, width).
    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, equation 6. Raises InputError
    for fewer than 2 rows, for unlike widths and for values that are not finite.
    """
    check(x, y)
    return between(normal(x), normal(y))


def between(a: Normal, b: Normal) -> float:
    """The Fréchet distance of two normal distributions."""
    shift = a.mean - b.mean
    common = np.linalg.svd(a.root @ b.root.T, compute_uv=False).sum()
    return float(shift @ shift + np.square(a.root).sum() + np.square(b.root).sum() - 2 * common)


def normal(rows: Rows) -> Normal:
    """The normal distribution with the mean and the covariance (over n - 1) of some features."""
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
    """Cholesky's triangle R of a sum of squares, R'R = scatter; none where it would lose digits that count.

    The sum has lost what lies 1e-16 below its largest eigenvalue, and the distance loses by it about 1e-16 of the
    traces times the root of its condition number. Up to 1e10 that is 1e-11; beyond, and where it is singular, the
    rows themselves have to be decomposed, which takes three times as long.
    """
    from scipy.linalg import lapack

    triangle, failed = lapack.dpotrf(scatter, clean=True)
    if failed:
        return None
    inverse_condition, _ = lapack.dpocon(triangle, np.abs(scatter).sum(axis=0).max())
    return np.asarray(triangle) if inverse_condition >= LEAST_INVERSE_CONDITION else None


def frechet_of_subsets(x: Rows, y: Rows) -> OfRows:
    """The Fréchet distance of any subset of pairs, from the inner products of all rows, taken once.

    A subset's products are a part of the matrix, and taking its means off them centres its rows: nothing grows
    with the width. Where half of the pairs outnumber the features that is no gain, and each subset is done anew.
    """
    if len(x) > min(HELD, 2 * x.shape[1]):
        return one_by_one(frechet_distance, x, y)
    middle = mean(y)  # taken off all rows, which changes no distance: small products lose fewer digits
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
