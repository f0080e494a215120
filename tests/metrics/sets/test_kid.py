"""The kernel distance: its definition in plain loops, torch-fidelity's, and what pairing does to it."""

from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch_fidelity import metric_kid

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets import kid
from inpaint_bench.metrics.sets.kid import (
    kernel_distance,
    kernel_of_subsets,
    paired_kernel_distance,
    paired_kernel_of_subsets,
)

Array: TypeAlias = NDArray[np.float64]


def features(n: int, width: int, seed: int = 0, shift: float = 0.0) -> Array:
    return np.random.default_rng(seed).normal(shift, 1, (n, width))


def plain(x: Array, y: Array, paired: bool) -> float:
    """The definitions, one kernel after another."""

    def k(a: Array, b: Array) -> float:
        return float((a @ b / x.shape[1] + 1) ** 3)

    n, m = len(x), len(y)
    within_x = np.mean([k(x[i], x[j]) for i in range(n) for j in range(n) if i != j])
    within_y = np.mean([k(y[i], y[j]) for i in range(m) for j in range(m) if i != j])
    across = np.mean([k(x[i], y[j]) for i in range(n) for j in range(m) if not (paired and i == j)])
    return float(within_x + within_y - 2 * across)


@pytest.mark.parametrize(("n", "m"), [(7, 7), (5, 9), (2, 2)])
def test_the_distance_matches_its_definition(n: int, m: int) -> None:
    x, y = features(n, 6), features(m, 6, seed=1, shift=0.4)
    assert kernel_distance(x, y) == pytest.approx(plain(x, y, paired=False), rel=1e-12)


def test_the_paired_distance_matches_its_definition() -> None:
    x, y = features(7, 6), features(7, 6, seed=1, shift=0.4)
    assert paired_kernel_distance(x, y) == pytest.approx(plain(x, y, paired=True), rel=1e-12)


@pytest.mark.parametrize("n", [20, 75])
def test_torch_fidelity_agrees_on_one_subset_of_all_rows(n: int) -> None:
    x, y = features(n, 48), features(n, 48, seed=1, shift=0.3)
    found = metric_kid.kid_features_to_metric(
        torch.from_numpy(x), torch.from_numpy(y), kid_subsets=1, kid_subset_size=n, rng_seed=0, verbose=False
    )
    assert kernel_distance(x, y) == pytest.approx(found[metric_kid.KEY_METRIC_KID_MEAN], rel=1e-10)


@pytest.mark.parametrize("function", [kernel_distance, paired_kernel_distance])
@pytest.mark.parametrize("side", [1, 10, 33])
def test_blocks_of_any_size_give_the_same(function: Any, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = features(33, 8), features(33, 8, seed=1, shift=0.3)
    whole = function(x, y)
    monkeypatch.setattr(kid, "SIDE", side)
    assert function(x, y) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("function", "of_subsets"),
    [(kernel_distance, kernel_of_subsets), (paired_kernel_distance, paired_kernel_of_subsets)],
)
@pytest.mark.parametrize("held", [0, 3000])
def test_the_distance_of_a_subset_is_that_of_its_rows(
    function: Any, of_subsets: Any, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kid, "HELD", held)
    x, y = features(40, 9, shift=0.5), features(40, 9, seed=1)
    subset = np.array([0, 3, 4, 11, 12, 30, 39])
    assert of_subsets(x, y)(subset) == pytest.approx(function(x[subset], y[subset]), rel=1e-12)


@pytest.mark.parametrize("n", [2, 9, 100])
def test_identical_sets_are_at_a_paired_distance_of_exactly_0(n: int) -> None:
    x = features(n, 30).astype(np.float32)
    assert paired_kernel_distance(x, x.copy()) == 0


def test_a_composite_beside_its_own_target_draws_the_distance_down() -> None:
    """By 2 / n times what the kernel of a row with itself exceeds that with others by."""
    x = features(50, 20)
    kernels = (x @ x.T / 20 + 1) ** 3
    own = np.trace(kernels) / 50
    others = (kernels.sum() - np.trace(kernels)) / (50 * 49)
    assert kernel_distance(x, x.copy()) == pytest.approx(-2 / 50 * (own - others), rel=1e-10)


def test_neither_distance_depends_on_the_number_of_rows_where_it_should_not() -> None:
    """Means over many independent sets: of two of one distribution, and of pairs that share most of their noise."""
    trials, width = 400, 8
    apart = [kernel_distance(features(12, width, seed), features(12, width, seed + 10**6)) for seed in range(trials)]
    assert abs(np.mean(apart)) < 4 * np.std(apart) / np.sqrt(trials)
    pairs = []
    for seed in range(trials):
        common, own = features(12, width, seed), features(24, width, seed + 10**6)
        pairs.append((0.9 * common + 0.4 * own[:12], 0.9 * common + 0.4 * own[12:]))
    paired = [paired_kernel_distance(x, y) for x, y in pairs]
    assert abs(np.mean(paired)) < 4 * np.std(paired) / np.sqrt(trials)
    assert np.mean([kernel_distance(x, y) for x, y in pairs]) < -0.1


def test_more_noise_is_farther() -> None:
    y, noise = features(200, 32), features(200, 32, seed=1)
    for function in (kernel_distance, paired_kernel_distance):
        found = [function(y + size * noise, y) for size in (0.3, 0.9, 2.0)]
        assert found[0] < found[1] < found[2]


def test_rows_that_are_no_pairs_have_no_paired_distance() -> None:
    with pytest.raises(InputError, match="5 composites and 6 targets are not pairs"):
        paired_kernel_distance(features(5, 3), features(6, 3))


@pytest.mark.parametrize("function", [kernel_distance, paired_kernel_distance])
def test_bad_features_are_refused(function: Any) -> None:
    good, bad = features(5, 3), features(5, 3)
    bad[2, 1] = np.nan
    with pytest.raises(InputError, match="row 2 of the features of targets is not finite"):
        function(good, bad)
    with pytest.raises(InputError, match="width 3 and 4"):
        function(good, features(5, 4))
    with pytest.raises(InputError, match="1 rows of width 3: at least 2"):
        function(good[:1], good[:1])
