"""Intervals, differences and lower_bounds of set metrics: the algebra of halves, and what must change nothing."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from inpaint_bench import files
from inpaint_bench.analysis.statistics import holm
from inpaint_bench.analysis.statistics.subsampling import (
    draws_of,
    real_vs_real,
    set_difference,
    set_interval,
    set_separable,
)
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets import OF_SUBSETS, UNPAIRED, Rows
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.ids import uids
from inpaint_bench.metrics.sets.kid import kernel_distance, paired_kernel_distance

Array: TypeAlias = NDArray[np.float64]
FUNCTIONS = [frechet_distance, kernel_distance, paired_kernel_distance]


def pairs(n: int, width: int = 6, seed: int = 0, change: float = 0.5) -> tuple[Array, Array]:
    """Composites that are their targets with some noise, and the targets."""
    rng = np.random.default_rng([seed, n])
    y = rng.normal(size=(n, width))
    return y + change * rng.normal(size=(n, width)) + 0.2, y


def mean_change(x: Rows, y: Rows) -> float:
    """A set metric that is a mean over pairs: everything about it is known."""
    return float((x[:, 0] - y[:, 0]).mean())


def halves_of(seed_text: str, n: int, draws: int) -> list[list[int]]:
    """The rule that the module states, one word after another."""
    found = []
    for draw in range(draws):
        block, row = divmod(draw, 500)
        seed = int(files.sha256(f"inpaint-bench stats 1:halves:{seed_text}:{block}".encode()), 16)
        words = [int(word) for word in np.random.PCG64(seed).random_raw((row + 1) * n)][-n:]
        found.append(sorted(sorted(range(n), key=words.__getitem__)[: n // 2]))
    return found


# --- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [40, 41])
def test_of_a_mean_the_interval_is_that_of_student(n: int) -> None:
    x, y = pairs(n)
    d = x[:, 0] - y[:, 0]
    low, high = set_interval(mean_change, x, y, "mean", draws=4000) or (0, 0)
    assert (low + high) / 2 == pytest.approx(d.mean(), abs=1e-12)
    assert (high - low) / 2 == pytest.approx(1.96 * d.std(ddof=1) / math.sqrt(n), rel=0.05)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_interval_is_made_of_the_halves_that_the_rule_says(function: Callable[[Rows, Rows], float]) -> None:
    x, y = pairs(13)
    halves = [function(x[rows], y[rows]) for rows in halves_of("rule", 13, 503)]
    reach = special.stdtrit(502, 0.975) * np.std(halves, ddof=1) * math.sqrt(6 / 7)
    values = [function(x, y), UNPAIRED.get(function, function)(x, y)]
    expected = (min(values) - reach, max(values) + reach)
    assert set_interval(function, x, y, "rule", draws=503) == pytest.approx(expected, rel=1e-9)


def test_fewer_pairs_than_features_make_no_difference_to_the_rule() -> None:
    x, y = pairs(20, width=200)
    direct = set_interval(lambda a, b: frechet_distance(a, b), x, y, "wide", draws=30)
    assert set_interval(frechet_distance, x, y, "wide", draws=30) == pytest.approx(direct, rel=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_interval_holds_the_value_and_a_higher_level_is_wider(function: Callable[[Rows, Rows], float]) -> None:
    x, y = pairs(50)
    found = [set_interval(function, x, y, "level", level) or (0, 0) for level in (0.5, 0.95)]
    assert found[1][0] < found[0][0] < function(x, y) < found[0][1] < found[1][1]


@pytest.mark.parametrize("function", [*FUNCTIONS, uids])
def test_identical_sets_are_where_they_should_be_within_their_interval(function: Callable[[Rows, Rows], float]) -> None:
    _, y = pairs(100, width=120)
    low, high = set_interval(function, y.copy(), y, "identical") or (1, 1)
    truth = 0.5 if function is uids else 0
    assert low - 1e-9 <= truth <= high + 1e-9


def test_the_interval_of_identical_sets_has_0_to_the_bit_for_kernel_distances() -> None:
    y = pairs(100, width=120)[1].astype(np.float32)
    assert set_interval(paired_kernel_distance, y.copy(), y, "identical") == (0, 0)
    low, high = set_interval(kernel_distance, y.copy(), y, "identical") or (1, 1)
    assert low < kernel_distance(y, y.copy()) < 0 <= high


@pytest.mark.parametrize("n", [2, 7])
def test_few_pairs_have_no_interval_and_tell_nothing_apart(n: int) -> None:
    x, y = pairs(n)
    assert set_interval(frechet_distance, x, y, "few") is None
    found = set_difference(frechet_distance, x, x + 5, y, "few")
    assert (found.n, found.interval, found.p) == (n, None, 1.0)
    assert found.mean == frechet_distance(x, y) - frechet_distance(x + 5, y)
    assert set_separable(frechet_distance, {"a": x, "b": x + 5}, y, "lower", "few").ranks["b"] == "not separable"


def test_rows_that_are_no_pairs_have_no_interval() -> None:
    x, y = pairs(12)
    with pytest.raises(InputError, match="12 composites and 11 targets are not pairs"):
        set_interval(frechet_distance, x, y[:11], "unpaired")


def test_draws_fall_with_the_pairs() -> None:
    assert [draws_of(n) for n in (8, 250, 1000, 2800, 5000, 12_000)] == [400, 400, 100, 35, 20, 20]


# --- the same bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [*FUNCTIONS, uids])
def test_the_same_text_gives_the_same_bits_and_another_draws_other_halves(
    function: Callable[[Rows, Rows], float],
) -> None:
    x, y = pairs(30)
    found = set_interval(function, x, y, "fid:all")
    assert found == set_interval(function, x.copy(), y.copy(), "fid:all") != set_interval(function, x, y, "fid:hard")


# --- differences ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_exchanging_the_methods_changes_only_the_sign(function: Callable[[Rows, Rows], float]) -> None:
    (a, y), b = pairs(40), pairs(40, seed=1)[0]
    one, other = set_difference(function, a, b, y, "sign"), set_difference(function, b, a, y, "sign")
    (low, high), (other_low, other_high) = one.interval or (0, 0), other.interval or (0, 0)
    assert (one.mean, low, high, one.p) == (-(other.mean or 0), -other_high, -other_low, other.p)


@pytest.mark.parametrize("function", [*FUNCTIONS, uids])
def test_a_method_does_not_differ_from_itself(function: Callable[[Rows, Rows], float]) -> None:
    x, y = pairs(40)
    found = set_difference(function, x, x.copy(), y, "itself")
    assert (found.mean, found.interval, found.p) == (0, (0, 0), 1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_worse_method_is_significantly_different(function: Callable[[Rows, Rows], float]) -> None:
    a, y = pairs(100, change=0.1)
    found = set_difference(function, a + 1, a, y, "worse")
    assert (found.interval or (0, 0))[0] > 0
    assert 1e-6 <= found.p < 1e-5


def test_pairing_sees_what_two_intervals_do_not() -> None:
    """The two methods share what makes a set hard; their difference does not move with it."""
    a, y = pairs(100, change=0.8)
    b = a + 0.03
    (low_a, high_a), (low_b, high_b) = (set_interval(frechet_distance, x, y, "fid") or (0, 0) for x in (a, b))
    assert max(low_a, low_b) < min(high_a, high_b)
    assert set_difference(frechet_distance, b, a, y, "fid").p < 0.001


def test_p_is_that_of_student() -> None:
    (a, y), b = pairs(24), pairs(24, seed=1)[0]
    function = paired_kernel_distance
    halves = [function(a[rows], y[rows]) - function(b[rows], y[rows]) for rows in halves_of("p", 24, 60)]
    t = (function(a, y) - function(b, y)) / np.std(halves, ddof=1)
    assert set_difference(function, a, b, y, "p", draws=60).p == pytest.approx(2 * special.stdtr(59, -abs(t)), rel=1e-9)


def test_what_only_a_composites_own_target_makes_is_no_difference() -> None:
    """One method copies its targets; the other gives as good pictures of its own. Plain KID favours the copy."""
    rng = np.random.default_rng(0)
    y, other = rng.normal(size=(200, 10)), rng.normal(size=(200, 10))
    assert kernel_distance(y, y) < kernel_distance(other, y) - 0.02
    assert set_difference(kernel_distance, y.copy(), other, y, "copy").p > 0.05


def test_a_difference_that_every_half_shows_alike_has_the_least_p_of_its_draws() -> None:
    _, y = pairs(20)
    first = lambda x, y: float(x[0, 0] > 5)  # noqa: E731
    assert set_difference(first, y + 9, y, y, "sure", draws=50).p == 1 / 51


# --- several methods ------------------------------------------------------------------------------


@pytest.mark.parametrize(("better", "best"), [("lower", "near"), ("higher", "far")])
def test_the_best_is_told_from_what_is_worse(better: str, best: str) -> None:
    near, y = pairs(60, change=0.1)
    methods = {"near": near, "middle": near + 0.7, "far": near + 2}
    found = set_separable(frechet_distance, methods, y, "lower" if better == "lower" else "higher", "fid")
    assert (found.n, found.best, found.alone) == (60, best, True)
    assert found.means == {name: frechet_distance(x, y) for name, x in methods.items()}
    assert found.ranks == {name: "best" if name == best else "worse" for name in methods}


def test_p_is_adjusted_over_every_two_methods() -> None:
    a, y = pairs(30)
    methods = {"a": a, "b": pairs(30, seed=1, change=0.7)[0], "c": pairs(30, seed=2, change=0.9)[0]}
    found = set_separable(kernel_distance, methods, y, "lower", "holm")
    two = [("a", "b"), ("a", "c"), ("b", "c")]
    p = holm([set_difference(kernel_distance, methods[i], methods[j], y, "holm").p for i, j in two])
    against = {
        name: p[two.index((min(name, found.best or ""), max(name, found.best or "")))]
        for name in methods
        if name != found.best
    }
    assert found.p == against | {found.best: 1.0}


def test_equal_methods_are_not_separable_and_the_first_is_the_best() -> None:
    x, y = pairs(30)
    found = set_separable(frechet_distance, {"b": x, "a": x.copy()}, y, "lower", "equal")
    assert (found.best, found.p["a"], found.alone) == ("b", 1.0, False)


# --- real vs real (split half) --------------------------------------------------------------------


def test_the_floor_is_the_mean_over_splits_of_the_targets() -> None:
    _, y = pairs(31)
    seen: list[tuple[float, ...]] = []

    def distance(x: Rows, z: Rows) -> float:
        assert len(x) == len(z) == 15
        both = sorted([*x[:, 0].tolist(), *z[:, 0].tolist()])
        assert len(set(both)) == 30
        assert set(both) <= set(y[:, 0].tolist())
        seen.append(tuple(both))
        return float(len(seen))

    assert real_vs_real(distance, y, "floor") == np.mean(range(1, 21))
    assert len(set(seen)) > 5
    assert real_vs_real(frechet_distance, y, "floor") == real_vs_real(frechet_distance, y.copy(), "floor") > 0


def test_the_floor_is_that_of_unpaired_sets() -> None:
    _, y = pairs(400)
    assert real_vs_real(kernel_distance, y, "floor") == pytest.approx(0, abs=0.01)
    assert real_vs_real(uids, y, "floor") == pytest.approx(0.5, abs=0.03)


def test_too_few_targets_have_no_floor() -> None:
    with pytest.raises(InputError, match="3 targets cannot be split"):
        real_vs_real(frechet_distance, pairs(3)[1], "floor")


def test_every_function_of_subsets_is_one_of_a_metric() -> None:
    assert set(UNPAIRED) | set(UNPAIRED.values()) <= set(OF_SUBSETS)
