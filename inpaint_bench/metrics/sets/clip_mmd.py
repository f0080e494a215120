"""CMMD: the squared maximum mean discrepancy of CLIP embeddings with a Gaussian kernel."""

import numpy as np

from inpaint_bench.metrics.sets.rows import HELD, Block, OfSubset, Rows, Subset, check_pairs, one_by_one

SIGMA, SCALE = 10, 1000
SIDE = 2048  # rows per block of the kernel matrix


def cmmd(x: Rows, y: Rows) -> float:
    """CMMD between the CLIP embeddings of composites x and of their targets y, both (n, width) of unit length.

    1000 times the V-statistic of the squared maximum mean discrepancy with k(a, b) = exp(-|a - b|^2 / (2 10^2)):

        mean_{i, j} k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i, x_j)

    with the terms i = j, as in its authors' code. Those terms add about 1000 (2 - k - k') / n for independent sets, k
    and k' the means within each, so that two sets of the same distribution lie above 0: compare equal n only. The
    interval reaches down to the form without them. Unit vectors are at most 2 apart, so the kernel lies between 0.98
    and 1 and the value is close to 10 times the squared distance of the mean embeddings; it has no natural scale, and
    values of other sets of images say nothing of these.

    Range: 0 to 40; lower is better, exactly 0 for identical sets.
    Source: Jayasumana et al., "Rethinking FID", CVPR 2024, section 4.
    Raises InputError for fewer than 2 rows, unequal numbers of rows, different widths and values that are not finite.
    """
    check_pairs(x, y)
    return SCALE * _total(x, y, True) / len(x) ** 2


def paired_cmmd(x: Rows, y: Rows) -> float:
    """`cmmd` without the terms i = j: a U-statistic of the pairs, whose expectation does not depend on n.

    Range: real numbers, also negative; lower is better, exactly 0 for identical sets.
    Source: Gretton et al., "A Kernel Two-Sample Test", JMLR 13, 2012, eq. 4.
    Raises InputError as `cmmd` does.
    """
    check_pairs(x, y)
    return SCALE * _total(x, y, False) / (len(x) * (len(x) - 1))


def cmmd_of_subsets(x: Rows, y: Rows) -> OfSubset:
    """Prepare `cmmd` of subsets of pairs: a function of row indices. 8 bytes per pair squared."""
    if len(x) > HELD:
        return one_by_one(cmmd, x, y)
    terms = _terms(x, y, x, y)
    return lambda rows: SCALE * float(terms[np.ix_(rows, rows)].mean())


def paired_cmmd_of_subsets(x: Rows, y: Rows) -> OfSubset:
    """Prepare `paired_cmmd` of subsets of pairs: a function of row indices. 8 bytes per pair squared."""
    if len(x) > HELD:
        return one_by_one(paired_cmmd, x, y)
    terms = _terms(x, y, x, y)
    np.fill_diagonal(terms, 0)

    def distance(rows: Subset) -> float:
        return SCALE * float(terms[np.ix_(rows, rows)].sum() / (len(rows) * (len(rows) - 1)))

    return distance


def _total(x: Rows, y: Rows, own: bool) -> float:
    """The sum of the terms over all pairs of pairs; without `own`, those of a pair with itself are left out."""
    total = 0.0
    for start in range(0, len(x), SIDE):
        for other in range(0, len(x), SIDE):
            terms = _terms(*(rows[at : at + SIDE] for at in (start, other) for rows in (x, y)))
            total += float(terms.sum() - (0 if own or start != other else np.trace(terms)))
    return total


def _terms(x: Rows, y: Rows, other_x: Rows, other_y: Rows) -> Block:
    """The term of each pair (row) with each other pair (column); exactly 0 where x equals y."""
    terms: Block = (_kernel(x, other_x) - _kernel(x, other_y)) + (_kernel(y, other_y) - _kernel(y, other_x))
    return terms


def _kernel(a: Rows, b: Rows) -> Block:
    """The kernel of each row of a with each row of b, less 1, which every term has twice with either sign."""
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    columns = np.array(right.T, order="C")  # a copy: products of equal rows have equal bits
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1) - 2 * (left @ columns)
    kernel: Block = np.expm1(-np.maximum(squares, 0) / (2 * SIGMA**2))
    return kernel
