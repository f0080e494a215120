"""What stands in the place of a file and is none: folders, links, pipes, devices, files without an end."""

import os
from collections.abc import Callable
from pathlib import Path

StandIn = Callable[[Path, bytes], None]

SPARSE = 3 << 40  # bytes, of which none takes place on the disk


def nothing(path: Path, valid: bytes) -> None:
    """It is missing."""


def empty(path: Path, valid: bytes) -> None:
    """It has no bytes."""
    path.write_bytes(b"")


def folder(path: Path, valid: bytes) -> None:
    """A folder of its name, with a file in it."""
    path.mkdir()
    (path / "inside").write_bytes(valid)


def pipe(path: Path, valid: bytes) -> None:
    """A pipe to which nobody writes: who opens it waits."""
    os.mkfifo(path)


def loop(path: Path, valid: bytes) -> None:
    """A link to itself."""
    path.symlink_to(path.name)


def dangling(path: Path, valid: bytes) -> None:
    """A link to nothing."""
    path.symlink_to("nothing")


def zeros(path: Path, valid: bytes) -> None:
    """A link to a device that never ends."""
    path.symlink_to("/dev/zero")


def terabytes(path: Path, valid: bytes) -> None:
    """The valid file, followed by terabytes of zeros."""
    path.write_bytes(valid)
    os.truncate(path, SPARSE)


def hollow(path: Path, valid: bytes) -> None:
    """Terabytes of zeros alone."""
    path.write_bytes(b"")
    os.truncate(path, SPARSE)


def unreadable(path: Path, valid: bytes) -> None:
    """Nobody may read it, but root."""
    path.write_bytes(valid)
    path.chmod(0)


STAND_INS: tuple[StandIn, ...] = (
    nothing, empty, folder, pipe, loop, dangling, zeros, terabytes, hollow, unreadable,
)  # fmt: skip
