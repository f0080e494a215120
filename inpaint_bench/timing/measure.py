"""Load methods, time them in turns, count their cost, and write one timing.json each."""

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from inpaint_bench import files
from inpaint_bench.errors import BenchError, InputError, MethodError
from inpaint_bench.methods.foreign import raise_stop
from inpaint_bench.methods.parameters import takes_seeds
from inpaint_bench.runner.made_by import method_info
from inpaint_bench.timing import Cost, Memory, Setting, Timing, machine, refuse_another, write_timing
from inpaint_bench.timing.flops import cost_of, tracked
from inpaint_bench.timing.memory import peak_in_new_process
from inpaint_bench.timing.timed import (
    MemoryJob,
    Selection,
    SyntheticImages,
    TimedMethod,
    draw_images,
    end_to_end_call,
    memory_call,
    network_call,
    program_call,
    refuse_no_prediction,
)
from inpaint_bench.timing.timer import (
    ON_CPU,
    ON_GPU,
    Clock,
    EventClock,
    Repetitions,
    Task,
    WallClock,
    failure,
    in_turns,
)

NOT_COUNTED = Cost(None, None, {})
NOT_MEASURED = Memory(None, "the memory of a program is not measured")


@dataclass(frozen=True)
class TimingOptions:
    """Which methods are timed, on which inputs and device, and how often."""

    selection: Selection
    device: torch.device
    size: int = 256
    batch: int = 1
    samples: int | None = None  # of a stochastic method; None: the protocol's number
    repetitions: Repetitions | None = None  # None: the default of the device's kind

    @property
    def setting(self) -> Setting:
        """The setting that is written to timing.json."""
        return Setting(str(self.device), self.size, self.batch)

    @property
    def repeat(self) -> Repetitions:
        """How often each call is timed."""
        return self.repetitions or (ON_GPU if self.device.type == "cuda" else ON_CPU)

    @property
    def of_stochastic(self) -> int:
        """The number of samples timed for a stochastic method, in addition to one."""
        return self.samples or self.selection.page.samples


@dataclass(frozen=True)
class LoadedMethod:
    """A method that is ready to be timed."""

    timed: TimedMethod
    end_to_end: Task
    network: Task | None = None
    of_samples: Task | None = None
    cost: Cost = NOT_COUNTED

    @property
    def tasks(self) -> list[Task]:
        """All calls of it that are timed."""
        return [task for task in (self.network, self.of_samples, self.end_to_end) if task]


@dataclass(frozen=True)
class TimingOutcome:
    """The timings of the methods that could be timed, and the failures of the others by name."""

    timings: list[Timing] = field(default_factory=list)
    failures: dict[str, BenchError] = field(default_factory=dict)

    def raise_failures(self) -> None:
        """Raise all failures as one error, an InputError if one of them is; do nothing if there are none."""
        sentences = dict.fromkeys(str(error) for error in self.failures.values())
        if sentences:
            wrong = any(isinstance(error, InputError) for error in self.failures.values())
            raise (InputError if wrong else MethodError)(" ".join(sentences))


STEPS = 3  # of each method: load, time, measure memory


def time_methods(
    methods: Sequence[TimedMethod], options: TimingOptions, out: Path, on_progress: Callable[[], None] = lambda: None
) -> TimingOutcome:
    """Time the methods and write each one's timing.json into the run folder `out`.

    `on_progress` is called after each of the `STEPS` of a method. A method that fails is dropped and the others
    continue. Raises InputError before any work if the folder holds times of another setting.
    """
    for timed in methods:
        refuse_another(out, timed.name, options.setting)
    with files.scratch("timing") as scratch:
        return _time(options, methods, scratch, out, on_progress)


def _time(
    options: TimingOptions, methods: Sequence[TimedMethod], scratch: Path, out: Path, on_progress: Callable[[], None]
) -> TimingOutcome:
    outcome = TimingOutcome()
    facts, inputs = machine.facts(options.device), draw_images(scratch, options.size, options.batch)
    ready = []
    for timed in methods:
        try:
            ready.append(_load(timed, options, inputs))
            on_progress()
        except BaseException as error:  # a plug-in may raise anything
            raise_stop(error)
            outcome.failures[timed.name] = failure(timed.name, "loading it or its first call", error)
    before, facts = machine.now(options.device), facts | machine.clocks(options.device, "before")
    outcome.failures.update(in_turns([task for one in ready for task in one.tasks], options.repeat, on_progress))
    facts |= machine.clocks(options.device, "after")
    disturbed = machine.disturbances(before, machine.now(options.device), machine.usable_cores())
    for one in ready:
        if one.timed.name not in outcome.failures:
            timing = _timing(one, options, inputs, facts, disturbed)
            write_timing(out, timing)
            outcome.timings.append(timing)
            on_progress()
    return outcome


def _load(timed: TimedMethod, options: TimingOptions, inputs: SyntheticImages) -> LoadedMethod:
    """Load a method, check its first prediction and count its cost; returns the tasks to time."""
    name, load = timed.name, timed.method.load
    if load is None:
        program = program_call(timed, options.selection.page, inputs, inputs.folder / "programs" / name)
        program()  # a program that fails is not timed
        return LoadedMethod(timed, Task(name, program, WallClock(cpu=lambda: sum(os.times()[:4]))))
    if not timed.method.needs.sizes.take(options.size):
        raise MethodError(f"{name}: it takes {timed.method.needs.sizes}, and --size is {options.size}.")
    inpaint, tracker = tracked(lambda: load(options.device))
    stochastic = takes_seeds(inpaint)
    call = network_call(inpaint, inputs, options.device, int(stochastic))
    prediction, cost = cost_of(call, tracker)
    refuse_no_prediction(name, prediction, inputs, int(stochastic))
    end_to_end = Task(name, end_to_end_call(inpaint, inputs, options.device, stochastic), _wall(options.device))
    found = LoadedMethod(timed, end_to_end, Task(name, call, clock_of(options.device)), cost=cost)
    if not stochastic or options.of_stochastic == 1:
        return found
    several = network_call(inpaint, inputs, options.device, options.of_stochastic)
    return replace(found, of_samples=Task(name, several, clock_of(options.device)))


def _wall(device: torch.device) -> WallClock:
    if device.type == "cuda":
        return WallClock(wait=lambda: torch.cuda.synchronize(device))
    return WallClock(wait=torch.mps.synchronize) if device.type == "mps" else WallClock()


def clock_of(device: torch.device) -> Clock:
    """What times a network on a device: events on a GPU of NVIDIA, the wall clock elsewhere."""
    if device.type == "cuda":
        return EventClock(
            lambda: torch.cuda.Event(enable_timing=True),  # type: ignore[no-untyped-call]  # torch's
            lambda: torch.cuda.synchronize(device),
            on=lambda: torch.cuda.device(device),
        )
    return _wall(device)


def _timing(
    one: LoadedMethod,
    options: TimingOptions,
    inputs: SyntheticImages,
    facts: Mapping[str, str],
    disturbed: Sequence[str],
) -> Timing:
    network = one.network.series() if one.network else None
    several = one.of_samples.series() if one.of_samples else None
    end_to_end = one.end_to_end.series()
    named = {"network": network, f"{options.of_stochastic} samples": several, "end to end": end_to_end}
    unsteady = [sentence for what, series in named.items() if series for sentence in machine.unsteady(what, series)]
    return Timing(
        schema=1,
        method=one.timed.name,
        title=one.timed.title,
        made_by=method_info(one.timed.method, options.device),
        setting=options.setting,
        pictures=f"synthetic images with {inputs.mask_ratio:.0%} hole",
        network=network,
        end_to_end=end_to_end,
        samples=options.of_stochastic if several else 1,
        network_of_samples=several,
        cost=one.cost,
        memory=_memory(one, options),
        machine=dict(facts),
        unstable=(*disturbed, *unsteady),
        day=datetime.date.today().isoformat(),
    )


def _memory(one: LoadedMethod, options: TimingOptions) -> Memory:
    """Peak memory in a separate process, since this one holds all methods at once."""
    if one.network is None:
        return NOT_MEASURED
    entry = next((e for e in options.selection.entries if e.partition("=")[0] == one.timed.name), one.timed.name)
    given = options.selection.given.of(one.timed.name)
    with files.scratch("timing") as scratch:
        job = MemoryJob(
            replace(options.selection, entries=(entry,), given=given),
            options.size,
            options.batch,
            options.device,
            scratch,
        )
        try:
            return peak_in_new_process(one.timed.name, memory_call, job, options.device)
        except Exception as error:  # a plug-in may raise anything; its times are still valid
            return Memory(None, str(failure(one.timed.name, "the separate process that measures its memory", error)))
