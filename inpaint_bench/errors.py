"""What may go wrong for a user, each kind with its exit code; anything else is a defect of ours."""

from collections.abc import Iterable
from difflib import get_close_matches


class BenchError(Exception):
    """One sentence for the user: what, where, what is allowed, what to do."""

    exit_code = 1


class InputError(BenchError, ValueError):
    """A file, a name or an option is not what it should be."""

    exit_code = 2


class IncompleteError(BenchError):
    """Something is missing that another run can add; what was finished is kept."""

    exit_code = 3


class MethodError(IncompleteError):
    """A method failed on a pair, or gave something that is no prediction."""


class NotComparableError(BenchError):
    """Two numbers do not measure the same thing."""

    exit_code = 4


class HashError(BenchError):
    """A file is not what its recorded hash says."""

    exit_code = 5


MANY = 40  # known words that are listed


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that proposes the nearest known word, if one is near, and lists those there are."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    return (f"Did you mean '{near[0]}'? " if near else "") + f"Known: {some(names, MANY)}."


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few of many names, and how many more there are: 'a, b, c and 4 more'."""
    listed = list(names)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")
