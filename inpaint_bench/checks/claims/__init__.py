"""Claims: whether the numbers of a paper can all be true at once, and whether they are those that were measured.

Three checks are exact: a quantity that is printed twice, All against buckets that hold every pair, and numbers that
no picture can have. What no reading of the paper allows is a contradiction. What only an unusual reading allows,
such as buckets of unlikely sizes, is a suspicion: a reason to look, not a verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims.base import Finding
from inpaint_bench.checks.claims.bucket_constraints import Place, places
from inpaint_bench.checks.claims.same import check_same, check_twins, groups
from inpaint_bench.checks.claims.shares import check_sums, shares_of
from inpaint_bench.checks.claims.spread import check_order, check_pairs, check_ranges
from inpaint_bench.checks.claims.unreported_bucket import check_hidden


@dataclass(frozen=True)
class Coverage:
    """Which cells a check looks at: exactly, where an equation binds them, or by bounds alone, or not at all."""

    exact: tuple[Reported, ...]
    bounds: tuple[Reported, ...]
    none: tuple[Reported, ...]


@dataclass(frozen=True)
class Check:
    """What the inner checks of reported numbers found."""

    cells: tuple[Reported, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    shares: dict[str, str]  # of each paper's dataset, which shares of the buckets fit all of its numbers

    @property
    def contradictions(self) -> list[Finding]:
        """What no reading allows."""
        return [one for one in self.findings if one.level == "contradiction"]


def check(cells: Sequence[Reported]) -> Check:
    """Every inner check of reported numbers, each paper by itself. Contradictions come first."""
    found = [*check_ranges(cells), *check_order(cells), *check_same(cells), *check_twins(cells), *check_pairs(cells)]
    shares: dict[str, str] = {}
    listed = places(cells)
    for place in listed:
        sums, fitting = check_sums(place)
        found += [*sums, *check_hidden(fitting)]
        if message := shares_of(fitting):
            shares[place.name] = message
    found.sort(key=lambda one: one.level)  # stable, and c comes before s
    return Check(tuple(cells), tuple(found), coverage(cells, listed), shares)


def coverage(cells: Sequence[Reported], listed: Sequence[Place]) -> Coverage:
    """Which cells are bound by an equation among printed cells, which only by bounds, and which by nothing."""
    exact = {cell for group in groups(cells) for cell in group}
    exact |= {cell for place in listed for one in place.sums if one.whole for cell in one.cells}
    bounds = {cell for cell in cells if cell.ours and cell.over == "pairs"}  # they have a range at least
    bounds |= {cell for place in listed for one in place.sums for cell in one.cells}
    return Coverage(
        tuple(cell for cell in cells if cell in exact),
        tuple(cell for cell in cells if cell in bounds - exact),
        tuple(cell for cell in cells if cell not in bounds | exact),
    )
