"""Files are written atomically, one process locks a folder, and a full disk is reported in a sentence."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from power_cut import power_cut_after

from inpaint_bench import decode, files, hardware
from inpaint_bench.errors import IncompleteError, InputError, did_you_mean, some
from inpaint_bench.runner.stored import Header
from inpaint_bench.weights.store import refuse_homeless


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


def test_what_nobody_needs_afterwards_is_not_synced() -> None:
    with files.scratch("mine") as folder, power_cut_after(0):
        files.write_whole(folder / "deep" / "a.txt", b"")
        assert (folder / "deep" / "a.txt").is_file()
    assert not folder.exists()


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
    hardware.keep_compiled_code()
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


# --- caches, and folders that go away -------------------------------------------------------------


def test_a_cache_that_cannot_be_written_gives_way_to_one_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setenv("INPAINT_BENCH_CACHE", "mine")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        patch.setattr(files, "_temporary", lambda: Path())
        with pytest.raises(PermissionError):  # the folder of the process cannot be made either
            files.cache_folder("one")
    Path("mine").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        folder = files.cache_folder("one")
    assert not folder.is_relative_to(Path("mine").absolute())
    assert folder.is_dir()


def test_who_has_no_home_has_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("INPAINT_BENCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where nobody knows of a home
    assert files.cache_dir().is_dir()
    assert files.cache_folder("one").is_relative_to(files.cache_dir())
    with pytest.raises(InputError, match="there is no home folder to keep weights in"):
        refuse_homeless()
    with pytest.raises(InputError, match=r"no home folder to keep data in\. Set INPAINT_BENCH_DATA to a folder"):
        files.refuse_homeless("data", "INPAINT_BENCH_DATA")
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", "weights")
    refuse_homeless()
    monkeypatch.setenv("INPAINT_BENCH_DATA", "data")
    files.refuse_homeless("data", "INPAINT_BENCH_DATA")


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("runs/a.txt", "--out"),
        ("home/.cache/inpaint-bench/pairs/a.csv", "INPAINT_BENCH_CACHE"),
        ("home/.cache", "INPAINT_BENCH_CACHE"),
        ("home", "INPAINT_BENCH_CACHE"),
        (".", "--out"),
        ("weights/spn/paris.safetensors", "INPAINT_BENCH_WEIGHTS"),
    ],
)
def test_what_cannot_be_written_is_told_with_what_chooses_its_place(
    path: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INPAINT_BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "home/.cache")
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", "weights")
    error = files.cannot_write(Path(path), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    assert str(error) == f"{path}: cannot write here (Permission denied). Give a writable folder with {option}."


def test_what_a_killed_process_left_in_the_scratch_folder_is_removed() -> None:
    left = files.cache_folder("scratch") / "score-1"
    left.mkdir()
    (left / ".lock").touch()
    with files.scratch("score") as ours:
        assert not left.exists()
        with files.scratch("score") as another:
            assert ours.is_dir()
            assert another != ours


def test_a_folder_that_was_removed_while_it_was_used_is_not_begun_anew() -> None:
    message = r"run: was removed while this command used it\. Run the same command again\."
    with files.only_one(Path("run")):
        files.write_whole(Path("run/a/b.txt"), b"")
        shutil.rmtree("run")
        with pytest.raises(IncompleteError, match=message):
            files.write_whole(Path("run/a/c.txt"), b"")
    assert not Path("run").exists()
    lock(Path("run"))


def test_the_reason_why_a_file_cannot_be_read_is_a_sentence_however_long_its_keys_are() -> None:
    with pytest.raises(msgspec.DecodeError, match="Object contains unknown field `aaa") as found:
        decode.json(b'{"schema": 1, "%s": 2}' % (b"a" * 200_000), Header)
    assert len(str(found.value)) == decode.MOST_REASON + 1
