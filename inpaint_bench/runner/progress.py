"""How the runner says how far it is: on bars that its caller draws, a bar for each part of the work."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

Advance: TypeAlias = Callable[[int], None]  # by so many steps
Bar: TypeAlias = Callable[[str, int], AbstractContextManager[Advance]]  # by what is done and how many steps it has


@contextmanager
def no_bar(what: str, total: int) -> Iterator[Advance]:
    """A bar that nobody sees."""
    yield lambda count: None
