"""Ratios of sums over images: closed forms, what reduces to means of pairs, coverage, and the same bits."""

import math

import numpy as np
import pytest

from inpaint_bench.analysis.statistics import Values, difference, mean_interval
from inpaint_bench.analysis.statistics.ratios import ratio_difference, ratio_interval
from inpaint_bench.errors import InputError


def images(seed: int, count: int = 40) -> tuple[Values, Values, Values]:
    """Numerators of two methods that are nearly alike, and a denominator of 0 to 4 objects an image."""
    rng = np.random.default_rng(seed)
    den = rng.integers(0, 5, count).astype(np.float64)
    likely = rng.beta(2, 2, count)
    first = rng.binomial(den.astype(np.int64), likely).astype(np.float64)
    return first, rng.binomial(den.astype(np.int64), likely).astype(np.float64), den


def test_with_one_object_an_image_the_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(0).random(50)
    assert ratio_interval(values, np.ones(50), "ones") == pytest.approx(mean_interval(values, "ones"), abs=1e-12)


def test_with_one_object_an_image_the_difference_is_that_of_the_pairs() -> None:
    a, b = np.random.default_rng(1).random((2, 30))
    found, wanted = ratio_difference(a, b, np.ones(30), "ones"), difference(a, b, "ones")
    assert (found.n, found.p) == (wanted.n, wanted.p)
    assert found.mean == pytest.approx(wanted.mean, abs=1e-12)
    assert found.interval == pytest.approx(wanted.interval, abs=1e-12)


def test_the_interval_of_equal_ratios_has_no_width() -> None:
    den = np.array([1.0, 2.0, 4.0, 8.0])
    assert ratio_interval(den / 4, den, "equal") == (0.25, 0.25)


def test_images_without_an_object_change_nothing() -> None:
    a, b, den = images(2)
    kept = den > 0
    assert not kept.all()
    assert ratio_interval(a, den, "few") == ratio_interval(a[kept], den[kept], "few")
    assert ratio_difference(a, b, den, "few") == ratio_difference(a[kept], b[kept], den[kept], "few")
    assert ratio_difference(a, b, den, "few").n == kept.sum()


def test_fewer_than_two_images_with_an_object_have_no_interval() -> None:
    one = np.array([0.0, 1.0, 0.0])
    assert ratio_interval(one, one, "one") is None
    nothing = ratio_difference(np.zeros(3), np.zeros(3), np.zeros(3), "none")
    assert (nothing.n, nothing.mean, nothing.interval, nothing.p) == (0, None, None, 1.0)


def test_the_p_of_images_that_all_speak_for_one_method_is_that_of_all_flips() -> None:
    den = np.array([1.0, 2.0, 3.0, 1.0, 2.0])
    assert ratio_difference(den, np.zeros(5), den, "all").p == 2 / 2**5


def test_exchanging_the_methods_changes_only_the_sign() -> None:
    a, b, den = images(3, 60)
    found, back = ratio_difference(a, b, den, "sign"), ratio_difference(b, a, den, "sign")
    assert found.interval is not None
    assert back.interval is not None
    assert (back.mean, back.p) == (-(found.mean or 0), found.p)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]), abs=1e-15)


@pytest.mark.parametrize("jobs", [2, 5])
def test_the_number_of_threads_changes_no_bit(jobs: int) -> None:
    a, b, den = images(4)
    assert ratio_difference(a, b, den, "threads", jobs=jobs) == ratio_difference(a, b, den, "threads", jobs=1)


def test_the_interval_lies_among_the_ratios_of_the_images() -> None:
    a, _, den = images(5, 25)
    low, high = ratio_interval(a, den, "range") or (0, 0)
    assert 0 <= low < a.sum() / den.sum() < high <= 1


@pytest.mark.acceptance
def test_the_interval_of_level_95_holds_the_true_ratio_in_93_to_97_of_100_samples() -> None:
    """Of 100 images with one to four objects each, all objects of an image found alike often."""
    rng = np.random.default_rng(6)
    held, trials = 0, 1000
    for trial in range(trials):
        den = rng.integers(1, 5, 100).astype(np.float64)
        likely = rng.beta(3, 1.5, 100) * (0.5 + 0.1 * den)  # the ratio and the number of objects go together
        num = rng.binomial(den.astype(np.int64), likely).astype(np.float64)
        low, high = ratio_interval(num, den, f"coverage {trial}", resamples=999, jobs=1) or (0, 0)
        held += low <= 2 / 3 * (0.5 + 0.1 * 30 / 10) <= high  # E[d (0.5 + 0.1 d)] / E[d], d from 1 to 4
    assert 0.93 <= held / trials <= 0.97


@pytest.mark.acceptance
def test_equal_methods_differ_significantly_about_as_often_as_the_level_says() -> None:
    found = [
        ratio_difference(*images(seed, 60), f"null {seed}", resamples=99, flips=499, jobs=1).p for seed in range(300)
    ]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.08


@pytest.mark.parametrize(
    ("num", "den", "message"),
    [
        ([1.0, math.inf], [1.0, 1.0], "infinite or no number"),
        ([1.0, 1.0], [1.0, math.nan], "infinite or no number"),
        ([1.0, 1.0], [1.0, -1.0], "below 0"),
        ([1.0, 0.5], [1.0, 0.0], "nothing to count"),
    ],
)
def test_what_cannot_be_a_ratio_is_refused(num: list[float], den: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ratio_interval(np.array(num), np.array(den), "refused")
    with pytest.raises(InputError, match=message):
        ratio_difference(np.array(den) * 0, np.array(num), np.array(den), "refused")
