"""A list of pairs in memory: a sequence like any other, and small."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench import files
from inpaint_bench.data.pair_lists import read_csv, to_csv, write_csv
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.errors import InputError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
lists = st.lists(st.builds(Pair, *[texts] * 5, st.integers(0, 2**40), *[texts] * 3), max_size=6)
PAIRS = [Pair(f"{number:05d}", f"{number}.png", "mask.png") for number in range(5)]


def seen(count: int) -> list[Pair]:
    hashes = [files.sha256(f"{number}".encode()) for number in range(count)]
    return [
        Pair(f"{n:05d}", f"{n:06d}.png", f"{n:06d}.png", sha256, sha256, 1024 + n % 9, "0.250000", "0.2-0.4")
        for n, sha256 in enumerate(hashes)
    ]


@given(lists)
def test_pairs_are_read_as_they_were_given(given_pairs: list[Pair]) -> None:
    held = Pairs(given_pairs)
    assert len(held) == len(given_pairs)
    assert list(held) == [held[number] for number in range(len(held))] == given_pairs
    assert list(reversed(held)) == given_pairs[::-1]


@given(lists, lists)
def test_lists_are_equal_where_their_pairs_are(a: list[Pair], b: list[Pair]) -> None:
    assert (Pairs(a) == Pairs(b)) == (a == b)
    assert Pairs(a) == Pairs(iter(a))
    assert hash(Pairs(a)) == hash(Pairs(iter(a)))


@given(lists, st.slices(6))
def test_a_slice_is_that_of_a_list(given_pairs: list[Pair], part: slice) -> None:
    assert Pairs(given_pairs)[part] == Pairs(given_pairs[part])


@given(lists, st.lists(st.integers(0, 5), max_size=6))
def test_some_pairs_of_a_list_are_a_list(given_pairs: list[Pair], numbers: list[int]) -> None:
    numbers = [number for number in numbers if number < len(given_pairs)]
    some = Pairs(given_pairs).only(numbers)
    assert list(some) == [given_pairs[number] for number in numbers]
    assert some == Pairs(some)
    assert hash(some) == hash(Pairs(some))
    assert some.names == [pair.pair for pair in some]


def test_some_pairs_of_a_list_are_not_held_twice() -> None:
    pairs = Pairs(seen(5_000))
    assert peak(lambda: pairs.only(range(len(pairs))))[0] < 10 * len(pairs)


def test_pairs_are_counted_from_the_end_and_not_beyond_it() -> None:
    held = Pairs(PAIRS)
    assert (held[-1], held[-5]) == (PAIRS[4], PAIRS[0])
    for number in (5, -6):
        with pytest.raises(IndexError):
            held[number]


@given(st.permutations(PAIRS))
def test_pairs_come_in_the_order_of_their_names_where_that_is_wanted(shuffled: list[Pair]) -> None:
    assert list(Pairs(shuffled).by_name()) == PAIRS


def peak(make: Callable[[], object]) -> tuple[int, int]:
    """Bytes that are held by what was made, and that were while it was made."""
    make()  # what is made only once is not counted
    tracemalloc.start()
    made = make()
    held = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return held


def test_a_pair_of_a_list_takes_less_than_150_bytes() -> None:
    count, pairs = 5_000, seen(5_000)
    assert peak(lambda: Pairs(pairs))[0] < 150 * count


def test_a_list_is_read_without_its_rows_in_memory(tmp_path: Path) -> None:
    count, path = 5_000, tmp_path / "pairs.csv"
    path.write_bytes(to_csv(seen(count)))
    held, most = peak(lambda: read_csv(path))
    assert held < 150 * count
    assert most < 200 * count  # the file as bytes, as text and as lines was 600 more, a set of the names 100


def test_a_list_is_written_without_its_text_in_memory(tmp_path: Path) -> None:
    pairs, path = Pairs(seen(5_000)), tmp_path / "pairs.csv"
    assert peak(lambda: write_csv(path, pairs))[1] < 1 << 18  # bytes; the text is a MiB
    assert path.read_bytes() == to_csv(pairs)


def test_a_line_in_error_is_named_wherever_it_stands(tmp_path: Path) -> None:
    lines = to_csv(seen(9)).splitlines(keepends=True)
    (tmp_path / "pairs.csv").write_bytes(b"".join([*lines[:7], b"00005,a.png\n", *lines[8:]]))
    with pytest.raises(InputError, match=r"pairs\.csv: line 8 is not a pair\. Build or import the list again\."):
        read_csv(tmp_path / "pairs.csv")
