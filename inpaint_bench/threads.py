"""Threads that work ahead, with results in order and a bound on what is held in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """The function of every item, in the order of the items, worked out by `jobs` threads.

    No more than a few results wait at any time. An error of the function is raised where its result would stand;
    an error of the items themselves is raised after the results of the items before it.
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
                except Exception as error:  # on_progress below, when what came before it is done
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
