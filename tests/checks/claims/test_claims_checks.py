"""Each check of reported numbers on numbers made for it: what it finds, and what it does not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims import check_claims
from inpaint_bench.checks.claims.base import ClaimFinding
from inpaint_bench.checks.claims.bucket_constraints import (
    BucketConstraint,
    feasible,
    implied_total,
    minimal_corrections,
    reported_datasets,
    vertices,
)
from inpaint_bench.checks.claims.same import check_same, check_twins
from inpaint_bench.checks.claims.shares import check_constraints, usual_shares
from inpaint_bench.checks.claims.spread import check_order, check_pairs, check_ranges, spread

BUCKETS = ("0.0-0.2", "0.2-0.4", "0.4-0.6")
ANY = [(0.0, 1.0)] * 3
CELL = Reported(
    paper="Mine 2024", table="1", dataset="mine", row="a", method="a", bucket="all", metric="psnr",
    value=Decimal("25.00"), unit="dB", over="pairs", better="higher", ours="psnr", eight_bit="round", samples="",
    n=None, note="", where="",
)  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "psnr": {},
    "ssim": {"unit": "", "ours": "ssim"},
    "mae": {"unit": "10^-1", "ours": "mae", "better": "lower"},
    "fid": {"unit": "", "ours": "", "better": "lower", "over": "set"},
    "params": {"unit": "million", "ours": "", "better": "lower", "over": "method", "dataset": "", "bucket": ""},
}


def cell(metric: str, value: str, **changes: Any) -> Reported:
    """A cell of that metric."""
    return replace(CELL, metric=metric, value=Decimal(value), **KINDS[metric] | changes)


def rows_of(values: Mapping[str, Sequence[str]], buckets: Sequence[str] = BUCKETS) -> list[Reported]:
    """Rows of psnr by name: the buckets and All."""
    rows = [zip((*buckets, "all"), row, strict=True) for row in values.values()]
    return [
        cell("psnr", value, row=name, method=name, bucket=bucket)
        for name, row in zip(values, rows, strict=True)
        for bucket, value in row
    ]


def found(cells: Sequence[Reported]) -> list[ClaimFinding]:
    """The findings on the constraints of the one dataset."""
    (dataset,) = reported_datasets(cells)
    return check_constraints(dataset)[0]


# --- one quantity in two places -------------------------------------------------------------------


def test_the_odd_one_of_three_is_named() -> None:
    cells = [cell("fid", value, table=table) for table, value in (("1", "46.13"), ("2", "46.1"), ("3", "41.60"))]
    (finding,) = check_same(cells)
    assert (finding.level, finding.cells) == ("contradiction", (cells[2],))
    assert "46.13 in Table 1 (a); 46.1 in Table 2 (a)" in finding.text


def test_of_two_that_differ_both_are_named() -> None:
    cells = [cell("params", "50", table="4"), cell("params", "52", table="6")]
    assert [one.cells for one in check_same(cells)] == [tuple(cells)]


def test_a_number_may_be_printed_with_fewer_digits() -> None:
    assert not list(check_same([cell("ssim", "0.88"), cell("ssim", "0.882", table="2")]))
    assert list(check_same([cell("ssim", "0.89"), cell("ssim", "0.882", table="2")]))


def test_numbers_that_only_meet_at_the_end_of_rounding_differ() -> None:
    assert list(check_same([cell("ssim", "0.153"), cell("ssim", "0.154", table="2")]))


@pytest.mark.parametrize(
    "change", [{"dataset": "other"}, {"bucket": "0.2-0.4"}, {"paper": "Other 2025"}, {"method": "b"}]
)
def test_another_dataset_bucket_paper_or_system_has_its_own_number(change: dict[str, str]) -> None:
    assert not list(check_same([cell("fid", "40.00"), cell("fid", "50.00", table="2", **change)]))


def test_rows_with_half_their_numbers_in_common_are_suspected_to_be_one_system() -> None:
    one = [cell("psnr", "29.38"), cell("fid", "46.13"), cell("ssim", "0.882")]
    two = [replace(c, table="5", row="b", method="b") for c in (*one[:2], cell("ssim", "0.886"))]
    (finding,) = check_twins([*one, *two])
    assert finding.level == "suspicion"
    assert "have the same psnr, fid to the last digit, but not ssim" in finding.text
    assert not list(check_twins([*one, *(replace(c, method="a") for c in two)]))  # the paper says that it is one
    assert not list(check_twins([*one, *two[:1], replace(two[1], value=Decimal("46.14")), two[2]]))


# --- All against its buckets ----------------------------------------------------------------------


def test_an_all_outside_its_buckets_is_a_contradiction() -> None:
    (finding,) = found(rows_of({"a": ("30.00", "25.00", "20.00", "31.00")}))
    assert (finding.level, len(finding.cells)) == ("contradiction", 4)
    assert not found(rows_of({"a": ("30.00", "25.00", "20.00", "30.00")}))


def test_the_row_that_other_rows_contradict_is_named_with_what_its_all_would_be() -> None:
    rows = {
        "a": ("30.00", "25.00", "20.00", "25.00"),
        "b": ("34.00", "25.00", "22.00", "27.00"),
        "c": ("33.00", "26.00", "19.00", "26.00"),
        "d": ("33.00", "26.00", "20.00", "24.00"),  # by thirds 26.33
        "e": ("31.00", "28.00", "19.00", "26.00"),
    }
    (finding,) = found(rows_of(rows))
    assert {c.row for c in finding.cells} == {"d"}
    assert "by its buckets All would be 26.3" in finding.text
    assert "not 24.00" in finding.text


@settings(max_examples=12, derandomize=True)
@given(
    st.lists(st.tuples(*[st.floats(15, 40)] * 3), min_size=1, max_size=4),
    st.tuples(*[st.floats(0.05, 1)] * 3),
)
def test_rounded_means_of_whole_buckets_never_contradict_each_other(
    rows: list[tuple[float, float, float]], sizes: tuple[float, float, float]
) -> None:
    shares = np.array(sizes) / sum(sizes)
    made = {
        str(number): [f"{value:.2f}" for value in (*row, float(np.dot(shares, row)))] for number, row in enumerate(rows)
    }
    cells = rows_of(made)
    (dataset,) = reported_datasets(cells)
    assert feasible(dataset.constraints, ANY)
    assert not [one for one in check_constraints(dataset)[0] if one.level == "contradiction"]
    outer = vertices(dataset.constraints, ANY)
    assert (outer.min(axis=0) <= shares + 1e-6).all()
    assert (outer.max(axis=0) >= shares - 1e-6).all()
    low, high = implied_total(dataset.constraints[0], dataset.constraints[1:], ANY)
    assert low - 0.005 - 1e-6 <= float(dataset.constraints[0].total.value) <= high + 0.005 + 1e-6


def test_the_linear_programme_finds_what_a_grid_search_finds() -> None:
    (dataset,) = reported_datasets(
        rows_of({"a": ("30.0", "25.0", "20.0", "26.0"), "b": ("35.0", "24.0", "22.0", "28.0")})
    )
    grid = np.linspace(0, 1, 401)
    tried = np.array([(x, y, 1 - x - y) for x in grid for y in grid if x + y <= 1])
    fit = np.ones(len(tried), dtype=bool)
    for one in dataset.constraints:
        low, high = one.extremes
        fit &= (tried @ low <= float(one.total.high)) & (tried @ high >= float(one.total.low))
    outer = vertices(dataset.constraints, ANY)
    assert np.abs(outer.min(axis=0) - tried[fit].min(axis=0)).max() < 0.01
    assert np.abs(outer.max(axis=0) - tried[fit].max(axis=0)).max() < 0.01


def test_pairs_outside_the_printed_buckets_may_have_any_value_in_the_range() -> None:
    visible = rows_of({"a": ("25.00", "20.00", "40.00")}, BUCKETS[1:])
    assert reported_datasets(visible)[0].buckets == BUCKETS
    assert not found(visible)  # the smallest holes may be nearly perfect
    ssim = [replace(c, metric="ssim", ours="ssim", unit="", value=c.value / 50) for c in visible]
    assert not found(ssim)
    assert found([*ssim[:2], replace(ssim[2], value=Decimal("1.10"))])  # no ssim is above 1
    gap = rows_of({"a": ("25.00", "20.00", "40.00")}, ("0.0-0.1", "0.4-0.6"))
    assert reported_datasets(gap)[0].buckets == ("elsewhere", "0.0-0.1", "0.4-0.6")


def test_overlapping_buckets_give_no_constraint() -> None:
    assert not reported_datasets(rows_of({"a": ("25.00", "20.00", "40.00")}, ("0.0-0.4", "0.2-0.6")))


def test_tables_that_need_other_shares_are_a_suspicion() -> None:
    one = rows_of({"a": ("30.00", "25.00", "20.00", "29.00"), "b": ("35.00", "24.00", "22.00", "32.90")})
    two = [replace(c, table="2", row=c.row * 2, method=c.row * 2) for c in one]
    two = [replace(c, value=Decimal("21.00" if c.row == "aa" else "22.80")) if c.bucket == "all" else c for c in two]
    assert {f.level for f in found([*one, *two])} == {"suspicion"}


def test_unlikely_shares_of_drawn_masks_are_a_suspicion() -> None:
    rows = {"a": ("30.00", "25.00", "20.00", "29.00"), "b": ("35.00", "24.00", "22.00", "32.90")}
    cells = [replace(c, dataset="places2", n=12000 if c.bucket == "all" else None) for c in rows_of(rows)]
    (finding,) = found(cells)
    assert finding.level == "suspicion"
    assert "masks were drawn at random" in finding.text
    low, high = usual_shares(reported_datasets(cells)[0])[0]
    assert low == pytest.approx(1 / 3 - 4 * math.sqrt(2 / 9 / 12000))
    assert high == pytest.approx(1 / 3 + 4 * math.sqrt(2 / 9 / 12000))
    assert not found([replace(c, n=4 if c.n else None) for c in cells])
    assert not found([replace(c, dataset="mine") for c in cells])


def test_many_wrong_rows_are_counted_and_not_named() -> None:
    rows = {name: ("30.00", "25.00", "20.00", f"{40 + number}.00") for number, name in enumerate("abcde")}
    (finding,) = found(rows_of(rows))
    assert "More than a few of these 5 rows are wrong" in finding.text
    assert minimal_corrections(reported_datasets(rows_of(rows))[0].constraints, ANY) == []


# --- ranges, order, MAE against PSNR --------------------------------------------------------------


@pytest.mark.parametrize(("metric", "value"), [("ssim", "1.002"), ("ssim", "-1.2"), ("psnr", "-3.00"), ("mae", "10.2")])
def test_a_number_outside_the_range_of_its_metric_is_a_contradiction(metric: str, value: str) -> None:
    (finding,) = check_ranges([cell(metric, value)])
    assert (finding.level, finding.check) == ("contradiction", "range")
    assert not list(check_ranges([cell("ssim", "1.000"), cell("mae", "0.000"), cell("fid", "900")]))


@pytest.mark.parametrize("ours", ["kid", "kid_paired_lite0", "det_drop", "face_drop_edge"])
def test_a_number_below_zero_contradicts_nothing_where_its_metric_may_have_it(ours: str) -> None:
    assert not list(check_ranges([cell("fid", "-0.010", ours=ours)]))


def test_larger_holes_that_score_better_are_a_suspicion() -> None:
    easy, hard = cell("mae", "0.300", bucket="0.2-0.4"), cell("mae", "0.200", bucket="0.4-0.6")
    assert [one.level for one in check_order([hard, easy])] == ["suspicion"]
    assert not list(check_order([replace(easy, value=hard.value), replace(hard, value=easy.value)]))


def test_an_mae_too_small_for_its_psnr_is_a_contradiction_only_per_channel() -> None:
    psnr, mae = cell("psnr", "10.00"), cell("mae", "0.900")  # -10 log10(0.0905) is 10.4
    assert [one.level for one in check_pairs([psnr, mae])] == ["contradiction"]
    assert not list(check_pairs([psnr, replace(mae, ours="mae_spn")]))  # channels may cancel
    assert not list(check_pairs([replace(psnr, value=Decimal("10.50")), mae]))


def test_means_of_real_errors_are_never_a_contradiction() -> None:
    rng = np.random.default_rng(3)
    for scale in (0.001, 0.1, 1.0):
        errors = np.clip(np.abs(rng.normal(0, scale * rng.uniform(0, 1, (50, 1)), (50, 300))), 0, 1)
        psnr = np.mean(-10 * np.log10((errors**2).mean(axis=1)))
        cells = [cell("psnr", f"{psnr:.2f}"), cell("mae", f"{errors.mean() * 10:.3f}")]
        assert not [one for one in check_pairs(cells) if one.level == "contradiction"]


def test_an_mae_that_no_single_image_has_at_its_psnr_is_a_suspicion() -> None:
    mae, psnr = cell("mae", "1.000", bucket="0.2-0.4"), cell("psnr", "17.00", bucket="0.2-0.4")
    assert spread(mae, psnr)[0] == pytest.approx(0.09995 * 10 ** (16.995 / 20))
    assert [one.level for one in check_pairs([mae, psnr])] == ["suspicion"]


def test_a_psnr_beyond_all_floats_is_compared_like_any_other() -> None:
    mae, psnr = cell("mae", "1.000"), cell("psnr", "1000000000.00")
    assert spread(mae, psnr)[1] > 1e290
    assert [one.level for one in check_pairs([mae, psnr])] == ["suspicion"]


def test_a_spread_unlike_the_others_is_a_suspicion() -> None:
    rows = [
        replace(c, row=name, method=name)
        for name, mae in (("a", "0.200"), ("b", "0.210"), ("c", "0.205"), ("d", "0.300"))
        for c in (cell("mae", mae, ours="mae_spn"), cell("psnr", "25.00"))
    ]
    (finding,) = check_pairs(rows)
    assert (finding.level, {c.row for c in finding.cells}) == ("suspicion", {"d"})
    assert not list(check_pairs(rows[:6]))


def test_the_coverage_lists_what_no_check_covers() -> None:
    cells = [cell("fid", "40.00"), cell("psnr", "25.00"), cell("params", "50"), cell("params", "50", table="6")]
    cover = check_claims(cells).coverage
    assert (cover.exact, cover.bounds, cover.none) == (tuple(cells[2:]), (cells[1],), (cells[0],))


def test_a_constraint_is_complete_if_every_bucket_is_printed() -> None:
    parts = tuple(cell("psnr", "25.00", bucket=bucket) for bucket in BUCKETS)
    assert BucketConstraint(CELL, parts).complete
    assert not BucketConstraint(CELL, (None, *parts[1:])).complete
