"""How many votes and raters a study needs, before it is made."""

import math
from dataclasses import dataclass

from inpaint_bench.errors import InputError

DESIGN_EFFECT = 1.5  # by how much votes of the same raters, on the same pairs, say less than independent ones


@dataclass(frozen=True)
class Needed:
    """What a study needs so that a difference is found with a given power."""

    difference: float  # the share of votes that the better of two methods gets
    methods: int
    pairs: int
    power: float
    alpha: float
    design_effect: float
    level: float  # of one test, as Holm's first step has it
    votes_of_two: int  # for every two methods
    votes: int
    votes_per_rater: int
    raters: int

    def to_text(self) -> str:
        """A sentence, and what it assumes."""
        tests = math.comb(self.methods, 2)
        return (
            f"{self.votes} votes, {self.votes_of_two} for every two of {self.methods} methods: {self.raters} raters of "
            f"{self.votes_per_rater} votes each (a little more: of few raters a test knows less).\n"
            f"They find a difference of {100 * self.difference:g} to {100 - 100 * self.difference:g} with the power "
            f"{self.power:g}: two-sided tests at level {self.alpha:g}, divided by {tests} (Holm's first step); all "
            f"votes inform the Bradley-Terry strengths; the design effect of raters and pairs is taken as "
            f"{self.design_effect:g} (--design-effect).\n"
        )


def needed(
    difference: float,
    pairs: int,
    methods: int,
    power: float,
    alpha: float,
    design_effect: float,
    votes_per_rater: int | None,
) -> Needed:
    """The votes that find one method better than another where it gets the share `difference` of their votes.

    The number of votes of a binomial test of one half, normal approximation: (z sqrt(1/4) + z' sqrt(p (1 - p)))^2 /
    (p - 1/2)^2, with the quantiles z of alpha / (2 tests) and z' of the power. In a round robin of m near-equal methods
    the strengths of two of them are as sure as from m / 2 times their own votes, which are therefore fewer by that.
    The design effect multiplies them. The raters are the fewest who give so many votes when z and z' are quantiles of
    Student's t with the degrees of freedom of `model`: of few raters tests know little. Raters vote once on each pair
    unless `votes_per_rater` says otherwise.

    Raises InputError for a number outside its range.
    """
    from scipy import special

    for name, value, low in (("difference", difference, 0.5), ("power", power, 0.0), ("alpha", alpha, 0.0)):
        if not low < value < 1:
            raise InputError(f"--{name} {value:g}: give a number between {low:g} and 1, both excluded.")
    if not (1 <= design_effect < math.inf) or methods < 2 or pairs < 2:
        raise InputError("give at least 2 methods, 2 pairs and a design effect of 1 or more.")
    tests = math.comb(methods, 2)
    each = min(votes_per_rater or pairs, pairs * tests)
    levels = (alpha / (2 * tests), 1 - power)

    def of_two(z: float, z_of_power: float) -> int:
        spread = z / 2 + z_of_power * math.sqrt(difference * (1 - difference))
        return math.ceil((spread / (difference - 0.5)) ** 2 * 2 / methods * design_effect)

    def of_raters(raters: int) -> int:
        freedom = min(raters, pairs) - 1
        return of_two(*(-float(special.stdtrit(freedom, level)) for level in levels)) * tests

    few = next((count for count in range(2, pairs) if of_raters(count) <= count * each), None)
    raters = few or math.ceil(of_raters(pairs) / each)
    closed = of_two(*(-float(special.ndtri(level)) for level in levels))
    return Needed(
        difference, methods, pairs, power, alpha, design_effect, alpha / tests, closed, closed * tests, each, raters
    )
