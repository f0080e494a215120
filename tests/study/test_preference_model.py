"""Bradley-Terry strengths: closed forms, an independent optimiser, and what no votes can say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize

from inpaint_bench.metrics.preference import preference, preferences, strengths
from inpaint_bench.study.model import Votes, fit

WINS = arrays(np.float64, (4, 4), elements=st.integers(0, 30).map(float)).map(
    lambda wins: (wins + 1) * (1 - np.eye(4)) - (1 - np.eye(4)) * (wins > 15)
)


def penalised(s: np.ndarray, wins: np.ndarray) -> float:
    """Minus the log-likelihood with Jeffreys' penalty, in the strengths of all methods but the first."""
    full = np.concatenate([[0.0], s])
    p = 1 / (1 + np.exp(full[None] - full[:, None]))
    n = (wins + wins.T) * p * (1 - p)
    information = (np.diag(n.sum(axis=1)) - n)[1:, 1:]
    return float(-(wins * np.log(p)).sum() - 0.5 * np.linalg.slogdet(information)[1])


def votes_of(wins: np.ndarray, raters: int = 5, pairs: int = 6) -> Votes:
    """Votes that have these wins, of raters and on pairs in turn."""
    cells = [(i, j) for i in range(len(wins)) for j in range(len(wins)) for _ in range(int(wins[i, j]))]
    winner, loser = np.array(cells, dtype=np.int64).reshape(-1, 2).T
    turn = np.arange(len(winner))
    return Votes(tuple("abcdefgh"[: len(wins)]), winner, loser, turn % raters, turn % pairs)


def test_of_two_methods_the_strength_is_the_log_odds_with_half_a_vote_added() -> None:
    for won, lost in ((7, 3), (12, 0), (1, 1)):
        s = strengths(np.array([[[0.0, won], [lost, 0.0]]]))[0]
        assert s[0] - s[1] == pytest.approx(np.log((won + 0.5) / (lost + 0.5)), abs=1e-9)


@settings(max_examples=15)
@given(WINS)
def test_the_strengths_are_those_of_an_optimiser(wins: np.ndarray) -> None:
    found = strengths(wins[None])[0]
    best = optimize.minimize(penalised, np.zeros(3), args=(wins,), method="BFGS", options={"gtol": 1e-7})
    assert found[1:] - found[0] == pytest.approx(best.x, abs=2e-4)


@settings(max_examples=25)
@given(WINS, st.permutations(range(4)))
def test_values_follow_their_methods_and_lie_around_one_half(wins: np.ndarray, order: list[int]) -> None:
    values = preference(wins[None])[0]
    assert ((values > 0) & (values < 1)).all()
    assert values.mean() == pytest.approx(0.5, abs=1e-9)
    assert preference(wins[np.ix_(order, order)][None])[0] == pytest.approx(values[order], abs=1e-8)
    assert preference(wins.T[None])[0] == pytest.approx(1 - values, abs=1e-8)


def test_a_method_that_wins_every_comparison_has_a_finite_strength_and_an_interval_below_one() -> None:
    found = fit(votes_of(np.array([[0, 30, 30], [0, 0, 20], [0, 10, 0]])), "all won")
    assert found is not None
    (low, high) = found.intervals[0] or (0, 0)
    assert 0.9 < low < found.values[0] < high < 1


def test_methods_that_no_vote_connects_have_no_strengths_and_are_named() -> None:
    wins = np.zeros((4, 4))
    wins[0, 1] = wins[2, 3] = 5
    votes = votes_of(wins)
    assert fit(votes, "two islands") is None
    assert votes.unconnected == (["a", "b"], ["c", "d"])


def test_of_one_rater_there_is_a_value_and_no_interval_and_no_test() -> None:
    found = fit(votes_of(np.array([[0, 9], [3, 0]]), raters=1), "one rater")
    assert found is not None
    assert found.intervals == [None, None]
    assert found.p.min() == 1
    assert found.win_rates[0] == (0.75, 12, None)


def test_the_same_votes_give_the_same_numbers_and_more_of_them_a_narrower_interval() -> None:
    wins = np.array([[0, 12, 14], [8, 0, 11], [6, 9, 0]])
    few, again, many = (fit(votes_of(table, 12, 12), "again") for table in (wins, wins, 4 * wins))
    assert few is not None
    assert again is not None
    assert many is not None
    assert few.intervals == again.intervals
    widths = [high - low for low, high in (one.intervals[0] or (0, 0) for one in (few, many))]
    assert widths[1] < widths[0]
    apart, ends = few.difference(0, 2)
    back, mirrored = few.difference(2, 0)
    assert apart == -back
    assert ends is not None
    assert mirrored is not None
    assert ends == pytest.approx((-mirrored[1], -mirrored[0]))
    assert apart == pytest.approx(few.values[0] - few.values[2], abs=2e-9)
    assert preferences(few.s[None])[0] == pytest.approx(few.values, abs=1e-9)
