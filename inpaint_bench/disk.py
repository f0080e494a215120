"""What is on the disk after a power cut, and that no write leaves its folder (`confined`).

Files are synced to the disk (fsync), and so are their names, with the folder. A name is synced at once; of the files of
one kind, once after all of them (`names_synced_once`): composites before scores name them, scores and results before a
command ends. So a power cut loses nothing that was said to be done, and what it does lose is found missing and made
again. Only what is made from other files of a run at any time, tables and the pictures of a report, is not synced
(`passing`). On a virtual disk syncing took 1.3% of the run of a classical method and 0.3% with a network beside it
(`benchmarks/syncing.py`, results/measured/syncing-cpu.md).
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from inpaint_bench.errors import IncompleteError, InputError

CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP)  # of file systems that do not know it: nothing more can be done

_names_later: list[
    tuple[Path, set[Path]]
] = []  # absolute paths of folders, with those below that are still to be synced
_passing: list[Path] = []  # absolute paths of the folders that nobody needs after a power cut
_confined: list[tuple[Path, bool]] = []  # folders that no write may leave, and whether they were there


def make_folder(path: Path, root: Path | None = None) -> None:
    """Create a folder and those above it where they are missing, so that their names last; an absolute `root` is there.

    Raises OSError, a FileNotFoundError where the root is not there.
    """
    if not path.is_dir():
        if path.absolute() == root:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        make_folder(path.parent, root)
        path.mkdir(exist_ok=True)
        sync_name(path)


def rename(source: Path, path: Path) -> None:
    """Give a file, or a folder of files that are on the disk, a name in an existing folder. Raises OSError."""
    if source.is_file():
        _sync(source)
    source.replace(path)
    sync_name(path)


def sync_name(path: Path) -> None:
    """Have the disk hold the name of a file, at once or where `names_synced_once` ends. Raises OSError."""
    folder = path.parent.absolute()
    later = [folders for root, folders in _names_later if folder.is_relative_to(root)]
    if later and not _needless(folder):
        later[-1].add(folder)
    else:
        _sync(folder)


def _sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder. Raises OSError."""
    if _needless(path.absolute()):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise
    finally:
        os.close(handle)


def _needless(path: Path) -> bool:
    return any(path.is_relative_to(root) for root in _passing)


@contextlib.contextmanager
def names_synced_once(folder: Path) -> Iterator[None]:
    """Meanwhile a power cut may lose the names of files that are written below a folder; afterwards they last."""
    entry: tuple[Path, set[Path]] = (folder.absolute(), set())
    _names_later.append(entry)
    try:
        yield
    finally:
        _names_later[:] = [one for one in _names_later if one is not entry]
        for one in sorted(entry[1]):
            with contextlib.suppress(FileNotFoundError):  # it was removed since
                _sync(one)


@contextlib.contextmanager
def passing(folder: Path) -> Iterator[None]:
    """Meanwhile what is written below a folder is not synced: nobody needs it after a power cut."""
    root = folder.absolute()
    _passing.append(root)
    try:
        yield
    finally:
        _passing.remove(root)


@contextlib.contextmanager
def confined(folder: Path) -> Iterator[None]:
    """Meanwhile what is written below a folder lies in it: InputError where a link inside leads out of it."""
    entry = (folder.absolute(), folder.is_dir())
    _confined.append(entry)
    try:
        yield
    finally:
        _confined.remove(entry)


def refuse_way_out(path: Path) -> Path | None:
    """Raise InputError where a link between a folder of `confined` and a path below it leads out of that folder.

    Returns that folder if it was there. Raises IncompleteError where it is gone: a run is not begun anew in its place.
    """
    target, found = path.absolute(), None
    for root, was_there in _confined:
        if target != root and target.is_relative_to(root):
            if was_there and not root.is_dir():
                raise IncompleteError(f"{root}: was removed while this command used it. Run the same command again.")
            real = target.parent.resolve()
            if not real.is_relative_to(root.resolve()):
                raise InputError(f"{path}: a link leads from {root} to {real}; nothing is written there. Remove it.")
            found = root if was_there else found
    return found
