"""The sizes that a method takes, as its card says them in words."""

import re
from dataclasses import dataclass

from inpaint_bench.errors import InputError


@dataclass(frozen=True)
class Sizes:
    """The sizes that a method takes: sides in multiples of one number from a least one up, or one size only."""

    multiple: int = 1
    least: int = 1
    only: int | None = None

    def take(self, side: int | None) -> bool:
        """Whether squares of that side can be given; none: whether pictures of every size can."""
        if side is None:
            return self == Sizes()
        return side == self.only if self.only else side >= self.least and side % self.multiple == 0


def read_sizes(words: str) -> Sizes:
    """The sizes in the words of a card: 'any', '256', 'height and width multiples of 4 from 12 up; …'.

    Raises InputError for other words, since a wrong guess would be a wrong picture.
    """
    rule = words.partition(";")[0].strip()
    if rule == "any":
        return Sizes()
    if rule.isdecimal():
        return Sizes(only=int(rule))
    found = re.fullmatch(r"height and width multiples of (\d+)(?:,? (?:from|and at least) (\d+)(?: up)?)?", rule)
    if not found:
        raise InputError(
            f"the card's sizes, '{words}', cannot be read. Allowed: any; 256; "
            "height and width multiples of 4; height and width multiples of 4 from 12 up."
        )
    return Sizes(int(found[1]), int(found[2] or 1))
