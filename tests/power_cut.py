"""A power cut, played in this process, on the worst disk that may be: it keeps only what was synced to it.

Without a sync a file is empty after the cut, and a new name in a folder is not there.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock


class PowerCutError(BaseException):
    """Nothing goes on after it."""


class Disk:
    """What would be left of files and folders, by their numbers on the real disk."""

    def __init__(self, syncs: int) -> None:
        self.left, self.cut = syncs, False
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, dict[str, tuple[int, bool]]] = {}  # of a folder: number, and whether it is a folder

    def hold(self, root: Path) -> None:
        """Everything below a folder is on the disk by now."""
        for parent, _, names in os.walk(root):
            for path in (Path(parent), *(Path(parent) / name for name in names)):
                handle = os.open(path, os.O_RDONLY)
                self._sync(handle)
                os.close(handle)

    def fsync(self, handle: int) -> None:
        """In place of os.fsync."""
        self.left -= 1
        if self.left < 0 or self.cut:
            self.cut = True
            raise PowerCutError
        self._sync(handle)

    def _sync(self, handle: int) -> None:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            with os.scandir(handle) as entries:
                self._names[found.st_ino] = {one.name: (one.inode(), one.is_dir()) for one in entries}
        else:
            self._contents[found.st_ino] = os.pread(handle, found.st_size, 0)

    def restore(self, root: Path, into: Path) -> None:
        """Write what is left of a folder to another place."""
        self._restore(root.stat().st_ino, into)

    def _restore(self, folder: int, into: Path) -> None:
        into.mkdir()
        for name, (number, is_folder) in self._names.get(folder, {}).items():
            if is_folder:
                self._restore(number, into / name)
            else:
                (into / name).write_bytes(self._contents.get(number, b""))


@contextmanager
def power_cut_after(syncs: int, *on_disk: Path) -> Iterator[Disk]:
    """The power goes at the sync after so many; what is below some folders was on the disk before."""
    disk = Disk(syncs)
    for root in on_disk:
        disk.hold(root)
    with mock.patch("os.fsync", disk.fsync):
        try:
            yield disk
        except PowerCutError:
            assert disk.cut
