"""Sums that no shares of the buckets fit, and sums that only unusual shares fit."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims.base import Finding, Level
from inpaint_bench.checks.claims.bucket_constraints import (
    Interval,
    Place,
    Sum,
    broken,
    corners,
    edges,
    fits,
    implied,
    ordered,
)
from inpaint_bench.data.protocols import page_names, page_path, read_page

ANY: Interval = (0.0, 1.0)
UNUSUAL = 4.0  # standard deviations of a share, where masks are drawn at random
CHECK = "All against its buckets"


@dataclass(frozen=True)
class Fitting:
    """The sums of a dataset that fit each other, with all that is usually so of their shares."""

    place: Place
    sums: tuple[Sum, ...]
    bounds: tuple[Interval, ...]


def check_sums(place: Place) -> tuple[list[Finding], Fitting]:
    """What does not fit, and what does.

    A contradiction: the sums of one table fit no shares at all. A suspicion: they do, but not if all tables saw the
    same pairs, if larger holes are never easier, and if the shares are as masks drawn at random give them.
    """
    anything = (ANY,) * len(place.buckets)
    found, left = [], list(place.sums)
    for _, group in groupby(sorted(left, key=_table), key=_table):
        sums = list(group)
        if not fits(sums, anything):
            finding, wrong = _finding("contradiction", sums, anything, "No shares of the buckets fit")
            found.append(finding)
            left = [one for one in left if one not in wrong]
    bounds = anything
    for assumed, sums, narrower in _usually(place, left, bounds):
        if not fits(sums, narrower):
            finding, wrong = _finding("suspicion", sums, narrower, f"If {assumed}, no shares of the buckets fit")
            found.append(finding)
            named = {one.total for one in wrong}
            left = [one for one in left if one.total not in named]
            break
        bounds = narrower
    return found, Fitting(place, tuple(ordered(one) for one in left), bounds)


def _table(one: Sum) -> str:
    return one.total.table


def _usually(
    place: Place, sums: Sequence[Sum], anything: tuple[Interval, ...]
) -> Iterator[tuple[str, list[Sum], tuple[Interval, ...]]]:
    """What is usually so, one after the other, with the sums and the bounds of shares that it leaves."""
    yield "all tables saw the same pairs", list(sums), anything
    rising = [ordered(one) for one in sums]
    yield "moreover larger holes are never easier", rising, anything
    if usual := usual_shares(place):
        message = ", ".join(f"{low:.0%} to {high:.0%}" for low, high in usual)
        yield f"moreover masks were drawn at random (shares {message})", rising, usual


def usual_shares(place: Place) -> tuple[Interval, ...]:
    """The shares that random draws from NVIDIA's masks give; () for a dataset that has none of them, or no known n.

    The set holds equally many masks of every tenth of mask ratio up to 0.6. A share of n draws lies within 4 standard
    deviations of its mean, but for one dataset in ten thousand.
    """
    known = [one.total.n for one in place.sums if one.total.n]
    if place.dataset not in page_names() or not known or place.buckets[0] == "elsewhere":
        return ()
    page = read_page(page_path(place.dataset))
    if page.masks.set != "nvidia-irregular-test" or edges(place.buckets[-1])[1] != Decimal("0.6"):
        return ()
    means = [float((high - low) / Decimal("0.6")) for low, high in map(edges, place.buckets)]
    far = [UNUSUAL * math.sqrt(mean * (1 - mean) / min(known)) for mean in means]
    return tuple((max(0.0, m - d), min(1.0, m + d)) for m, d in zip(means, far, strict=True))


def _finding(
    level: Level, sums: Sequence[Sum], bounds: Sequence[Interval], what: str
) -> tuple[Finding, tuple[Sum, ...]]:
    """Which sums do not fit the others, in words."""
    sets = broken(sums, bounds)
    wrong = tuple(dict.fromkeys(one for some in sets for one in some)) or tuple(sums)
    cells = tuple(cell for one in wrong for cell in one.cells)
    heads = [f"{one.total.metric} of {one.total.row} in Table {one.total.table}" for one in wrong]
    text = f"{what} every All of {sums[0].total.dataset}. "
    if not sets:
        text += f"More than a few of these {len(sums)} rows are wrong."
    elif len(sets) > 1 or len(sets[0]) > 1:
        joined = ", ".join(heads)
        text += f"Without {'one' if len(sets[0]) == 1 else f'{len(sets[0])}'} of these the others fit: {joined}."
        text = text if len(sets) > 1 else text.replace(f"Without {len(sets[0])} of these", "Without these")
    else:
        others = [one for one in sums if one is not wrong[0]]
        low, high = implied(wrong[0], others, bounds)
        text += (
            f"The others do without {heads[0]}: by its buckets All would be {_number(low, wrong[0].total)} to "
            f"{_number(high, wrong[0].total)}, not {wrong[0].total.value}."
        )
    return Finding(level, CHECK, cells, text), wrong


def _number(value: float, like: Reported) -> str:
    """A number with the digits of a printed one."""
    exponent = like.value.as_tuple().exponent
    assert isinstance(exponent, int)
    return f"{value:.{max(0, -exponent)}f}"


def shares_of(fitting: Fitting) -> str:
    """Which shares of the buckets fit all numbers, in words; '' where every sum lacks a bucket, or none is left."""
    if not any(one.whole for one in fitting.sums) or not fits(fitting.sums, fitting.bounds):
        return ""
    found = corners(fitting.sums, fitting.bounds)
    named = zip(fitting.place.buckets, found.min(axis=0), found.max(axis=0), strict=True)
    return ", ".join(f"{bucket} {low:.1%} to {high:.1%}" for bucket, low, high in named)
