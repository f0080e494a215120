"""How sure a set metric is: it is computed again for halves of the pairs, drawn without replacement.

A resample with replacement holds pairs twice, and twins make a set look narrower than it is: of 100 pairs with 2,048
features, the bootstrap's interval of a Fréchet distance does not even hold the value itself. A half has no twins.
Where a number behaves as a mean does, its variance over halves of m among n pairs is (1/m - 1/n) s^2, and times
m / (n - m) it is s^2 / n, that of the whole. So the spread of the halves about their own mean is the standard error
of the value at n pairs.

It says how far the number moves with the choice of the pairs, at this n. It says nothing of the bias that a
Fréchet distance has at this n, which halves have more of: only their spread is used. Every method and its targets
are seen in the same halves.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

from inpaint_bench.analysis.statistics import (
    ALPHA,
    BLOCK,
    LEVEL,
    Difference,
    Interval,
    Rank,
    Significance,
    Values,
    block_count,
    drawn_words,
    holm,
)
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets import OF_SUBSETS, UNPAIRED, SetFunction
from inpaint_bench.metrics.sets.rows import Rows, check_pairs, one_by_one

PerHalf = Float64[np.ndarray, "draws"]
Subset = Int64[np.ndarray, "_"]  # row numbers, ascending; several need not be of one size

LEAST_P = 1e-6
FEWEST = 8  # pairs; of fewer there is no interval, and nothing is significantly different


def draws_of(pairs: int) -> int:
    """How many halves are drawn: 400 up to 250 pairs, then fewer as each takes longer, and 20 from 5,000 pairs on."""
    return max(20, min(400, 100_000 // max(1, pairs)))


def set_interval(
    function: SetFunction,
    x: Rows,
    y: Rows,
    seed_text: str,
    level: float = LEVEL,
    draws: int | None = None,
) -> Interval:
    """The interval of a set metric of composites x and targets y, rows paired; none for fewer than 8 pairs.

    The value, and on either side the standard error that halves show times Student's t with draws - 1 degrees of
    freedom. A kernel distance is drawn down by each composite's own target: there the interval reaches from the
    value to what it is without those terms, and by as much beyond both. Raises InputError as the metric does.
    """
    if len(x) < FEWEST:
        return None
    return _around(_values(function, x, y), _of_halves(function, x, y, seed_text, draws), len(x), level)


def set_difference(
    function: SetFunction,
    xa: Rows,
    xb: Rows,
    y: Rows,
    seed_text: str,
    level: float = LEVEL,
    draws: int | None = None,
) -> Difference:
    """How far method a lies above b in a set metric, on the same pairs; exchanging the two changes only the sign.

    The interval is made of a - b, at all pairs and at halves, as that of `set_interval` is of a; p is that of
    Student's two-sided test of the same two. Fewer than 8 pairs have no interval, and p is 1. In 500 simulations
    with 100 pairs of normal features, the method's change as large as half of the picture's own spread, intervals
    of level 95% held the expected difference in

        features                      8       64
        frechet_distance          96.8%    96.8%
        kernel_distance           96.6%    96.8%
        paired_kernel_distance    96.6%    96.6%

    for standard errors that come out 5 to 12% too large: halves bend more than the whole. The expected difference
    is that at 100 pairs. Where pairs are not many more than features, that of Fréchet distances is another one, even
    of another sign, than at infinitely many: with 64 features those intervals held the latter in 15%.
    """
    values = _values(function, xa, y) - _values(function, xb, y)
    if len(y) < FEWEST:
        return Difference(len(y), float(values[0]), None, 1.0)
    halves = _of_halves(function, xa, y, seed_text, draws) - _of_halves(function, xb, y, seed_text, draws)
    return Difference(len(y), float(values[0]), _around(values, halves, len(y), level), _p(values, halves, len(y)))


def set_separable(
    function: SetFunction,
    methods: Mapping[str, Rows],
    y: Rows,
    better: Literal["higher", "lower"],
    seed_text: str,
    level: float = ALPHA,
    draws: int | None = None,
) -> Significance:
    """The method with the best value of a set metric, and of every other whether the pairs tell it from that one.

    As `stats.separable`, with the test of `set_difference`, Holm's adjustment over every two methods, and values in
    the place of means. Fewer than 8 pairs tell nothing apart. On equal values the first method given is the best.
    """
    names = list(methods)
    values = {name: _values(function, x, y) for name, x in methods.items()}
    means = {name: float(values[name][0]) for name in names}
    best = (max if better == "higher" else min)(names, key=means.__getitem__)
    p = dict.fromkeys(names, 1.0)
    if len(y) >= FEWEST:
        halves = {name: _of_halves(function, x, y, seed_text, draws) for name, x in methods.items()}
        every = list(combinations(names, 2))
        adjusted = holm([_p(values[a] - values[b], halves[a] - halves[b], len(y)) for a, b in every])
        p |= {a if b == best else b: value for (a, b), value in zip(every, adjusted, strict=True) if best in (a, b)}
    ranks: dict[str, Rank] = {name: "worse" if p[name] <= level else "not separable" for name in names}
    return Significance(len(y), best, means, p, ranks | {best: "best"})


def real_vs_real(function: SetFunction, y: Rows, seed_text: str) -> float:
    """What a set metric says of targets against other targets: the mean over a few splits of them into halves.

    It is what other pictures of the same kind would score at half of the number: for a Fréchet distance, mostly its
    bias at that number. Composites share their known region with their targets and may well lie below it. There are
    20 splits up to 1,000 targets, then fewer, and 2 from 10,000 on. Raises InputError for fewer than 4 targets.
    """
    n = len(y)
    if n < 4:
        raise InputError(f"{n} targets cannot be split into halves that a set metric is defined for: at least 4 can.")
    splits = _orders("floor", seed_text, n, max(2, min(20, 20_000 // n)))
    half = n // 2
    return math.fsum(function(y[np.sort(one[:half])], y[np.sort(one[half : 2 * half])]) for one in splits) / len(splits)


# --- parts ----------------------------------------------------------------------------------------


def _of_halves(function: SetFunction, x: Rows, y: Rows, seed_text: str, draws: int | None) -> PerHalf:
    """The metric of halves of the pairs, the same ones for the same number of pairs, text and number of draws."""
    return np.array(values_of_subsets(function, x, y, halves_of(len(y), seed_text, draws)))


def halves_of(pairs: int, seed_text: str, draws: int | None = None) -> list[Subset]:
    """Random halves of the pairs, as ascending row numbers: the same for the same number of pairs, text and draws."""
    return [np.sort(order[: pairs // 2]) for order in _orders("halves", seed_text, pairs, draws or draws_of(pairs))]


def values_of_subsets(function: SetFunction, x: Rows, y: Rows, subsets: Iterable[Subset]) -> list[float]:
    """A set metric of each of several subsets of the pairs. Raises InputError as the metric does."""
    check_pairs(x, y)
    of = OF_SUBSETS[function](x, y) if function in OF_SUBSETS else one_by_one(function, x, y)
    return [of(subset) for subset in subsets]


def _orders(use: str, seed_text: str, pairs: int, draws: int) -> Int64[np.ndarray, "draws pairs"]:
    """Random orders of the pairs: those of the words that belong to them."""
    sizes = [min(BLOCK, draws - block * BLOCK) for block in range(block_count(draws))]
    words = [drawn_words(use, seed_text, block, (size, pairs)) for block, size in enumerate(sizes)]
    return np.argsort(np.concatenate(words), axis=1, kind="stable")


def _values(function: SetFunction, x: Rows, y: Rows) -> Values:
    """The metric of all pairs, and the same without what pairing does to it, where it does something."""
    value = function(x, y)
    return np.array([value, UNPAIRED[function](x, y) if function in UNPAIRED else value])


def _error(halves: PerHalf, pairs: int) -> float:
    """The standard error of the metric of all pairs, from its values of halves."""
    half = pairs // 2
    return float(halves.std(ddof=1)) * math.sqrt(half / (pairs - half))


def _around(values: Values, halves: PerHalf, pairs: int, level: float) -> Interval:
    from scipy import special

    reach = float(special.stdtrit(len(halves) - 1, (1 + level) / 2)) * _error(halves, pairs)
    return float(values.min()) - reach, float(values.max()) + reach


def _p(values: Values, halves: PerHalf, pairs: int) -> float:
    """Student's two-sided p of the value that is nearest to 0; 1 where 0 lies among the values.

    It is never below 1e-6, as no set metric follows Student's distribution so far out, and 1 / (1 + draws) where all
    halves agree.
    """
    from scipy import special

    error = _error(halves, pairs)
    beyond = max(0.0, float(values.min()), -float(values.max()))
    if error == 0:
        return 1.0 if beyond == 0 else 1 / (1 + len(halves))
    return max(LEAST_P, 2 * float(special.stdtr(len(halves) - 1, -beyond / error)))
