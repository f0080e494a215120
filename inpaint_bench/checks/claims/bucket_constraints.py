"""Constraints between All and the buckets: All is the mean of the buckets weighted by their shares of the pairs.

The shares are not printed, but they are the same for every method and metric of one table. A printed number stands
for an interval, so a row is consistent with shares w if some numbers within its intervals are, that is, if

    sum of w[b] * low[b] <= high of All   and   sum of w[b] * high[b] >= low of All

which is linear in w: whether any shares are consistent with many rows is a linear programme, and its answer is exact.
Where the printed buckets do not begin at 0.0, the pairs outside them form one more bucket. What is not printed of it
may be any value in the range of the metric.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
from jaxtyping import Float64

from inpaint_bench.analysis.reported import ALL, Reported

Matrix = Float64[np.ndarray, "rows buckets"]
OfBuckets = Float64[np.ndarray, "buckets"]
Interval = tuple[float, float]
MOST = 3  # constraints that are left out together, in search of those that are inconsistent


@dataclass(frozen=True)
class BucketConstraint:
    """All and the buckets of one row and metric; a bucket that is not printed has no cell."""

    total: Reported
    parts: tuple[Reported | None, ...]
    rest: Interval = (-math.inf, math.inf)  # the range of an unprinted bucket, in printed units

    @property
    def complete(self) -> bool:
        """Whether every bucket is printed."""
        return None not in self.parts

    @property
    def cells(self) -> tuple[Reported, ...]:
        """The printed cells, All last."""
        return (*(part for part in self.parts if part is not None), self.total)

    @cached_property
    def extremes(self) -> tuple[OfBuckets, OfBuckets]:
        """The smallest and the largest value of each bucket, in printed units."""
        both = [(float(part.low), float(part.high)) if part else self.rest for part in self.parts]
        low, high = np.array(both).T
        return low, high

    @cached_property
    def limits(self) -> list[tuple[OfBuckets, float]]:
        """Rows and limits with `row @ shares <= limit`, scaled by All; none for an unbounded bucket."""
        low, high = self.extremes
        size = abs(float(self.total.value)) or 1.0
        rows = [(low / size, float(self.total.high) / size), (-high / size, -float(self.total.low) / size)]
        return [(row, limit) for row, limit in rows if np.isfinite(row).all()]


@dataclass(frozen=True)
class ReportedDataset:
    """A dataset of a paper: its buckets, and a constraint for every row and metric that prints All and buckets."""

    paper: str
    dataset: str
    buckets: tuple[str, ...]  # what lies outside the printed ones comes first
    constraints: tuple[BucketConstraint, ...]

    @property
    def name(self) -> str:
        """'SPN 2023, paris'."""
        return f"{self.paper}, {self.dataset}"


def edges(bucket: str) -> tuple[Decimal, Decimal]:
    """The mask ratios at which a bucket begins and ends; 0 and 1 for all pairs."""
    if bucket == ALL:
        return Decimal(0), Decimal(1)
    low, _, high = bucket.partition("-")
    return Decimal(low), Decimal(high)


def reported_datasets(cells: Iterable[Reported]) -> list[ReportedDataset]:
    """The datasets of every paper that have constraints. Buckets that overlap give none."""
    by_dataset: dict[tuple[str, str], list[Reported]] = {}
    for cell in cells:
        if cell.over == "pairs":
            by_dataset.setdefault((cell.paper, cell.dataset), []).append(cell)
    found = []
    for (paper, dataset), some in by_dataset.items():
        buckets = _buckets({cell.bucket for cell in some} - {ALL})
        if buckets and (constraints := _constraints(some, buckets)):
            found.append(ReportedDataset(paper, dataset, buckets, constraints))
    return found


def _buckets(printed: set[str]) -> tuple[str, ...]:
    names = sorted(printed, key=edges)
    ends = [edges(name) for name in names]
    if not names or any(one[1] > other[0] for one, other in pairwise(ends)):
        return ()
    if any(one[1] != other[0] for one, other in pairwise(ends)):
        return ("elsewhere", *names)
    return tuple(names) if ends[0][0] == 0 else (f"0.0-{ends[0][0]}", *names)


def _constraints(cells: Sequence[Reported], buckets: tuple[str, ...]) -> tuple[BucketConstraint, ...]:
    rows: dict[tuple[str, ...], dict[str, Reported]] = {}
    for cell in cells:
        rows.setdefault((cell.table, cell.row, cell.metric, cell.samples), {})[cell.bucket] = cell
    found = []
    for row in rows.values():
        parts = tuple(row.get(bucket) for bucket in buckets)
        if ALL in row and any(parts):
            low, high = (bound / float(row[ALL].unit_size) for bound in metric_range(row[ALL].ours))
            found.append(BucketConstraint(row[ALL], parts, (low, high)))
    return tuple(found)


def metric_range(ours: str) -> Interval:
    """The smallest and the largest value of a metric of ours; without limits for an unknown one."""
    if not ours or ours.startswith("kid") or "_drop" in ours:  # a kernel distance and a drop may be negative
        return -math.inf, math.inf
    if ours.startswith("ssim"):
        return -1.0, 1.0
    return 0.0, 1.0 if ours in ("mae", "mae_spn") else math.inf


def assume_order(one: BucketConstraint) -> BucketConstraint:
    """The same, if holes before the first printed bucket are never harder than those in it."""
    first = next((part for part in one.parts if part is not None), None)
    if first is None or one.parts[0] is not None:
        return one
    low, high = one.rest
    if first.better == "higher":
        return replace(one, rest=(max(low, float(first.low)), high))
    return replace(one, rest=(low, min(high, float(first.high))))


# --- feasible shares ------------------------------------------------------------------------------


def vertex(
    costs: Sequence[float], constraints: Sequence[BucketConstraint], bounds: Sequence[Interval]
) -> OfBuckets | None:
    """The shares within bounds that satisfy all constraints and minimise `costs @ shares`; None if there are none."""
    from scipy.optimize import linprog

    rows = [row for one in constraints for row in one.limits]
    left = (np.array([row for row, _ in rows]), np.array([limit for _, limit in rows])) if rows else (None, None)
    found = linprog(costs, *left, A_eq=np.ones((1, len(costs))), b_eq=[1.0], bounds=list(bounds), method="highs")
    if found.status not in (0, 2):
        raise RuntimeError(f"the linear programme of the shares was not solved: {found.message}")
    return np.asarray(found.x, dtype=np.float64) if found.status == 0 else None


def feasible(constraints: Sequence[BucketConstraint], bounds: Sequence[Interval]) -> bool:
    """Whether any shares satisfy all constraints."""
    return vertex([0.0] * len(bounds), constraints, bounds) is not None


def vertices(constraints: Sequence[BucketConstraint], bounds: Sequence[Interval]) -> Matrix:
    """Feasible shares, with the smallest and the largest of each bucket among them; there must be some."""
    costs = [*np.eye(len(bounds)), *-np.eye(len(bounds))]
    found = [vertex(list(one), constraints, bounds) for one in costs]
    return np.array([one for one in found if one is not None]).clip(0, 1) + 0.0  # no share is -0.0


def implied_total(one: BucketConstraint, others: Sequence[BucketConstraint], bounds: Sequence[Interval]) -> Interval:
    """The range of All, given its buckets and the shares that satisfy the other constraints; there must be some."""
    low, high = one.extremes
    least = vertex(list(low), others, bounds) if np.isfinite(low).all() else None
    most = vertex(list(-high), others, bounds) if np.isfinite(high).all() else None
    return -math.inf if least is None else float(least @ low), math.inf if most is None else float(most @ high)


def minimal_corrections(
    constraints: Sequence[BucketConstraint], bounds: Sequence[Interval]
) -> list[tuple[BucketConstraint, ...]]:
    """The smallest sets of constraints without which the others are feasible, all of one size.

    Empty where more than a few constraints are wrong.
    """
    for count in range(1, min(MOST, len(constraints)) + 1):
        found = [
            some
            for some in combinations(constraints, count)
            if feasible([one for one in constraints if one not in some], bounds)
        ]
        if found:
            return found
    return []
