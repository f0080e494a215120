"""All is the mean over all pairs, so it is the buckets' numbers weighted by their shares of the pairs.

The shares are not printed, but they are the same for every method and metric of one table. A printed number stands
for an interval; a sum fits shares w if some numbers within the intervals satisfy it, that is, if

    sum of w[b] * low[b] <= high of All   and   sum of w[b] * high[b] >= low of All

which is linear in w: whether any shares fit many sums at once is a linear programme, and its answer is exact. Where
the printed buckets do not begin at 0.0, the pairs outside them make one more bucket. What is not printed of it can
be any number that the metric can have.
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
MOST = 3  # sums that are left out together, in search of those that do not fit


@dataclass(frozen=True)
class Sum:
    """All and its buckets, of one row and metric; a bucket that is not printed has no cell."""

    total: Reported
    parts: tuple[Reported | None, ...]
    rest: Interval = (-math.inf, math.inf)  # what an unprinted bucket can have

    @property
    def whole(self) -> bool:
        """Whether every bucket is printed."""
        return None not in self.parts

    @property
    def cells(self) -> tuple[Reported, ...]:
        """The printed cells, All last."""
        return (*(part for part in self.parts if part is not None), self.total)

    @cached_property
    def ends(self) -> tuple[OfBuckets, OfBuckets]:
        """The least and the largest number that each bucket can have, in printed units."""
        both = [(float(part.low), float(part.high)) if part else self.rest for part in self.parts]
        low, high = np.array(both).T
        return low, high

    @cached_property
    def limits(self) -> list[tuple[OfBuckets, float]]:
        """Rows and numbers so that `row @ shares <= number`, in sizes of All; none of an unbounded bucket."""
        low, high = self.ends
        size = abs(float(self.total.value)) or 1.0
        rows = [(low / size, float(self.total.high) / size), (-high / size, -float(self.total.low) / size)]
        return [(row, limit) for row, limit in rows if np.isfinite(row).all()]


@dataclass(frozen=True)
class Place:
    """A dataset of a paper: its buckets, and the sums of all rows and metrics."""

    paper: str
    dataset: str
    buckets: tuple[str, ...]  # what lies outside the printed ones comes first
    sums: tuple[Sum, ...]

    @property
    def name(self) -> str:
        """It, in words."""
        return f"{self.paper}, {self.dataset}"


def edges(bucket: str) -> tuple[Decimal, Decimal]:
    """The ends of a bucket of mask ratios; of all, 0 and 1."""
    if bucket == ALL:
        return Decimal(0), Decimal(1)
    low, _, high = bucket.partition("-")
    return Decimal(low), Decimal(high)


def places(cells: Iterable[Reported]) -> list[Place]:
    """The datasets of every paper that have sums. Buckets that overlap make none."""
    by_place: dict[tuple[str, str], list[Reported]] = {}
    for cell in cells:
        if cell.over == "pairs":
            by_place.setdefault((cell.paper, cell.dataset), []).append(cell)
    found = []
    for (paper, dataset), some in by_place.items():
        buckets = _buckets({cell.bucket for cell in some} - {ALL})
        if buckets and (sums := _sums(some, buckets)):
            found.append(Place(paper, dataset, buckets, sums))
    return found


def _buckets(printed: set[str]) -> tuple[str, ...]:
    names = sorted(printed, key=edges)
    ends = [edges(name) for name in names]
    if not names or any(one[1] > other[0] for one, other in pairwise(ends)):
        return ()
    if any(one[1] != other[0] for one, other in pairwise(ends)):
        return ("elsewhere", *names)
    return tuple(names) if ends[0][0] == 0 else (f"0.0-{ends[0][0]}", *names)


def _sums(cells: Sequence[Reported], buckets: tuple[str, ...]) -> tuple[Sum, ...]:
    rows: dict[tuple[str, ...], dict[str, Reported]] = {}
    for cell in cells:
        rows.setdefault((cell.table, cell.row, cell.metric, cell.samples), {})[cell.bucket] = cell
    found = []
    for row in rows.values():
        parts = tuple(row.get(bucket) for bucket in buckets)
        if ALL in row and any(parts):
            low, high = (bound / float(row[ALL].unit_size) for bound in possible(row[ALL].ours))
            found.append(Sum(row[ALL], parts, (low, high)))
    return tuple(found)


def possible(ours: str) -> Interval:
    """The least and the largest value that a picture can have in a metric of ours; of an unknown one, any."""
    if not ours or ours.startswith("kid") or "_drop" in ours:  # a kernel distance and a drop may be negative
        return -math.inf, math.inf
    if ours.startswith("ssim"):
        return -1.0, 1.0
    return 0.0, 1.0 if ours in ("mae", "mae_spn") else math.inf


def ordered(one: Sum) -> Sum:
    """The same, if holes before the first printed bucket are never harder than those in it."""
    first = next((part for part in one.parts if part is not None), None)
    if first is None or one.parts[0] is not None:
        return one
    low, high = one.rest
    if first.better == "higher":
        return replace(one, rest=(max(low, float(first.low)), high))
    return replace(one, rest=(low, min(high, float(first.high))))


# --- which shares fit -----------------------------------------------------------------------------


def corner(costs: Sequence[float], sums: Sequence[Sum], bounds: Sequence[Interval]) -> OfBuckets | None:
    """Of the shares within bounds that fit every sum, those at which `costs @ shares` is least; none if none fit."""
    from scipy.optimize import linprog

    rows = [row for one in sums for row in one.limits]
    left = (np.array([row for row, _ in rows]), np.array([limit for _, limit in rows])) if rows else (None, None)
    found = linprog(costs, *left, A_eq=np.ones((1, len(costs))), b_eq=[1.0], bounds=list(bounds), method="highs")
    if found.status not in (0, 2):
        raise RuntimeError(f"the linear programme of the shares was not solved: {found.message}")
    return np.asarray(found.x, dtype=np.float64) if found.status == 0 else None


def fits(sums: Sequence[Sum], bounds: Sequence[Interval]) -> bool:
    """Whether any shares fit every sum."""
    return corner([0.0] * len(bounds), sums, bounds) is not None


def corners(sums: Sequence[Sum], bounds: Sequence[Interval]) -> Matrix:
    """Shares that fit every sum, with the least and the largest of each bucket among them; there must be some."""
    costs = [*np.eye(len(bounds)), *-np.eye(len(bounds))]
    found = [corner(list(one), sums, bounds) for one in costs]
    return np.array([one for one in found if one is not None]).clip(0, 1) + 0.0  # no share is -0.0


def implied(one: Sum, sums: Sequence[Sum], bounds: Sequence[Interval]) -> Interval:
    """What All can be by its buckets and the shares that fit the other sums; there must be some."""
    low, high = one.ends
    least = corner(list(low), sums, bounds) if np.isfinite(low).all() else None
    most = corner(list(-high), sums, bounds) if np.isfinite(high).all() else None
    return -math.inf if least is None else float(least @ low), math.inf if most is None else float(most @ high)


def broken(sums: Sequence[Sum], bounds: Sequence[Interval]) -> list[tuple[Sum, ...]]:
    """The smallest sets of sums without which the others fit, all of one size; none where more than a few are wrong."""
    for count in range(1, min(MOST, len(sums)) + 1):
        found = [some for some in combinations(sums, count) if fits([s for s in sums if s not in some], bounds)]
        if found:
            return found
    return []
