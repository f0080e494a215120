"""Objects of a target and of its composite matched: cases that can be done by hand, and what must change nothing."""

import math
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inpaint_bench.data.images import Hole
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection import (
    DETECTION_METRICS,
    DetectionMetric,
    Detections,
    ObjectCounts,
    Tally,
    from_row,
    to_row,
)
from inpaint_bench.metrics.detection.boxes import hole_pixels, overlaps, suppressed
from inpaint_bench.metrics.detection.matching import masked_input, tally, zone
from inpaint_bench.metrics.detection.tallies import ZONES

SIDE = 64
every_metric = pytest.mark.parametrize("metric", DETECTION_METRICS.values(), ids=attrgetter("name"))
Object = tuple[float, float, float, float, float, int]  # left, top, right, bottom, score, label


def table(values: Any) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def found(*objects: Object) -> Detections:
    columns = table(objects).reshape(-1, 6)
    return Detections(columns[:, :4], columns[:, 4], columns[:, 5].astype(np.int64))


def right_half() -> Hole:
    hole = np.zeros((SIDE, SIDE), dtype=np.bool_)
    hole[:, SIDE // 2 :] = True
    return hole


def value(metric: DetectionMetric, tallies: Sequence[Tally]) -> float:
    """The number of a set of pairs; nan where there is none of the objects meant."""
    numerators, denominators = metric.num_den(tallies)
    total = math.fsum(denominators)
    return math.fsum(numerators) / total if total else math.nan


def values(*tallies: Tally) -> dict[str, float]:
    return {name: value(metric, tallies) for name, metric in DETECTION_METRICS.items() if metric.detector == "nanodet"}


@st.composite
def scenes(draw: st.DrawFn) -> Detections:
    """Up to eight objects with scores that all differ."""
    count = draw(st.integers(0, 8))
    sides = st.integers(0, SIDE - 2)
    objects = []
    for score in draw(st.permutations(range(10, 90)))[:count]:
        left, top = draw(sides), draw(sides)
        right, bottom = draw(st.integers(left + 1, SIDE)), draw(st.integers(top + 1, SIDE))
        objects.append((left, top, right, bottom, score / 100, draw(st.integers(0, 2))))
    return found(*objects)


holes = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random((SIDE, SIDE)) < 0.4)


# --- boxes ----------------------------------------------------------------------------------------


def test_overlaps_are_shared_area_over_covered_area() -> None:
    boxes = table([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
    assert overlaps(boxes[:1], boxes).tolist() == [pytest.approx([1, 1 / 3, 0])]


def test_of_boxes_on_one_object_the_best_of_each_class_is_kept() -> None:
    kept = suppressed(
        found((0, 0, 10, 10, 0.6, 1), (0, 0, 10, 9, 0.9, 1), (0, 0, 10, 10, 0.5, 2), (0, 0, 10, 5, 0.4, 1)), 0.5
    )
    assert kept.scores.tolist() == pytest.approx([0.9, 0.5])  # the last shares 5/9 with the best


def test_a_box_that_overlaps_only_a_suppressed_one_is_kept() -> None:
    kept = suppressed(found((0, 0, 10, 10, 0.9, 0), (4, 0, 14, 10, 0.8, 0), (7, 0, 17, 10, 0.7, 0)), 0.4)
    assert kept.scores.tolist() == pytest.approx([0.9, 0.7])


def test_the_pixels_of_a_box_are_those_whose_centre_it_holds() -> None:
    hole = right_half()
    assert hole_pixels(table([30, 0, 34, 10]), hole) == (20, 40)
    assert hole_pixels(table([30.6, 0.4, 33.4, 1.5]), hole) == (1, 2)  # columns 31 and 32, row 0 alone
    assert hole_pixels(table([31.6, 3.1, 31.9, 3.2]), hole) == (0, 1)
    assert hole_pixels(table([63.9, 63.9, 64, 64]), hole) == (1, 1)


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [(40, 44, "hole"), (28, 36, "hole"), (27, 36, "edge"), (23, 33, "edge"), (22, 33, "away"), (0, 10, "away")],
)
def test_a_zone_begins_at_a_half_and_at_a_tenth_of_the_pixels(left: int, right: int, wanted: str) -> None:
    assert zone(table([left, 0, right, 8]), right_half()) == wanted


# --- matching by hand -----------------------------------------------------------------------------


def test_counts_and_metrics_of_a_case_done_by_hand() -> None:
    target = found(
        (40, 0, 60, 20, 0.9, 0),  # in the hole, found again with 0.6 and an IoU of 16/20
        (40, 30, 60, 50, 0.8, 0),  # in the hole, found again with 0.3 alone
        (40, 52, 60, 62, 0.7, 1),  # in the hole, found with another class
        (0, 0, 20, 20, 0.6, 2),  # away, unchanged
        (24, 30, 34, 40, 0.5, 3),  # at the edge, gone
        (0, 40, 10, 50, 0.49, 0),  # no object: below 0.5
    )
    composite = found(
        (40, 0, 60, 16, 0.6, 0),
        (40, 30, 60, 50, 0.3, 0),
        (40, 52, 60, 62, 0.95, 0),
        (0, 0, 20, 20, 0.6, 2),
        (24, 30, 34, 40, 0.04, 3),
    )
    counted = values(tally(target, composite, right_half()))
    wanted = {
        "det_conf": (0.6 + 0.3) / 3,
        "det_conf_macro": (0.6 + 0.3) / 3,
        "det_recall": 1 / 3,
        "det_drop": (0.3 + 0.5 + 0.7) / 3,
        "det_iou": (0.8 + 1) / 2,
        "det_spurious": 1,
        "det_conf_edge": 0,
        "det_recall_edge": 0,
        "det_drop_edge": 0.5,
        "det_spurious_edge": 0,
        "det_conf_away": 0.6,
        "det_recall_away": 1,
        "det_drop_away": 0,
        "det_iou_away": 1,
    }
    assert {name: counted[name] for name in wanted} == pytest.approx(wanted, abs=1e-6)
    assert math.isnan(counted["det_iou_edge"])


def test_the_highest_score_chooses_first_and_takes_what_it_overlaps_most() -> None:
    target = found((0, 0, 10, 10, 0.9, 0), (0, 3, 10, 13, 0.8, 0))
    composite = found((0, 2, 10, 12, 0.7, 0), (0, 1, 10, 11, 0.6, 0))
    counted = tally(target, composite, right_half()).away
    assert (counted.matched, counted.recalled) == (2, 2)
    assert counted.overlap == pytest.approx(9 / 11 + 9 / 11)  # 0.7 took the second, though the first is the surer one
    assert counted.drop == pytest.approx((0.9 - 0.6) + (0.8 - 0.7), abs=1e-6)


def test_of_two_answers_to_one_object_the_second_is_spurious() -> None:
    target, composite = found((40, 0, 60, 20, 0.9, 0)), found((40, 0, 60, 20, 0.8, 0), (40, 2, 60, 20, 0.7, 0))
    assert tally(target, composite, right_half()).hole.spurious == 1


def test_pairs_are_pooled_over_objects_and_the_macro_form_over_pictures() -> None:
    two = found((40, 0, 60, 20, 0.9, 0), (40, 30, 60, 50, 0.9, 0))
    one = found((40, 0, 60, 20, 0.9, 0))
    hole = right_half()
    counted = values(tally(two, two, hole), tally(one, found(), hole), tally(found(), one, hole))
    assert counted["det_conf"] == pytest.approx(1.8 / 3)
    assert counted["det_conf_macro"] == pytest.approx(0.9 / 2)  # the third picture has no object
    assert counted["det_spurious"] == pytest.approx(1 / 3)


# --- what must hold of any scene ------------------------------------------------------------------


@settings(max_examples=60, database=None)
@given(scenes(), scenes(), holes, st.randoms(use_true_random=False))
def test_the_order_of_boxes_changes_nothing(first: Detections, second: Detections, hole: Hole, random: Random) -> None:
    def shuffled(detections: Detections) -> Detections:
        places = list(range(len(detections)))
        random.shuffle(places)
        return detections.take(np.array(places, dtype=np.int64))

    assert tally(first, second, hole) == tally(shuffled(first), shuffled(second), hole)


@settings(max_examples=60, database=None)
@given(scenes(), holes)
def test_a_target_as_prediction_reaches_the_upper_bound(scene: Detections, hole: Hole) -> None:
    scene = suppressed(scene, 0.5)
    counted = tally(scene, scene, hole)
    for name in ZONES:
        counts = getattr(counted, name)
        assert counts.objects == counts.recalled == counts.matched == counts.overlap
        assert counts.drop == counts.spurious == 0


@settings(max_examples=60, database=None)
@given(scenes(), scenes(), holes)
def test_every_object_is_counted_once_and_every_measure_keeps_its_range(
    first: Detections, second: Detections, hole: Hole
) -> None:
    counted = tally(first, second, hole)
    assert sum(getattr(counted, name).objects for name in ZONES) == int((first.scores >= 0.5).sum())
    for name, number in values(counted).items():
        if not math.isnan(number):
            most = math.inf if DETECTION_METRICS[name].denominator is None else 1
            assert (-0.5 if "drop" in name else 0) <= number <= most


@every_metric
def test_tallies_added_up_give_the_value_of_the_set(metric: DetectionMetric) -> None:
    rng = np.random.default_rng(3)
    scene = found((40, 0, 60, 20, 0.9, 0), (24, 30, 34, 40, 0.7, 0), (0, 0, 20, 20, 0.6, 2))
    tallies = []
    for _ in range(20):
        scores = np.sort(rng.random(3).astype(np.float32))[::-1].copy()
        tallies.append(tally(scene, Detections(scene.boxes, scores, scene.labels), right_half()))
    total = Tally()
    for one in tallies:
        total = total + one
    assert value(metric, [total]) == pytest.approx(value(metric, tallies), rel=1e-12)


@every_metric
def test_a_set_without_objects_has_no_value(metric: DetectionMetric) -> None:
    nothing = tally(found(), found(), right_half())
    assert value(metric, [nothing]) == 0 if metric.denominator is None else math.isnan(value(metric, [nothing]))
    numerators, denominators = metric.num_den([])
    assert len(numerators) == len(denominators) == 0


def test_all_but_the_overlap_have_denominators_that_no_composite_changes() -> None:
    target = found((40, 0, 60, 20, 0.9, 0), (0, 0, 20, 20, 0.6, 2))
    tallies = [[tally(target, composite, right_half())] for composite in (target, found())]
    for metric in DETECTION_METRICS.values():
        first, second = (metric.num_den(some)[1] for some in tallies)
        assert np.array_equal(first, second) == (metric.paired or metric.zone == "edge")


# --- errors and rows ------------------------------------------------------------------------------


def test_a_box_outside_the_mask_is_refused() -> None:
    with pytest.raises(InputError, match="extends beyond the mask of 64x64 pixels"):
        tally(found((0, 0, 65, 10, 0.9, 0)), found(), right_half())


@settings(max_examples=60, database=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_a_row_gives_the_same_numbers_back_to_the_bit(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.random((count, 4), np.float32) * 100
    boxes = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:] + 1], axis=1)
    before = Detections(boxes, np.sort(rng.random(count, np.float32))[::-1].copy(), rng.integers(0, 80, count))
    line = msgspec.json.encode(to_row(before))
    after = from_row(msgspec.json.decode(line))
    assert np.array_equal(after.boxes, before.boxes)
    assert np.array_equal(after.scores, before.scores)
    assert np.array_equal(after.labels, before.labels)
    assert msgspec.json.encode(to_row(after)) == line


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"boxes": [[0, 0, 1]], "scores": [0.5], "labels": [0]},
        {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": []},
        {"boxes": [[0, 0, 0, 1]], "scores": [0.5], "labels": [0]},
        {"boxes": [[0, 0, 1, 1]], "scores": [1.5], "labels": [0]},
        {"boxes": [[0, 0, 1, 1]], "scores": [None], "labels": [0]},
        {"boxes": [[0, 0, 1, 1]] * 2, "scores": [0.5, 0.6], "labels": [0, 0]},
    ],
)
def test_a_row_that_holds_no_detections_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Detect again"):
        from_row(row)


def test_a_masked_input_is_white_in_the_hole_and_the_target_elsewhere() -> None:
    target = np.full((SIDE, SIDE, 3), 7, dtype=np.uint8)
    masked = masked_input(target, right_half())
    assert (masked[:, : SIDE // 2] == 7).all()
    assert (masked[:, SIDE // 2 :] == 255).all()


def test_counts_have_the_fields_of_stored_files() -> None:
    assert [field.name for field in fields(Tally)] == ["pictures", "hole", "edge", "away"]
    counts = "objects recalled matched confidence drop overlap spurious peopled macro"
    assert [field.name for field in fields(ObjectCounts)] == counts.split()
