"""A run in units: each method on each shard of the pairs in a folder of its own, and all of them in one run again."""

import dataclasses
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.api.arguments import as_names
from inpaint_bench.api.measuring import incomplete
from inpaint_bench.api.progress import note, progress_bar
from inpaint_bench.api.unit import seal
from inpaint_bench.data.parts import shard_of as shard_of
from inpaint_bench.decode import Schema
from inpaint_bench.errors import BenchError, IncompleteError, InputError
from inpaint_bench.executors.local import run_units
from inpaint_bench.executors.units import State, Unit, last_lines
from inpaint_bench.methods.entries import split_methods
from inpaint_bench.runner import folder, merge, sums
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.score import merge_scores

if TYPE_CHECKING:
    from inpaint_bench.api.pipeline import Pipeline
    from inpaint_bench.methods.base import Method

UNITS_PER_PROCESS = 2  # so that the last ones end at about the same time
PLAN = "plan.json"


@dataclasses.dataclass(frozen=True)
class Executor:
    """Where units run: on this machine, in so many processes, which share so many GPUs."""

    processes: int
    gpus: int = 0


def executor_of(processes: int, gpus: int) -> Executor | None:
    """The executor of so many processes, or one for each GPU; None where one process is enough: this one."""
    processes = max(processes, gpus)
    return Executor(processes, gpus) if processes > 1 or gpus else None


class Plan(Schema, frozen=True):
    """How a run was cut when it was first started: this stays, whatever a later command says."""

    schema: Literal[1]
    threads: int  # of torch, in each process
    units: dict[str, int]  # by method


def units_folder(out: Path) -> Path:
    """The folder of a run's units, beside the run."""
    return out.with_name(f"{out.name}.units")


def predict_in_units(
    pipeline: "Pipeline", executor: Executor, started: RunFolder, methods: "Sequence[Method]"
) -> tuple[RunFolder, list[BenchError]]:
    """Work on methods that a run does not hold whole, and gather them there; the run, and the failures of units.

    Units predict and score. One that is done is not done again, whoever did it: its file says so, and what is hashed
    agrees. What failed units finished is gathered too, and they go on from there with the next command. The folder of
    units is removed once nothing is left to do.
    """
    for method in methods:
        if method.source.startswith("callable:"):
            raise InputError(f"{method.name}: a function cannot be sent to another process: give python:MODULE:LOAD.")
    home = units_folder(started.path)
    with files.only_one(home):
        for name in as_names(pipeline.fresh):
            _forget(home, name)
        plan = _plan(home, [method.name for method in methods], len(started.pairs), executor)
        units = [unit for method in methods for unit in _units(pipeline, method, plan, home)]
        todo = [unit for unit in units if not _is_done(unit)]
        if len(todo) < len(units):
            note(f"{len(units) - len(todo)} of {len(units)} units are done already.")
        states = _worked_on(todo, executor, plan, started, pipeline.quiet)
        for method in methods:
            parts = [folder.open_run(part) for unit in units if unit.method == method.name for part in _begun(unit)]
            started = merge.gather(parts, started, method.name)
            merge_scores(parts, started)
        failures: list[BenchError] = [_failure(one) for one in states if one.state == "failed"]
        if failures:
            failures += incomplete(started, [method.name for method in methods])
    if not failures:
        shutil.rmtree(home, ignore_errors=True)
    return started, failures


def _forget(home: Path, name: str) -> None:
    """Remove the units of a method."""
    own = re.compile(rf"{re.escape(name)}\.[0-9]+of[0-9]+(\.(json|log|done))?")  # not those of NAME.OTHER
    for path in home.iterdir():
        if own.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _plan(home: Path, names: Sequence[str], pairs: int, executor: Executor) -> Plan:
    """The plan of an earlier command, with units for methods that it does not have."""
    path = home / PLAN
    stated = re.match("[1-9][0-9]{0,3}", os.environ.get("OMP_NUM_THREADS", ""))  # it may be a list, one a level
    plan = Plan(1, int(stated[0]) if stated else max(1, (os.cpu_count() or 1) // executor.processes), {})
    if path.is_file():
        try:
            plan = decode.json(files.read_bytes(path), Plan)
        except msgspec.DecodeError as error:
            raise InputError(f"{path}: not the plan of a run ({error}). Remove {home}.") from error
    count = min(pairs, UNITS_PER_PROCESS * executor.processes)
    plan = Plan(1, plan.threads, dict.fromkeys(names, count) | plan.units)
    files.write_if_changed(path, msgspec.json.encode(plan))
    return plan


def _units(pipeline: "Pipeline", method: "Method", plan: Plan, home: Path) -> list[Unit]:
    """The units of a method, each with a file that says what it does; written again only where that has changed."""
    count = plan.units[method.name]
    return [_unit(pipeline, method, (number, count), home) for number in range(1, count + 1)]


def _unit(pipeline: "Pipeline", method: "Method", shard: tuple[int, int], home: Path) -> Unit:
    name = method.name
    here = f"{name}.{shard[0]}of{shard[1]}"
    spec = files.within(home, f"{here}.json", str(home))
    given = {
        field.name: _plain(getattr(pipeline, field.name))
        for field in dataclasses.fields(pipeline)
        if field.name not in ("executor", "fetch", "fresh", "limit", "accept_licence")
    }
    given |= {"methods": {name: _entry(pipeline, name)}, "shard": shard, "out": str(home / here), "quiet": True}
    given["offload"] = pipeline.offload and method.offloads
    given["weights"] = {key: value for key, value in pipeline.weights.items() if key in (name, "*")}
    given["options"] = {key: _plain(value) for key, value in pipeline.options.items() if key in (name, "*")}
    files.write_if_changed(spec, json.dumps(given, indent=1, sort_keys=True).encode())
    command = (sys.executable, "-m", "inpaint_bench.api.unit", str(spec), "--with-driver")
    return Unit(here, name, command, spec.with_suffix(".log"), spec.with_suffix(".done"))


def _plain(value: object) -> object:
    """A field of the pipeline as JSON has it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _entry(pipeline: "Pipeline", name: str) -> str:
    """What a name stands for among the methods of a run: itself, or the rest of its entry."""
    entries = split_methods(pipeline.methods) if isinstance(pipeline.methods, str) else pipeline.methods or ()
    if isinstance(entries, Mapping):
        return str(entries[name])
    named = dict(entry.split("=", 1) for entry in entries if isinstance(entry, str) and "=" in entry)
    return named.get(name, name)


def _is_done(unit: Unit) -> bool:
    """Whether a unit's file says so, of what is to be done now and of what lies in its folder."""
    spec, part = unit.done.with_suffix(".json"), unit.done.with_suffix("")
    if not unit.done.is_file():
        return False
    if (part / sums.FILE).is_file() and files.read_bytes(unit.done) == seal(part, files.read_bytes(spec)):
        return True
    unit.done.unlink()
    return False


def _begun(unit: Unit) -> list[Path]:
    """The run folder of a unit, if it has begun one."""
    part = unit.done.with_suffix("")
    return [part] if (part / "run.json").is_file() else []


def _worked_on(units: Sequence[Unit], executor: Executor, plan: Plan, started: RunFolder, quiet: bool) -> list[State]:
    """The states of units at the end, with a bar over all pairs, which are counted in their folders."""
    total = len(started.pairs) * len({unit.method for unit in units})
    shown = 0
    with progress_bar("units", total, quiet) as advance:

        def look(states: Iterable[State]) -> None:
            nonlocal shown
            now = sum(_count(one.unit) for one in states)
            advance(now - shown)
            shown = now

        return run_units(units, executor.processes, executor.gpus, plan.threads, look)


def _count(unit: Unit) -> int:
    """The pairs that a unit has finished, or nearly: those with a first composite."""
    composites = unit.done.with_suffix("") / unit.method / "composites"
    try:
        names = os.listdir(composites)  # noqa: PTH208  # many, and often
    except OSError:
        return 0
    return len({name.partition(".")[0] for name in names if name[:1].isdigit()})


def _failure(state: State) -> IncompleteError:
    unit, times = state.unit, f"{state.tries} times" if state.tries > 1 else "once"
    return IncompleteError(f"{unit.name} failed {times}: {last_lines(unit.log)} Its log: {unit.log}.")
