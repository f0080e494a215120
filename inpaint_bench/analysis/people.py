"""How often metrics prefer the composite that people preferred: two-alternative agreement, vote by vote.

A vote is between the composites of two methods for one pair. A metric agrees with it if the composite that the rater
preferred has the better score; equal scores count one half, so that 0.5 is what a metric reaches that says nothing
(Zhang et al., CVPR 2018). Raters do not agree with each other either: what one rater reaches against the majority of
the others on the same comparison stands beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from inpaint_bench.analysis.per_pair import PairValues, PerPairData
from inpaint_bench.analysis.votes import Study
from inpaint_bench.escape import markdown
from inpaint_bench.metrics.base import Better, Metric
from inpaint_bench.study.agreement import with_majority
from inpaint_bench.study.model import Votes
from inpaint_bench.study.two_way import share_ends, weighted

if TYPE_CHECKING:
    import pandas as pd

TITLE = (
    "with people: the share of votes in which a metric prefers the composite that the rater preferred; 0.5 is chance"
)
MAJORITY = "one rater"  # what stands in place of a metric: with the majority of the others
DIGITS = 9  # of a share: what lies beyond depends on the order of additions
COLUMNS = ("metric", "agreement", "low", "high", "votes", "raters", "pairs")
OfMethods = Mapping[str, PerPairData | None]  # by method
Values = Float64[np.ndarray, "methods pairs"]
Agreeing = Float64[np.ndarray, "votes series"]  # 1, one half or 0; NaN for a vote that says nothing of a series


@dataclass(frozen=True)
class Agreement:
    """The share of votes that a metric agrees with, in [0, 1]; the 95% interval is over raters and pairs."""

    label: str  # of the metric, or MAJORITY
    share: float
    low: float | None  # none for one rater or one pair
    high: float | None
    votes: int
    raters: int
    pairs: int

    @property
    def interval(self) -> str:
        """Both ends with three digits."""
        return "-" if self.low is None or self.high is None else f"{self.low:.3f} to {self.high:.3f}"


@dataclass(frozen=True)
class PeopleAgreement:
    """How far metrics agree with people: the best first."""

    question: str
    metrics: tuple[Agreement, ...]
    majority: Agreement | None  # none where no comparison has two votes

    @property
    def rows(self) -> tuple[Agreement, ...]:
        """The metrics, and last one rater with the majority of the others."""
        return (*self.metrics, *([self.majority] if self.majority else []))

    def lines(self) -> list[list[str]]:
        """The table as text, the heading first."""
        rows = [[one.label, f"{one.share:.3f}", one.interval, str(one.votes)] for one in self.rows]
        return [["metric", "agreement", "95% interval", "votes"], *rows]

    def to_markdown(self) -> str:
        """The table in Markdown."""
        import pandas as pd

        heading, *rows = self.lines()
        table = pd.DataFrame([[markdown(row[0]), *row[1:]] for row in rows], columns=heading)
        align = ["left", "right", "right", "right"]
        return str(table.to_markdown(index=False, disable_numparse=True, colalign=align))

    def notes(self) -> list[str]:
        """What was voted on, and what the row of raters is."""
        found = [f"with people: '{self.question}'; intervals over raters and pairs"]
        if self.majority:
            found.append(
                f"{MAJORITY}: how often a vote agrees with the majority of the others on the same comparison "
                f"({self.majority.votes} votes have others): about what a metric can reach, or less where few voted"
            )
        else:
            found.append("no comparison has two votes: how far raters agree with each other is not known")
        return found


def frame_of(found: PeopleAgreement | None) -> "pd.DataFrame":
    """The rows as a DataFrame, none where there are no votes."""
    import pandas as pd

    rows = [(o.label, o.share, o.low, o.high, o.votes, o.raters, o.pairs) for o in (found.rows if found else ())]
    types = {"agreement": float, "low": float, "high": float}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)


def agreement_with_people(
    study: Study, names: Sequence[str], metrics: Sequence[tuple[str, Better, OfMethods]]
) -> PeopleAgreement | None:
    """How often each metric, given with its label and its values by method, agrees with the votes on some methods.

    A vote on a pair in which a metric is undefined for either method says nothing of it. None where nothing is left.
    """
    chosen = np.array([name in names for name in study.votes.methods])
    votes = study.votes.only(chosen[study.votes.winner] & chosen[study.votes.loser])
    of_pairs = [one for one in metrics if _has_values(one[2])]
    if not len(votes) or not of_pairs:
        return None
    series = [_agreeing(votes, better, _values(votes.methods, data)) for _, better, data in of_pairs]
    labels = [*(label for label, _, _ in of_pairs), MAJORITY]
    agreeing = np.stack([*series, with_majority(votes)], axis=1)
    found = _shares(labels, votes, agreeing, f"{study.stored.study}:{study.sha256}")
    ranked = sorted((one for one in found if one.label != MAJORITY), key=lambda one: -one.share)
    majority = next((one for one in found if one.label == MAJORITY), None)
    return PeopleAgreement(study.stored.question, tuple(ranked), majority) if ranked else None


def _has_values(data: OfMethods) -> bool:
    """Whether a metric has a value for each composite: not for sets, for objects, or for several samples together."""
    return any(isinstance(one, PairValues) and isinstance(one.metric, Metric) for one in data.values())


def _values(methods: Sequence[str], data: OfMethods) -> Values:
    """The scores by method and pair; NaN for a method without them."""
    known = {name: one.values for name, one in data.items() if isinstance(one, PairValues)}
    pairs = len(next(iter(known.values())))
    return np.stack([known.get(name, np.full(pairs, np.nan)) for name in methods])


def _agreeing(votes: Votes, better: Better, values: Values) -> Float64[np.ndarray, " votes"]:
    preferred, other = values[votes.winner, votes.pair], values[votes.loser, votes.pair]
    if better == "lower":
        preferred, other = other, preferred
    agrees = (1.0 + (preferred > other) - (preferred < other)) / 2  # two infinite scores are equal
    return np.asarray(np.where(np.isnan(preferred) | np.isnan(other), np.nan, agrees))


def _shares(labels: Sequence[str], votes: Votes, agreeing: Agreeing, seed_text: str) -> list[Agreement]:
    """The mean of each series over its votes, with its interval; nothing of a series without votes."""
    there = ~np.isnan(agreeing)
    sides = np.stack([np.where(there, agreeing, 0), np.where(there, 1 - agreeing, 0)], axis=1)
    kept = there.any(axis=0)

    def drawn() -> list[tuple[Agreeing, Agreeing]]:
        found = []
        for kind, unit in zip(("raters", "pairs", "both"), votes.units, strict=True):
            sums = np.zeros((int(unit.max()) + 1, *sides.shape[1:]))
            np.add.at(sums, unit, sides)
            one = weighted(sums, f"{kind}:{seed_text}")
            found.append((one[:, 0, kept], one[:, 1, kept]))
        return found

    won, lost = sides.sum(axis=0)[:, kept]
    held = share_ends(won, lost, drawn, votes.counts)
    found = []
    for number, share, ends in zip(np.flatnonzero(kept).tolist(), won / (won + lost), held, strict=True):
        rows = there[:, number]
        units = (int(rows.sum()), len(np.unique(votes.rater[rows])), len(np.unique(votes.pair[rows])))
        low, high = (round(ends[0], DIGITS), round(ends[1], DIGITS)) if ends else (None, None)
        found.append(Agreement(labels[number], round(float(share), DIGITS), low, high, *units))
    return found
