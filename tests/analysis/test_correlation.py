"""Rank correlations: closed forms, what scipy says, what must change nothing, and how wide intervals are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import special, stats

from inpaint_bench.analysis.statistics.correlation import (
    alike,
    chance_of_one_order,
    held_constant,
    interval_ends,
    rank_correlations,
)
from inpaint_bench.analysis.statistics.subsampling import halves_of

Array = NDArray[np.float64]
NAN = float("nan")
VALUES = st.one_of(st.integers(-3, 3).map(float), st.just(NAN), st.just(math.inf))  # few values: many are tied
TABLES = arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(2, 4)), elements=VALUES)


def series(seed: int, rows: int, count: int) -> Array:
    return np.random.default_rng(seed).normal(size=(rows, count))


def test_a_series_agrees_completely_with_an_increasing_function_of_it_and_never_with_a_decreasing_one() -> None:
    x = series(0, 30, 1)[:, 0]
    found = rank_correlations(np.stack([x, np.exp(3 * x), -(x**3)], axis=1))
    assert found.tolist() == [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]


def test_of_five_rows_the_coefficient_is_that_of_the_textbook() -> None:
    a, b = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]
    found = rank_correlations(np.array([a, b]).T)[0, 1]
    assert found == pytest.approx(1 - 6 * 4 / (5 * 24))  # 1 - 6 sum d^2 / (n (n^2 - 1))


@settings(max_examples=40)
@given(TABLES)
def test_every_coefficient_is_that_of_scipy_over_the_rows_where_both_are_numbers(table: Array) -> None:
    found = rank_correlations(table)
    for i in range(table.shape[1]):
        for j in range(table.shape[1]):
            both = ~np.isnan(table[:, [i, j]]).any(axis=1)
            x, y = (stats.rankdata(table[both, one]) for one in (i, j))
            if both.sum() < 2 or len(set(x)) < 2 or len(set(y)) < 2:
                assert math.isnan(found[i, j])
            else:
                assert found[i, j] == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


@settings(max_examples=40)
@given(TABLES)
def test_the_order_of_rows_changes_nothing_and_that_of_series_only_the_order_of_coefficients(
    table: Array,
) -> None:
    rows = np.random.default_rng(len(table)).permutation(len(table))
    columns = np.random.default_rng(table.shape[1]).permutation(table.shape[1])
    found = rank_correlations(table)
    assert np.array_equal(rank_correlations(table[rows]), found, equal_nan=True)
    assert np.array_equal(rank_correlations(table[:, columns]), found[np.ix_(columns, columns)], equal_nan=True)


def test_of_fewer_rows_than_wanted_there_is_no_coefficient() -> None:
    table = np.array([[1.0, 1.0, 1.0], [2.0, 3.0, NAN], [3.0, 2.0, 3.0], [4.0, 4.0, 4.0]])
    found = rank_correlations(table, 4)
    assert np.isfinite(found[:2, :2]).all()
    assert np.isnan(found[2]).all()


def test_with_a_series_held_constant_the_coefficient_is_that_of_what_it_leaves_of_the_ranks() -> None:
    z = series(1, 40, 1)
    table = np.concatenate([series(2, 40, 3) + 2 * z, z], axis=1)
    ranks = stats.rankdata(table, axis=0)
    design = np.stack([np.ones(40), ranks[:, -1]], axis=1)
    left = ranks[:, :-1] - design @ np.linalg.lstsq(design, ranks[:, :-1], rcond=None)[0]
    assert held_constant(rank_correlations(table)) == pytest.approx(np.corrcoef(left.T))


def test_a_constant_series_held_constant_changes_nothing_and_one_that_explains_all_leaves_nothing() -> None:
    table = series(3, 20, 3)
    same = np.concatenate([table, np.ones((20, 1))], axis=1)
    assert held_constant(rank_correlations(same)) == pytest.approx(rank_correlations(table))
    explained = np.concatenate([table, np.exp(table[:, :1])], axis=1)
    found = held_constant(rank_correlations(explained))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:, 1:]).all()


@pytest.mark.parametrize("n", [40, 41])
def test_an_interval_reaches_as_far_as_student_says_of_the_spread_of_halves(n: int) -> None:
    table = series(4, n, 2)
    halves = np.stack([rank_correlations(table[half]) for half in halves_of(n, "any", 50)])
    low, high = interval_ends(rank_correlations(table), halves, n)
    error = halves[:, 0, 1].std(ddof=1) * math.sqrt((n // 2) / (n - n // 2))
    reach = float(special.stdtrit(49, 0.975)) * error
    assert (high[0, 1] - low[0, 1]) / 2 == pytest.approx(reach)
    assert (low[0, 0], high[0, 0]) == (1, 1)


def test_an_interval_ends_at_one_and_there_is_none_where_few_halves_have_a_coefficient() -> None:
    values, halves = np.full((2, 2), 0.9), np.full((10, 2, 2), NAN)
    halves[:, 0, 1], halves[:, 1, 0] = np.linspace(0, 1, 10), np.linspace(0, 1, 10)
    halves[:5, 0, 0] = 0.5
    low, high = interval_ends(values, halves, 20)
    assert high[0, 1] == 1
    assert 0 < low[0, 1] < 0.9
    assert math.isnan(low[0, 0])


def test_every_two_of_a_group_agree_and_undefined_ones_join_none() -> None:
    low = np.array([[1, 0.95, 0.95, NAN], [0.95, 1, 0.85, 0.2], [0.95, 0.85, 1, 0.2], [NAN, 0.2, 0.2, 1]])
    assert alike(low, 0.9) == [[0, 1]]  # the third agrees with the first alone
    assert alike(np.full((3, 3), NAN), 0.9) == []
    assert alike(np.ones((1, 1)), 0.9) == []


def test_four_rows_have_24_orders_of_which_two_are_alike() -> None:
    assert chance_of_one_order(4) == 2 / 24
