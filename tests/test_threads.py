"""The ordered map in threads: order, bounds, failures, and an end before its last result."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench.threads import in_order


@given(items=st.lists(st.integers()), jobs=st.integers(1, 4))
def test_results_are_in_the_order_of_items(items: list[int], jobs: int) -> None:
    assert list(in_order(lambda item: item + 1, items, jobs)) == [item + 1 for item in items]


def test_a_few_results_wait_however_many_items_there_are() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 1000:
            taken += 1
            yield taken

    results = in_order(lambda item: item, items(), jobs=2)
    for used, _ in enumerate(results):
        assert taken <= used + 3 * 2 + 1


def test_an_exception_of_the_items_comes_after_the_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no third")

    results = in_order(lambda item: item, items(), jobs=2)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(results)


def test_an_exception_of_the_function_comes_in_place_of_its_result() -> None:
    results = in_order(lambda item: 1 // item, (1, 0, 1), jobs=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_one_of_its_own_threads_may_end_it() -> None:
    left, ended = threading.Event(), threading.Event()
    went_wrong: list[RuntimeError] = []

    def work(item: int) -> int:
        if item == 3 and left.wait(10):  # as where the last reference to the results goes in this thread
            try:
                results.close()
            except RuntimeError as error:
                went_wrong.append(error)
            ended.set()
        return item

    results = in_order(work, range(9), jobs=1)
    assert next(results) == 0
    left.set()
    assert ended.wait(10)
    assert went_wrong == []
