"""Calls are timed with an injected clock, in turns, until there are enough; on a GPU between events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import torch

from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.timing import Series
from inpaint_bench.timing.timer import ON_CPU, ON_GPU, EventClock, Repetitions, Task, TimedCall, WallClock, in_turns


@dataclass
class FakeTime:
    """A clock that only advances when a fake call takes time."""

    wall: float = 100.0
    cpu: float = 7.0
    calls: list[str] = field(default_factory=list)

    def clock(self) -> WallClock:
        return WallClock(lambda: self.wall, lambda: self.cpu)

    def takes(self, name: str, seconds: Iterator[float], share: float = 2.0) -> Callable[[], None]:
        """A call with the given durations, one after the other, on `share` cores."""

        def call() -> None:
            duration = next(seconds)
            self.calls.append(name)
            self.wall += duration
            self.cpu += share * duration

        return call

    def task(self, name: str, seconds: Iterator[float]) -> Task:
        return Task(name, self.takes(name, seconds), self.clock())


def forever(seconds: float) -> Iterator[float]:
    while True:
        yield seconds


def three(seconds: float) -> Repetitions:
    return Repetitions(3, seconds, both=False)


def test_the_statistics_of_a_fake_clock_are_exact() -> None:
    time = FakeTime()
    durations = [0.25, 0.25, *(0.125 + step / 64 for step in range(50))]
    task = time.task("a", iter(durations))
    assert in_turns([task], Repetitions(50, 1e9, both=False)) == {}
    series = task.series()
    assert series.seconds == tuple(durations[2:])
    assert series.cpu_seconds == tuple(2 * seconds for seconds in durations[2:])
    assert (series.warm_up, series.steady, series.clock) == (2, True, "wall")
    assert series.p50 == 0.125 + 24.5 / 64
    assert series.percentile(90) == pytest.approx(0.125 + 44.1 / 64, abs=1e-12)
    assert series.percentile(99) == pytest.approx(0.125 + 48.51 / 64, abs=1e-12)
    assert series.cpu == 2 * series.p50


def test_methods_take_turns_and_are_not_timed_in_blocks() -> None:
    time = FakeTime()
    tasks = [time.task(name, forever(seconds)) for name, seconds in (("a", 1.0), ("b", 2.0), ("c", 4.0))]
    in_turns(tasks, three(1e9))
    assert "".join(time.calls) == "aabbcc" + "abc" * 3


def test_a_short_call_is_made_once_before_it_is_timed() -> None:
    time = FakeTime()
    tasks = [time.task("a", forever(0.0625)), time.task("b", forever(1.0))]
    in_turns(tasks, three(1e9))
    assert "".join(time.calls) == "aabb" + "aab" * 3
    assert len(tasks[0].timed) == 3


def test_a_call_warms_up_until_two_take_equally_long() -> None:
    task = FakeTime().task("a", iter([4.0, 2.0, 1.0, 1.05, *[1.0] * 3]))
    in_turns([task], three(1e9))
    assert task.series().warm_up == 4
    assert task.series().steady


def test_a_call_that_never_becomes_steady_is_timed_all_the_same_and_marked() -> None:
    task = FakeTime().task("a", (0.125 * (1 + number % 2) for number in range(99)))
    in_turns([task], three(1e9))
    assert not task.series().steady
    assert task.series().warm_up == 20


def test_a_warm_up_ends_after_ten_seconds_with_two_calls_at_least() -> None:
    task = FakeTime().task("a", iter([30.0, 20.0, 20.0, 20.0, 20.0]))
    in_turns([task], three(1e9))
    assert task.series().warm_up == 2


@pytest.mark.parametrize(
    ("repetitions", "seconds", "calls"),
    [(ON_CPU, 0.001, 50), (ON_CPU, 1.0, 5), (ON_CPU, 60.0, 3), (ON_GPU, 1.0, 200), (ON_GPU, 0.03125, 320)],
)
def test_there_are_enough_calls(repetitions: Repetitions, seconds: float, calls: int) -> None:
    time = FakeTime()
    task = time.task("a", forever(seconds))
    in_turns([task], repetitions)
    assert len(task.timed) == calls


def test_the_seconds_so_far_are_a_running_sum() -> None:
    """10 s of a short method on a GPU are hundreds of thousands of calls; summing them all each time takes hours."""
    task = FakeTime().task("a", forever(2.0**-14))
    task.timed.extend([TimedCall(1.0, 0.0)] * 5)  # not summed again
    in_turns([task], Repetitions(10, 2.0**-14 * 20, both=True))
    assert len(task.timed) == 5 + 20
    assert task.seconds == 2.0**-14 * 20


def test_a_method_that_fails_is_dropped_and_the_others_continue() -> None:
    time = FakeTime()
    finished: list[None] = []
    broken = time.task("broken", iter([1.0, 1.0, 1.0]))
    refused = Task("refused", lambda: (_ for _ in ()).throw(InputError("refused: a size.")), time.clock())
    good = time.task("good", forever(1.0))
    failures = in_turns([broken, refused, good], three(1e9), lambda: finished.append(None))
    assert len(good.timed) == 3
    assert isinstance(failures["broken"], MethodError)
    assert str(failures["broken"]).startswith("broken: a call failed while it was timed: StopIteration")
    assert str(failures["refused"]) == "refused: a size."
    assert len(finished) == 2  # good and broken; refused failed in its warm-up


# --- a simulated GPU ---------------------------------------------------------------------------


@dataclass
class FakeGpu:
    """A queue whose work is done when it is waited for; the host continues at once. Times are GPU seconds."""

    queue: list[Callable[[], None]] = field(default_factory=list)
    now: float = 0.0

    def launch(self, seconds: float) -> None:
        self.queue.append(lambda: self._pass(seconds))

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def wait(self) -> None:
        while self.queue:
            self.queue.pop(0)()

    def event(self) -> "FakeEvent":
        return FakeEvent(self)


@dataclass
class FakeEvent:
    """An event in the queue."""

    gpu: FakeGpu
    reached: float | None = None

    def record(self) -> None:
        self.gpu.queue.append(self._reach)

    def _reach(self) -> None:
        self.reached = self.gpu.now

    def elapsed_time(self, end_event: "FakeEvent") -> float:
        assert self.reached is not None
        assert end_event.reached is not None, "the time was read before the work was done"
        return 1000 * (end_event.reached - self.reached)


def test_events_time_the_work_and_not_its_launch() -> None:
    gpu = FakeGpu()
    clock = EventClock(gpu.event, gpu.wait, lambda: 0.0)
    gpu.launch(100.0)  # earlier work, which must not be timed
    assert clock(lambda: gpu.launch(0.25)) == TimedCall(0.25, 0.0)
    assert gpu.queue == []


def test_a_series_names_the_clock_that_timed_it() -> None:
    gpu = FakeGpu()
    task = Task("a", lambda: gpu.launch(0.5), EventClock(gpu.event, gpu.wait, lambda: 0.0))
    in_turns([task], three(1e9))
    assert task.series() == Series((0.5,) * 3, (0.0,) * 3, "cuda events", 2, True)


def test_end_to_end_on_a_gpu_is_timed_from_idle_to_idle() -> None:
    gpu = FakeGpu()
    clock = WallClock(lambda: gpu.now, lambda: 0.0, gpu.wait)
    gpu.launch(100.0)
    assert clock(lambda: gpu.launch(0.25)).seconds == 0.25


def test_an_event_clock_uses_torchs_own_interface() -> None:
    torch_event = torch.cuda.Event
    assert all(callable(getattr(torch_event, name)) for name in vars(FakeEvent) if name in ("record", "elapsed_time"))
