"""Units of work: what an executor is given, and what became of it. What is done is known from files alone."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError

TRIES = 3  # of a unit, before the run goes on without it
LAST = 1 << 14  # bytes of a log that are looked at for its last lines
SUMS = "SHA256SUMS"  # of a run folder: the hashes of what was derived in it
FINAL = (2, 4, 5)  # the exit codes of what another try would not mend: input, parts that differ, a hash
GONE = 137  # the exit code of a try that ended without a word: killed, or its machine lost


@dataclass(frozen=True)
class Unit:
    """One method on some shards of the pairs; or the probe, which belongs to no method.

    It runs in the working folder of the driver: `command` as a program, or `work(spec, token)` in a process that is
    there already, which returns the exit code; with `stays=True` where that process goes on to other units of the
    method. `token` is the engine's name of the try, and the program takes it as `--token TOKEN`. Both write the files
    `attempt` and `done` themselves, beside `spec`.
    """

    name: str  # 'spn.2of8', the name of its folder and files too
    method: str
    key: str  # a hash of what it does, as far as that may change an output
    spec: Path  # what it does: NAME.json
    command: tuple[str, ...]
    work: Callable[..., int]
    threads: int = 1  # that it computes with
    tries: int = TRIES

    @property
    def log(self) -> Path:
        """What it prints is added to this file."""
        return self.spec.with_suffix(".log")

    @property
    def done(self) -> Path:
        """The file that says that it is done, which it writes as its last deed."""
        return self.spec.with_suffix(".done")

    @property
    def attempt(self) -> Path:
        """The file in which a try says where it runs, and how it ended."""
        return self.spec.with_suffix(".attempt")

    @property
    def part(self) -> Path:
        """Its run folder."""
        return self.spec.with_suffix("")

    def finished(self) -> bool:
        """Whether its file says that it is done, of what it is to do now and of what lies in its folder."""
        try:
            return files.read_bytes(self.done) == seal(self.key, self.part)
        except OSError:
            return False


@dataclass(frozen=True)
class State:
    """What became of a unit."""

    unit: Unit
    state: Literal["waiting", "running", "done", "failed"]
    tries: int = 0
    code: int = 0  # the exit code of the last try
    where: str = ""  # the engine's name of the try that runs: a job, an actor

    def started(self, where: str = "") -> "State":
        """The state of one more try."""
        return State(self.unit, "running", self.tries + 1, where=where)

    def after(self, code: int) -> "State":
        """The state once a try has ended: another try, unless it was the last or another would end alike."""
        if self.unit.finished():
            return replace(self, state="done", code=code)
        over = self.tries >= self.unit.tries or code in FINAL
        return replace(self, state="failed" if over else "waiting", code=code)


def seal(key: str, part: Path) -> bytes:
    """What the file of a finished unit holds: what it did, and the hash of the sums of its folder, '-' without."""
    sums = part / SUMS
    return f"{key} {files.file_sha256(sums) if sums.is_file() else '-'}\n".encode()


OnLook = Callable[[Sequence[State]], None]


class Executor(Protocol):
    """Where units run. Plug-ins of the entry-point group `inpaint_bench.executors` are called with a text, give one."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def slots(self) -> int:
        """Units at a time, as far as is known: how many there are follows from it."""

    @property
    def threads(self) -> int:
        """Those of the processor that a unit should compute with."""

    @property
    def remote(self) -> bool:
        """Units run on machines that may differ from this one: a probe is sent first, and a trial of each method."""

    @property
    def detaches(self) -> bool:
        """Units go on when the command that sent them ends, and the next one finds them."""

    def run(self, units: Sequence[Unit], on_look: OnLook) -> list[State]:
        """Work on units until each is done or has failed, and return what became of each, in order.

        `on_look` is called with all states now and then.
        """
        ...


class Attempt(Schema, frozen=True):
    """What a try of a unit says of itself."""

    token: str  # the engine's name of the try, '' where it has none
    host: str
    process: int
    started: float  # seconds since 1970
    ended: float | None = None
    code: int = 0
    seconds_per_pair: float | None = None  # that a pair more would take


def read_attempt(unit: Unit) -> Attempt | None:
    """The last try of a unit, if one has begun and can be read."""
    try:
        found: Attempt = decode.json(files.read_bytes(unit.attempt), Attempt)
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    return found


def last_lines(log: Path, count: int = 1) -> str:
    """The last lines of a log, as one; '' where there is none."""
    if not log.is_file():
        return ""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - LAST))
        lines = deque((line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()), count)
    return " ".join(line.strip() for line in lines)[:600]


def whole_number(name: str, options: dict[str, str], key: str, default: int) -> int:
    """A number among options, which is taken out of them.

    Raises InputError for what is none, and for 0 unless it is the default.
    """
    text = options.pop(key, str(default))
    least = min(1, default)
    if not text.isdecimal() or len(text) > 6 or int(text) < least:
        raise InputError(f"--{name}: {key} is '{text}'; it must be a whole number from {least}.")
    return int(text)
