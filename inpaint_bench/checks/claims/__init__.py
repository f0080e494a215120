"""Checks of reported numbers: whether those of a paper can all be true, and whether they agree with measured ones.

Three checks are exact: a quantity that is printed twice, All against buckets that hold every pair, and the range of a
metric. What no reading of the paper allows is a contradiction. What only an unusual reading allows, such as buckets of
unlikely sizes, is a suspicion: a reason to look, not a verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims.base import ClaimFinding
from inpaint_bench.checks.claims.bucket_constraints import ReportedDataset, reported_datasets
from inpaint_bench.checks.claims.same import check_same, check_twins, groups
from inpaint_bench.checks.claims.shares import check_constraints, describe_shares
from inpaint_bench.checks.claims.spread import check_order, check_pairs, check_ranges
from inpaint_bench.checks.claims.unreported_bucket import check_unreported_bucket


@dataclass(frozen=True)
class Coverage:
    """Which cells are checked: exactly, where an equation contains them, only by bounds, or not at all."""

    exact: tuple[Reported, ...]
    bounds: tuple[Reported, ...]
    none: tuple[Reported, ...]


@dataclass(frozen=True)
class Check:
    """The findings on reported numbers, without any measured ones."""

    cells: tuple[Reported, ...]
    findings: tuple[ClaimFinding, ...]
    coverage: Coverage
    shares: dict[str, str]  # by paper and dataset, the shares of the buckets that are consistent with its numbers

    @property
    def contradictions(self) -> list[ClaimFinding]:
        """The findings that no reading of the paper allows."""
        return [one for one in self.findings if one.level == "contradiction"]


def check_claims(cells: Sequence[Reported]) -> Check:
    """Every check of reported numbers against each other, each paper by itself. Contradictions come first."""
    found = [*check_ranges(cells), *check_order(cells), *check_same(cells), *check_twins(cells), *check_pairs(cells)]
    described: dict[str, str] = {}
    datasets = reported_datasets(cells)
    for dataset in datasets:
        findings, shares = check_constraints(dataset)
        found += [*findings, *check_unreported_bucket(shares)]
        if text := describe_shares(shares):
            described[dataset.name] = text
    found.sort(key=lambda one: one.level)  # stable, and c comes before s
    return Check(tuple(cells), tuple(found), coverage(cells, datasets), described)


def coverage(cells: Sequence[Reported], datasets: Sequence[ReportedDataset]) -> Coverage:
    """Which cells are part of an equation among printed cells, which only of bounds, and which of nothing."""
    exact = {cell for group in groups(cells) for cell in group}
    exact |= {cell for dataset in datasets for one in dataset.constraints if one.complete for cell in one.cells}
    bounds = {cell for cell in cells if cell.ours and cell.over == "pairs"}  # their metric has a range
    bounds |= {cell for dataset in datasets for one in dataset.constraints for cell in one.cells}
    return Coverage(
        tuple(cell for cell in cells if cell in exact),
        tuple(cell for cell in cells if cell in bounds - exact),
        tuple(cell for cell in cells if cell not in bounds | exact),
    )
