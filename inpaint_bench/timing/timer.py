"""Calls that are timed: by which clock, how long they warm up, how many are enough, and in which order."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from inpaint_bench.errors import BenchError, MethodError
from inpaint_bench.timing import ClockName, Series

Call = Callable[[], object]

ALIKE = 0.1  # two calls whose seconds differ by less than this share are the same
WARM_UP_CALLS, WARM_UP_SECONDS = 20, 10.0  # of one thing, at most; two calls at least
SHORT = 0.1  # seconds


@dataclass(frozen=True)
class Lap:
    """One timed call."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class WallClock:
    """Seconds of the wall and of the processor. `wait` returns when the device has done all it was given."""

    wall: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.process_time
    wait: Callable[[], object] = lambda: None
    name: ClockName = "wall"

    def __call__(self, call: Call) -> Lap:
        """Time one call, from an idle device to an idle device."""
        self.wait()
        cpu, start = self.cpu(), self.wall()
        call()
        self.wait()
        end = self.wall()
        return Lap(end - start, self.cpu() - cpu)


@dataclass(frozen=True)
class EventClock:
    """Seconds between two events in a GPU's queue, before and behind what the call put there.

    A call that only queues work has returned long before the work is done: the queue is emptied before the first
    event, and the time is read when the second was reached.
    """

    event: Callable[[], Any]  # makes one with result() and elapsed_time(later), in ms, as torch.cuda.Event has them
    wait: Callable[[], object]
    cpu: Callable[[], float] = time.process_time
    on: Callable[[], AbstractContextManager[Any]] = nullcontext  # makes the device the one that events go to
    name: ClockName = "cuda events"

    def __call__(self, call: Call) -> Lap:
        """Time one call."""
        with self.on():
            start, end = self.event(), self.event()
            self.wait()
            cpu = self.cpu()
            start.result()
            call()
            end.result()
            self.wait()
            return Lap(start.elapsed_time(end) / 1000, self.cpu() - cpu)


Clock: TypeAlias = WallClock | EventClock


@dataclass(frozen=True)
class Enough:
    """When a thing was called often enough: after so many calls, so many seconds, or both."""

    runs: int
    seconds: float
    both: bool
    least: int = 3  # a spread needs some calls, however long they take

    def reached(self, calls: int, seconds: float) -> bool:
        """Whether so many calls, which took so many seconds together, are enough."""
        often, long = calls >= self.runs, seconds >= self.seconds
        return calls >= self.least and (often and long if self.both else often or long)


ON_CPU = Enough(50, 5.0, both=False)
ON_GPU = Enough(200, 10.0, both=True)


@dataclass
class Task:
    """A thing to be timed, and what has been measured of it."""

    method: str
    call: Call
    clock: Clock
    warm_up: list[Lap] = field(default_factory=list)
    laps: list[Lap] = field(default_factory=list)
    seconds: float = 0.0  # of all laps; added up as they are made, since a short call takes hundreds of thousands

    def warm(self) -> None:
        """Call until two calls after each other take the same time, or until it has had its chance."""
        while not (len(self.warm_up) >= 2 and (self.steady or self._tried)):
            self.warm_up.append(self.clock(self.call))

    @property
    def steady(self) -> bool:
        """Whether the last two calls of the warm-up took the same time."""
        before, last = (lap.seconds for lap in self.warm_up[-2:])
        return abs(before - last) <= ALIKE * max(before, last)

    @property
    def _tried(self) -> bool:
        return len(self.warm_up) >= WARM_UP_CALLS or sum(lap.seconds for lap in self.warm_up) >= WARM_UP_SECONDS

    def turn(self) -> None:
        """Time one call. A short one is called once before: what ran in between has taken its place in the caches."""
        if self.warm_up[-1].seconds < SHORT:
            self.call()
        self.laps.append(self.clock(self.call))
        self.seconds += self.laps[-1].seconds

    def series(self) -> Series:
        """What was measured."""
        return Series(
            tuple(lap.seconds for lap in self.laps),
            tuple(lap.cpu_seconds for lap in self.laps),
            self.clock.name,
            len(self.warm_up),
            self.steady,
        )


def in_turns(
    tasks: Sequence[Task], enough: Enough, on_progress: Callable[[], None] = lambda: None
) -> Mapping[str, BenchError]:
    """Warm every task up, then time one call of each in turn until each has enough, so that all meet the same machine.

    `on_progress` is called for every method whose tasks all have enough. Tasks of a method that fails are left, and the
    others go on; returns what the failed ones said.
    """
    failures: dict[str, BenchError] = {}
    warmed = list(_each(tasks, Task.warm, failures))
    left = [task for task in warmed if task.method not in failures]
    while left:
        timed = list(_each(left, Task.turn, failures))
        methods = {task.method for task in left}
        going = [task for task in timed if task.method not in failures]
        left = [task for task in going if not enough.reached(len(task.laps), task.seconds)]
        for _ in methods - {task.method for task in left}:
            on_progress()
    return failures


def _each(tasks: Sequence[Task], do: Callable[[Task], None], failures: dict[str, BenchError]) -> Iterator[Task]:
    """Do something with each task whose method has not failed, and yield it; what a method raises is its failure."""
    for task in tasks:
        if task.method in failures:
            continue
        try:
            do(task)
        except (Exception, SystemExit) as error:  # a plug-in may raise anything
            failures[task.method] = failure(task.method, "a call", error)
        else:
            yield task


def failure(method: str, doing: str, error: BaseException) -> BenchError:
    """What a method raised, as a sentence about the method; a sentence of ours stays as it is."""
    if isinstance(error, BenchError):
        return error
    message = " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(": ")
    return MethodError(f"{method}: {doing} failed while it was timed: {message}.")
