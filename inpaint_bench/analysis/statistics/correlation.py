"""Rank correlation of several series over the same rows, and how sure it is.

Spearman's coefficient: Pearson's correlation of the ranks, where equal values share the mean of their ranks
(Spearman, American Journal of Psychology 15, 1904). It is 1 where two series put the rows in one order, -1 where one
order is the reverse of the other, about 0 where neither says anything of the other, and no increasing function of a
series changes it.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64

from inpaint_bench.analysis.statistics import LEVEL

Table = Float[np.ndarray, "rows series"]
Matrix = Float64[np.ndarray, "series series"]
Others = Float64[np.ndarray, "others others"]  # of all series but one
Draws = Float64[np.ndarray, "draws series series"]

DIGITS = 12  # of a coefficient: what lies beyond depends on the order of additions
LEAST = 1e-9  # of 1 - r^2: below it a series is a function of the one that is held constant, and nothing is left


def rank_correlations(table: Table, fewest: int = 2) -> Matrix:
    """Spearman's coefficient of every two series, each over the rows in which both are numbers; infinite ones count.

    NaN where a series is constant, and over fewer than `fewest` rows.
    """
    count = table.shape[1]
    found, there = np.full((count, count), np.nan), ~np.isnan(table)
    patterns, alike = np.unique(there, axis=1, return_inverse=True)
    for a in range(patterns.shape[1]):
        for b in range(a, patterns.shape[1]):
            rows = patterns[:, a] & patterns[:, b]
            if rows.sum() >= max(2, fewest):
                first, second = (np.flatnonzero(alike.ravel() == one) for one in (a, b))
                block = _standard(table[np.ix_(rows, first)]).T @ _standard(table[np.ix_(rows, second)])
                found[np.ix_(first, second)] = block
                found[np.ix_(second, first)] = block.T
    return found.clip(-1, 1).round(DIGITS)


def _standard(table: Table) -> Table:
    """The ranks of each series about their mean, of length 1; NaN for a constant series."""
    from scipy.stats import rankdata

    ranks = rankdata(table, axis=0)
    ranks -= ranks.mean(axis=0)
    lengths = np.sqrt(np.square(ranks).sum(axis=0))
    return np.asarray(ranks / np.where(lengths > 0, lengths, np.nan))


def held_constant(correlations: Matrix) -> Others:
    """The partial correlations of all series but the last, which is held constant.

        (r_ab - r_az r_bz) / sqrt((1 - r_az^2) (1 - r_bz^2))

    Of ranks: Kendall, Biometrika 32, 1942. A last series that is constant already changes nothing. NaN for a series
    that is an increasing or decreasing function of the last one, of which nothing is left.
    """
    own = correlations[:-1, :-1]
    last = np.nan_to_num(correlations[:-1, -1])
    left = np.where(1 - last**2 > LEAST, 1 - last**2, np.nan)
    return np.asarray(((own - np.outer(last, last)) / np.sqrt(np.outer(left, left))).clip(-1, 1))


def interval_ends(values: Matrix, halves: Draws, pairs: int, level: float = LEVEL) -> tuple[Matrix, Matrix]:
    """The ends of the intervals of correlations, from those of halves of the pairs, none beyond -1 and 1.

    The value, and on either side the standard error that halves show (`subsampling`) times Student's t. NaN where a
    correlation is not defined in most of the halves.
    """
    from scipy import special

    defined = np.isfinite(halves)
    count = defined.sum(axis=0)
    centre = np.where(defined, halves, 0).sum(axis=0) / np.maximum(1, count)
    squares = np.where(defined, np.square(halves - centre), 0).sum(axis=0)
    enough = count > len(halves) / 2
    half = pairs // 2
    error = np.sqrt(squares / np.maximum(1, count - 1) * half / (pairs - half))
    reach = np.where(enough, special.stdtrit(np.maximum(1, count - 1), (1 + level) / 2) * error, np.nan)
    return (values - reach).clip(-1, 1), (values + reach).clip(-1, 1)


def chance_of_one_order(rows: int) -> float:
    """How probable it is that two series that say nothing of each other put the rows in one order or its reverse."""
    return 2 / math.factorial(rows)


def alike(correlations: Matrix, least: float) -> list[Sequence[int]]:
    """The series in groups, of two or more, in which every two have a correlation of `least` or above.

    Complete linkage: what is added to a group agrees with all of it. Undefined correlations join nothing.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(correlations) < 2:
        return []
    apart = np.where(np.isfinite(correlations), 1 - correlations, 2.0)
    np.fill_diagonal(apart, 0)
    numbers = fcluster(linkage(squareform(apart, checks=False), "complete"), 1 - least, "distance")
    groups = [np.flatnonzero(numbers == number).tolist() for number in dict.fromkeys(numbers)]
    return [group for group in groups if len(group) > 1]
