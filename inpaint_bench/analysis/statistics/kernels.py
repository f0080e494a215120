"""The sums of resampled and of sign-flipped pairs, compiled by numba.

Every sum is added up pair after pair, in float64, each series for itself: neither the threads, nor the other
series, nor the processor change a bit of it. The kernels hold no lock while they work.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from inpaint_bench.metrics.machine_code import compiled

Array: TypeAlias = NDArray[Any]

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
ONE = np.uint64(1)


@compiled
def resample(values: Array, words: Array, sums: Array) -> None:
    """Add up len(values) pairs, drawn with replacement, for each row of words; sums come as zeros.

    Draw i of a row takes 32 bits of its word i // 2, the high half for an even i and the low half for an odd
    one; (32 bits * pairs) >> 32 is the pair that it takes.
    """
    count, series = values.shape
    pairs = uint64(count)
    for r in range(len(words)):
        for i in range(count):
            word = words[r, i >> 1]
            half = word & LOW if i & 1 else word >> HALF
            pair = int64((half * pairs) >> HALF)
            for j in range(series):
                sums[r, j] += values[pair, j]


@compiled
def flip(values: Array, words: Array, sums: Array) -> None:
    """Add up all pairs with their signs flipped for each row of words; sums come as zeros.

    Pair i is flipped where bit i % 64, counted from the lowest, of word i // 64 of the row is set.
    """
    count, series = values.shape
    for r in range(len(words)):
        for i in range(count):
            bit = (words[r, i >> 6] >> uint64(i & 63)) & ONE
            sign = 1.0 - 2.0 * int64(bit)
            for j in range(series):
                sums[r, j] += sign * values[i, j]
