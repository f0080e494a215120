"""How far raters agree: Krippendorff's alpha, one with the most of the others, and raters who answer as by chance."""

import math

import numpy as np
from jaxtyping import Float64, Int64

from inpaint_bench.metrics.preference import chances, strengths
from inpaint_bench.study.model import Votes, connected

ALPHA = 0.05  # of the tests of raters
CLEAR = 0.6  # the share of votes of favourites from which on a rater can be seen to miss them
Units = Int64[np.ndarray, "votes"]
Counts = Float64[np.ndarray, "units categories"]
PerVote = Float64[np.ndarray, "votes"]


def krippendorff(counts: Counts) -> float | None:
    """Krippendorff's alpha of nominal data: 1 where all agree, 0 where they agree as by chance.

    `counts` says how often each unit was put into each category; units with fewer than two votes say nothing. None
    where no unit has two, or every vote is the same.
    """
    held = counts[counts.sum(axis=1) >= 2]
    total = held.sum()
    if not total:
        return None
    m, of = held.sum(axis=1, keepdims=True), held.sum(axis=0)
    observed = float((held * (m - held) / (m - 1)).sum())
    expected = float((of * (total - of)).sum() / (total - 1))
    return 1 - observed / expected if expected else None


def alpha(votes: Votes) -> tuple[float | None, int]:
    """Krippendorff's alpha of votes, and on how many comparisons with two or more of them.

    A unit is a pair with two methods. Which of these is called the first is arbitrary, so each unit counts in both
    orders: then agreement by chance is one half, whichever methods win.
    """
    counts = _counts(votes)
    return krippendorff(np.concatenate([counts, counts[:, ::-1]])), int((counts.sum(axis=1) >= 2).sum())


def _units(votes: Votes) -> tuple[Units, Units]:
    """For each vote the number of its comparison, and whether the method of the lower number was preferred."""
    m = len(votes.methods)
    low, high = np.minimum(votes.winner, votes.loser), np.maximum(votes.winner, votes.loser)
    unit = np.unique((votes.pair * m + low) * m + high, return_inverse=True)[1].reshape(-1)
    return unit.astype(np.int64), (votes.winner == low).astype(np.int64)


def _counts(votes: Votes) -> Counts:
    unit, first = _units(votes)
    counts = np.bincount(2 * unit + 1 - first, minlength=2 * (int(unit.max(initial=-1)) + 1))
    return counts.reshape(-1, 2).astype(np.float64)


def with_majority(votes: Votes) -> PerVote:
    """For each vote whether most of the other votes on its comparison agree: 1, 0, or one half where these are even.

    NaN for the only vote on a comparison.
    """
    unit, first = _units(votes)
    counts = _counts(votes)[unit]
    same = np.where(first == 1, counts[:, 0], counts[:, 1]) - 1
    others = counts.sum(axis=1) - 1
    return np.asarray(np.where(others > 0, (1 + np.sign(2 * same - others)) / 2, np.nan))


def at_random(votes: Votes) -> dict[int, float]:
    """The raters who answer as by chance while others do not: the share of votes each gave to the others' favourites.

    The favourite of a comparison is the method of the greater strength in a fit to the votes of the other raters. A
    rater is named who chose it significantly less often than that fit expects (one-sided, level 0.05 divided by the
    number of raters) and not significantly more often than half of the time (one-sided, level 0.05). Where it expects
    less than 60% methods look alike, and nobody is named.
    """
    from scipy import special

    units = votes.units[0]
    others = votes.wins[None] - votes.wins_by(units)
    sure = np.array([connected(wins) for wins in others])
    found = np.zeros(others.shape[:2])
    found[sure] = strengths(others[sure])
    chance = chances(found)[units, votes.winner, votes.loser]
    named = {}
    for number, rater in enumerate(np.unique(votes.rater).tolist()):
        mine = chance[units == number]
        favourite, n = float((mine > 0.5).sum() + (mine == 0.5).sum() / 2), len(mine)
        expected = np.maximum(mine, 1 - mine)
        spread = math.sqrt(float((expected * (1 - expected)).sum()))
        less = float(special.ndtr((favourite - float(expected.sum())) / spread)) <= ALPHA / len(others)
        clear = float(expected.mean()) >= CLEAR
        if sure[number] and clear and less and (2 * favourite - n) / math.sqrt(n) <= -float(special.ndtri(ALPHA)):
            named[rater] = favourite / n
    return named
