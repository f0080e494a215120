"""Files appear whole or not at all, and everything the package ships is found by one function."""

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from inpaint_bench.errors import BenchError, IncompleteError, InputError

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The folder of that name (protocols, results) that comes with the package, checked out or installed."""
    installed = PACKAGE / "_shipped" / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def cache_dir() -> Path:
    """Where what can be made again is kept: `$INPAINT_BENCH_CACHE`, or inpaint-bench in the user's cache."""
    if chosen := os.environ.get("INPAINT_BENCH_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "inpaint-bench"


def cache_folder(name: str) -> Path:
    """A folder of the cache, made where it is missing. Raises InputError, or IncompleteError for a full disk."""
    folder = cache_dir() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def weights_dir() -> Path:
    """The folder of weights: `$INPAINT_BENCH_WEIGHTS`, or one in the cache folder."""
    return Path(os.environ.get("INPAINT_BENCH_WEIGHTS") or cache_dir() / "weights")


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it: aside first, then renamed.

    Raises IncompleteError when the disk is full and InputError when the folder cannot be written to.
    """
    with written_whole(path) as aside:
        aside.write_bytes(data)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place aside to write a file to; it takes its name when all of it is there. Raises as `write_whole` does."""
    aside = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        os.close(handle)
        yield Path(aside)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if aside:
            with contextlib.suppress(OSError):
                Path(aside).unlink()


def write_if_changed(path: Path, data: bytes) -> None:
    """Write a file whole, unless it already holds exactly these bytes."""
    if not (path.is_file() and path.read_bytes() == data):
        write_whole(path, data)


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone; a second one is refused. The hold ends with the process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise InputError(
            f"{folder}: another run is at work in this folder. Wait for it, or choose another --out."
        ) from error
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        for left_over in folder.rglob(".writing-*"):  # of a process that was killed while it wrote
            left_over.unlink()
        yield
    finally:
        lock.release()


def cannot_write(path: Path, error: OSError) -> BenchError:
    """What the operating system refused, as a sentence with an exit code."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return IncompleteError(f"{path}: the disk is full. Make baseline and run the same command again.")
    way = "INPAINT_BENCH_CACHE" if path.is_relative_to(cache_dir()) else "--out"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return InputError(f"{path}: a file stands where a folder is needed. Choose another {way}.")
    reason = error.strerror or str(error)
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: there is no such file or folder.")
    return InputError(f"{path}: cannot write here ({reason}). Give a folder that you may write to with {way}.")
