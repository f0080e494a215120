"""How sure a number is that votes come to, over raters and over pairs: the two-way bootstrap.

Votes of one rater are alike, and so are votes on one pair. Variances are those of a weighted bootstrap (Rubin, Annals
of Statistics 9, 1981), drawn three times: over raters, over pairs, and over what one rater voted on one pair. The
first two together count the noise of single votes twice, so that the third is taken off (Cameron, Gelbach and Miller,
JBES 29, 2011). Where little is left by chance, at least half of the third is taken. Intervals are Student's t; its
degrees of freedom are one less than the raters or the pairs, whichever are fewer.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64

from inpaint_bench import files

Tables = Float64[np.ndarray, "units ..."]  # a table for each rater, each pair, or each of both together
DrawnTables = Float64[np.ndarray, "draws ..."]
Statistics = Float64[np.ndarray, "statistics"]
Drawn = Float64[np.ndarray, "draws statistics"]
Counts: TypeAlias = tuple[int, int, int]  # of raters, of pairs, of both together
Ends: TypeAlias = tuple[float, float] | None  # of an interval; none for one rater or one pair

LEVEL = 0.95
DRAWS = 1000  # of each of the three bootstraps
LEAST = 0.5  # of the variance of single votes: what raters and pairs together have at least


def weighted(tables: Tables, seed_text: str) -> DrawnTables:
    """Sums of tables in which each unit has a random weight, of mean 1; no weight is 0, so that none lacks a method."""
    units, *shape = tables.shape
    seed = int(files.sha256(f"inpaint-bench votes 1:{seed_text}".encode()), 16)
    words = np.random.PCG64(seed).random_raw(DRAWS * units).reshape(DRAWS, units)
    weights = -np.log1p(-((words >> np.uint64(11)) + 0.5) * 2.0**-53)  # exponential
    weights *= units / weights.sum(axis=1, keepdims=True)
    return np.asarray((weights @ tables.reshape(units, -1)).reshape(DRAWS, *shape))


def freedom(counts: Counts) -> int:
    """The degrees of freedom; 0 for one rater or one pair, of which nobody knows how others would differ."""
    return min(counts[:2]) - 1


def errors(drawn: Sequence[Drawn], counts: Counts) -> Statistics:
    """Standard errors over raters and pairs, from the draws over raters, over pairs, and over both together."""
    raters, pairs, both = (_variance(one, units) for one, units in zip(drawn, counts, strict=True))
    return np.asarray(np.sqrt(np.maximum(raters + pairs - both, LEAST * both)))


def ends(centre: Statistics, drawn: Callable[[], Sequence[Drawn]], counts: Counts) -> list[Ends]:
    """The interval of each of some statistics; nothing is drawn where there can be none."""
    from scipy import special

    if not freedom(counts):
        return [None] * len(centre)
    t = -float(special.stdtrit(freedom(counts), (1 - LEVEL) / 2))
    return [(float(c - t * e), float(c + t * e)) for c, e in zip(centre, errors(drawn(), counts), strict=True)]


def share_ends(
    won: Statistics, lost: Statistics, drawn: Callable[[], Sequence[tuple[Drawn, Drawn]]], counts: Counts
) -> list[Ends]:
    """The interval of each share of votes won, which it holds: that of log odds with half a vote added on either side.

    Nothing is drawn where there can be none.
    """
    found = ends(_log_odds(won, lost), lambda: [_log_odds(*one) for one in drawn()], counts)
    return [
        None if one is None else (min(expit(one[0]), float(share)), max(expit(one[1]), float(share)))
        for share, one in zip(won / (won + lost), found, strict=True)
    ]


def expit(value: float) -> float:
    """The chance whose log odds these are."""
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, value))))


def _log_odds(won: DrawnTables, lost: DrawnTables) -> DrawnTables:
    return np.asarray(np.log(won + 0.5) - np.log(lost + 0.5))


def _variance(drawn: Drawn, units: int) -> Statistics:
    """The variance of draws, without the bias that few units give it."""
    return np.asarray(drawn.var(axis=0, ddof=1) * (units + 1) / (units - 1))
