"""Composites are hashed once, and again when their file has moved in any way."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inpaint_bench import files
from inpaint_bench.runner import hashes

LATER = 10**10  # nanoseconds


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of five files, hashed before, when they were ten seconds old."""
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(time, "time_ns", lambda now=time.time_ns: now() + LATER)
    composites = tmp_path / "composites"
    composites.mkdir()
    for number in range(5):
        (composites / f"{number:05d}.png").write_bytes(bytes([number]) * 100)
    look(composites)
    return composites


@pytest.fixture
def hashed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read and hashed from now on."""
    names: list[str] = []
    real = files.file_sha256

    def counted(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(files, "file_sha256", counted)
    return names


def look(folder: Path) -> dict[str, str]:
    with hashes.kept():
        return {path.name: hashes.sha256_of(path) for path in sorted(folder.iterdir())}


def true(folder: Path) -> dict[str, str]:
    return {path.name: files.sha256(path.read_bytes()) for path in sorted(folder.iterdir())}


def test_what_did_not_move_is_not_read_again(folder: Path, hashed: list[str]) -> None:
    assert look(folder) == true(folder)
    assert hashed == []


def in_place(path: Path) -> None:
    """Other bytes, and nothing else that a user can set."""
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path: Path) -> None:
    """Another file of that name, size and time."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"x" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("edit", [in_place, replaced, lambda path: path.write_bytes(b"longer" * 99), Path.touch])
def test_a_file_that_moved_is_hashed_again_and_no_other(
    folder: Path, hashed: list[str], edit: Callable[[Path], object]
) -> None:
    time.sleep(0.02)  # more than a tick of the clock
    edit(folder / "00003.png")
    assert look(folder) == true(folder)
    assert hashed == ["00003.png"]
    assert look(folder) == true(folder)
    assert hashed == ["00003.png"]


def test_a_new_file_is_hashed_and_one_that_is_gone_is_forgotten_about(folder: Path, hashed: list[str]) -> None:
    (folder / "00001.png").unlink()
    (folder / "00002.s3.png").write_bytes(b"new")
    assert look(folder) == true(folder)
    assert hashed == ["00002.s3.png"]


def test_a_file_that_has_just_changed_is_hashed_every_time(
    folder: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "00009.png").write_bytes(b"new")
    status = (folder / "00009.png").stat()
    monkeypatch.setattr(time, "time_ns", lambda: status.st_mtime_ns + 1)
    for _ in range(3):
        assert look(folder) == true(folder)
    assert hashed == ["00009.png"] * 3


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"nothing" * 1000])
def test_a_damaged_table_is_made_anew(folder: Path, hashed: list[str], data: bytes) -> None:
    (table,) = (files.cache_dir() / "hashes").iterdir()
    table.write_bytes(data)
    assert look(folder) == true(folder)
    assert len(hashed) == 5
    assert look(folder) == true(folder)
    assert len(hashed) == 5


def test_a_table_of_another_kind_is_made_anew(folder: Path, hashed: list[str]) -> None:
    (table,) = (files.cache_dir() / "hashes").iterdir()
    np.save(table, np.zeros((5, 2)))
    assert look(folder) == true(folder)
    assert len(hashed) == 5


def test_outside_a_run_every_file_is_hashed(folder: Path, hashed: list[str]) -> None:
    for _ in range(2):
        assert hashes.sha256_of(folder / "00001.png") == true(folder)["00001.png"]
    assert hashed == ["00001.png"] * 2


def test_a_cache_that_cannot_be_written_costs_time_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "file").touch()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(folder.parent / "file" / "cache"))
    assert look(folder) == true(folder)


DAY = 24 * 60 * 60


def aged(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def test_tables_that_nobody_used_for_90_days_are_removed_and_nothing_else(folder: Path) -> None:
    cache = files.cache_dir()
    (used,) = (cache / "hashes").iterdir()
    unused, half_written = cache / "hashes" / f"{'a' * 32}.npy", cache / "hashes/.writing-1"
    younger, of_a_user, elsewhere = unused.with_stem("b" * 32), cache / "hashes/my.npy", cache / "pairs/old.csv"
    for path in (unused, half_written, younger, of_a_user, elsewhere):
        files.write_whole(path, b"")
        aged(path, 89 if path == younger else 91)
    (cache / "hashes" / f"{'c' * 32}.npy").mkdir()
    for path in (cache / "hashes" / f"{'c' * 32}.npy", used):
        aged(path, 91 if path.is_dir() else 89)
    look(folder)
    assert {path.stem for path in (cache / "hashes").iterdir()} == {used.stem, "b" * 32, "c" * 32, "my"}
    assert elsewhere.is_file()
    assert time.time() - used.stat().st_mtime < DAY  # it was used


def test_a_table_that_is_removed_while_it_is_used_costs_only_time(folder: Path) -> None:
    (table,) = (files.cache_dir() / "hashes").iterdir()
    with hashes.kept():
        first, *others = sorted(folder.iterdir())
        found = {first.name: hashes.sha256_of(first)}
        aged(table, 91)
        files.keep_used(table.with_stem("d" * 32))  # as another process does
        found |= {path.name: hashes.sha256_of(path) for path in others}
    assert not table.exists()
    assert found == true(folder) == look(folder)
