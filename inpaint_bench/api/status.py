"""`status`: how far the units of a run are, from their files alone, on any machine that sees the folder."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.api.arguments import AnyPath
from inpaint_bench.api.planning import read_plan, units_folder
from inpaint_bench.data.parts import part_of
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.executors.units import Attempt, State, Unit, last_lines, read_attempt
from inpaint_bench.runner import folder

NAME = "states.json"
LINES = 3  # of the log of a unit that failed
COLUMNS = ("unit", "state", "tries", "machine", "where", "pairs", "pairs/s")


class Noted(Schema, frozen=True):
    """What the command that works on a run last knew of a unit."""

    state: Literal["waiting", "running", "done", "failed"]
    tries: Annotated[int, msgspec.Meta(ge=0)]
    code: int
    where: str


@dataclass(frozen=True)
class UnitStatus:
    """How far a unit is: `finished` of `pairs`, so many a second since its try began; None before."""

    name: str
    state: str
    tries: int
    host: str
    where: str
    finished: int
    pairs: int
    rate: float | None
    log: Path

    @property
    def row(self) -> tuple[str, ...]:
        """What stands in the table."""
        rate = "-" if self.rate is None else f"{self.rate:.3g}"
        done = f"{self.finished} of {self.pairs}"
        return self.name, self.state, str(self.tries), self.host or "-", self.where or "-", done, rate


def write_states(home: Path, states: Iterable[State]) -> None:
    """Note in the folder of units what is known of each."""
    noted = {one.unit.name: Noted(one.state, one.tries, one.code, one.where) for one in states}
    files.write_if_changed(home / NAME, msgspec.json.encode(noted))


def count_pairs(unit: Unit) -> int:
    """The pairs that a unit has finished, or nearly: those with a first composite."""
    return len(_finished(unit.part, unit.method, 0.0))


def _finished(part: Path, method: str, since: float) -> set[str]:
    """The names of the pairs with a composite written since a time."""
    try:
        with os.scandir(part / method / "composites") as entries:
            return {
                one.name.partition(".")[0]
                for one in entries
                if one.name[:1].isdigit() and (not since or one.stat().st_mtime >= since)
            }
    except OSError:
        return set()


def unit_statuses(path: AnyPath) -> list[UnitStatus]:
    """How far each unit of a run is; none where the run has no units, or all are gathered.

    Raises InputError where the folder is no run.
    """
    run, home = folder.open_run(Path(path)), units_folder(Path(path))
    plan = read_plan(home)
    return [
        _status_of(home, name, shard, len(run.pairs), _noted(home))
        for name, shards in (plan.units.items() if plan else ())
        for shard in shards
    ]


def _noted(home: Path) -> dict[str, Noted]:
    try:
        found: dict[str, Noted] = decode.json(files.read_bytes(home / NAME), dict[str, Noted])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{home / NAME}: cannot be read ({error}). Run the same command again.") from error
    return found


def _status_of(home: Path, method: str, shard: tuple[int, int, int], pairs: int, noted: dict[str, Noted]) -> UnitStatus:
    name = method + (part_of(shard).suffix or ".whole")
    unit = Unit(name, method, "", home / f"{name}.json", (), lambda *_: 0)
    known = noted.get(name, Noted("waiting", 0, 0, ""))
    attempt = read_attempt(unit)
    count = len([place for place in range(pairs) if shard[0] <= place % shard[2] + 1 <= shard[1]])
    state = "done" if unit.done.is_file() else _of_attempt(known.state, attempt)
    host = attempt.host if attempt else ""
    return UnitStatus(
        name, state, known.tries, host, known.where, count_pairs(unit), count, _rate(unit, attempt), unit.log
    )


def _of_attempt(known: str, attempt: Attempt | None) -> str:
    """The state of a unit that is not done: one whose try has ended since a command last looked waits for another."""
    ended = attempt is not None and attempt.ended is not None
    return "waiting" if known == "running" and ended else known


def _rate(unit: Unit, attempt: Attempt | None) -> float | None:
    """Pairs a second since the last try began."""
    if attempt is None:
        return None
    seconds = (attempt.ended or time.time()) - attempt.started
    return len(_finished(unit.part, unit.method, attempt.started)) / seconds if seconds > 0 else None


def status(path: AnyPath) -> Iterator[str]:
    """The lines that `inpaint-bench status` prints: a summary, a row a unit, and the end of the logs of what failed."""
    units = unit_statuses(path)
    run = folder.open_run(Path(path))
    if not units and [*units_folder(Path(path)).glob("probe.*.json")]:
        yield f"{path}: a probe was sent, and no unit yet."
    elif not units:
        yield f"{path}: no unit is at work or waiting; {len(run.pairs)} pairs."
        for method in run.info.methods:
            yield f"{method}: {len(run.samples_of(method))} of {len(run.pairs)} pairs are finished."
    if not units:
        return
    counts = Counter(one.state for one in units)
    rates = [one.rate for one in units if one.state == "running" and one.rate is not None]
    finished = f"{sum(one.finished for one in units)} of {sum(one.pairs for one in units)} pairs"
    summary = ", ".join(f"{counts[state]} {state}" for state in ("done", "running", "waiting", "failed"))
    yield f"{path}: {len(units)} units: {summary}; {finished}, {sum(rates):.3g} a second."
    yield from _aligned([COLUMNS, *(one.row for one in units)])
    for one in units:
        if one.state == "failed" or (one.tries > 1 and one.state != "done"):
            yield f"{one.name}: {last_lines(one.log, LINES) or 'no word'} Its log: {one.log}."


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths: list[Any] = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
