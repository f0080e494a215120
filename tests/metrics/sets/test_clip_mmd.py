"""CMMD: its definition in plain loops, closed forms, and what its interval holds for equal distributions."""

from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inpaint_bench.analysis.statistics.subsampling import set_interval
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets import clip_mmd as module
from inpaint_bench.metrics.sets.clip_mmd import cmmd, cmmd_of_subsets, paired_cmmd, paired_cmmd_of_subsets

Array: TypeAlias = NDArray[np.float64]


def embeddings(n: int, width: int = 16, seed: int = 0, shift: float = 0.0) -> Array:
    """Rows of unit length."""
    rows = np.random.default_rng(seed).normal(size=(n, width))
    rows[:, 0] += shift
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def plain(x: Array, y: Array, own: bool) -> float:
    """The definition, one kernel after another."""

    def k(a: Array, b: Array) -> float:
        return float(np.exp(-np.square(a - b).sum() / 200))

    kept = [(i, j) for i in range(len(x)) for j in range(len(x)) if own or i != j]
    terms = [k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(y[i], x[j]) for i, j in kept]
    return 1000 * float(np.mean(terms))


def test_the_distance_matches_its_definition() -> None:
    x, y = embeddings(9), embeddings(9, seed=1, shift=1)
    assert cmmd(x, y) == pytest.approx(plain(x, y, own=True), rel=1e-9)
    assert paired_cmmd(x, y) == pytest.approx(plain(x, y, own=False), rel=1e-9)


@given(st.floats(0, np.pi))
@settings(max_examples=20)
def test_two_point_masses_have_the_closed_form(angle: float) -> None:
    x, y = np.tile([1.0, 0.0], (5, 1)), np.tile([np.cos(angle), np.sin(angle)], (5, 1))
    expected = 2000 * -np.expm1(-(2 - 2 * np.cos(angle)) / 200)
    assert cmmd(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert paired_cmmd(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_opposite_embeddings_are_the_furthest() -> None:
    assert cmmd(np.tile([1.0, 0], (3, 1)), np.tile([-1.0, 0], (3, 1))) == pytest.approx(39.602653386)


def test_identical_sets_are_exactly_0_apart() -> None:
    x = embeddings(40).astype(np.float32)
    assert cmmd(x, x.copy()) == paired_cmmd(x, x.copy()) == 0


def test_the_interval_of_equal_distributions_holds_0() -> None:
    sets = [(embeddings(60, seed=seed), embeddings(60, seed=1000 + seed)) for seed in range(40)]
    found = [set_interval(cmmd, x, y, "equal", draws=50) for x, y in sets]
    assert sum(one is not None and one[0] <= 0 <= one[1] for one in found) >= 38
    assert all(cmmd(x, y) > 0 for x, y in sets)  # the value itself is biased


def test_the_interval_of_unlike_distributions_does_not() -> None:
    found = set_interval(cmmd, embeddings(60), embeddings(60, seed=1, shift=2), "unlike", draws=50)
    assert found is not None
    assert found[0] > 0


@pytest.mark.parametrize(("of", "function"), [(cmmd_of_subsets, cmmd), (paired_cmmd_of_subsets, paired_cmmd)])
def test_subsets_have_the_value_of_their_rows(of: object, function: object, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, rows = embeddings(30), embeddings(30, seed=1, shift=1), np.arange(0, 30, 2)
    assert callable(of)
    assert callable(function)
    expected = function(x[rows], y[rows])
    assert of(x, y)(rows) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(module, "HELD", 10)
    assert of(x, y)(rows) == expected


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = embeddings(30), embeddings(30, seed=1, shift=1)
    whole = cmmd(x, y), paired_cmmd(x, y)
    monkeypatch.setattr(module, "SIDE", 7)
    assert (cmmd(x, y), paired_cmmd(x, y)) == pytest.approx(whole, rel=1e-12)


def test_unequal_numbers_of_rows_are_refused() -> None:
    with pytest.raises(InputError, match="are not pairs"):
        cmmd(embeddings(5), embeddings(6))
