"""What intervals of rank correlations promise, in simulations: they hold the truth, and 0 where there is nothing."""

import math

import numpy as np
import pytest

from inpaint_bench.analysis.statistics.correlation import interval_ends, rank_correlations
from inpaint_bench.analysis.statistics.subsampling import halves_of

pytestmark = pytest.mark.acceptance

PAIRS, TRIALS, DRAWS = 100, 300, 100


@pytest.mark.parametrize("pearson", [0.0, 0.5, 0.8])
def test_the_interval_of_a_rank_correlation_holds_the_truth(pearson: float) -> None:
    truth, held = 6 / math.pi * math.asin(pearson / 2), 0  # Spearman's of two normal variables (Pearson, 1907)
    for trial in range(TRIALS):
        x, noise = np.random.default_rng([trial, int(10 * pearson)]).normal(size=(2, PAIRS))
        table = np.stack([x, pearson * x + math.sqrt(1 - pearson**2) * noise], axis=1)
        halves = np.stack([rank_correlations(table[half]) for half in halves_of(PAIRS, f"{trial}", DRAWS)])
        low, high = interval_ends(rank_correlations(table), halves, PAIRS)
        held += bool(low[0, 1] <= truth <= high[0, 1])
    print(f"{pearson}: {100 * held / TRIALS:.1f}%")
    assert 0.92 <= held / TRIALS <= 0.98
