"""Ordered parallel map in threads, with bounded memory."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Generator[Result, None, None]:
    """Yield function(item) for every item, in order, computed by `jobs` threads.

    At most a few results are waiting at any time. An exception of the function is raised in place of its result; one
    raised by the iterable is raised after the results of the items before it.
    """
    waiting: deque[Future[Result]] = deque()
    failure: Exception | None = None
    source = iter(items)
    here = threading.local()
    pool = ThreadPoolExecutor(jobs, initializer=lambda: setattr(here, "works", True))
    try:
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception as error:  # raised below, after the results before it
                failure = error
                break
            waiting.append(pool.submit(function, item))
            if len(waiting) > 3 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for left in waiting:
            left.cancel()
        # Left unfinished, this ends in whichever thread collects it: one of its own cannot wait for itself.
        pool.shutdown(wait=not hasattr(here, "works"))
    if failure is not None:
        raise failure
