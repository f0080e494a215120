"""Statistics: closed forms where there are some, sums done by hand, and the same bits every time."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from inpaint_bench import files
from inpaint_bench.analysis import statistics
from inpaint_bench.analysis.statistics import Values, difference, holm, intervals, mean_interval, separable

WORDS = ["0xf69b909735c89cc9", "0x8d34d753cac0e575", "0x5042c01b8e66f7f7"]
RESULT = (["-0x1.aeb6a1847c92ap-3", "0x1.5d132d91dbd28p-6"], 0.10888911108889111)
NUMBERS = st.lists(st.floats(-100, 100, allow_subnormal=False), min_size=2, max_size=20)


def normal(count: int, seed: int = 0, mean: float = 0.0, width: float = 1.0) -> Values:
    return np.random.default_rng(seed).normal(mean, width, count)


def p_of(*differences: float) -> float:
    d = np.array(differences, np.float64)
    return difference(d, np.zeros_like(d), "p").p


# --- intervals ------------------------------------------------------------------------------------


def test_the_interval_of_many_pairs_is_that_of_the_normal_distribution() -> None:
    values = normal(2000, mean=25, width=3)
    low, high = mean_interval(values, "normal") or (0, 0)
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.06 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.06 * error)


@pytest.mark.parametrize(("n", "ones"), [(100, 50), (100, 10), (30, 12)])
def test_the_interval_of_two_values_has_the_ends_of_the_binomial(n: int, ones: int) -> None:
    low, high = mean_interval(np.repeat([1.0, 0.0], [ones, n - ones]), "binomial") or (0, 0)
    share = float(special.ndtr(math.sqrt(n / (n - 1)) * special.stdtrit(n - 1, 0.025)))
    below = special.bdtr(np.arange(n + 1), n, ones / n)
    for end, level in ((low, share), (high, 1 - share)):
        count = round(end * n)
        assert end == pytest.approx(count / n, abs=1e-12)
        assert abs(count - int(np.searchsorted(below, level))) <= 1


def test_values_that_are_all_the_same_have_an_interval_without_width() -> None:
    assert mean_interval(np.full(37, 0.1), "same") == (0.1, 0.1)


@pytest.mark.parametrize("values", [[], [3.0], [3.0, math.inf], [math.nan, math.nan]])
def test_fewer_than_two_finite_values_have_no_interval(values: list[float]) -> None:
    assert mean_interval(np.array(values, np.float64), "few") is None


def test_a_higher_level_is_wider() -> None:
    values = normal(50)
    found = [mean_interval(values, "level", level) or (0, 0) for level in (0.5, 0.9, 0.99)]
    assert found[2][0] < found[1][0] < found[0][0] < found[0][1] < found[1][1] < found[2][1]


@settings(max_examples=20)
@given(NUMBERS)
def test_the_interval_holds_the_mean_and_lies_among_the_values(numbers: list[float]) -> None:
    values = np.array(numbers)
    low, high = mean_interval(values, "any", resamples=500) or (0, 0)
    slack = 1e-9 * (1 + np.abs(values).max())
    assert values.min() - slack <= low <= values.mean() + slack
    assert values.mean() - slack <= high <= values.max() + slack


def test_series_together_are_series_alone_to_the_bit() -> None:
    table = normal(40 * 5, seed=1).reshape(40, 5)
    table[3, 1] = table[7, 2] = math.inf
    table[7, 1] = table[3, 2] = table[39, 3] = math.nan
    together = intervals(table, "table")
    assert together == [mean_interval(np.ascontiguousarray(column), "table") for column in table.T]
    assert together[1] == mean_interval(np.delete(table[:, 1], [3, 7]), "table")


def test_a_resample_takes_the_pairs_that_the_rule_says() -> None:
    values, seed_text, resamples = normal(7, seed=2), "rule", 600
    means = []
    for resample in range(resamples):
        block, row = divmod(resample, statistics.BLOCK)
        seed = int(files.sha256(f"inpaint-bench stats 1:bootstrap:{seed_text}:{block}".encode()), 16)
        words = [int(word) for word in np.random.PCG64(seed).random_raw((row + 1) * 4)][-4:]
        halves = [half for word in words for half in (word >> 32, word % 2**32)][:7]
        means.append(float(np.mean([values[half * 7 >> 32] for half in halves])))
    rank = round(601 * special.ndtr(math.sqrt(7 / 6) * special.stdtrit(6, 0.025)))
    ordered = sorted(means)
    assert mean_interval(values, seed_text, resamples=resamples) == pytest.approx((ordered[rank - 1], ordered[-rank]))


# --- the same bits --------------------------------------------------------------------------------


def test_the_words_that_everything_is_drawn_from_are_these() -> None:
    assert [hex(word) for word in statistics.drawn_words("bootstrap", "psnr:all", 0, (1, 3))[0].tolist()] == WORDS


def test_results_are_these_to_the_bit() -> None:
    i = np.arange(30)
    found = difference(i**2 / 7, i**2 / 7 + (i * 7919 % 101 - 40) / 97, "psnr:all")
    assert found.interval is not None
    assert ([value.hex() for value in found.interval], found.p) == RESULT


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_number_of_threads_changes_no_bit(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = normal(60, seed=3), normal(60, seed=4)
    methods = {"a": a, "b": b, "c": a - b}
    without = difference(a, b, "threads"), separable(methods, "lower", "threads")  # so few pairs need no thread
    monkeypatch.setattr(statistics, "ALONE", 0)
    assert difference(a, b, "threads", jobs=jobs) == without[0]
    assert separable(methods, "lower", "threads", jobs=jobs) == without[1]


@pytest.mark.parametrize("words", [1, 100, 1000])
def test_how_many_words_are_held_changes_no_bit(words: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values = normal(61, seed=6)
    before = mean_interval(values, "held")
    monkeypatch.setattr(statistics, "HELD", words)
    assert mean_interval(values, "held") == before


def test_another_text_draws_other_pairs() -> None:
    values = normal(60, seed=5)
    assert mean_interval(values, "psnr:all") == mean_interval(values, "psnr:all") != mean_interval(values, "ssim:all")


# --- differences ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ((2.0,), 1.0),
        ((1.0, 1.0), 0.5),  # |sum| 2, 0, 0, 2
        ((1.0, 2.0, 3.0), 0.25),  # 6 and -6 of eight
        ((3.0, 1.0, -2.0), 0.75),  # of 6, 2, 4, 0 only 0 is smaller
        ((0.1, 0.2, -0.3, 0.6), 0.625),  # with + before 0.6: 1.2, 1.0, 0.8, twice 0.6; 0.4, 0.2, 0 are smaller
        ((0.0, 0.0, 0.0), 1.0),
        ((0.1, 0.2, -0.3), 1.0),  # no difference but for rounding
        ((), 1.0),
    ],
)
def test_p_of_a_few_pairs_is_what_one_counts_by_hand(differences: tuple[float, ...], p: float) -> None:
    assert p_of(*differences) == p


@settings(max_examples=30)
@given(st.lists(st.integers(-9, 9), max_size=9))
def test_p_of_up_to_16_pairs_is_a_count_over_all_flips(numbers: list[int]) -> None:
    sums = [
        abs(sum(map(math.prod, zip(signs, numbers, strict=True)))) for signs in product((1, -1), repeat=len(numbers))
    ]
    expected = sum(value >= abs(sum(numbers)) for value in sums) / len(sums)
    assert p_of(*(number / 10 for number in numbers)) == expected


def test_random_flips_agree_with_all_flips() -> None:
    d = normal(16, seed=6, mean=0.5)
    assert p_of(*d, 0.0) == pytest.approx(p_of(*d), abs=0.01)


def test_random_flips_never_give_a_p_of_zero() -> None:
    assert p_of(*[1.0] * 100) == 1 / 10_001
    assert p_of(*[0.0] * 100) == 1.0


def test_exchanging_the_methods_changes_only_the_sign() -> None:
    a, b = normal(33, seed=7), normal(33, seed=8)
    one, other = difference(a, b, "sign"), difference(b, a, "sign")
    (low, high), (other_low, other_high) = one.interval or (0, 0), other.interval or (0, 0)
    assert (one.mean, low, high, one.p) == (-(other.mean or 0), -other_high, -other_low, other.p)


def test_pairs_count_only_where_both_are_finite() -> None:
    a, b = normal(20, seed=9), normal(20, seed=10)
    whole = difference(a[2:-1], b[2:-1], "finite")
    a[0], b[1], b[19] = math.inf, math.nan, math.inf
    assert difference(a, b, "finite") == whole
    assert whole.n == 17


def test_methods_that_never_meet_have_no_difference() -> None:
    found = difference(np.array([math.nan, 1.0]), np.array([1.0, math.inf]), "never")
    assert (found.n, found.mean, found.interval, found.p) == (0, None, None, 1.0)


def test_pairing_sees_what_two_intervals_do_not() -> None:
    photo = normal(100, seed=11, mean=25, width=5)  # how hard each pair is
    a, b = photo + normal(100, seed=12, mean=0.2, width=0.3), photo
    (low_a, high_a), (low_b, high_b) = (mean_interval(values, "psnr") or (0, 0) for values in (a, b))
    assert low_a < low_b < np.mean(a) < high_a < high_b or low_b < low_a < np.mean(b) < high_b < high_a
    found = difference(a, b, "psnr")
    assert (found.interval or (0, 0))[0] > 0.1
    assert found.p < 0.001


# --- Holm, and several methods --------------------------------------------------------------------


def test_holm_does_a_worked_example() -> None:
    # sorted 0.005 0.01 0.03 0.04, times 4 3 2 1: 0.02 0.03 0.06 0.04; the last may not fall below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_never_makes_p_smaller(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= after <= 1 for p, after in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[place] for place in order] == sorted(adjusted)


@pytest.mark.parametrize(("better", "best"), [("higher", "up"), ("lower", "down")])
def test_the_best_is_told_from_what_is_worse(better: str, best: str) -> None:
    photo = normal(50, seed=13, width=4)
    methods = {"down": photo - 1, "same": photo + normal(50, seed=14, width=0.1), "up": photo + 1}
    found = separable(methods, "higher" if better == "higher" else "lower", "psnr:all")
    assert (found.n, found.best, found.alone) == (50, best, True)
    assert found.ranks == {name: "best" if name == best else "worse" for name in methods}
    assert all(p < 0.01 for name, p in found.p.items() if name != best)


def test_what_lies_within_the_noise_is_not_separable() -> None:
    photo = normal(50, seed=15, width=4)
    methods = {"far": photo - 3, "a": photo, "b": photo + normal(50, seed=16, width=0.1)}
    found = separable(methods, "higher", "psnr:all")
    assert sorted(found.ranks.values()) == ["best", "not separable", "worse"]
    assert found.ranks["far"] == "worse"
    assert not found.alone


def test_p_is_adjusted_over_every_two_methods() -> None:
    a, b, c = normal(12, seed=17), normal(12, seed=18, mean=0.8), normal(12, seed=19, mean=1)
    found = separable({"a": a, "b": b, "c": c}, "higher", "holm")
    adjusted = holm([difference(*two, "holm").p for two in ((a, b), (a, c), (b, c))])
    assert found.p == {"a": adjusted[0], "b": 1.0, "c": adjusted[2]}


def test_a_pair_counts_only_where_every_method_is_finite() -> None:
    methods = {name: normal(20, seed=seed) for seed, name in enumerate("abc", start=20)}
    whole = separable({name: values[3:] for name, values in methods.items()}, "higher", "finite")
    methods["a"][0], methods["b"][1], methods["c"][2] = math.inf, math.nan, -math.inf
    assert separable(methods, "higher", "finite") == whole
    assert whole.n == 17


def test_equal_methods_are_not_separable_and_the_first_is_the_best() -> None:
    found = separable({"b": normal(30), "a": normal(30)}, "lower", "equal")
    assert (found.best, found.p["a"], found.alone) == ("b", 1.0, False)


def test_one_method_alone_is_the_best_of_nothing() -> None:
    found = separable({"a": normal(30)}, "lower", "one")
    assert (found.best, found.ranks, found.alone) == ("a", {"a": "best"}, False)


def test_without_a_common_pair_nothing_is_best() -> None:
    found = separable({"a": np.array([1.0, math.nan]), "b": np.array([math.inf, 1.0])}, "lower", "none")
    assert (found.n, found.best, found.alone) == (0, None, False)
    assert set(found.ranks.values()) == {"not separable"}


def test_very_many_methods_can_still_differ_significantly() -> None:
    photo = normal(17)
    methods = {str(number): photo + number for number in range(33)}
    assert separable(methods, "lower", "many").alone
