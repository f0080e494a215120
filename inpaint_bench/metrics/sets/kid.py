"""The kernel distance (KID): the squared maximum mean discrepancy with a polynomial kernel."""

import numpy as np

from inpaint_bench.metrics.sets.rows import HELD, Block, OfRows, Rows, Subset, check, check_pairs, one_by_one

SIDE = 2048  # rows of a block of the kernel's matrix


def kernel_distance(x: Rows, y: Rows) -> float:
    """Kernel distance (KID) of composites x and targets y; lower is better, 0 is expected of equal distributions.

    The unbiased estimator of the squared maximum mean discrepancy with the kernel k(a, b) = (a.b / width + 1)^3,
    over all rows at once, with no subsets drawn:

        mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

    Not times 1000; it may be negative. Its expectation does not depend on the number of rows where x and y are
    independent. Composites and their targets are not: as k(x_i, y_i) is large, the value lies lower by 2 / n times
    what that exceeds the others by. `paired_kernel_distance` leaves those terms out.

    In float64, in blocks of 2048 rows: memory does not grow with their number. Bińkowski et al., "Demystifying MMD
    GANs", ICLR 2018, section 4. Raises InputError for fewer than 2 rows, for unlike widths and for values that are
    not finite.
    """
    check(x, y)
    n, m = len(x), len(y)
    within = _sum(x, x, others=True) / (n * (n - 1)) + _sum(y, y, others=True) / (m * (m - 1))
    return within - 2 * _sum(x, y) / (n * m)


def paired_kernel_distance(x: Rows, y: Rows) -> float:
    """Kernel distance of pairs: no composite meets its own target; lower is better, exactly 0 for identical sets.

    `kernel_distance` without the terms k(x_i, y_i): the U-statistic of the pairs,

        mean_{i != j} k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i, x_j)

    Its expectation does not depend on n, also where composite and target have their known region in common. Gretton
    et al., "A Kernel Two-Sample Test", JMLR 13, 2012, equation 4. Raises InputError as `kernel_distance` does, and
    for unequal numbers of rows.
    """
    check_pairs(x, y)
    n, total = len(x), 0.0
    for start in range(0, n, SIDE):
        for other in range(0, n, SIDE):
            terms = _terms(*(rows[at : at + SIDE] for at in (start, other) for rows in (x, y)))
            total += float(terms.sum() - (np.trace(terms) if start == other else 0))
    return total / (n * (n - 1))


def kernel_of_subsets(x: Rows, y: Rows) -> OfRows:
    """The kernel distance of any subset of pairs, from the kernel of all rows, taken once: 16 bytes a pair squared."""
    if len(x) > HELD:
        return one_by_one(kernel_distance, x, y)
    within = _kernel(x, x) + _kernel(y, y)
    np.fill_diagonal(within, 0)
    across = _kernel(x, y)

    def distance(rows: Subset) -> float:
        n, some = len(rows), np.ix_(rows, rows)
        return float(within[some].sum() / (n * (n - 1)) - 2 * across[some].mean())

    return distance


def paired_kernel_of_subsets(x: Rows, y: Rows) -> OfRows:
    """The paired kernel distance of any subset of pairs, from the kernel of all rows, taken once."""
    if len(x) > HELD:
        return one_by_one(paired_kernel_distance, x, y)
    terms = _terms(x, y, x, y)
    np.fill_diagonal(terms, 0)

    def distance(rows: Subset) -> float:
        return float(terms[np.ix_(rows, rows)].sum() / (len(rows) * (len(rows) - 1)))

    return distance


def _terms(x: Rows, y: Rows, other_x: Rows, other_y: Rows) -> Block:
    """What each pair (a row) and each other pair (a column) add to the U-statistic; 0 to the bit where x is y."""
    terms: Block = (_kernel(x, other_x) - _kernel(x, other_y)) + (_kernel(y, other_y) - _kernel(y, other_x))
    return terms


def _kernel(a: Rows, b: Rows) -> Block:
    """The polynomial kernel of every row of a with every row of b."""
    columns = np.array(np.asarray(b, np.float64).T, order="C")  # a copy: the product of equal rows has equal bits
    base = np.asarray(a, np.float64) @ columns / a.shape[1] + 1
    cubes: Block = base * base * base
    return cubes


def _sum(x: Rows, y: Rows, others: bool = False) -> float:
    """The sum of the kernel over every row of x and every row of y, or over every two different rows of x."""
    total = 0.0
    for start in range(0, len(x), SIDE):
        for other in range(0, len(y), SIDE):
            matrix = _kernel(x[start : start + SIDE], y[other : other + SIDE])
            total += float(matrix.sum() - (np.trace(matrix) if others and start == other else 0))
    return total
