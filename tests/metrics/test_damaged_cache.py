"""A cache that is damaged, or that cannot be kept, never gives a wrong value and never ends a command."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from counting import Counting, batch_of, database, means, pictures, rows_of, values_of

from inpaint_bench.metrics.cache_file import get_many, put_many


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.mark.parametrize("harm", ["value = x'00000000' || substr(value, 5)", "value = x'01'", "checksum = x''"])
def test_a_value_that_was_changed_on_disk_is_computed_again(counting: Counting, harm: str) -> None:
    shown = pictures(3)
    rows_of(counting.extractor, shown)
    with sqlite3.connect(database()) as connection:
        connection.execute(f"UPDATE kept SET {harm}")
    connection.close()
    assert rows_of(counting.extractor, shown) == means(shown)
    assert counting.calls == [3, 3]
    assert rows_of(counting.extractor, shown) == means(shown)
    assert counting.calls == [3, 3]


def test_a_value_of_another_key_is_not_taken() -> None:
    put_many({b"a" * 32: b"one"})
    with sqlite3.connect(database()) as connection:
        connection.execute("UPDATE kept SET key = ?", (b"b" * 32,))
    connection.close()
    assert get_many([b"a" * 32, b"b" * 32]) == {}


def broken(path: Path) -> None:
    path.write_bytes(b"this is no database, and long enough to be looked at closely" * 100)


def zeroed(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + bytes(path.stat().st_size - 4096))


def a_folder(path: Path) -> None:
    path.mkdir()


def another_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE kept (other INTEGER)")
    connection.close()


@pytest.mark.parametrize("spoil", [a_folder, another_table])
def test_without_a_usable_cache_everything_is_computed(counting: Counting, spoil: Callable[[Path], None]) -> None:
    database().parent.mkdir(parents=True)
    spoil(database())
    shown = pictures(3)
    for _ in range(2):
        assert rows_of(counting.extractor, shown) == means(shown)
    assert counting.calls == [3, 3]
    assert values_of(counting.metric, batch_of(2)).tolist() == counting.far(batch_of(2)).tolist()


def test_without_a_cache_folder_everything_is_computed(
    counting: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "file"))
    shown = pictures(3)
    for _ in range(2):
        assert rows_of(counting.extractor, shown) == means(shown)
    assert counting.calls == [3, 3]


@pytest.mark.parametrize("spoil", [broken, zeroed])
def test_a_damaged_cache_is_begun_anew(counting: Counting, spoil: Callable[[Path], None]) -> None:
    shown = pictures(3)
    rows_of(counting.extractor, shown)
    spoil(database())
    for _ in range(3):
        assert rows_of(counting.extractor, shown) == means(shown)
    assert len(counting.calls) in (2, 3)  # the damaged file was read, and removed


PROGRAM = """
import sys
from inpaint_bench.metrics.cache_file import get_many, put_many
me = sys.argv[1]
for number in range(150):
    own, shared = f"{me}{number:031d}".encode(), f"s{number:031d}".encode()
    put_many({own: own * 9, shared: shared * 9})
    assert get_many([own, shared]) == {own: own * 9, shared: shared * 9}
"""


@pytest.mark.acceptance
def test_several_processes_write_and_read_at_once() -> None:
    processes = [subprocess.Popen([sys.executable, "-c", PROGRAM, name]) for name in "abc"]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    keys = [f"{name}{number:031d}".encode() for name in "abcs" for number in range(150)]
    assert get_many(keys) == {key: key * 9 for key in keys}
