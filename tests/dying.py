"""A process that dies at its n-th change of a disk, played in this process: from then on every change fails."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


_ahead: list[Death] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _ahead:
        return
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    (death,) = _ahead
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
