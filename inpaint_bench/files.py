"""Writing of files, names as paths, hashes, locks, and the folders of shipped data, cache and weights.

What lies under its name is whole, after a power cut too: a file is written under another name, synced to the disk, and
then renamed (`disk.py`).
"""

import atexit
import contextlib
import errno
import filecmp
import functools
import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

from inpaint_bench import disk
from inpaint_bench.errors import BenchError, IncompleteError, InputError, UnreadableError

PACKAGE = Path(__file__).resolve().parent
NAME = r"[a-z0-9][a-z0-9._-]{0,99}"  # of a dataset or a method; also the name of a folder or a file
MOST_READ = 1 << 28  # bytes of a file that is read whole, unless its reader states another bound
MOST_HASHED = 1 << 36  # bytes of a file of any kind
UNUSED = 90  # days, after which what the cache notes of a folder is forgotten
OF_CACHE = re.compile(r"[0-9a-f]{32}\.(npy|json)|\.writing-.+")  # notes on folders, and what a killed process left
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # EFBIG: a limit on the size of files, as of a batch system

_held: set[Path] = set()  # the folders that this process has locked


def within(folder: Path, name: str, where: str = "") -> Path:
    """The path of something in a folder, by the name that a user or a file gives it, `where` it does.

    Raises InputError for what is no plain name: small letters, digits, '.', '_' and '-', at most 100 of them and a
    letter or digit first. What the harness itself names may begin with one '_'.
    """
    if not re.fullmatch(f"_?{NAME}", name):
        raise InputError(
            f"{where + ': ' if where else ''}{name[:120]!r} cannot be a name; use small letters, digits, '.', '_' and "
            "'-', a letter or digit first, at most 100 in all."
        )
    return folder / name


def shipped(name: str) -> Path:
    """A folder that ships with the package (protocols, results), of a checkout or an installation."""
    installed = PACKAGE / "_shipped" / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def expanded(path: str | Path) -> Path:
    """A path as users write it, where `~` is the home folder."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # which raises for the home of nobody


def cache_dir() -> Path:
    """The folder of files that can be recomputed: `$INPAINT_BENCH_CACHE`, or inpaint-bench in the user's cache.

    Who has no home folder has one that lasts as long as the process.
    """
    if chosen := os.environ.get("INPAINT_BENCH_CACHE"):
        return Path(chosen)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "inpaint-bench"
    home = expanded("~")
    return home / ".cache" / "inpaint-bench" if home.is_absolute() else _temporary()


def cache_folder(name: str) -> Path:
    """A folder of the cache, created if missing; one that lasts as long as the process where that cannot be written.

    Raises InputError where a file is in the way.
    """
    folder = cache_dir() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise cannot_write(folder, error) from error
    except OSError:
        folder = _temporary() / name
        folder.mkdir(exist_ok=True)
    return folder if os.access(folder, os.W_OK) else _temporary()


def keep_used(note: Path) -> None:
    """Mark a note in the cache as used now, and remove those beside it that nobody used for 90 days.

    Where one is missed it is made again.
    """
    with contextlib.suppress(OSError):
        os.utime(note)
    oldest = time.time() - UNUSED * 24 * 60 * 60
    with contextlib.suppress(OSError):  # as where another process removed one: the next run removes the rest
        for path in note.parent.iterdir():
            if OF_CACHE.fullmatch(path.name) and path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()


@functools.cache
def _temporary() -> Path:
    """A folder that is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix="inpaint-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextlib.contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder for files that nobody needs afterwards. Raises what `cache_folder` raises.

    Those that killed processes left are removed: nobody locks them.
    """
    every = cache_folder("scratch")
    for left_over in every.glob("*/.lock"):
        with contextlib.suppress(BenchError, OSError), only_one(left_over.parent):
            shutil.rmtree(left_over.parent)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=every) as made:
        folder = Path(made)
        with disk.passing(folder), only_one(folder):
            yield folder


def weights_dir() -> Path:
    """The folder of weights: `$INPAINT_BENCH_WEIGHTS`, or one in the cache folder."""
    return Path(os.environ.get("INPAINT_BENCH_WEIGHTS") or cache_dir() / "weights")


def data_dir() -> Path:
    """The folder of datasets, one folder each: `$INPAINT_BENCH_DATA`, or one in the cache folder."""
    return Path(os.environ.get("INPAINT_BENCH_DATA") or cache_dir() / "data")


def refuse_homeless(what: str, variable: str) -> None:
    """Raise InputError where files would be kept in the cache of a user without a home, which ends with the process."""
    set_here = any(os.environ.get(name) for name in (variable, "INPAINT_BENCH_CACHE", "XDG_CACHE_HOME"))
    if not (set_here or expanded("~").is_absolute()):
        raise InputError(f"there is no home folder to keep {what} in. Set {variable} to a folder.")


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def size_of(path: Path, most: int = MOST_READ) -> int:
    """The bytes that a file holds, before it is opened: for a pipe one would wait without end, and a device has none.

    Raises FileNotFoundError where there is nothing, and UnreadableError for what is no file and for more than `most`
    bytes.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise
    except OSError as error:  # such as a loop of links
        raise UnreadableError(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadableError(ascii(str(path)), f"no file can have this name ({error})") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError(path, "Is a directory" if stat.S_ISDIR(status.st_mode) else "it is a device or a pipe")
    if status.st_size > most:
        raise UnreadableError(path, f"it has {status.st_size:,} bytes, and at most {most:,} are read")
    return status.st_size


def read_bytes(path: Path, most: int = MOST_READ) -> bytes:
    """The bytes of a file. Raises FileNotFoundError, and UnreadableError as `size_of` does."""
    with open_file(path, most) as file:
        return file.read()


def open_file(path: Path, most: int = MOST_READ) -> BinaryIO:
    """A file that is opened to be read. Raises as `read_bytes` does."""
    size_of(path, most)
    try:
        return path.open("rb")
    except PermissionError as error:
        raise UnreadableError(path, error.strerror or "not allowed") from error


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises as `size_of` does."""
    size_of(path, MOST_HASHED)
    with open(path, "rb") as file:
        return stream_sha256(file)


def stream_sha256(file: BinaryIO) -> str:
    """The SHA-256 of what is left to read of an open file, in hexadecimal."""
    digest = hashlib.sha256()
    while block := file.read(1 << 18):
        digest.update(block)
    return digest.hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically: to a temporary file in the same folder, which is synced to the disk and then renamed.

    Raises IncompleteError if the disk is full and InputError if the folder is not writable.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def written_whole(path: Path, if_changed: bool = False) -> Iterator[Path]:
    """The path of a temporary file to write to, renamed to `path` on success. Raises as `write_whole` does.

    With `if_changed`, a file that already holds exactly these bytes is left as it is.
    """
    temporary = ""
    root = disk.refuse_way_out(path)
    try:
        disk.make_folder(path.parent, root)
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        os.close(handle)
        yield Path(temporary)
        if if_changed and path.is_file() and filecmp.cmp(path, temporary, shallow=False):
            return
        Path(temporary).chmod(0o644)
        disk.rename(Path(temporary), path)
    except OSError as error:
        disk.refuse_way_out(path)
        raise cannot_write(path, error) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def write_if_changed(path: Path, data: bytes) -> None:
    """Write a file atomically, unless it already holds exactly these bytes."""
    if not holds(path, data):
        write_whole(path, data)


def holds(path: Path, data: bytes) -> bool:
    """Whether there is a file with exactly these bytes."""
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


@contextlib.contextmanager
def only_one(folder: Path, sweep: bool = True) -> Iterator[None]:
    """Lock a folder for this process, and confine what is written to it; the lock ends with the process.

    What a killed process left half written is removed, unless others may be writing below it (`sweep` false).

    Raises InputError if another process holds the lock or the folder is not writable.
    """
    try:
        disk.make_folder(folder)
        if (folder / ".lock").is_symlink():
            raise InputError(f"{folder / '.lock'}: is a link, and a lock is a file. Remove it.")
        lock = filelock.FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise InputError(
            f"{folder}: another run is using this folder. Wait for it, or choose another --out."
        ) from error
    except OSError as error:
        raise cannot_write(folder, error) from error
    held = folder.resolve()
    _held.add(held)
    try:
        for left_over in folder.rglob(".writing-*") if sweep else ():  # of a process that was killed while writing
            left_over.unlink()
        with disk.confined(folder):
            yield
    finally:
        _held.discard(held)
        lock.release()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The lock of `only_one`, or the one that this process holds already. Raises as `only_one` does."""
    if folder.resolve() in _held:
        yield
    else:
        with only_one(folder):
            yield


def cannot_write(path: Path, error: OSError) -> BenchError:
    """The error for a file or folder that cannot be written, by the operating system's reason."""
    if error.errno in FULL:
        return IncompleteError(f"{path}: the disk is full. Free some space and run the same command again.")
    reason, option = error.strerror or str(error), _option(path)
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return InputError(f"{path}: this is a file, and a folder is needed. Choose another {option}.")
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: there is no such file or folder.")
    return InputError(f"{path}: cannot write here ({reason}). Give a writable folder with {option}.")


def _option(path: Path) -> str:
    """What chooses the place of a file or a folder."""
    here, cache = path.absolute(), cache_dir().absolute()
    for variable, kept in (("INPAINT_BENCH_WEIGHTS", weights_dir()), ("INPAINT_BENCH_DATA", data_dir())):
        if here.is_relative_to(kept.absolute()) and not kept.absolute().is_relative_to(cache):
            return variable
    above = cache.is_relative_to(here) and not Path.cwd().is_relative_to(here)  # a home folder, say
    return "INPAINT_BENCH_CACHE" if above or here.is_relative_to(cache) else "--out"
