"""Checks of All against its buckets: rows that no shares satisfy, and rows that only unusual shares satisfy."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims.base import ClaimFinding, Level
from inpaint_bench.checks.claims.bucket_constraints import (
    BucketConstraint,
    Interval,
    ReportedDataset,
    assume_order,
    edges,
    feasible,
    implied_total,
    minimal_corrections,
    vertices,
)
from inpaint_bench.data.protocols import page_names, page_path, read_page

ANY: Interval = (0.0, 1.0)
UNUSUAL = 4.0  # standard deviations of a share, where masks are drawn at random
CHECK = "All against its buckets"


@dataclass(frozen=True)
class FeasibleShares:
    """The constraints of a dataset that are consistent with each other and with the usual assumptions on shares."""

    dataset: ReportedDataset
    constraints: tuple[BucketConstraint, ...]
    bounds: tuple[Interval, ...]


def check_constraints(dataset: ReportedDataset) -> tuple[list[ClaimFinding], FeasibleShares]:
    """The constraints that are inconsistent, as findings, and those that are consistent.

    A contradiction: no shares satisfy the rows of one table. A suspicion: none do if all tables saw the same pairs, if
    larger holes are never easier, and if the shares are those of masks drawn at random.
    """
    anything = (ANY,) * len(dataset.buckets)
    found, left = [], list(dataset.constraints)
    for _, group in groupby(sorted(left, key=_table), key=_table):
        rows = list(group)
        if not feasible(rows, anything):
            finding, wrong = _finding("contradiction", rows, anything, "No shares of the buckets fit")
            found.append(finding)
            left = [one for one in left if one not in wrong]
    bounds = anything
    for assumed, rows, narrower in _assumptions(dataset, left, bounds):
        if not feasible(rows, narrower):
            finding, wrong = _finding("suspicion", rows, narrower, f"If {assumed}, no shares of the buckets fit")
            found.append(finding)
            named = {one.total for one in wrong}
            left = [one for one in left if one.total not in named]
            break
        bounds = narrower
    return found, FeasibleShares(dataset, tuple(assume_order(one) for one in left), bounds)


def _table(one: BucketConstraint) -> str:
    return one.total.table


def _assumptions(
    dataset: ReportedDataset, constraints: Sequence[BucketConstraint], anything: tuple[Interval, ...]
) -> Iterator[tuple[str, list[BucketConstraint], tuple[Interval, ...]]]:
    """Usual assumptions, each on top of those before, with the constraints and the bounds of shares under them."""
    same = "all tables saw the same pairs"
    yield same, list(constraints), anything
    rising = [assume_order(one) for one in constraints]
    order = f"{same} and larger holes are never easier"
    yield order, rising, anything
    if usual := usual_shares(dataset):
        shares = ", ".join(f"{low:.0%} to {high:.0%}" for low, high in usual)
        yield f"{order} and masks were drawn at random (shares {shares})", rising, usual


def usual_shares(dataset: ReportedDataset) -> tuple[Interval, ...]:
    """The shares under random draws from NVIDIA's masks; () for a dataset with other masks, or without a known n.

    The set holds equally many masks of every tenth of mask ratio up to 0.6. The share of n draws lies within 4 standard
    deviations of its mean, except in one dataset of ten thousand.
    """
    known = [one.total.n for one in dataset.constraints if one.total.n]
    if dataset.dataset not in page_names() or not known or dataset.buckets[0] == "elsewhere":
        return ()
    page = read_page(page_path(dataset.dataset))
    if page.masks.set != "nvidia-irregular-test" or edges(dataset.buckets[-1])[1] != Decimal("0.6"):
        return ()
    means = [float((high - low) / Decimal("0.6")) for low, high in map(edges, dataset.buckets)]
    far = [UNUSUAL * math.sqrt(mean * (1 - mean) / min(known)) for mean in means]
    return tuple((max(0.0, m - d), min(1.0, m + d)) for m, d in zip(means, far, strict=True))


def _finding(
    level: Level, constraints: Sequence[BucketConstraint], bounds: Sequence[Interval], what: str
) -> tuple[ClaimFinding, tuple[BucketConstraint, ...]]:
    """The rows that are inconsistent with the others, as a finding."""
    sets = minimal_corrections(constraints, bounds)
    wrong = tuple(dict.fromkeys(one for some in sets for one in some)) or tuple(constraints)
    cells = tuple(cell for one in wrong for cell in one.cells)
    text = f"{what} every All of {constraints[0].total.dataset}. "
    heads = [f"{one.total.metric} of {one.total.row} in Table {one.total.table}" for one in wrong]
    if not sets:
        text += f"More than a few of these {len(constraints)} rows are wrong."
    elif len(sets) == len(sets[0]) == 1:
        others = [one for one in constraints if one is not wrong[0]]
        low, high = (_number(end, wrong[0].total) for end in implied_total(wrong[0], others, bounds))
        text += (
            f"The others fit without {heads[0]}: by its buckets All would be {low} to {high}, "
            f"not {wrong[0].total.value}."
        )
    else:
        count = "" if len(sets) == 1 else "one of " if len(sets[0]) == 1 else f"{len(sets[0])} of "
        text += f"Without {count}these the others fit: {', '.join(heads)}."
    return ClaimFinding(level, CHECK, cells, text), wrong


def _number(value: float, like: Reported) -> str:
    """A number with as many decimals as a printed one."""
    exponent = like.value.as_tuple().exponent
    assert isinstance(exponent, int)
    return f"{value:.{max(0, -exponent)}f}"


def describe_shares(shares: FeasibleShares) -> str:
    """The feasible shares of each bucket as text; '' where every row lacks a bucket, or no shares are feasible."""
    if not any(one.complete for one in shares.constraints) or not feasible(shares.constraints, shares.bounds):
        return ""
    found = vertices(shares.constraints, shares.bounds)
    named = zip(shares.dataset.buckets, found.min(axis=0), found.max(axis=0), strict=True)
    return ", ".join(f"{bucket} {low:.1%} to {high:.1%}" for bucket, low, high in named)
