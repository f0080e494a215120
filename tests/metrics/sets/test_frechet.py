"""The Fréchet distance: 40-digit references, closed forms, and what must change nothing."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets import frechet, rows
from inpaint_bench.metrics.sets.frechet import Normal, between, frechet_distance, frechet_of_subsets

Array: TypeAlias = NDArray[np.float64]
GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[2] / "golden" / "metrics.json").read_text())["frechet"]
STORED = [case for case in GOLDEN["cases"] if "x_times_1024" in case]


def features(n: int, width: int, seed: int = 0, shift: float = 0.0) -> Array:
    """Normal features whose variance falls from column to column."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)) * np.arange(1, width + 1) ** -0.5 + shift


def splitmix_features(seed: int, n: int, width: int, shift: float = 0.0) -> Array:
    """The generator that the golden file names."""
    count = np.arange(1, n * width + 1, dtype=np.uint64)
    z = np.uint64(seed) + count * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    parts = [(z >> np.uint64(16 * part)) & np.uint64(0xFFFF) for part in range(4)]
    u = np.sum(parts, axis=0, dtype=np.float64)
    v = ((u - 131070) / 37837.0).reshape(n, width) * np.array([(j + 1) ** -0.5 for j in range(width)]) + shift
    grid: Array = np.round(v * 1024) / 1024
    return grid


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", STORED, ids=lambda case: case["name"])
def test_the_distance_is_that_of_40_digits(case: dict[str, Any]) -> None:
    x, y = (np.array(case[key]) / 1024 for key in ("x_times_1024", "y_times_1024"))
    assert frechet_distance(x, y) == pytest.approx(float(case["reference"]["fid"]), rel=1e-9, abs=1e-9)


def test_the_distance_at_the_width_of_inception_is_that_of_40_digits() -> None:
    case = next(case for case in GOLDEN["cases"] if case["name"] == "D2048_n24_n30")
    x, y = splitmix_features(12, 24, 2048), splitmix_features(13, 30, 2048, shift=0.02)
    assert frechet_distance(x, y) == pytest.approx(float(case["reference"]["fid"]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", GOLDEN["closed_form"], ids=lambda case: case["name"])
def test_diagonal_covariances_have_a_closed_form(case: dict[str, Any]) -> None:
    a, b = (
        Normal(np.array(case[f"mu{i}"], np.float64), np.diag(np.sqrt(np.array(case[f"sigma{i}_diag"], np.float64))))
        for i in (1, 2)
    )
    assert between(a, b) == pytest.approx(case["fid"], rel=1e-12)


@pytest.mark.parametrize(("n", "width"), [(5, 400), (60, 60), (300, 20)])
def test_identical_sets_are_at_distance_0(n: int, width: int) -> None:
    x = features(n, width).astype(np.float32)
    assert frechet_distance(x, x.copy()) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x[::-1].copy()) == pytest.approx(0, abs=1e-9)


def test_a_shift_alone_is_its_squared_length() -> None:
    x = features(40, 100)
    shift = np.linspace(-1, 1, 100)
    assert frechet_distance(x, x + shift) == pytest.approx(float(shift @ shift), rel=1e-12)


def test_the_distance_has_no_direction() -> None:
    x, y = features(30, 50), features(70, 50, seed=1, shift=0.3)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-13)


def test_more_noise_is_farther() -> None:
    y, noise = features(200, 32), features(200, 32, seed=1)
    found = [frechet_distance(y + size * noise, y) for size in (0.1, 0.3, 0.9)]
    assert 0 < found[0] < found[1] < found[2]


@pytest.mark.parametrize("n", [40, 300])
def test_features_that_are_dead_or_double_lose_no_digits(n: int) -> None:
    """The covariance of more rows than features is singular too. To double every column doubles the distance."""
    x, y = features(n, 30), features(n, 30, seed=1, shift=0.2)
    dead = np.zeros((n, 3))
    doubled = frechet_distance(np.hstack([x, dead, x]), np.hstack([y, dead, y]))
    assert doubled == pytest.approx(2 * frechet_distance(x, y), rel=1e-12)


def test_features_of_very_unlike_size_lose_no_digits() -> None:
    """Independent columns 1e9 apart: to scale a column alone scales what it adds."""
    x, y = features(500, 1), features(500, 1, seed=1, shift=0.2)
    small = 1e-9 * np.random.default_rng(2).normal(size=(500, 1))
    apart = frechet_distance(np.hstack([x, small]), np.hstack([y, small]))
    assert apart == pytest.approx(frechet_distance(x, y), rel=1e-9)


@pytest.mark.parametrize("n", [70, 400])
def test_cholesky_and_qr_give_the_same(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = features(n, 64, shift=3.0), features(n, 64, seed=1, shift=3.1)
    first = frechet_distance(x, y)
    monkeypatch.setattr(frechet, "LEAST_INVERSE_CONDITION", 2.0)
    assert frechet_distance(x, y) == pytest.approx(first, rel=1e-12)


# --- blocks, files and subsets --------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_blocks_of_any_size_give_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = features(300, 24), features(257, 24, seed=1, shift=5.0)
    whole = frechet_distance(x, y)
    monkeypatch.setattr(rows.blocks, "__defaults__", (size,))
    assert frechet_distance(x, y) == pytest.approx(whole, rel=1e-12)


def test_features_may_lie_in_a_file(tmp_path: Path) -> None:
    x, y = (features(90, 40, seed).astype(np.float32) for seed in (0, 1))
    np.save(tmp_path / "x.npy", x)
    assert frechet_distance(np.load(tmp_path / "x.npy", mmap_mode="r"), y) == frechet_distance(x, y)


@pytest.mark.parametrize(("n", "width"), [(40, 300), (60, 40), (300, 10)])
def test_the_distance_of_a_subset_is_that_of_its_rows(n: int, width: int) -> None:
    y = features(n, width, shift=3.0)
    x = y + 0.3 * features(n, width, seed=1, shift=0.1)
    subset = np.sort(np.random.default_rng(2).permutation(n)[: n // 2])
    found = frechet_of_subsets(x, y)(subset)
    assert found == pytest.approx(frechet_distance(x[subset], y[subset]), rel=1e-11)


# --- moments --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_rows_are_refused(n: int) -> None:
    with pytest.raises(InputError, match=f"features of targets have {n} rows of width 4: at least 2"):
        frechet_distance(features(5, 4), np.empty((n, 4)))


def test_unlike_widths_are_refused() -> None:
    with pytest.raises(InputError, match="width 4 and 5 cannot be compared"):
        frechet_distance(features(5, 4), features(5, 5))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_row(value: float) -> None:
    x = features(20, 4)
    x[17, 2] = value
    with pytest.raises(InputError, match="row 17 of the features of composites is not finite"):
        frechet_distance(x, features(20, 4))
