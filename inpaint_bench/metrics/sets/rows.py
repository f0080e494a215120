"""Sets of features as set metrics read them: checked once, and converted to float64 block by block."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Float64, Int64

from inpaint_bench.errors import InputError

Rows: TypeAlias = Float[np.ndarray, "_ _"]  # (images, width), of any float type; may be a np.memmap
SetFunction: TypeAlias = Callable[[Rows, Rows], float]  # of composites and targets
Block: TypeAlias = Float64[np.ndarray, "_ _"]
FeatureVector = Float64[np.ndarray, "width"]
Subset = Int64[np.ndarray, "subset"]  # row indices, ascending
OfSubset: TypeAlias = Callable[[Subset], float]  # a set metric of those pairs only

BLOCK = 4096  # rows held in float64 at a time
HELD = 3000  # maximum number of pairs for which a matrix over all pairs of pairs is kept for subsets: 72 MB


def check(x: Rows, y: Rows, least: int = 2) -> None:
    """Raise InputError unless both sets have `least` rows or more, the same width, and only finite values."""
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"features of width {x.shape[1]} and {y.shape[1]} cannot be compared: take both from one extractor."
        )
    for rows, whose in ((x, "composites"), (y, "targets")):
        check_one(rows, whose, least)


def check_one(rows: Rows, whose: str, least: int = 2) -> None:
    """Raise InputError unless there are `least` rows or more, a column or more, and only finite values."""
    if len(rows) < least or rows.shape[1] < 1:
        raise InputError(
            f"the features of {whose} have {len(rows)} rows of width {rows.shape[1]}: "
            f"at least {least} rows, one per image, of width 1 or more are needed."
        )
    for start in range(0, len(rows), BLOCK):
        wrong = np.flatnonzero(~np.isfinite(rows[start : start + BLOCK]).all(axis=1))
        if len(wrong):
            raise InputError(
                f"row {start + wrong[0]} of the features of {whose} is not finite: extract the features again."
            )


def blocks(rows: Rows, size: int = BLOCK) -> Iterator[Block]:
    """Yield the rows in float64, `size` at a time."""
    for start in range(0, len(rows), size):
        yield np.asarray(rows[start : start + size], np.float64)


def mean(rows: Rows) -> FeatureVector:
    """The mean feature vector, float64 (width,)."""
    total = np.zeros(rows.shape[1])
    for block in blocks(rows):
        total += block.sum(axis=0)
    return total / len(rows)


def check_pairs(x: Rows, y: Rows, least: int = 2) -> None:
    """`check`, and raise InputError unless both sets have the same number of rows."""
    check(x, y, least)
    if len(x) != len(y):
        raise InputError(f"{len(x)} composites and {len(y)} targets are not pairs: give one row of each per pair.")


def one_by_one(function: SetFunction, x: Rows, y: Rows) -> OfSubset:
    """A set metric of subsets of pairs, computed from scratch for each subset."""
    return lambda rows: function(x[rows], y[rows])
