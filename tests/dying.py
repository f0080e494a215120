"""A process that dies at its n-th change of a disk, played in this process: from then on every change fails.

Its locks end with it, as those of a dead process do, whatever still refers to them here.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHANGES = ("os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate")


class Died(BaseException):
    """No `except OSError` and no `except Exception` lives on after it."""


@dataclass
class Death:
    """How many changes are still allowed, counted from the moment that `since` exists; whether it came to that."""

    left: int
    since: Path
    died: bool = False
    locked: set[int] = field(default_factory=set)  # descriptors of files

    def unlock(self) -> None:
        """Release every lock. Its file stays open, for whoever still holds the descriptor to close."""
        for descriptor in self.locked:
            with suppress(OSError):  # closed, and so unlocked, before
                fcntl.flock(descriptor, fcntl.LOCK_UN)


_ahead: list[Death] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _ahead:
        return
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    (death,) = _ahead
    if event == "fcntl.flock":
        death.locked.add(arguments[0])
    if (event in CHANGES or writes) and (death.died or death.since.exists()):
        death.left -= 1
        if death.left < 0:
            death.died = True
            raise Died


sys.addaudithook(_watch)


@contextmanager
def dying_after(changes: int, since: Path = Path()) -> Iterator[Death]:
    """Die after so many changes."""
    death = Death(changes, since)
    _ahead.append(death)
    try:
        yield death
    except Died:
        pass
    finally:
        _ahead.clear()
        if death.died:
            death.unlock()
