"""Timing of calls: the clock, the warm-up, the number of repetitions and the order."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from inpaint_bench.errors import BenchError, MethodError
from inpaint_bench.methods.foreign import described, raise_stop
from inpaint_bench.timing import ClockName, Series

Call = Callable[[], object]

STEADY = 0.1  # two calls whose seconds differ by at most this share take equally long
WARM_UP_CALLS, WARM_UP_SECONDS = 20, 10.0  # at most, of one task; at least two calls
SHORT = 0.1  # seconds


@dataclass(frozen=True)
class TimedCall:
    """The duration of one call."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class WallClock:
    """Wall-clock and CPU seconds. `wait` blocks until the device has finished all queued work."""

    wall: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.process_time
    wait: Callable[[], object] = lambda: None
    name: ClockName = "wall"

    def __call__(self, call: Call) -> TimedCall:
        """Time one call, from an idle device to an idle device again."""
        self.wait()
        cpu, start = self.cpu(), self.wall()
        call()
        self.wait()
        end = self.wall()
        return TimedCall(end - start, self.cpu() - cpu)


@dataclass(frozen=True)
class EventClock:
    """Seconds between two events in a GPU's queue, recorded before and after the call.

    A call that only queues work returns long before the work is done: the queue is emptied before the first event is
    recorded, and the time is read once the second has been reached.
    """

    event: Callable[[], Any]  # creates an event with record() and elapsed_time(later) in ms, as torch.cuda.Event
    wait: Callable[[], object]
    cpu: Callable[[], float] = time.process_time
    on: Callable[[], AbstractContextManager[Any]] = nullcontext  # selects the device that events are recorded on
    name: ClockName = "cuda events"

    def __call__(self, call: Call) -> TimedCall:
        """Time one call."""
        with self.on():
            start, end = self.event(), self.event()
            self.wait()
            cpu = self.cpu()
            start.record()
            call()
            end.record()
            self.wait()
            return TimedCall(start.elapsed_time(end) / 1000, self.cpu() - cpu)


Clock: TypeAlias = WallClock | EventClock


@dataclass(frozen=True)
class Repetitions:
    """How often a call is timed: `runs` times, or for `seconds`, whichever is reached first, or until both are."""

    runs: int
    seconds: float
    both: bool
    least: int = 3  # calls that a spread needs at least, however long they take

    def reached(self, calls: int, seconds: float) -> bool:
        """Whether this many calls, which took this many seconds in total, are enough."""
        often, long = calls >= self.runs, seconds >= self.seconds
        return calls >= self.least and (often and long if self.both else often or long)


ON_CPU = Repetitions(50, 5.0, both=False)
ON_GPU = Repetitions(200, 10.0, both=True)


@dataclass
class Task:
    """A call of a method that is to be timed, and its measurements so far."""

    method: str
    call: Call
    clock: Clock
    warm_up: list[TimedCall] = field(default_factory=list)
    timed: list[TimedCall] = field(default_factory=list)
    seconds: float = (
        0.0  # of all timed calls; a running sum, since a short call is timed hundreds of thousands of times
    )

    def warm(self) -> None:
        """Call until two consecutive calls take equally long, or the warm-up limit is reached."""
        while not (len(self.warm_up) >= 2 and (self.steady or self._limit_reached)):
            self.warm_up.append(self.clock(self.call))

    @property
    def steady(self) -> bool:
        """Whether the last two warm-up calls took equally long."""
        before, last = (call.seconds for call in self.warm_up[-2:])
        return abs(before - last) <= STEADY * max(before, last)

    @property
    def _limit_reached(self) -> bool:
        return len(self.warm_up) >= WARM_UP_CALLS or sum(call.seconds for call in self.warm_up) >= WARM_UP_SECONDS

    def turn(self) -> None:
        """Time one call. A short one is called once before, untimed, to refill the caches after other methods."""
        if self.warm_up[-1].seconds < SHORT:
            self.call()
        self.timed.append(self.clock(self.call))
        self.seconds += self.timed[-1].seconds

    def series(self) -> Series:
        """The measurements."""
        return Series(
            tuple(call.seconds for call in self.timed),
            tuple(call.cpu_seconds for call in self.timed),
            self.clock.name,
            len(self.warm_up),
            self.steady,
        )


def in_turns(
    tasks: Sequence[Task], repetitions: Repetitions, on_progress: Callable[[], None] = lambda: None
) -> Mapping[str, BenchError]:
    """Warm every task up, then time one call of each in turn until each has enough.

    Taking turns exposes all methods to the same conditions. `on_progress` is called for every method that is finished
    or has failed. A method that fails is dropped and the others continue; returns the failures by method.
    """
    failures: dict[str, BenchError] = {}
    warmed = list(_each(tasks, Task.warm, failures))
    left = [task for task in warmed if task.method not in failures]
    while left:
        called = list(_each(left, Task.turn, failures))
        methods = {task.method for task in left}
        good = [task for task in called if task.method not in failures]
        left = [task for task in good if not repetitions.reached(len(task.timed), task.seconds)]
        for _ in methods - {task.method for task in left}:
            on_progress()
    return failures


def _each(tasks: Sequence[Task], do: Callable[[Task], None], failures: dict[str, BenchError]) -> Iterator[Task]:
    """Call `do` for each task whose method has not failed, and yield it; an exception becomes the method's failure."""
    for task in tasks:
        if task.method in failures:
            continue
        try:
            do(task)
        except BaseException as error:  # a plug-in may raise anything
            raise_stop(error)
            failures[task.method] = failure(task.method, "a call", error)
        else:
            yield task


def failure(method: str, doing: str, error: BaseException) -> BenchError:
    """An exception raised by a method as one sentence about it; a BenchError stays as it is."""
    if isinstance(error, BenchError):
        return error
    return MethodError(f"{method}: {doing} failed while it was timed: {described(error)}")
