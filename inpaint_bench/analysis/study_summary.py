"""What a study found, in words and numbers: preferences, win rates, tests, agreement, and raters to look at."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inpaint_bench.analysis.statistics import ALPHA, holm
from inpaint_bench.analysis.votes import Study
from inpaint_bench.errors import IncompleteError, some
from inpaint_bench.study.agreement import alpha, at_random
from inpaint_bench.study.model import Fit
from inpaint_bench.study.two_way import Ends


@dataclass(frozen=True)
class OfMethod:
    """A method in a study. Values and rates lie in [0, 1]; intervals are of level 95%."""

    method: str
    preference: float
    interval: Ends
    win_rate: float
    win_interval: Ends
    comparisons: int  # that it took part in


@dataclass(frozen=True)
class OfTwo:
    """Two methods of a study: how often the first was preferred, and the test of equal strengths."""

    first: str
    second: str
    won: int
    comparisons: int
    p: float
    adjusted: float  # by Holm, over every two methods


@dataclass(frozen=True)
class StudySummary:
    """A study over all its pairs."""

    question: str
    methods: tuple[OfMethod, ...]  # the best first
    two: tuple[OfTwo, ...]
    votes: int
    raters: int
    pairs: int
    left_out: int  # raters who failed the attention checks
    alpha: float | None  # Krippendorff's
    alpha_comparisons: int
    at_random: tuple[str, ...]  # answers of raters who passed the checks and answer as by chance
    left_share: float  # of choices that were the left one
    seconds: float  # the median of a choice

    def to_text(self) -> str:
        """A line a method, a line for every two, and what is known of the raters."""
        return "\n".join([*self._of_methods(), "", *self._of_two(), "", *self._of_raters()]) + "\n"

    def _of_methods(self) -> Iterator[str]:
        width = max(len("method"), *(len(one.method) for one in self.methods))
        yield f"'{self.question}'"
        yield f"{'method':<{width}}  preference               win rate"
        for one in self.methods:
            shown = f"{one.preference:.3f} {_ends(one.interval)}"
            won = f"{one.win_rate:.3f} {_ends(one.win_interval)} of {one.comparisons}"
            yield f"{one.method:<{width}}  {shown:<23}  {won}"

    def _of_two(self) -> Iterator[str]:
        for one in self.two:
            verdict = "different" if one.adjusted <= ALPHA else "not separable"
            yield (
                f"{one.first} over {one.second}: {one.won} of {one.comparisons}, p {one.p:.4f}, by Holm "
                f"{one.adjusted:.4f}: {verdict}"
            )

    def _of_raters(self) -> Iterator[str]:
        yield (
            f"{self.votes} votes of {self.raters} raters on {self.pairs} pairs; {self.left_out} raters left out, who "
            "failed the attention checks"
        )
        if self.alpha is not None:
            yield (
                f"Krippendorff's alpha {self.alpha:.3f}, on {self.alpha_comparisons} comparisons with two or more votes"
            )
        else:
            yield "Krippendorff's alpha: no comparison has two votes"
        yield f"left chosen in {100 * self.left_share:.1f}% of votes; a choice took {self.seconds:.1f} s (median)"
        if self.at_random:
            yield (
                f"counted, but look at them: {some(self.at_random)}: passed the checks, and chose what the others "
                "prefer no more often than by chance"
            )
        yield (
            "intervals and tests: over raters and pairs (two-way bootstrap, Student's t); preference: the mean chance "
            "to be preferred over another method of the study, Bradley-Terry"
        )


def _ends(ends: Ends) -> str:
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]" if ends else "[no interval]"


def summarise(study: Study) -> StudySummary:
    """What a study found. Raises IncompleteError where votes do not compare all its methods."""
    every = np.ones(int(study.votes.pair.max(initial=0)) + 1, dtype=np.bool_)
    found = study.of(every)
    if found is None:
        raise IncompleteError(_unconnected(study))
    share, comparisons = alpha(study.votes)
    stored = study.stored
    return StudySummary(
        stored.question,
        tuple(_of_methods(found)),
        tuple(_of_two(found)),
        len(stored.votes),
        len(stored.answers),
        len(np.unique(study.votes.pair)),
        stored.left_out,
        share,
        comparisons,
        tuple(f"answers {stored.answers[rater][:12]}" for rater in at_random(study.votes)),
        float(np.mean([one.preferred_left for one in stored.votes])),
        float(np.median([one.ms for one in stored.votes])) / 1000,
    )


def _unconnected(study: Study) -> str:
    if not len(study.votes):
        return f"{study.path}: there is no vote. Collect answers."
    first, second = study.votes.unconnected or ([], [])
    return (
        f"{study.path}: no vote compares {some(first)} with {some(second)}, not through other methods either: their "
        "strengths cannot be estimated. Collect more answers."
    )


def _of_methods(found: Fit) -> list[OfMethod]:
    rows = [
        OfMethod(name, float(value), ends, rate, held, count)
        for name, value, ends, (rate, count, held) in zip(
            found.votes.methods, found.values, found.intervals, found.win_rates, strict=True
        )
    ]
    return sorted(rows, key=lambda one: (-one.preference, one.method))


def _of_two(found: Fit) -> Iterator[OfTwo]:
    wins, names = found.votes.wins, found.votes.methods
    pairs = list(itertools.combinations(range(len(names)), 2))
    p = [float(found.p[i, j]) for i, j in pairs]
    for (i, j), one, adjusted in zip(pairs, p, holm(p), strict=True):
        a, b = (i, j) if found.s[i] >= found.s[j] else (j, i)
        yield OfTwo(names[a], names[b], int(wins[a, b]), int(wins[a, b] + wins[b, a]), one, adjusted)
