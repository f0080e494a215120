"""The k samples of a stochastic method: the best of them, their mean, the first, and what best-of-k is for every k.

Scores come as a matrix, a row a pair and a column a sample. One metric chooses (PSNR in the papers), and every
metric is read at the sample that it chose.
"""

import math
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

from inpaint_bench.analysis.statistics import Values
from inpaint_bench.errors import InputError

Scores = Float64[np.ndarray, "pairs samples"]
Chosen = Int64[np.ndarray, "pairs"]
Order = Int64[np.ndarray, "pairs samples"]


def chosen_samples(choosing: Scores, better: Literal["higher", "lower"]) -> Chosen:
    """The number of the best sample of each pair by the choosing metric; of equal ones the first.

    An infinite score wins or loses as its sign says. Raises InputError where a score is not a number.
    """
    return _ranked(choosing, better)[:, 0]


def best_of(scores: Scores, chosen: Chosen) -> Values:
    """The score of each pair's chosen sample."""
    best: Values = scores[np.arange(len(scores)), chosen]
    return best


def mean_of(scores: Scores) -> Values:
    """The mean over the samples of each pair; infinite where a score is."""
    means: Values = scores.mean(axis=1)
    return means


def first_of(scores: Scores) -> Values:
    """The score of each pair's first sample: what a method gives that is requested once."""
    return scores[:, 0]


def best_of_each(scores: Scores, choosing: Scores, better: Literal["higher", "lower"]) -> Scores:
    """Each pair's expected score when the best is chosen among k of its K samples; column k - 1 is that of k.

    `better` is the choosing metric's direction. It is the mean over all subsets of k samples, an unbiased
    estimate of what k samples drawn anew would give. The sample of rank r by the choosing metric, counted from 1,
    is the best of C(K - r, k - 1) of C(K, k) subsets. Of equal ones the first ranks higher. Column K - 1 is
    best-of-K, column 0 the mean. After Chen et al., "Evaluating Large Language Models Trained on Code", 2021,
    section 2.1. An infinite score makes every k infinite that can choose it. Raises InputError where a
    choosing score is not a number.
    """
    ranked = np.take_along_axis(scores, _ranked(choosing, better), axis=1)
    expected = np.zeros_like(ranked)
    for k in range(1, scores.shape[1] + 1):
        for rank, weight in enumerate(rank_weights(scores.shape[1], k)):
            expected[:, k - 1] += weight * ranked[:, rank]
    return expected


def rank_weights(samples: int, k: int) -> list[float]:
    """The share of the subsets of k samples whose best is the one of each rank, from the best; those above 0.

    Whole numbers until the one division: exact to the last bit.
    """
    return [math.comb(samples - rank, k - 1) / math.comb(samples, k) for rank in range(1, samples - k + 2)]


def _ranked(choosing: Scores, better: Literal["higher", "lower"]) -> Order:
    """The samples of each pair from best to worst by the choosing metric; equal ones in their own order."""
    if choosing.shape[1] < 1:
        raise InputError("there is no sample to choose from: a stochastic method needs at least one a pair.")
    wrong = np.argwhere(np.isnan(choosing))
    if len(wrong):
        raise InputError(
            f"the choosing score of sample {wrong[0, 1]} of pair {wrong[0, 0]} (rows counted from 0) is not a number: "
            "nothing can be chosen by it; score the composites anew."
        )
    return np.argsort(-choosing if better == "higher" else choosing, axis=1, kind="stable")
