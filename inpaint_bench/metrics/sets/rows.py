"""Features as the set metrics read them: checked once, and in float64 only block by block."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Float64, Int64

from inpaint_bench.errors import InputError

Rows: TypeAlias = Float[np.ndarray, "_ _"]  # (pictures, width), of any float kind; may be a np.memmap
Block: TypeAlias = Float64[np.ndarray, "_ _"]
Row = Float64[np.ndarray, "width"]
Subset = Int64[np.ndarray, "subset"]  # the numbers of some rows, ascending
OfRows: TypeAlias = Callable[[Subset], float]  # a set metric of those pairs alone

BLOCK = 4096  # rows that are held in float64 at a time
HELD = 3000  # pairs up to which a matrix with a number for every two is held for their subsets: 72 MB


def check(x: Rows, y: Rows, least: int = 2) -> None:
    """Raise InputError unless both have at least so many rows, one width, and finite values everywhere."""
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"features of width {x.shape[1]} and {y.shape[1]} cannot be compared: take both from one extractor."
        )
    for rows, whose in ((x, "composites"), (y, "targets")):
        check_one(rows, whose, least)


def check_one(rows: Rows, whose: str, least: int = 2) -> None:
    """Raise InputError unless there are at least so many rows, a column, and finite values everywhere."""
    if len(rows) < least or rows.shape[1] < 1:
        raise InputError(
            f"the features of {whose} have {len(rows)} rows of width {rows.shape[1]}: "
            f"at least {least} rows, one a picture, of width 1 or more are needed."
        )
    for start in range(0, len(rows), BLOCK):
        wrong = np.flatnonzero(~np.isfinite(rows[start : start + BLOCK]).all(axis=1))
        if len(wrong):
            raise InputError(
                f"row {start + wrong[0]} of the features of {whose} is not finite: extract the features anew."
            )


def blocks(rows: Rows, size: int = BLOCK) -> Iterator[Block]:
    """The rows in float64, so many at a time."""
    for start in range(0, len(rows), size):
        yield np.asarray(rows[start : start + size], np.float64)


def mean(rows: Rows) -> Row:
    """The mean row."""
    total = np.zeros(rows.shape[1])
    for block in blocks(rows):
        total += block.sum(axis=0)
    return total / len(rows)


def check_pairs(x: Rows, y: Rows, least: int = 2) -> None:
    """As `check`, and raise InputError for unequal numbers of rows."""
    check(x, y, least)
    if len(x) != len(y):
        raise InputError(f"{len(x)} composites and {len(y)} targets are no pairs: give one row of each per pair.")


def one_by_one(function: Callable[[Rows, Rows], float], x: Rows, y: Rows) -> OfRows:
    """A set metric of subsets of pairs, each computed anew."""
    return lambda rows: function(x[rows], y[rows])
