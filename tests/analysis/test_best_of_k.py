"""The samples of a stochastic method: golden choices, and the curve against a count over all subsets."""

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inpaint_bench.analysis.statistics.samples import (
    best_of,
    best_of_each,
    chosen_samples,
    first_of,
    mean_of,
    rank_weights,
)
from inpaint_bench.errors import InputError

Array: TypeAlias = NDArray[np.float64]
GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "metrics.json").read_text())["best_of_5"]


def golden(name: str) -> Array:
    return np.array([[float(value) for value in row] for row in GOLDEN[name]])


def by_subsets(scores: Array, choosing: Array, k: int, better: str) -> float:
    """The mean over all subsets of k samples of one pair of the score at the best of the subset; first on ties."""
    best = max if better == "higher" else min
    subsets = list(combinations(range(len(scores)), k))
    return math.fsum(scores[best(subset, key=lambda i: choosing[i])] for subset in subsets) / len(subsets)


def test_the_best_of_five_is_the_golden_one() -> None:
    chosen = chosen_samples(golden("psnr"), "higher")
    assert chosen.tolist() == GOLDEN["selected_index"]
    assert best_of(golden("ssim"), chosen).tolist() == GOLDEN["selected_ssim"]
    assert best_of(golden("mae"), chosen).tolist() == GOLDEN["selected_mae"]
    means = {name: best_of(golden(name), chosen)[:3].mean() for name in ("psnr", "ssim", "mae")}
    assert means == pytest.approx(GOLDEN["mean_over_first_three_images"], rel=1e-12)


def test_the_lowest_is_the_best_where_lower_is_better() -> None:
    scores = np.array([[3.0, 1.0, 1.0], [math.inf, 2.0, -math.inf]])
    assert chosen_samples(scores, "lower").tolist() == [1, 2]
    assert chosen_samples(scores, "higher").tolist() == [0, 0]


def test_the_mean_and_the_first_are_what_they_say() -> None:
    psnr = golden("psnr")
    assert mean_of(psnr).tolist() == [*psnr[:3].mean(axis=1).tolist(), math.inf]
    assert first_of(psnr).tolist() == [25.1, 30.0, 20.0, math.inf]


@settings(max_examples=60, database=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.floats(-50, 50)), min_size=1, max_size=7),
    st.sampled_from(["higher", "lower"]),
)
def test_the_curve_is_a_count_over_all_subsets(
    samples: list[tuple[int, float]], better: Literal["higher", "lower"]
) -> None:
    choosing, scores = np.array([[float(one) for one, _ in samples]]), np.array([[other for _, other in samples]])
    for measured in (choosing, scores):
        found = best_of_each(measured, choosing, better)[0]
        expected = [by_subsets(measured[0], choosing[0], k, better) for k in range(1, len(samples) + 1)]
        assert found.tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_curve_begins_at_the_mean_and_ends_at_the_best() -> None:
    psnr, ssim = golden("psnr"), golden("ssim")
    each = best_of_each(ssim, psnr, "higher")
    assert each[:, 0] == pytest.approx(mean_of(ssim), rel=1e-14)
    assert each[:, -1].tolist() == best_of(ssim, chosen_samples(psnr, "higher")).tolist()


def test_the_curve_of_the_choosing_metric_never_falls() -> None:
    psnr = np.random.default_rng(0).normal(25, 3, (50, 10))
    assert (np.diff(best_of_each(psnr, psnr, "higher"), axis=1) >= -1e-12).all()
    assert (np.diff(best_of_each(psnr, psnr, "lower"), axis=1) <= 1e-12).all()


def test_the_estimator_is_unbiased() -> None:
    """Of ten samples it expects of the best of three what the best of three fresh ones is: 0.846 for normal scores."""
    draws = np.random.default_rng(0).normal(size=(20_000, 10))
    assert best_of_each(draws, draws, "higher")[:, 2].mean() == pytest.approx(0.84628, abs=0.01)


@pytest.mark.parametrize("samples", [1, 2, 5, 40, 200])
def test_weights_are_shares_of_all_subsets(samples: int) -> None:
    for k in {1, 2, samples // 2 + 1, samples} & set(range(1, samples + 1)):
        weights = rank_weights(samples, k)
        assert len(weights) == samples - k + 1
        assert min(weights) > 0
        assert math.fsum(weights) == pytest.approx(1, rel=1e-14)
    assert rank_weights(samples, samples) == [1.0]


def test_an_infinite_score_makes_every_k_infinite_that_can_choose_it() -> None:
    psnr = golden("psnr")
    each = best_of_each(psnr, psnr, "higher")
    assert each[3].tolist() == [math.inf] * 5
    assert each[:3, -1].mean() == pytest.approx(GOLDEN["mean_over_first_three_images"]["psnr"], rel=1e-14)


def test_a_choosing_score_that_is_not_a_number_is_refused() -> None:
    psnr = golden("psnr")
    psnr[2, 3] = math.nan
    with pytest.raises(InputError, match=r"sample 3 of pair 2 .* is not a number"):
        chosen_samples(psnr, "higher")


def test_without_a_sample_nothing_can_be_chosen() -> None:
    with pytest.raises(InputError, match="no sample to choose from"):
        chosen_samples(np.empty((3, 0)), "higher")
