"""Verdicts on two sides of the same numbers: two methods, a run and expected results, a run and a paper.

A number has moved if it differs from the other side's by more than a tolerance. Where both sides have per-pair data, a
paired test shows whether the move can be chance, as it is where outputs differ in the last digit from run to run.
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
    """What a number was computed from: per-pair data, the rows of it that count, and the text that seeds the draws."""

    per_pair: PerPairData
    rows: PairMask
    seed_text: str


@dataclass(frozen=True, eq=False)
class Number:
    """A number of one side. Its key identifies it on both sides, such as method, metric and bucket.

    `facts` must be equal on both sides, such as signature and n; they are compared in their order, and a fact that only
    one side states is not compared.
    """

    key: Key
    value: Value
    facts: Mapping[str, str] = field(default_factory=dict)
    pairs: Pairs | None = None


@dataclass(frozen=True)
class Policy:
    """What counts as a move. Tolerances are in the metric's unit, or a fraction of the other side's value."""

    better: Better
    absolute: float = 0.0
    relative: float = 0.0
    paired: bool = True  # whether to run the paired test where both sides have per-pair data
    noise: float = math.inf  # how far a single pair may move by chance; if one moves farther, it is no chance
    alpha: float = ALPHA  # the largest adjusted p that counts as a move

    def tolerance(self, value: float) -> float:
        """The largest distance from that value that is no move."""
        return max(self.absolute, self.relative * abs(value))


@dataclass(frozen=True)
class Verdict:
    """How a number of the first side, `a`, compares with that of the second, `b`."""

    key: Key
    state: State
    a: Value  # after a paired test the mean over the pairs that are finite on both sides; likewise b
    b: Value
    because: str = ""  # the fact that differs, where they are not comparable
    facts: tuple[str, str] = ("", "")  # that fact of a and of b
    difference: float | None = None  # a - b
    tolerance: float = 0.0
    test: Difference | None = None  # None where the pairs were not tested
    adjusted: float = 1.0  # p by Holm, over all numbers of one call
    largest: float = 0.0  # the largest move of a single pair

    @property
    def moved(self) -> bool:
        """Whether the difference exceeds the tolerance, by chance or not."""
        return self.difference is not None and abs(self.difference) > self.tolerance


def compare_numbers(
    a: Iterable[Number], b: Sequence[Number], policy: Callable[[Number], Policy]
) -> tuple[Verdict, ...]:
    """A verdict on every number of b, in their order, from the number of a with the same key; a may hold more.

    A number within its tolerance is the same. One beyond it is better or worse, unless the paired test allows for
    chance: Holm's adjusted p is above `alpha`, and no single pair moved by more than `noise`.
    """
    ours = {number.key: number for number in a}
    rules = [policy(number) for number in b]
    found = [_compare_one(ours.get(theirs.key), theirs, rule, len(b)) for theirs, rule in zip(b, rules, strict=True)]
    adjusted = holm([one.test.p if one.test else 1.0 for one in found])
    return tuple(_final(*one) for one in zip(found, rules, adjusted, strict=True))


def _compare_one(ours: Number | None, theirs: Number, rule: Policy, count: int) -> Verdict:
    """The comparison of two numbers, one of `count`, before p is adjusted."""
    if ours is None:
        return Verdict(theirs.key, "missing", None, theirs.value)
    found = Verdict(theirs.key, "same", ours.value, theirs.value)
    for name, fact in theirs.facts.items():
        if ours.facts.get(name, fact) != fact:
            return dataclasses.replace(found, state="not comparable", because=name, facts=(ours.facts[name], fact))
    if isinstance(ours.value, float) and isinstance(theirs.value, float):
        apart, tolerance = ours.value - theirs.value, rule.tolerance(theirs.value)
        found = dataclasses.replace(found, difference=apart, tolerance=tolerance)
    exact = not (rule.absolute or rule.relative)  # then the paired test alone decides
    if rule.paired and ours.pairs and theirs.pairs and (exact or found.moved):
        flips = max(FLIPS, math.ceil(2 * count / rule.alpha))  # so that p can get small enough for Holm
        return _tested(found, ours.pairs, theirs.pairs, flips)
    if found.difference is None and ours.value != theirs.value:  # one of them infinite or not defined
        facts = (_text(ours.value), _text(theirs.value))
        return dataclasses.replace(found, state="not comparable", because="value", facts=facts)
    return found


def _text(value: Value) -> str:
    return "none" if value is None else str(value)


def _tested(found: Verdict, ours: Pairs, theirs: Pairs, flips: int) -> Verdict:
    """The same with the result of the paired test."""
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


def _final(found: Verdict, rule: Policy, adjusted: float) -> Verdict:
    """The verdict, with p adjusted by Holm."""
    found = dataclasses.replace(found, adjusted=adjusted)
    if found.state != "same" or not found.moved or not found.difference:
        return found
    chance = found.test is not None and adjusted > rule.alpha and found.largest <= rule.noise
    better = (found.difference > 0) == (rule.better == "higher")
    return dataclasses.replace(found, state="same" if chance else "better" if better else "worse")
