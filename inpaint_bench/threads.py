"""Ordered parallel map in threads, with bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """Yield function(item) for every item, in order, computed by `jobs` threads.

    At most a few results are waiting at any time. An exception of the function is raised in place of its result; one
    raised by the iterable is raised after the results of the items before it.
    """
    waiting: deque[Future[Result]] = deque()
    failure: Exception | None = None
    source = iter(items)
    with ThreadPoolExecutor(jobs) as pool:
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
    if failure is not None:
        raise failure
