"""The cache of what networks computed: keyed by content, and never a reason for a failure or a wrong value."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from counting import CPU, Counting, batch_of, given, means, pictures, rows_of, values_of

from inpaint_bench import files
from inpaint_bench.data.images import Pixels, pixels_sha256
from inpaint_bench.metrics import cache_file
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.cache import cached_values, features_of
from inpaint_bench.metrics.cache_file import key_of
from inpaint_bench.metrics.pixel_stats import PerImage


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_features_are_computed_once_in_order_and_in_batches(counting: Counting) -> None:
    shown = pictures(10)
    assert rows_of(counting.extractor, shown, batch=4) == means(shown)
    assert counting.calls == [4, 4, 2]
    assert rows_of(counting.extractor, shown[::-1]) == means(shown[::-1])
    assert counting.calls == [4, 4, 2]


def test_only_what_is_new_is_computed_and_read(counting: Counting) -> None:
    shown = pictures(6)
    rows_of(counting.extractor, shown[::2])

    def read(picture: Pixels) -> Pixels:
        read_ones.append(picture)
        return picture

    read_ones: list[Pixels] = []
    requested = [(pixels_sha256(picture), partial(read, picture)) for picture in shown]
    assert [row.tolist() for row in features_of(counting.extractor, requested, CPU)] == means(shown)
    assert [picture.tobytes() for picture in read_ones] == [picture.tobytes() for picture in shown[1::2]]
    assert counting.calls == [3, 3]


def test_the_same_content_twice_is_computed_once(counting: Counting) -> None:
    shown = pictures(2) * 3
    assert rows_of(counting.extractor, shown) == means(shown)
    assert counting.calls == [2]


def test_pictures_of_several_sizes_are_computed_by_size(counting: Counting) -> None:
    shown = [picture for pair in zip(pictures(3, 12), pictures(3, 16), strict=True) for picture in pair]
    assert rows_of(counting.extractor, shown) == means(shown)
    assert counting.calls == [3, 3]


def test_more_pictures_than_are_looked_up_at_a_time_stay_in_order(counting: Counting) -> None:
    shown = pictures(2 * cache_file.LOOKED_UP + 3, 4)
    rows_of(counting.extractor, shown[::3])
    assert rows_of(counting.extractor, shown) == means(shown)


def test_images_are_read_only_as_their_rows_are_requested(counting: Counting) -> None:
    taken = []

    def endless() -> Any:
        for number in range(10**9):
            taken.append(number)
            yield given(pictures(1, seed=number % 7))[0]

    rows = features_of(counting.extractor, endless(), CPU)
    next(rows)
    assert len(taken) == cache_file.LOOKED_UP


def test_a_full_cache_forgets_what_was_stored_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "MOST", 1 << 17)
    keys = [key_of("fact", "cpu", str(number)) for number in range(400)]
    for key in keys:
        cache_file.put_many({key: bytes(1000)})
    left = [key in cache_file.get_many([key]) for key in keys]
    assert left == sorted(left)  # the first are gone, the last are there
    assert 50 < sum(left) < 130
    assert (files.cache_dir() / "values.sqlite").stat().st_size < 2 << 17


def test_another_signature_is_another_value(counting: Counting) -> None:
    shown = pictures(3)
    rows_of(counting.extractor, shown)
    rows_of(replace(counting.extractor, signature=lambda: "mean:v2"), shown)
    assert counting.calls == [3, 3]


def test_every_part_of_a_key_counts() -> None:
    keys = [
        key_of("a", "cpu", "1", "2"),
        key_of("b", "cpu", "1", "2"),
        key_of("a", "cuda", "1", "2"),
        key_of("a", "cpu", "2", "1"),
        key_of("a", "cpu", "12"),
        key_of("a", "cpu", "1"),
    ]
    assert len(set(keys)) == len(keys)
    assert key_of("a", str(torch.device("cuda:0")), "1") == key_of("a", str(torch.device("cuda", 1)), "1")


def test_values_of_a_metric_are_computed_once_whatever_batch_they_are_in(counting: Counting) -> None:
    batch = batch_of(5)
    expected = counting.far(batch).tolist()
    assert values_of(counting.metric, batch).tolist() == expected
    part = Batch(batch.composites[1:3], batch.targets[1:3], batch.holes[1:3])
    assert values_of(counting.metric, part).tolist() == expected[1:3]
    assert counting.calls == [5, 5]
    other = batch_of(2, seed=9)
    arrays = [np.concatenate([vars(one)[name] for one in (part, other)]) for name in ("composites", "targets", "holes")]
    mixed = Batch(arrays[0], arrays[1], arrays[2])
    assert values_of(counting.metric, mixed).tolist() == [*expected[1:3], *counting.far(other)]
    assert counting.calls == [5, 5, 2, 2]


def test_a_value_is_of_composite_target_hole_and_signature(counting: Counting) -> None:
    batch = batch_of(1)
    values_of(counting.metric, batch)
    moved = batch.holes.copy()
    moved[:, 0, 0] = True
    changed = batch.composites.copy()
    changed[0, 5, 5] ^= 1
    others = [
        Batch(changed, batch.targets, batch.holes),
        Batch(batch.composites, changed, batch.holes),
        Batch(batch.composites, batch.targets, moved),
        Batch(batch.targets, batch.composites, batch.holes),
    ]
    for other in others:
        assert values_of(counting.metric, other).tolist() == counting.far(other).tolist()
    for metric in (replace(counting.metric, version=2), replace(counting.metric, stem="far:grey")):
        values_of(metric, batch)
    assert counting.calls == [1, *[1, 1] * 4, 1, 1]


def test_metrics_of_one_pass_are_computed_together_where_an_image_lacks_several(counting: Counting) -> None:
    passes = []

    def together(batch: Batch, names: list[str]) -> dict[str, PerImage]:
        passes.append((len(batch.holes), names))
        return {name: counting.far(batch) + len(name) for name in names}

    metrics = [replace(counting.metric, name=name, stem=name, joint=together) for name in ("a", "bb", "ccc")]
    alone = replace(counting.metric, name="alone", stem="alone")
    batch = batch_of(4)
    part = Batch(batch.composites[1:3], batch.targets[1:3], batch.holes[1:3])
    cached_values(metrics[:1], part)
    values = cached_values([*metrics[:2], alone, metrics[2]], batch)
    assert passes == [(2, ["a"]), (2, ["a", "bb", "ccc"]), (2, ["bb", "ccc"])]
    expected = counting.far(batch)
    assert {name: found.tolist() for name, found in values.items()} == {
        **{one.name: (expected + len(one.name)).tolist() for one in metrics},
        "alone": expected.tolist(),
    }
    assert cached_values(metrics, batch)["ccc"].tolist() == (expected + 3).tolist()
    assert len(passes) == 3


def test_the_same_bytes_in_another_size_are_another_picture(counting: Counting) -> None:
    tall, wide = np.zeros((1, 16, 12, 3), np.uint8), np.zeros((1, 12, 16, 3), np.uint8)
    for shown in (tall, wide):
        values_of(counting.metric, Batch(shown, shown, np.ones(shown.shape[:3], bool)))
    assert counting.calls == [1, 1]


def test_a_value_that_is_not_a_number_is_kept_too(counting: Counting) -> None:
    values = np.array([np.nan, np.inf])
    metric = replace(counting.metric, implementation=lambda batch: values[: len(batch.holes)])
    assert str(values_of(metric, batch_of(2)).tolist()) == "[nan, inf]"
    forgetful = replace(metric, implementation=lambda batch: np.zeros(len(batch.holes)))
    assert str(values_of(forgetful, batch_of(2)).tolist()) == "[nan, inf]"


def test_an_empty_batch_has_no_values(counting: Counting) -> None:
    assert values_of(counting.metric, batch_of(1)).shape == (1,)
    batch = batch_of(1)
    empty = Batch(batch.composites[:0], batch.targets[:0], batch.holes[:0])
    assert values_of(counting.metric, empty).tolist() == []
