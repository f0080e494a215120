"""The reported numbers that ship: what is found in them, and how many planted errors are found."""

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from inpaint_bench.analysis.reported import Reported, read_all
from inpaint_bench.checks.claims import check_claims
from inpaint_bench.checks.claims.bucket_constraints import reported_datasets
from inpaint_bench.checks.claims.same import check_same, check_twins, groups
from inpaint_bench.checks.claims.shares import check_constraints
from inpaint_bench.checks.claims.spread import check_ranges

PAPER = read_all()
FOUND = check_claims(PAPER)
WRONG = {cell for one in FOUND.contradictions for cell in one.cells}


def cell(table: str, row: str, dataset: str, bucket: str, metric: str) -> Reported:
    """One printed cell."""
    key = (table, row, dataset, bucket, metric)
    (found,) = [one for one in PAPER if (one.table, one.row, one.dataset, one.bucket, one.metric) == key]
    return found


def changed(one: Reported, factor: float) -> Reported:
    """The cell with a wrong number, printed with as many digits."""
    return replace(one, value=(one.value * Decimal(factor)).quantize(one.value))


def contradicted(cells: Sequence[Reported], wrong: Reported) -> set[Reported]:
    """The cells that the exact checks name, of the rows, tables and datasets that the wrong cell is part of."""
    here = [one for one in cells if (one.table, one.dataset) == (wrong.table, wrong.dataset)]
    constraints = [one for dataset in reported_datasets(here) for one in check_constraints(dataset)[0]]
    same = check_same([one for one in cells if one.method == wrong.method])
    found = [*check_ranges([wrong]), *same, *constraints]
    return {cell for one in found if one.level == "contradiction" for cell in one.cells}


def test_only_table_5_contradicts_the_others() -> None:
    assert [one.check for one in FOUND.contradictions] == ["same quantity"] * 2
    assert {cell("5", "spl (asl)", "paris", "all", metric) for metric in ("ssim", "mae")} == WRONG
    assert all("0.882 in Table 1 (spl); 0.882 in Table 3" in f.text for f in FOUND.contradictions if "ssim" in f.text)


def test_the_suspicions_are_ctsdg_on_places2_and_spn_numbers_in_table_5() -> None:
    suspicions = [one for one in FOUND.findings if one.level == "suspicion"]
    assert [{(cell.table, cell.row) for cell in one.cells} for one in suspicions] == [
        {("1", "spn"), ("5", "spl (asl)")},
        {("1", "ctsdg")},
    ]
    assert {(cell.dataset, cell.bucket) for cell in suspicions[1].cells} == {("places2", "all")}


def test_table_5_is_found_without_knowing_that_its_row_is_spl() -> None:
    apart = [replace(one, method=one.row) for one in PAPER]
    assert not list(check_same([one for one in apart if one.over != "method"]))
    rows = [{(cell.table, cell.row) for cell in one.cells} for one in check_twins(apart)]
    assert {("1", "spl"), ("5", "spl (asl)")} in rows


def test_every_cell_is_covered_exactly_or_by_bounds_or_not_at_all() -> None:
    cover = FOUND.coverage
    assert sorted(map(id, [*cover.exact, *cover.bounds, *cover.none])) == sorted(map(id, PAPER))
    printed_twice = {one for group in groups(PAPER) for one in group}
    table2 = {one for one in PAPER if one.table == "2" and one.over == "pairs"}
    assert set(cover.exact) == printed_twice | table2
    assert {one.metric for one in cover.none} == {"fid", "params_m", "seconds"}


def test_the_shares_of_paris_are_those_of_28_34_and_38_of_its_100_pairs() -> None:
    assert FOUND.shares["SPN 2023, paris"] == "0.0-0.2 27.4% to 28.5%, 0.2-0.4 33.1% to 35.1%, 0.4-0.6 37.5% to 38.4%"


@pytest.mark.acceptance
def test_of_100_planted_errors_of_5_to_50_percent_95_are_found() -> None:
    pool = [one for one in FOUND.coverage.exact if one not in WRONG]
    rng = random.Random("planted")
    found = 0
    for _ in range(100):
        right = rng.choice(pool)
        wrong = changed(right, 1 + rng.choice((-1, 1)) * rng.uniform(0.05, 0.5))
        found += wrong in contradicted([wrong if one is right else one for one in PAPER], wrong)
    assert found >= 95


def test_a_planted_error_is_named_with_what_it_should_be() -> None:
    right = cell("2", "pic", "celeba-hq", "all", "psnr")
    wrong = changed(right, 1.1)
    cells = [wrong if one is right else one for one in PAPER]
    (dataset,) = [one for one in reported_datasets(cells) if one.dataset == "celeba-hq"]
    ((finding,), _) = check_constraints(dataset)
    assert finding.cells[-1] == wrong
    low, high = finding.text.partition("would be ")[2].partition(",")[0].split(" to ")
    assert Decimal(low) <= right.value <= Decimal(high)
    assert Decimal(high) < wrong.value


@pytest.mark.parametrize("dataset", ["places2", "celeba", "paris", "celeba-hq"])
def test_the_constraints_of_the_paper_are_consistent(dataset: str) -> None:
    (reported,) = [one for one in reported_datasets(PAPER) if one.dataset == dataset]
    assert check_constraints(reported)[0] == []
