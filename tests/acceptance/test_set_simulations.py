"""What the intervals of set metrics promise, counted in simulations on normal features."""

import numpy as np
import pytest

from inpaint_bench.analysis.statistics.subsampling import set_difference, set_interval, set_separable
from inpaint_bench.metrics.sets import Rows, SetFunction
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.ids import pids, uids
from inpaint_bench.metrics.sets.kid import kernel_distance, paired_kernel_distance

pytestmark = pytest.mark.acceptance

PAIRS, TRIALS, DRAWS = 100, 500, 200


def targets(rng: np.random.Generator, width: int, pairs: int = PAIRS) -> Rows:
    return rng.normal(size=(pairs, width)) * np.arange(1, width + 1) ** -0.4


def method(rng: np.random.Generator, y: Rows, change: float, shift: float) -> Rows:
    """The targets, changed: noise as large as a share of their own spread, and a shift."""
    return y + change * targets(rng, y.shape[1], len(y)) + shift


def two(seed: int, width: int) -> tuple[Rows, Rows, Rows]:
    """Two unlike methods, and the targets that both see."""
    rng = np.random.default_rng(seed)
    y = targets(rng, width)
    return method(rng, y, 0.6, 0.15), method(rng, y, 0.8, 0.1), y


@pytest.mark.parametrize("width", [8, 64])
@pytest.mark.parametrize("function", [frechet_distance, kernel_distance, paired_kernel_distance])
def test_the_interval_of_a_difference_holds_its_expectation(function: SetFunction, width: int) -> None:
    """The expectation is that of 100 pairs, taken over 4,000 other sets of as many."""
    others = [two(10**6 + trial, width) for trial in range(4000)]
    truth = float(np.mean([function(a, y) - function(b, y) for a, b, y in others]))
    held = 0
    for trial in range(TRIALS):
        a, b, y = two(trial, width)
        low, high = set_difference(function, a, b, y, f"coverage:{trial}", draws=DRAWS).interval or (0, 0)
        held += low <= truth <= high
    print(f"{function.__name__}, width {width}: {100 * held / TRIALS:.1f}%")
    assert 0.93 <= held / TRIALS <= 0.97


@pytest.mark.parametrize("methods", [2, 9])
@pytest.mark.parametrize("function", [frechet_distance, kernel_distance, paired_kernel_distance, uids, pids])
def test_equal_methods_are_significantly_different_in_one_trial_of_a_hundred_at_most(
    function: SetFunction, methods: int
) -> None:
    trials, apart = 200, 0
    for trial in range(trials):
        rng = np.random.default_rng([methods, trial])
        y = targets(rng, 8)
        values = {str(number): method(rng, y, 0.6, 0.1) for number in range(methods)}
        found = set_separable(function, values, y, "lower", f"equal:{trial}", level=0.01, draws=DRAWS)
        apart += "worse" in found.ranks.values()
    print(f"{function.__name__}, {methods} equal methods: {apart} of {trials} trials")
    assert apart <= 0.01 * trials


@pytest.mark.parametrize("function", [kernel_distance, paired_kernel_distance])
def test_the_kernel_distance_of_equal_distributions_has_0_in_its_interval(function: SetFunction) -> None:
    """For independent sets, and for pairs that share most of what they show."""
    held = {"independent": 0, "paired": 0}
    for trial in range(TRIALS):
        rng = np.random.default_rng(trial)
        y, other, common = (targets(rng, 16) for _ in range(3))
        for kind, (x, z) in {"independent": (other, y), "paired": (common + 0.4 * other, common + 0.4 * y)}.items():
            low, high = set_interval(function, x, z, f"equal:{trial}", draws=DRAWS) or (1, 1)
            held[kind] += low <= 0 <= high
    print(f"{function.__name__}: {held} of {TRIALS} trials")
    assert min(held.values()) >= 0.93 * TRIALS


def test_the_paired_test_sees_what_two_intervals_do_not() -> None:
    seen = overlapping = 0
    for trial in range(100):
        rng = np.random.default_rng(trial)
        y = targets(rng, 64)
        a = method(rng, y, 0.6, 0.1)
        b = a + 0.2 * targets(rng, 64)
        (low_a, high_a), (low_b, high_b) = (
            set_interval(frechet_distance, x, y, f"pairing:{trial}", draws=DRAWS) or (0, 0) for x in (a, b)
        )
        overlapping += max(low_a, low_b) < min(high_a, high_b)
        seen += set_difference(frechet_distance, b, a, y, f"pairing:{trial}", draws=DRAWS).p < 0.01
    print(f"overlapping intervals in {overlapping} of 100 trials, a difference seen in {seen}")
    assert seen >= 90
    assert overlapping >= 90
