"""Files are written atomically, one process locks a folder, and a full disk is reported in a sentence."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError, InputError, did_you_mean, some


def names(folder: str) -> list[str]:
    """The names of the files in a folder."""
    return sorted(path.name for path in Path(folder).iterdir())


def lock(folder: Path) -> None:
    """Lock and release a folder."""
    with files.only_one(folder):
        pass


def test_a_file_is_written_with_the_folders_above_it() -> None:
    files.write_whole(Path("a/b/c.txt"), b"whole")
    assert Path("a/b/c.txt").read_bytes() == b"whole"
    assert names("a/b") == ["c.txt"]


def test_the_same_bytes_are_not_written_twice() -> None:
    files.write_if_changed(Path("a.txt"), b"same")
    os.utime("a.txt", ns=(1, 1))
    files.write_if_changed(Path("a.txt"), b"same")
    assert Path("a.txt").stat().st_mtime_ns == 1
    files.write_if_changed(Path("a.txt"), b"other")
    assert Path("a.txt").read_bytes() == b"other"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_the_file_as_it_was(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    files.write_whole(Path("a.txt"), b"before")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        IncompleteError, match=r"a\.txt: the disk is full\. Free some space and run the same command again"
    ):
        files.write_whole(Path("a.txt"), b"after")
    assert Path("a.txt").read_bytes() == b"before"
    assert "a.txt" in names(".")
    assert not [name for name in names(".") if name.startswith(".writing-")]


@pytest.mark.parametrize(("number", "message"), [(errno.EROFS, "Read-only file system"), (errno.EACCES, "Permission")])
def test_a_folder_that_cannot_be_written_to_is_refused(
    number: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(InputError, match=rf"a\.txt: cannot write here \({message}.*\)\. Give a writable folder"):
        files.write_whole(Path("a.txt"), b"")


def test_a_file_in_place_of_a_folder_is_refused() -> None:
    Path("runs").touch()
    with pytest.raises(InputError, match="this is a file, and a folder is needed"):
        files.write_whole(Path("runs/a.txt"), b"")
    with pytest.raises(InputError, match="this is a file, and a folder is needed"):
        lock(Path("runs"))


def test_a_folder_is_locked_by_one_at_a_time() -> None:
    with files.only_one(Path("run")):
        with pytest.raises(InputError, match="run: another run is using this folder"), files.only_one(Path("run")):
            pass
        lock(Path("another"))
    lock(Path("run"))


def test_a_folder_is_unlocked_after_an_error() -> None:
    with pytest.raises(RuntimeError), files.only_one(Path("run")):
        raise RuntimeError
    lock(Path("run"))


def test_temporary_files_of_a_killed_process_are_deleted() -> None:
    Path("run/mine").mkdir(parents=True)
    Path("run/mine/.writing-x").touch()
    Path("run/mine/00000.png").touch()
    with files.only_one(Path("run")):
        assert names("run/mine") == ["00000.png"]


@given(st.binary(max_size=100))
def test_a_file_has_the_hash_of_its_bytes(data: bytes) -> None:
    Path("data").write_bytes(data)
    assert files.file_sha256(Path("data")) == files.sha256(data)


def test_what_ships_is_found() -> None:
    assert (files.shipped("protocols") / "sample.toml").is_file()
    assert (files.shipped("results") / "README.md").is_file()


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "base")
    monkeypatch.setenv("INPAINT_BENCH_CACHE", "mine")
    assert files.cache_dir() == Path("mine")
    monkeypatch.delenv("INPAINT_BENCH_CACHE")
    assert files.cache_dir() == Path("base/inpaint-bench")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert files.cache_dir() == Path.home() / ".cache/inpaint-bench"


@pytest.mark.parametrize(
    ("cache", "chosen", "kept"),
    [
        ("mine", None, "mine/compiled"),
        ("mine", "theirs", "theirs"),
        ("a-file/mine", None, None),  # torch makes its own folder where ours cannot be made
    ],
)
def test_torch_keeps_compiled_code_in_the_cache_folder(
    monkeypatch: pytest.MonkeyPatch, cache: str, chosen: str | None, kept: str | None
) -> None:
    Path("a-file").touch()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", cache)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")  # so that it is restored
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    if chosen:
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", chosen)
    files.keep_compiled_code()
    found = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    assert (found and os.path.relpath(found)) == kept
    assert not Path("mine").exists()  # torch makes it when it needs it


def test_the_package_lets_torch_keep_compiled_code_in_the_cache_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(files.PACKAGE.parent)}
    del environment["TORCHINDUCTOR_CACHE_DIR"]  # of the tests
    program = "import os, inpaint_bench; print(os.environ['TORCHINDUCTOR_CACHE_DIR'])"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / "cache" / "compiled")


def test_the_nearest_name_is_proposed_and_a_far_one_is_not() -> None:
    assert did_you_mean("pnsr", ["ssim", "psnr"]) == "Did you mean 'psnr'? Known: psnr, ssim."
    assert did_you_mean("quite else", ["ssim", "psnr"]) == "Known: psnr, ssim."


def test_many_names_are_shortened_to_the_first_few() -> None:
    assert some("abc") == "a, b, c"
    assert some("abcdef") == "a, b, c and 3 more"
