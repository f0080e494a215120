"""How many votes a difference needs: the closed form against exact binomial power, and its limits."""

import math

import pytest
from scipy import stats

from inpaint_bench.errors import InputError
from inpaint_bench.study.power import needed


def found_by_chance(n: int, share: float, level: float) -> float:
    """The exact power of a two-sided binomial test of one half."""
    most = int(stats.binom.ppf(level / 2, n, 0.5)) - 1
    most += stats.binom.cdf(most + 1, n, 0.5) <= level / 2
    return float(stats.binom.cdf(most, n, share) + stats.binom.sf(n - most - 1, n, share))


@pytest.mark.parametrize(("share", "power"), [(0.55, 0.8), (0.6, 0.8), (0.65, 0.9), (0.75, 0.95)])
def test_the_votes_of_two_methods_have_the_power_of_the_exact_test(share: float, power: float) -> None:
    n = needed(share, 40, 2, power, 0.05, 1.0, None).votes
    assert found_by_chance(n, share, 0.05) == pytest.approx(power, abs=0.045)  # its level is at most 0.05
    assert found_by_chance(n // 2, share, 0.05) < power - 0.15


def test_the_textbook_number_for_55_to_45_is_783_votes() -> None:
    found = needed(0.55, 40, 2, 0.8, 0.05, 1.0, None)
    assert (found.votes, found.level) == (783, 0.05)
    assert math.ceil(783 / 40) < found.raters < 1.2 * 783 / 40  # Student's t of some twenty raters


def test_the_design_effect_multiplies_votes_and_more_methods_ask_for_a_smaller_level() -> None:
    one, more = (needed(0.6, 40, 5, 0.8, 0.05, effect, 20) for effect in (1.0, 3.0))
    assert more.votes_of_two == pytest.approx(3 * one.votes_of_two, abs=3)
    assert one.level == 0.005
    assert one.votes == 10 * one.votes_of_two
    assert one.raters > one.votes / 20


@pytest.mark.parametrize(
    ("difference", "power", "alpha", "effect", "words"),
    [
        (0.5, 0.8, 0.05, 1.0, "--difference 0.5"),
        (55.0, 0.8, 0.05, 1.0, "--difference 55"),
        (0.6, 1.0, 0.05, 1.0, "--power 1"),
        (0.6, 0.8, float("nan"), 1.0, "--alpha nan"),
        (0.6, 0.8, 0.05, 0.5, "design effect of 1 or more"),
    ],
)
def test_a_number_outside_its_range_is_refused(
    difference: float, power: float, alpha: float, effect: float, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        needed(difference, 40, 3, power, alpha, effect, None)
