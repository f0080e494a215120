"""The SHA-256 of composites, kept in the cache from one command to the next.

A composite is read and hashed again only where its size, its inode or the times of its last change have moved. That of
the inode (ctime) is set by the system alone, so that an edit is seen whatever the other was set to. A file that changed
in the last seconds is hashed and not kept: it may change again within one tick of the clock.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from inpaint_bench import decode, files
from inpaint_bench.errors import BenchError

STAMP = ["size", "mtime", "ctime", "inode"]
ROW = np.dtype([("name", "S24"), *((fact, "<i8") for fact in STAMP), ("sha256", "V32")])
YOUNG = 2_000_000_000  # nanoseconds

_kept: "dict[Path, _Hashes] | None" = None  # by folder, while `kept` lasts


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Meanwhile `sha256_of` knows what was hashed before, and keeps what it finds where the cache can be written."""
    global _kept
    _kept = {}
    try:
        yield
    finally:
        try:
            save()
        finally:
            _kept = None


def save() -> None:
    """Write what was found until now, where the cache can be written, and hold nothing of it."""
    for one in _kept.values() if _kept else ():
        with contextlib.suppress(BenchError):
            one.save()
    if _kept:
        _kept.clear()


def sha256_of(composite: Path) -> str:
    """The SHA-256 of a composite's bytes, in hexadecimal. Raises as `files.file_sha256` does."""
    if _kept is None or len(os.fsencode(composite.name)) > ROW["name"].itemsize:
        return files.file_sha256(composite)
    folder = composite.parent
    if folder not in _kept:
        _kept[folder] = _Hashes(folder)
    return _kept[folder].of(composite)


class _Hashes:
    """The hashes of the composites in one folder: those that were kept, in the order of names, and new ones."""

    def __init__(self, folder: Path) -> None:
        self.path = files.cache_dir() / "hashes" / f"{files.sha256(os.fsencode(folder.resolve()))[:32]}.npy"
        self.before = _read(self.path)
        files.keep_used(self.path)
        self.names = np.ascontiguousarray(self.before["name"])
        self.new = bytearray()  # rows, of which the last of a name counts

    def of(self, composite: Path) -> str:
        """The hash of a composite, from the table where its file is as it was."""
        name, status = os.fsencode(composite.name), composite.stat()
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        number = int(np.searchsorted(self.names, np.bytes_(name)))
        if number < len(self.names) and self.names[number] == name:
            _, *known, sha256 = self.before[number].item()
            if tuple(known) == stamp:
                return bytes(sha256).hex()
        hashed = files.file_sha256(composite)
        if time.time_ns() - max(stamp[1:3]) > YOUNG:
            self.new += np.array((name, *stamp, bytes.fromhex(hashed)), ROW).tobytes()
        return hashed

    def save(self) -> None:
        """Write the table with what is new. Raises as `files.write_whole` does."""
        if not self.new:
            return
        table = np.concatenate([np.frombuffer(self.new, ROW)[::-1], self.before])
        _, last = np.unique(table["name"], return_index=True)  # of equal names the first: the newest
        with files.written_whole(self.path) as temporary, temporary.open("wb") as out:
            np.save(out, table[last])


def _read(path: Path) -> NDArray[np.void]:
    """A table of hashes; an empty one where there is none, or it is damaged."""
    try:
        table = decode.npy(path)
    except (OSError, BenchError, msgspec.DecodeError):
        return np.empty(0, ROW)
    return table if table.dtype == ROW and table.ndim == 1 else np.empty(0, ROW)
