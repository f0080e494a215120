"""Methods are loaded, timed in turns, counted, and written down."""

import datetime
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from inpaint_bench import files
from inpaint_bench.errors import BenchError, InputError, MethodError
from inpaint_bench.methods.networks import takes_seeds
from inpaint_bench.runner.folder import method_info
from inpaint_bench.timing import Cost, Memory, Setting, Timing, machine, refuse_another, write_timing
from inpaint_bench.timing.cost import cost_of, loaded
from inpaint_bench.timing.memory import peak_apart
from inpaint_bench.timing.timed import (
    Alone,
    Named,
    Pictures,
    Subject,
    call_alone,
    draw_pictures,
    end_to_end_call,
    network_call,
    program_call,
    refuse_no_prediction,
)
from inpaint_bench.timing.timer import ON_CPU, ON_GPU, Clock, Enough, EventClock, Task, WallClock, failure, in_turns

NOT_COUNTED = Cost(None, None, {})
NOT_SEEN = Memory(None, "a program's memory is not seen")


@dataclass(frozen=True)
class Asked:
    """What is timed, how, and how often."""

    named: Named
    device: torch.device
    size: int = 256
    batch: int = 1
    samples: int | None = None  # of a stochastic method; None: as many as the protocol takes
    enough: Enough | None = None  # None: as the device's kind needs

    @property
    def setting(self) -> Setting:
        """As it is written down."""
        return Setting(str(self.device), self.size, self.batch)

    @property
    def times(self) -> Enough:
        """When a thing was called often enough."""
        return self.enough or (ON_GPU if self.device.type == "cuda" else ON_CPU)

    @property
    def of_stochastic(self) -> int:
        """How many samples of a stochastic method are timed beside one."""
        return self.samples or self.named.page.samples


@dataclass(frozen=True)
class Loaded:
    """A method that is ready to be timed."""

    subject: Subject
    end_to_end: Task
    network: Task | None = None
    of_samples: Task | None = None
    cost: Cost = NOT_COUNTED

    @property
    def tasks(self) -> list[Task]:
        """All that is timed of it."""
        return [task for task in (self.network, self.of_samples, self.end_to_end) if task]


@dataclass(frozen=True)
class Outcome:
    """The times of every method that could be timed, and what the others said."""

    timings: list[Timing] = field(default_factory=list)
    failures: dict[str, BenchError] = field(default_factory=dict)

    def raise_failures(self) -> None:
        """Raise what the others message as one error; bad input says more than a failure. Nothing when all were timed."""
        message = dict.fromkeys(str(error) for error in self.failures.values())
        if message:
            wrong = any(isinstance(error, InputError) for error in self.failures.values())
            raise (InputError if wrong else MethodError)(" ".join(message))


STEPS = 3  # of a method: loaded, timed, counted


def time_methods(
    subjects: Sequence[Subject], requested: Asked, out: Path, on_progress: Callable[[], None] = lambda: None
) -> Outcome:
    """Time the methods and write each one's timing.json into the run folder `out`.

    `on_progress` is called for every step of a method. Raises InputError before any work when the folder
    holds times of another setting; a method that fails is left, and the others go on.
    """
    for subject in subjects:
        refuse_another(out, subject.name, requested.setting)
    files.cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="timing-", dir=files.cache_dir()) as scratch:
        return _time(requested, subjects, Path(scratch), out, on_progress)


def _time(
    requested: Asked, subjects: Sequence[Subject], scratch: Path, out: Path, on_progress: Callable[[], None]
) -> Outcome:
    outcome = Outcome()
    facts, pictures = machine.facts(requested.device), draw_pictures(scratch, requested.size, requested.batch)
    ready = []
    for subject in subjects:
        try:
            ready.append(_open(subject, requested, pictures))
            on_progress()
        except (Exception, SystemExit) as error:  # a plug-in may raise anything
            outcome.failures[subject.name] = failure(subject.name, "loading it or its first call", error)
    before, facts = machine.now(requested.device), facts | machine.clocks(requested.device, "before")
    outcome.failures.update(in_turns([task for one in ready for task in one.tasks], requested.times, on_progress))
    facts |= machine.clocks(requested.device, "after")
    noise = machine.unquiet(before, machine.now(requested.device), machine.usable_cores())
    for one in ready:
        if one.subject.name not in outcome.failures:
            timing = _written_down(one, requested, pictures, facts, noise)
            write_timing(out, timing)
            outcome.timings.append(timing)
            on_progress()
    return outcome


def _open(subject: Subject, requested: Asked, pictures: Pictures) -> Loaded:
    """Load a method, look at its first prediction, and say what is to be timed."""
    name = subject.name
    if subject.load is None:
        program = program_call(subject, requested.named.page, pictures, pictures.folder / "programs" / name)
        program()  # a failure is on_progress before others are timed
        return Loaded(subject, Task(name, program, WallClock(cpu=lambda: sum(os.times()[:4]))))
    load = subject.load
    inpaint, tally = loaded(lambda: load(requested.device))
    stochastic = takes_seeds(inpaint)
    call = network_call(inpaint, pictures, requested.device, int(stochastic))
    prediction, cost = cost_of(call, tally)
    refuse_no_prediction(name, prediction, pictures, int(stochastic))
    whole = Task(name, end_to_end_call(inpaint, pictures, requested.device, stochastic), _wall(requested.device))
    found = Loaded(subject, whole, Task(name, call, _clock(requested.device)), cost=cost)
    if not stochastic or requested.of_stochastic == 1:
        return found
    several = network_call(inpaint, pictures, requested.device, requested.of_stochastic)
    return replace(found, of_samples=Task(name, several, _clock(requested.device)))


def _wall(device: torch.device) -> WallClock:
    if device.type == "cuda":
        return WallClock(wait=lambda: torch.cuda.synchronize(device))
    return WallClock()


def _clock(device: torch.device) -> Clock:
    if device.type == "cuda":
        return EventClock(
            lambda: torch.cuda.Event(enable_timing=True),  # type: ignore[no-untyped-call]  # torch's
            lambda: torch.cuda.synchronize(device),
            on=lambda: torch.cuda.device(device),
        )
    return WallClock()


def _written_down(
    one: Loaded, requested: Asked, pictures: Pictures, facts: Mapping[str, str], noise: Sequence[str]
) -> Timing:
    network = one.network.series() if one.network else None
    several = one.of_samples.series() if one.of_samples else None
    end_to_end = one.end_to_end.series()
    named = {"network": network, f"{requested.of_stochastic} samples": several, "end to end": end_to_end}
    words = [word for what, series in named.items() if series for word in machine.unsteady(what, series)]
    return Timing(
        schema=1,
        method=one.subject.name,
        title=one.subject.title,
        made_by=method_info(one.subject.method, str(requested.device)),
        setting=requested.setting,
        pictures=f"drawn pictures with {pictures.hole_share:.0%} hole",
        network=network,
        end_to_end=end_to_end,
        samples=requested.of_stochastic if several else 1,
        network_of_samples=several,
        cost=one.cost,
        memory=_memory(one, requested),
        machine=dict(facts),
        unstable=(*noise, *words),
        day=datetime.date.today().isoformat(),
    )


def _memory(one: Loaded, requested: Asked) -> Memory:
    """Seen in a process of its own, since in this one all methods lie side by side."""
    if one.network is None:
        return NOT_SEEN
    entry = next((e for e in requested.named.entries if e.partition("=")[0] == one.subject.name), one.subject.name)
    weights = tuple(pair for pair in requested.named.weights if pair[0] in (one.subject.name, "*"))
    with tempfile.TemporaryDirectory(prefix="timing-", dir=files.cache_dir()) as scratch:
        alone = Alone(
            replace(requested.named, entries=(entry,), weights=weights),
            requested.size,
            requested.batch,
            requested.device,
            Path(scratch),
        )
        try:
            return peak_apart(one.subject.name, call_alone, alone, requested.device)
        except Exception as error:  # a plug-in may raise anything, and its times are good
            return Memory(None, str(failure(one.subject.name, "a process of its own for its memory", error)))
