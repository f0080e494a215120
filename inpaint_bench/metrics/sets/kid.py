"""The kernel distance (KID): the squared maximum mean discrepancy with a polynomial kernel."""

import numpy as np

from inpaint_bench.metrics.sets.rows import HELD, Block, OfSubset, Rows, Subset, check, check_pairs, one_by_one

SIDE = 2048  # rows per block of the kernel matrix


def kernel_distance(x: Rows, y: Rows) -> float:
    """Kernel distance (KID) between the features of composites x (n, width) and of targets y (m, width).

    The unbiased estimator of the squared maximum mean discrepancy with the kernel k(a, b) = (a.b / width + 1)^3, over
    all rows, without drawing subsets:

        mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

    It is not multiplied by 1000. Its expectation does not depend on the number of rows if x and y are independent.
    Composites and their targets are not: k(x_i, y_i) is larger than the other terms, which lowers the value by 2 / n
    times the difference. `paired_kernel_distance` leaves those terms out. Computed in float64, in blocks of 2048 rows.

    Range: real numbers, also negative; lower is better, 0 is expected for equal distributions.
    Source: Bińkowski et al., "Demystifying MMD GANs", ICLR 2018, section 4.
    Raises InputError for fewer than 2 rows, different widths and values that are not finite.
    """
    check(x, y)
    n, m = len(x), len(y)
    within = _sum(x, x, others=True) / (n * (n - 1)) + _sum(y, y, others=True) / (m * (m - 1))
    return within - 2 * _sum(x, y) / (n * m)


def paired_kernel_distance(x: Rows, y: Rows) -> float:
    """Paired kernel distance between the features of composites x and of their targets y, both (n, width).

    `kernel_distance` without the terms k(x_i, y_i), a U-statistic of the pairs:

        mean_{i != j} k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i, x_j)

    Its expectation does not depend on n, although composite and target share their known region.

    Range: real numbers, also negative; lower is better, exactly 0 for identical sets.
    Source: Gretton et al., "A Kernel Two-Sample Test", JMLR 13, 2012, eq. 4.
    Raises InputError as `kernel_distance` does, and for different numbers of rows.
    """
    check_pairs(x, y)
    n, total = len(x), 0.0
    for start in range(0, n, SIDE):
        for other in range(0, n, SIDE):
            terms = _terms(*(rows[at : at + SIDE] for at in (start, other) for rows in (x, y)))
            total += float(terms.sum() - (np.trace(terms) if start == other else 0))
    return total / (n * (n - 1))


def kernel_of_subsets(x: Rows, y: Rows) -> OfSubset:
    """Prepare the kernel distance of subsets of pairs: a function of row indices. 16 bytes per pair squared."""
    if len(x) > HELD:
        return one_by_one(kernel_distance, x, y)
    within = _kernel(x, x) + _kernel(y, y)
    np.fill_diagonal(within, 0)
    across = _kernel(x, y)

    def distance(rows: Subset) -> float:
        n, some = len(rows), np.ix_(rows, rows)
        return float(within[some].sum() / (n * (n - 1)) - 2 * across[some].mean())

    return distance


def paired_kernel_of_subsets(x: Rows, y: Rows) -> OfSubset:
    """Prepare the paired kernel distance of subsets of pairs: a function of row indices. 8 bytes per pair squared."""
    if len(x) > HELD:
        return one_by_one(paired_kernel_distance, x, y)
    terms = _terms(x, y, x, y)
    np.fill_diagonal(terms, 0)

    def distance(rows: Subset) -> float:
        return float(terms[np.ix_(rows, rows)].sum() / (len(rows) * (len(rows) - 1)))

    return distance


def _terms(x: Rows, y: Rows, other_x: Rows, other_y: Rows) -> Block:
    """The term of the U-statistic of each pair (row) with each other pair (column); exactly 0 where x equals y."""
    terms: Block = (_kernel(x, other_x) - _kernel(x, other_y)) + (_kernel(y, other_y) - _kernel(y, other_x))
    return terms


def _kernel(a: Rows, b: Rows) -> Block:
    """The polynomial kernel of each row of a with each row of b."""
    columns = np.array(np.asarray(b, np.float64).T, order="C")  # a copy: products of equal rows have equal bits
    base = np.asarray(a, np.float64) @ columns / a.shape[1] + 1
    cubes: Block = base * base * base
    return cubes


def _sum(x: Rows, y: Rows, others: bool = False) -> float:
    """The sum of the kernel over all rows of x and y; with `others`, without the diagonal."""
    total = 0.0
    for start in range(0, len(x), SIDE):
        for other in range(0, len(y), SIDE):
            matrix = _kernel(x[start : start + SIDE], y[other : other + SIDE])
            total += float(matrix.sum() - (np.trace(matrix) if others and start == other else 0))
    return total
