"""Progress bars on stderr, in a terminal or a notebook; nothing where nobody watches."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOG = logging.getLogger("inpaint_bench")
_listeners: list[Callable[[str, int], None]] = []  # each is called with what moves on, and by how much


def watched() -> bool:
    """Whether stderr is a terminal, or this is a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextmanager
def listening(listener: Callable[[str, int], None]) -> Iterator[None]:
    """`listener` is called with every step of every bar, shown or not: with its name and the number of steps."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def progress_bar(what: str, total: int, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """A bar that the yielded function moves on by a number of steps."""
    with _bar(what, total, quiet) as advance:

        def move(count: int) -> None:
            advance(count)
            for listener in _listeners:
                listener(what, count)

        yield move


@contextmanager
def _bar(what: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    if quiet or total == 0 or not watched():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda count: bars.advance(task, count)


def note(sentence: str) -> None:
    """A sentence about progress: the command line prints it on stderr, others find it in the log."""
    LOG.info("%s", sentence)


def warn(sentence: str) -> None:
    """A sentence about what is missing in the result, which is shown even where progress is not."""
    LOG.warning("%s", sentence)
