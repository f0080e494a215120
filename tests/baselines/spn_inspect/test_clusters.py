"""Clusters of feature maps: planted clusters are found, and labels correspond between maps."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.spn.inspect.clusters import K, Labels, Map, agreement, cluster, enlarged, match
from baselines.spn.inspect.panels import COLOURS
from inpaint_bench.errors import InputError

seeds = st.integers(0, 2**32 - 1)


def noise(seed: int, channels: int = 6, side: int = 12) -> Map:
    return np.random.default_rng(seed).standard_normal((channels, side, side)).astype(np.float32)


def planted(seed: int, k: int, side: int = 12) -> tuple[Map, Labels]:
    """A map of k well separated kinds of positions, and which position is of which kind."""
    rng = np.random.default_rng(seed)
    sizes = np.arange(k, 0, -1)
    kinds = np.repeat(np.arange(k), np.ceil(side * side * sizes / sizes.sum()).astype(int))[: side * side]
    centres = 100 * np.eye(k, 2 * k, dtype=np.float32)
    labels = rng.permutation(kinds).reshape(side, side)
    rows = centres[labels] + rng.normal(0, 1, (side, side, 2 * k)).astype(np.float32)
    return np.ascontiguousarray(rows.transpose(2, 0, 1).astype(np.float32)), labels.astype(np.int64)


@given(seeds, seeds, st.integers(2, 6))
@settings(max_examples=8)
def test_planted_clusters_are_found(image_seed: int, seed: int, k: int) -> None:
    features, labels = planted(image_seed, k)
    found = cluster(features, seed, k)
    assert agreement(match(found, labels, k), labels) == 1


@given(seeds, seeds)
@settings(max_examples=15)
def test_the_order_of_the_channels_changes_nothing(image_seed: int, order: int) -> None:
    features = noise(image_seed)
    shuffled = np.random.default_rng(order).permutation(features)
    assert (cluster(features, 7, 4) == cluster(shuffled, 7, 4)).all()


def test_the_same_seed_gives_the_same_clusters_and_another_may_not() -> None:
    features = noise(0, side=16)
    assert (cluster(features, 1) == cluster(features.copy(), 1)).all()
    assert any((cluster(features, 1) != cluster(features, seed)).any() for seed in range(2, 6))


@given(seeds)
@settings(max_examples=10)
def test_clusters_are_numbered_from_the_largest_on(image_seed: int) -> None:
    sizes = np.bincount(cluster(noise(image_seed), 0).ravel(), minlength=K)
    assert len(sizes) == K
    assert list(sizes) == sorted(sizes, reverse=True)
    assert sizes[-1] > 0


def test_clusters_of_one_size_stand_in_the_order_of_their_first_positions() -> None:
    features = np.array([[[5, 5, 0, 0, 9, 9]]], dtype=np.float32)
    assert cluster(features, 3, 3).tolist() == [[0, 0, 1, 1, 2, 2]]


@given(seeds)
@settings(max_examples=20)
def test_numbers_that_were_shuffled_are_found_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, K, (10, 10))
    assert (match(rng.permutation(K)[labels], labels) == labels).all() or len(np.unique(labels)) < K


@given(seeds)
@settings(max_examples=20)
def test_no_other_numbers_agree_at_more_positions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, reference = rng.integers(0, 4, (6, 6)), rng.integers(0, 4, (3, 3))
    best = max(agreement(np.array(order)[labels], reference) for order in permutations(range(4)))
    assert agreement(match(labels, reference, 4), reference) == best


def test_matching_renumbers_and_moves_nothing() -> None:
    labels = np.random.default_rng(0).integers(0, K, (8, 8))
    found = match(labels, np.random.default_rng(1).integers(0, K, (4, 4)))
    assert len({(old, new) for old, new in zip(labels.ravel(), found.ravel(), strict=True)}) == len(np.unique(labels))
    assert len(np.unique(found)) == len(np.unique(labels))


def test_a_smaller_map_is_enlarged_by_repeating() -> None:
    small = np.array([[1, 2]])
    assert enlarged(small, np.zeros((2, 4), dtype=np.int64)).tolist() == [[1, 1, 2, 2]] * 2


def test_every_cluster_has_a_colour_of_its_own() -> None:
    assert len(np.unique(COLOURS, axis=0)) == K


def test_maps_without_clusters_are_refused() -> None:
    flat = np.ones((3, 6, 6), dtype=np.float32)
    with pytest.raises(InputError, match=r"a map of 6x6 positions has fewer than 8 different ones"):
        cluster(flat, 0)
    with pytest.raises(InputError, match=r"fewer than 8 different ones"):
        cluster(noise(0, side=2), 0)
    flat[0, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"holds NaN or infinite values"):
        cluster(flat, 0)
