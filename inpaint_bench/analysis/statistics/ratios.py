"""How sure a ratio of two sums over images is, and whether two methods' ratios differ.

The mean score of the objects in a set is such a ratio: the sum of scores over the number of objects. Images are
what is drawn, with all their objects, since objects of one image are alike. An image whose denominator is 0 says
nothing and is left out; `n` counts the others.
"""

import math

import numpy as np
from jaxtyping import Bool

from inpaint_bench.analysis.statistics import (
    FLIPS,
    JOBS,
    LEVEL,
    RESAMPLES,
    Difference,
    Interval,
    Values,
    end_rank,
    resampled_sums,
    sign_flip,
)
from inpaint_bench.errors import InputError

Kept = Bool[np.ndarray, "pairs"]


def ratio_interval(
    num: Values, den: Values, seed_text: str, level: float = LEVEL, resamples: int = RESAMPLES, jobs: int = JOBS
) -> Interval:
    """The interval of sum(num) / sum(den): numerators and denominators of the same images are drawn together.

    A percentile bootstrap over images, widened for small n as `mean_interval` is. None for fewer than two images
    with a denominator. Raises InputError for values that are not finite, for a denominator below 0, and for a
    numerator that has none.
    """
    kept = _counted(num, den)
    num, den, n = num[kept], den[kept], int(kept.sum())
    if n < 2:
        return None
    ratio = math.fsum(num) / math.fsum(den)
    pairs = np.stack([num - ratio * den, den], axis=1)  # what the first add up to is the ratio's error, to the bit
    errors, totals = resampled_sums(pairs, seed_text, resamples, jobs).T
    drawn = np.sort(errors / totals)
    rank = end_rank(n, level, resamples)
    return ratio + float(drawn[rank - 1]), ratio + float(drawn[resamples - rank])


def ratio_difference(
    num_a: Values,
    num_b: Values,
    den: Values,
    seed_text: str,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    flips: int = FLIPS,
    jobs: int = JOBS,
) -> Difference:
    """How far sum(num_a) / sum(den) lies above sum(num_b) / sum(den): two methods on the same objects.

    The interval draws both methods' numerators and the denominator of the same images together. The test is
    two-sided: if it were chance which of the two methods gave which numerator of an image, p is how often the
    difference would be at least as large, as `difference` has it. Raises InputError as `ratio_interval` does.
    """
    kept = _counted(num_a, den) & _counted(num_b, den)
    d, own = (num_a - num_b)[kept], den[kept]
    mean = math.fsum(d) / math.fsum(own) if len(d) else None
    interval = ratio_interval(d, own, seed_text, level, resamples, jobs)
    return Difference(len(d), mean, interval, sign_flip(d[:, None], lambda sums: sums, seed_text, flips, jobs)[0])


def _counted(num: Values, den: Values) -> Kept:
    """Which images have a denominator. Raises InputError for numbers that cannot be meant."""
    if not (np.isfinite(num).all() and np.isfinite(den).all()):
        raise InputError("a numerator or a denominator is infinite or no number. Leave its image out and count it.")
    if (den < 0).any() or num[den == 0].any():
        raise InputError("an image has a denominator below 0, or a numerator where there is nothing to count.")
    return np.asarray(den > 0)
