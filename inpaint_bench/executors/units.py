"""Units of work: a command that fills a folder, and what became of it."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TRIES = 3  # of a unit, before the run goes on without it
LAST = 1 << 14  # bytes of a log that are looked at for its last lines
INPUT_ERROR = 2  # the exit code of what another try would not mend


@dataclass(frozen=True)
class Unit:
    """One method on one shard of the pairs; `command` is run as a program, and writes into `log`."""

    name: str  # 'spn.2of8', the name of its folder and files too
    method: str
    command: tuple[str, ...]
    log: Path
    done: Path  # a file that says that the unit is done, which it writes itself as its last deed


@dataclass(frozen=True)
class State:
    """What became of a unit."""

    unit: Unit
    state: Literal["waiting", "running", "done", "failed"]
    tries: int = 0
    code: int = 0  # the exit code of the last try

    def after(self, code: int) -> "State":
        """The state once a try has ended: another try, unless it was the last or another would end alike."""
        if self.unit.done.is_file():
            return State(self.unit, "done", self.tries, code)
        over = self.tries >= TRIES or code == INPUT_ERROR
        return State(self.unit, "failed" if over else "waiting", self.tries, code)


def last_lines(log: Path, count: int = 1) -> str:
    """The last lines of a log, as one; '' where there is none."""
    if not log.is_file():
        return ""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - LAST))
        lines = deque((line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()), count)
    return " ".join(line.strip() for line in lines)[:600]
