"""What the statistics promise, in simulations: intervals hold the truth, equal methods do not differ significantly."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from inpaint_bench.analysis.statistics import Values, difference, separable

pytestmark = pytest.mark.acceptance

PAIRS, TRIALS = 100, 2000
Draw = Callable[[np.random.Generator], Values]


def normal(rng: np.random.Generator) -> Values:
    """PSNR: one method is a little above the other, with the same noise on every pair."""
    return rng.normal(0.3, 1, PAIRS)


def heavy(rng: np.random.Generator) -> Values:
    """Small differences on easy pairs and large ones on hard pairs."""
    return rng.lognormal(0, 0.8, PAIRS) * rng.normal(0.1, 1, PAIRS)


def skewed(rng: np.random.Generator) -> Values:
    """Errors: one method fails on some pairs, and all differences have one sign."""
    return rng.lognormal(0, 0.5, PAIRS)


@pytest.mark.parametrize(("draw", "truth"), [(normal, 0.3), (heavy, 0.1 * math.exp(0.32)), (skewed, math.exp(0.125))])
def test_the_interval_of_a_mean_difference_holds_the_truth(draw: Draw, truth: float) -> None:
    held = 0
    for trial in range(TRIALS):
        rng = np.random.default_rng(trial)
        photo = rng.normal(25, 5, PAIRS)
        found = difference(photo + draw(rng), photo, f"coverage:{trial}", flips=1, jobs=1)
        low, high = found.interval or (0, 0)
        held += low <= truth <= high
    print(f"{draw.__name__}: {100 * held / TRIALS:.2f}%")
    assert 0.93 <= held / TRIALS <= 0.97


@pytest.mark.parametrize("methods", [2, 3, 9])
def test_equal_methods_are_significantly_different_in_one_trial_of_a_hundred_at_most(methods: int) -> None:
    trials, apart = 200, 0
    for trial in range(trials):
        rng = np.random.default_rng([methods, trial])
        photo = rng.normal(25, 5, PAIRS)
        values = {str(number): photo + rng.normal(0, 1, PAIRS) for number in range(methods)}
        found = separable(values, "higher", f"equal:{trial}", level=0.01, jobs=1)
        apart += "worse" in found.ranks.values()
    print(f"{methods} equal methods: {apart} of {trials} trials")
    assert apart <= 0.01 * trials
