"""The errors that users see, each with its exit code. Any other exception is a bug in this package."""

import signal
from collections.abc import Iterable
from difflib import get_close_matches


class BenchError(Exception):
    """The base class: its message is one sentence that says what, where, what is allowed, what to do."""

    exit_code = 1


class InputError(BenchError, ValueError):
    """A file, a name or an option is not what it should be."""

    exit_code = 2


class UnreadableError(InputError, OSError):
    """A file that is there cannot be read: it is none, or too large, or the system refuses."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"{path}: cannot be read ({reason}).")
        self.strerror = reason


class IncompleteError(BenchError):
    """Something is missing that another run can add; finished work is kept."""

    exit_code = 3


class MethodError(IncompleteError):
    """A method failed on a pair, or returned something that is not a prediction."""


class NotComparableError(BenchError):
    """Numbers that do not measure the same thing were to be compared."""

    exit_code = 4


class HashError(BenchError):
    """A file does not match its recorded hash."""

    exit_code = 5


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end. As after Ctrl-C, what was finished is kept."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(number).name}")
        self.exit_code = 128 + number


MANY = 40  # known names that are listed


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that suggests the nearest known name, if one is near, and lists the known ones."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    return (f"Did you mean '{near[0]}'? " if near else "") + f"Known: {some(names, MANY)}."


def refuse_unknown(what: str, requested: Iterable[str], known: Iterable[str]) -> None:
    """Raise InputError, with the nearest known name, for a requested name that is not known: 'no WHAT called NAME'."""
    names = set(known)
    for name in requested:
        if name not in names:
            raise InputError(f"no {what} called '{name}'. {did_you_mean(name, names)}")


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few names and the number of others: 'a, b, c and 4 more'."""
    listed = list(names)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")
