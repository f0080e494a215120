"""Krippendorff's alpha, and raters who agree with nobody."""

import numpy as np
import pytest

from inpaint_bench.study.agreement import alpha, at_random, krippendorff
from inpaint_bench.study.model import Votes

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units.
OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
BINARY = ("0100000000", "1110010010")  # section A: two observers, ten units


def votes(first: np.ndarray, raters: int) -> Votes:
    """Votes of every rater on the same comparisons of two methods, where `first` says who was preferred."""
    rater, pair = np.divmod(np.arange(first.size), first.size // raters)
    chosen = 1 - first.reshape(-1).astype(np.int64)
    return Votes(("a", "b"), chosen, 1 - chosen, rater, pair)


@pytest.mark.parametrize(("observers", "published"), [(OBSERVERS, 0.743), (BINARY, 0.095)])
def test_alpha_of_published_examples_is_the_published_one(observers: tuple[str, ...], published: float) -> None:
    units = ["".join(unit).replace(".", "") for unit in zip(*observers, strict=True)]
    counts = np.array([[float(unit.count(category)) for category in "012345"] for unit in units])
    assert krippendorff(counts) == pytest.approx(published, abs=5e-4)


def test_alpha_is_one_where_all_agree_whichever_method_wins_and_near_none_of_random_votes() -> None:
    assert alpha(votes(np.ones((5, 30)), 5)) == (1.0, 30)
    drawn = np.random.default_rng(1).random((20, 200)) < 0.5
    found, comparisons = alpha(votes(drawn, 20))
    assert found == pytest.approx(0, abs=0.02)
    assert comparisons == 200


def test_alpha_does_not_depend_on_which_method_is_called_the_first() -> None:
    first = np.random.default_rng(2).random((4, 50)) < 0.8
    one = votes(first, 4)
    turned = Votes(("b", "a"), 1 - one.winner, 1 - one.loser, one.rater, one.pair)
    assert alpha(turned) == alpha(one)


def test_votes_that_nobody_repeats_have_no_alpha() -> None:
    assert alpha(votes(np.ones((1, 10)), 1)) == (None, 0)


def test_a_rater_at_random_among_others_who_agree_is_named_and_nobody_where_all_are_at_random() -> None:
    rng = np.random.default_rng(3)
    first = rng.random((12, 60)) < 0.85
    first[4] = rng.random(60) < 0.5
    assert list(at_random(votes(first, 12))) == [4]
    assert at_random(votes(first, 12))[4] == first[4].mean()
    assert at_random(votes(rng.random((12, 60)) < 0.5, 12)) == {}
    assert at_random(votes(rng.random((1, 60)) < 0.5, 1)) == {}
