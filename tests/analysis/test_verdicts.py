"""Verdicts: what moved beyond a tolerance, what the paired test allows as chance, and what cannot be compared."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench.analysis.per_pair import PairValues
from inpaint_bench.analysis.reductions import NONE
from inpaint_bench.analysis.statistics import Values, difference, holm
from inpaint_bench.analysis.verdicts import Number, Pairs, Policy, Verdict, compare_numbers
from inpaint_bench.metrics import METRICS

PAIRS = 40
KEY = ("telea", "psnr", "all")
BASE = np.random.default_rng(1).normal(25, 5, PAIRS)
HIGHER = Policy("higher")


def number(values: Values, key: tuple[str, ...] = KEY, **facts: str) -> Number:
    """The mean of scores that are known pair by pair."""
    every = np.ones(len(values), dtype=np.bool_)
    per_pair = PairValues(METRICS["psnr"], "psnr", Path("scores.csv"), "", NONE, values)
    finite = values[np.isfinite(values)]
    return Number(key, math.fsum(finite) / len(finite), facts, Pairs(per_pair, every, ":".join(key)))


def bare(value: float | None, **facts: str) -> Number:
    """A number without per-pair data."""
    return Number(KEY, value, facts)


def one(a: Number, b: Number, policy: Policy) -> Verdict:
    (found,) = compare_numbers([a], [b], lambda _: policy)
    return found


@pytest.mark.parametrize(
    ("better", "value", "state"),
    [("higher", 20.5, "better"), ("higher", 19.5, "worse"), ("lower", 20.5, "worse"), ("lower", 19.5, "better")],
)
def test_a_number_that_moved_is_better_or_worse_by_its_direction(better: str, value: float, state: str) -> None:
    found = one(bare(value), bare(20.0), Policy(better, absolute=0.4))  # type: ignore[arg-type]
    assert (found.state, found.difference, found.tolerance, found.test) == (state, value - 20, 0.4, None)


@given(st.floats(-100, 100), st.floats(0, 1), st.floats(0, 0.1), st.floats(-2, 2))
def test_a_move_within_the_larger_tolerance_is_never_reported(
    value: float, absolute: float, relative: float, share: float
) -> None:
    reach = max(absolute, relative * abs(value))
    a, b = bare(value + share * reach), bare(value)
    found = one(a, b, Policy("higher", absolute, relative))
    assert isinstance(a.value, float)
    assert (found.state == "same") == (abs(a.value - value) <= reach)


def test_equal_numbers_are_the_same_without_any_tolerance() -> None:
    for value in (20.0, None):
        assert one(bare(value), bare(value), HIGHER).state == "same"
    assert one(Number(KEY, "inf"), Number(KEY, "inf"), HIGHER).state == "same"


# --- pairs ----------------------------------------------------------------------------------------


def test_the_paired_test_is_that_of_the_statistics() -> None:
    other = BASE + np.random.default_rng(2).normal(0.1, 1, PAIRS)
    found = one(number(other), number(BASE), HIGHER)
    expected = difference(other, BASE, "telea:psnr:all")
    assert (found.test, found.difference) == (expected, expected.mean)
    assert found.largest == np.abs(other - BASE).max()


def test_a_move_that_can_be_chance_is_none() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, PAIRS)
    noise += 0.01 - noise.mean()
    found = one(number(BASE + noise), number(BASE), Policy("higher", absolute=0.001, noise=1.0))
    assert (found.state, found.moved) == ("same", True)
    assert found.test is not None
    assert found.adjusted == found.test.p > 0.05
    assert one(number(BASE + 0.01), number(BASE), Policy("higher", absolute=0.001, noise=1.0)).state == "better"
    assert one(number(BASE + noise), number(BASE), Policy("higher", absolute=0.001, paired=False)).state == "better"


def test_one_pair_that_fails_alone_is_no_chance() -> None:
    broken = BASE.copy()
    broken[7] -= 8
    rule = Policy("higher", absolute=0.001, noise=0.01)
    found = one(number(broken), number(BASE), rule)
    assert found.test is not None
    assert (found.state, found.test.p) == ("worse", 1.0)
    assert found.largest == pytest.approx(8)
    assert one(number(broken), number(BASE), HIGHER).state == "same"


def test_what_did_not_move_is_not_tested() -> None:
    found = one(number(BASE + 1e-9), number(BASE), Policy("higher", absolute=1e-6))
    assert (found.state, found.test, found.adjusted) == ("same", None, 1.0)


def test_p_is_adjusted_over_all_numbers_of_a_call() -> None:
    rng = np.random.default_rng(4)
    keys = [("telea", "psnr", str(place)) for place in range(5)]
    b = [number(BASE, key) for key in keys]
    a = [number(BASE + rng.normal(0.4, 1, PAIRS), key) for key in keys]
    found = compare_numbers(reversed(a), b, lambda _: HIGHER)
    assert [verdict.key for verdict in found] == keys
    tests = [verdict.test for verdict in found if verdict.test]
    assert [verdict.adjusted for verdict in found] == holm([test.p for test in tests])
    assert {verdict.state == "better" for verdict in found if verdict.adjusted <= 0.05} == {True}


def test_infinite_pairs_are_left_out_of_the_paired_test() -> None:
    perfect = np.full(PAIRS, math.inf)
    found = one(number(np.where(np.arange(PAIRS) < 5, math.inf, BASE + 1)), number(BASE), HIGHER)
    assert found.test is not None
    assert (found.state, found.test.n) == ("better", PAIRS - 5)
    every = Pairs(
        PairValues(METRICS["psnr"], "psnr", Path("scores.csv"), "", NONE, perfect), np.ones(PAIRS, dtype=np.bool_), ""
    )
    nothing = one(Number(KEY, "inf", {}, every), number(BASE), HIGHER)
    assert (nothing.state, nothing.difference, nothing.a, nothing.b) == ("same", None, None, None)


# --- what cannot be compared ----------------------------------------------------------------------


def test_the_first_fact_that_differs_is_named() -> None:
    a, b = bare(1.0, fingerprint="f", signature="s1", n="24"), bare(2.0, fingerprint="f", signature="s2", n="23")
    found = one(a, b, HIGHER)
    assert (found.state, found.because, found.facts) == ("not comparable", "signature", ("s1", "s2"))
    assert found.difference is None


def test_a_fact_that_only_one_side_states_is_not_compared() -> None:
    assert one(bare(1.0, n="24"), bare(1.0, fingerprint="f"), HIGHER).state == "same"


@pytest.mark.parametrize(("a", "b"), [("inf", 20.0), (None, 20.0), (20.0, "inf")])
def test_a_value_is_not_comparable_with_none(a: str | float | None, b: str | float | None) -> None:
    found = one(Number(KEY, a), Number(KEY, b), Policy("higher", absolute=1.0))  # type: ignore[arg-type]
    assert (found.state, found.because) == ("not comparable", "value")
    assert found.facts == tuple("none" if value is None else str(value) for value in (a, b))


def test_what_only_the_second_side_has_is_missing() -> None:
    (found,) = compare_numbers([Number(("other",), 1.0)], [bare(2.0)], lambda _: HIGHER)
    assert (found.key, found.state, found.b) == (KEY, "missing", 2.0)
