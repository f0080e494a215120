"""U-IDS and P-IDS: what a classifier cannot tell scores 0.5, and pairs never straddle folds."""

import math
import warnings
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from selection import quick
from sklearn.svm import LinearSVC

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets import OF_SUBSETS, ids
from inpaint_bench.metrics.sets.ids import fold_of, pids, pids_insample, uids, uids_insample

Array: TypeAlias = NDArray[np.float64]
EVERY = [uids, pids, uids_insample, pids_insample]


def features(n: int, width: int, seed: int = 0, shift: float = 0.0) -> Array:
    return np.random.default_rng(seed).normal(shift, 1, (n, width))


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_memory", {})


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize("width", [5, 300])
def test_identical_sets_score_a_half(function: Any, width: int) -> None:
    x = features(100, width).astype(np.float32)
    assert function(x, x.copy()) == 0.5


@pytest.mark.parametrize("width", quick([16, 300], [16]))
def test_sets_of_one_distribution_score_about_a_half(width: int) -> None:
    """The means of four trials: one has a standard deviation of 0.035 by chance alone."""
    sets = [(features(100, width, seed), features(100, width, seed + 99)) for seed in range(4)]
    assert np.mean([uids(x, y) for x, y in sets]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([pids(x, y) for x, y in sets]) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("function", EVERY)
def test_sets_far_apart_score_0(function: Any) -> None:
    assert function(features(60, 8, shift=9), features(60, 8, seed=1)) == 0


@pytest.mark.parametrize("function", EVERY)
def test_sets_that_are_harder_to_separate_score_higher(function: Any) -> None:
    y = features(300, 4)
    found = [function(features(300, 4, seed=1, shift=shift), y) for shift in (0.1, 0.8, 2)]
    assert found[0] > found[1] > found[2]


def test_a_classifier_of_few_images_overfits() -> None:
    x, y = features(50, 200), features(50, 200, seed=1)
    assert uids_insample(x, y) == pids_insample(x, y) == 0
    assert uids(x, y) > 0.3


def test_in_sample_scores_are_those_of_the_published_recipe() -> None:
    x, y = features(80, 6, shift=0.3), features(80, 6, seed=1)
    rows, fake = np.concatenate([x, y]), np.repeat([1, 0], 80)
    classifier = LinearSVC(dual=False).fit(rows, fake)
    decided = classifier.decision_function(rows)
    assert uids_insample(x, y) == pytest.approx(1 - classifier.score(rows, fake), abs=1e-12)
    assert pids_insample(x, y) == pytest.approx(np.mean(decided[:80] < decided[80:]), abs=1e-12)


def test_cross_validated_scores_are_those_of_ten_classifiers() -> None:
    x, y = features(43, 5, shift=0.3), features(43, 5, seed=1)
    folds, wrong, pairs = fold_of(43), 0, 0
    for fold in range(10):
        here = folds == fold
        classifier = LinearSVC(dual=False).fit(np.concatenate([x[~here], y[~here]]), np.repeat([1, 0], (~here).sum()))
        fakes, reals = classifier.decision_function(x[here]), classifier.decision_function(y[here])
        wrong += int((fakes < 0).sum() + (reals > 0).sum())
        pairs += int((fakes < reals).sum())
    assert uids(x, y) == pytest.approx(wrong / 86, abs=1e-12)
    assert pids(x, y) == pytest.approx(pairs / 43, abs=1e-12)


@pytest.mark.parametrize("n", [2, 7, 10, 43, 1000])
def test_folds_are_equal_and_fixed(n: int) -> None:
    folds = fold_of(n)
    sizes = np.bincount(folds)
    assert len(sizes) == min(10, n)
    assert sizes.max() - sizes.min() <= 1
    assert (folds == fold_of(n)).all()


def test_the_folds_of_twelve_pairs_are_these() -> None:
    assert fold_of(12).tolist() == [4, 3, 6, 9, 1, 7, 8, 0, 0, 2, 5, 1]


def test_the_same_sets_are_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []
    decided = ids._decided

    def counted(*sets: Any) -> ids.Decisions:
        trained.append(1)
        return decided(*sets)

    monkeypatch.setattr(ids, "_decided", counted)
    x, y = features(30, 4), features(30, 4, seed=1)
    first = uids(x, y)
    pids(x, y), OF_SUBSETS[uids](x, y), OF_SUBSETS[pids](x, y)
    assert len(trained) == 10
    assert uids(x.copy(), y) == first
    assert len(trained) == 10
    x[0, 0] += 1
    uids(x, y)
    assert len(trained) == 20


def test_a_subset_is_decided_by_the_classifiers_of_all_pairs_and_moves_farther() -> None:
    x, y = features(60, 4, shift=0.3), features(60, 4, seed=1)
    for function in EVERY:
        of = OF_SUBSETS[function](x, y)
        parts = [of(np.arange(start, start + 20)) for start in (0, 20, 40)]
        assert np.mean(parts) == pytest.approx(function(x, y), abs=1e-12)
    decided = ids._unseen(x, y)
    share = np.mean(decided[0][:20] > decided[1][:20])
    moved = OF_SUBSETS[pids](x, y)(np.arange(20)) - pids(x, y)
    assert moved == pytest.approx(math.sqrt(19 / 9) * (share - pids(x, y)), abs=1e-12)


def test_a_classifier_that_does_not_converge_warns_nobody() -> None:
    x = features(40, 3) * [1e9, 1, 1e-9]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 0 <= uids(x, x + features(40, 3, seed=1)) <= 1


@pytest.mark.parametrize("function", EVERY)
def test_bad_features_are_refused(function: Any) -> None:
    good = features(6, 3)
    with pytest.raises(InputError, match="6 composites and 5 targets are not pairs"):
        function(good, good[:5])
    with pytest.raises(InputError, match="width 3 and 4"):
        function(good, features(6, 4))
    with pytest.raises(InputError, match="at least 2"):
        function(good[:1], good[:1])
