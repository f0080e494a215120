"""Two sides of the same numbers: a method and another, a run and an expected one, a paper and a run.

A number moved when it lies farther from the other side's than a tolerance. Where both sides have the scores of
pairs, the pairs say whether that can be chance, as it is where outputs differ in the last digit from run to run.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from inpaint_bench.analysis.per_pair import PairValues, PerPairData, average, compared
from inpaint_bench.analysis.results import PairMask, Value
from inpaint_bench.analysis.statistics import ALPHA, FLIPS, Difference, difference, holm
from inpaint_bench.metrics.base import Better

Key: TypeAlias = tuple[str, ...]
State: TypeAlias = Literal["same", "better", "worse", "not comparable", "missing"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """What a number rests on: per_pair, which rows of it, and the text that seeds the draws over them."""

    per_pair: PerPairData
    rows: PairMask
    seed_text: str


@dataclass(frozen=True, eq=False)
class Number:
    """A number of one side. Its key is what both sides know it by, such as method, metric and bucket.

    `facts` are what must be the same on both sides, such as signature and n, in the order in which they are requested
    for; a fact that the other side does not state is not asked for.
    """

    key: Key
    value: Value
    facts: Mapping[str, str] = field(default_factory=dict)
    pairs: Pairs | None = None


@dataclass(frozen=True)
class Policy:
    """What counts as a move. Tolerances are in the metric's unit, or a share of the other side's value."""

    better: Better
    absolute: float = 0.0
    relative: float = 0.0
    paired: bool = True  # whether the pairs are requested, where both sides have them
    noise: float = math.inf  # as far a single pair may move by chance; farther is no chance, whatever the others do
    alpha: float = ALPHA  # the largest adjusted p that is no chance

    def tolerance(self, value: float) -> float:
        """How far from that value is no move."""
        return max(self.absolute, self.relative * abs(value))


@dataclass(frozen=True)
class Verdict:
    """How a number of the first side, `a`, stands to that of the second, `b`."""

    key: Key
    state: State
    a: Value  # where pairs were requested, the mean over those that are finite on both sides; so is b
    b: Value
    because: str = ""  # the fact that is not the same, where they are not comparable
    facts: tuple[str, str] = ("", "")  # that fact of either side
    difference: float | None = None  # a - b
    tolerance: float = 0.0
    test: Difference | None = None  # none where the pairs were not requested
    adjusted: float = 1.0  # p by Holm, over all numbers that were decided together
    largest: float = 0.0  # the largest move of a single pair

    @property
    def moved(self) -> bool:
        """Whether it lies beyond the tolerance, by chance or not."""
        return self.difference is not None and abs(self.difference) > self.tolerance


def decide(a: Iterable[Number], b: Sequence[Number], policy: Callable[[Number], Policy]) -> tuple[Verdict, ...]:
    """A verdict on every number of b, in their order, by the number of a with the same key; a may hold more.

    A number that did not move beyond its tolerance is the same. One that did is better or worse, unless its pairs
    say that this can be chance: Holm's adjusted p is above `alpha`, and no single pair moved by more than `noise`.
    """
    ours = {number.key: number for number in a}
    rules = [policy(number) for number in b]
    seen = [_seen(ours.get(theirs.key), theirs, rule, len(b)) for theirs, rule in zip(b, rules, strict=True)]
    adjusted = holm([one.test.p if one.test else 1.0 for one in seen])
    return tuple(_decided(*one) for one in zip(seen, rules, adjusted, strict=True))


def _seen(ours: Number | None, theirs: Number, rule: Policy, decided: int) -> Verdict:
    """What there is to say before anything is decided."""
    if ours is None:
        return Verdict(theirs.key, "missing", None, theirs.value)
    found = Verdict(theirs.key, "same", ours.value, theirs.value)
    for name, fact in theirs.facts.items():
        if ours.facts.get(name, fact) != fact:
            return dataclasses.replace(found, state="not comparable", because=name, facts=(ours.facts[name], fact))
    if isinstance(ours.value, float) and isinstance(theirs.value, float):
        apart, tolerance = ours.value - theirs.value, rule.tolerance(theirs.value)
        found = dataclasses.replace(found, difference=apart, tolerance=tolerance)
    exact = not (rule.absolute or rule.relative)  # then the pairs alone decide
    if rule.paired and ours.pairs and theirs.pairs and (exact or found.moved):
        flips = max(FLIPS, math.ceil(2 * decided / rule.alpha))  # so that p can get small enough for Holm
        return _asked(found, ours.pairs, theirs.pairs, flips)
    if found.difference is None and ours.value != theirs.value:  # one of them infinite or not defined
        facts = (_text(ours.value), _text(theirs.value))
        return dataclasses.replace(found, state="not comparable", because="value", facts=facts)
    return found


def _text(value: Value) -> str:
    return "none" if value is None else str(value)


def _asked(found: Verdict, ours: Pairs, theirs: Pairs, flips: int) -> Verdict:
    """The same with what the pairs say."""
    a, b, rows, text = ours.per_pair, theirs.per_pair, theirs.rows, theirs.seed_text
    if not (isinstance(a, PairValues) and isinstance(b, PairValues)):
        mean_a, mean_b, test = compared(a, b, rows, text)
        return dataclasses.replace(found, a=mean_a, b=mean_b, difference=test.mean, test=test)
    x, y = a.values[ours.rows], b.values[rows]
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    test = difference(x, y, text, flips=flips)
    largest = float(np.abs(x - y).max(initial=0.0))
    mean_a, mean_b = average(x.tolist()).value, average(y.tolist()).value
    return dataclasses.replace(found, a=mean_a, b=mean_b, difference=test.mean, test=test, largest=largest)


def _decided(found: Verdict, rule: Policy, adjusted: float) -> Verdict:
    found = dataclasses.replace(found, adjusted=adjusted)
    if found.state != "same" or not found.moved or not found.difference:
        return found
    chance = found.test is not None and adjusted > rule.alpha and found.largest <= rule.noise
    better = (found.difference > 0) == (rule.better == "higher")
    return dataclasses.replace(found, state="same" if chance else "better" if better else "worse")
