"""Who is shown what: comparisons in blocks, one block a rater, balanced over pairs, methods and sides."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from inpaint_bench import files

Item = TypeVar("Item")

MOST_BLOCKS = 500
Comparison = tuple[int, int, int]  # a pair and two methods, by their numbers: left, right


@dataclass(frozen=True)
class Plan:
    """How many of everything a study has."""

    pairs: int
    methods: int
    votes_per_rater: int
    blocks: int

    @property
    def comparisons(self) -> int:
        """The different comparisons: every two methods on every pair."""
        return self.pairs * math.comb(self.methods, 2)


def plan(pairs: int, methods: int, votes_per_rater: int | None, raters: int | None) -> Plan:
    """The sizes of a study: by default a rater votes once on each pair, and blocks hold every comparison twice.

    A rater sees no comparison twice, so that at most all of them are asked of one.
    """
    every = pairs * math.comb(methods, 2)
    votes = min(every, votes_per_rater or pairs)
    whole = 2 * math.lcm(every, votes) // votes
    return Plan(pairs, methods, votes, min(MOST_BLOCKS, raters or whole))


def blocks(sizes: Plan, seed: str) -> list[list[Comparison]]:
    """The comparisons of each block, in the order in which they are shown.

    All blocks together hold every comparison equally often, to within one. Consecutive comparisons are of different
    pairs, and run through the pairs of methods, so that a block holds each pair, and every two methods, equally often
    to within one where that can be. In a block each method stands on the left as often as on the right, to within one;
    where blocks hold the same comparisons again, sides are changed.
    """
    order = shuffled(range(sizes.pairs), f"{seed}:pairs")
    two = shuffled(itertools.combinations(range(sizes.methods), 2), f"{seed}:methods")
    every = [(pair, *two[(turn + place) % len(two)]) for turn in range(len(two)) for place, pair in enumerate(order)]
    found = []
    for number in range(sizes.blocks):
        start = number * sizes.votes_per_rater
        taken = [every[(start + place) % len(every)] for place in range(sizes.votes_per_rater)]
        again, place = divmod(start, len(every))
        sided = sides(taken, f"{seed}:sides:{place}")
        turned = [(pair, right, left) for pair, left, right in sided] if again % 2 else sided
        found.append(shuffled(turned, f"{seed}:block:{number}"))
    return found


def sides(comparisons: Sequence[Comparison], seed: str) -> list[Comparison]:
    """The comparisons with their methods on sides such that each method is on both equally often, to within one.

    The comparisons are edges between methods. Methods with an odd number get one more edge each, to a point of its own;
    then every edge is walked once in closed walks, which enter each method as often as they leave it.
    """
    edges: dict[int, list[tuple[int, int]]] = {}
    for number, (_, a, b) in enumerate(comparisons):
        edges.setdefault(a, []).append((b, number))
        edges.setdefault(b, []).append((a, number))
    for number, odd in enumerate([one for one in edges if len(edges[one]) % 2], start=len(comparisons)):
        edges[odd].append((-1, number))
        edges.setdefault(-1, []).append((odd, number))
    ordered = {one: shuffled(edges[one], f"{seed}:{one}") for one in edges}
    walked: set[int] = set()
    found = list(comparisons)
    for start in shuffled(ordered, f"{seed}:starts"):
        here = start
        while ordered[here]:
            there, number = ordered[here].pop()
            if number in walked:  # from its other end
                continue
            walked.add(number)
            if number < len(comparisons):
                found[number] = (comparisons[number][0], here, there)
            here = there
    return found


def with_checks(block: Sequence[Item], checks: Sequence[Item]) -> list[Item]:
    """A block with the checks spread over it: one in each of as many equal parts, none as the first or last."""
    found = list(block)
    for place, check in reversed(list(enumerate(checks, start=1))):
        found.insert(max(1, place * len(block) // (len(checks) + 1)), check)
    return found


def shuffled(items: Iterable[Item], seed: str) -> list[Item]:
    """The items in an order that a text draws, the same everywhere."""
    listed = list(items)
    keys = [files.sha256(f"{seed}:{place}".encode()) for place in range(len(listed))]
    return [listed[place] for place in sorted(range(len(listed)), key=keys.__getitem__)]
