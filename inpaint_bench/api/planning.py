"""The plan of a run in units: how many pairs each takes, in files that say what a unit does."""

import dataclasses
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.api.unit import work
from inpaint_bench.data.parts import part_of
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.executors.units import Executor, Unit, read_attempt
from inpaint_bench.methods.entries import split_methods

if TYPE_CHECKING:
    from inpaint_bench.api.pipeline import Pipeline
    from inpaint_bench.methods.base import Method

UNITS_PER_SLOT = 2  # where units are not sized by what they cost, so that the last ones end at about the same time
BATCHES = 2  # of a trial: a first one that loads and warms up, and one that is timed
LONGEST = 600.0  # seconds of a unit, about
SHORTEST = 60.0
NAME = "plan.json"
OF_DRIVER = ("executor", "units", "fetch", "fresh", "accept_licence", "verify")  # no unit is given these
NO_OUTPUT = ("jobs", "timeout", "batch", "allow_mixed", "quiet")  # change no output: a unit that is done stays done


class Plan(Schema, frozen=True):
    """How a run was cut when it was first started: this stays, whatever a later command says.

    The pairs of each method are cut into shards, and each of its units takes some in a row: (first, last, of). A method
    whose last unit does not reach the last shard is to be sized by its first unit, its trial.
    """

    schema: Literal[3]
    threads: Annotated[int, msgspec.Meta(ge=1)]  # that a unit computes with
    requested: str  # the device that the command named
    device: str  # the one that units use
    remote: bool  # a probe has answered, on a machine that units were to be sent to
    units: dict[str, Annotated[list[tuple[int, int, int]], msgspec.Meta(min_length=1)]]  # by method


def units_folder(out: Path) -> Path:
    """The folder of a run's units, beside the run."""
    named = out if out.name not in ("", "..") else out.resolve()
    return named.with_name(f"{named.name}.units")


def read_plan(home: Path) -> Plan | None:
    """The plan of an earlier command, if there is one.

    Raises InputError for another file of its name, and where the shards of a method do not follow each other.
    """
    path = home / NAME
    if not os.path.lexists(path):
        return None
    try:
        found: Plan = decode.json(files.read_bytes(path), Plan)
        for name, units in found.units.items():
            files.within(home, name)
            _refuse_gaps(name, units)
    except (OSError, InputError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: not the plan of a run ({str(error).rstrip('.')}). Remove {home}.") from error
    return found


def _refuse_gaps(name: str, units: Sequence[tuple[int, int, int]]) -> None:
    """Raise InputError unless the units of a method are of one cut, and each begins where the one before it ends."""
    begins = 1
    for first, last, of in units:
        if first != begins or not first <= last <= of or of != units[0][2]:
            raise InputError(f"the shards of {name} do not follow each other")
        begins = last + 1


def planned(
    home: Path, pipeline: "Pipeline", executor: Executor, methods: "Sequence[Method]", pairs: int, device: str
) -> Plan:
    """The plan of an earlier command, with units for methods that it does not have.

    So many of each as the pipeline says; of a remote executor only a trial, from which `sized` goes on. Raises
    InputError where the earlier command cut a method into another number of units than this one wants.
    """
    plan = read_plan(home) or Plan(3, executor.threads, pipeline.device, device, executor.remote, {})
    for name, units in plan.units.items():
        if units[0][2] > pairs:
            raise InputError(
                f"{home / NAME}: {units[0][2]} shards of {name}, and the run has {pairs} pairs. Remove {home}."
            )
    if pipeline.units or not executor.remote:
        of = min(pairs, pipeline.units or UNITS_PER_SLOT * executor.slots)
        first = [(number, number, of) for number in range(1, of + 1)]
    else:
        first = [(1, 1, max(1, math.ceil(pairs / (BATCHES * pipeline.batch))))]
    for method in methods:
        if pipeline.units and plan.units.get(method.name, first) != first:
            raise InputError(
                f"{home}: an earlier command cut {method.name} into {len(plan.units[method.name])} units. Leave out "
                f"--units, or start anew with --fresh {method.name}."
            )
    found = {method.name: first for method in methods} | plan.units
    return write_plan(
        home, msgspec.structs.replace(plan, units=found, device=device, remote=plan.remote or executor.remote)
    )


def refuse_other_device(home: Path, plan: Plan, requested: str) -> None:
    """Raise InputError where a command names another device than the one that began with these units."""
    if plan.requested != requested:
        names = " ".join(f"--fresh {name}" for name in plan.units)
        raise InputError(
            f"{home}: these units were begun with --device {plan.requested}, now it is {requested}. Give the same one, "
            f"or start anew with {names}."
        )


def forget_units(home: Path, names: Collection[str]) -> bool:
    """Remove the units of methods, and what the plan says of them; whether units of others are left."""
    for name in names:
        for path in paths_of_units(home, name):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    plan = read_plan(home)
    left = {name: units for name, units in (plan.units if plan else {}).items() if name not in names}
    if plan and left:
        write_plan(home, msgspec.structs.replace(plan, units=left))
    else:
        (home / NAME).unlink(missing_ok=True)
    return bool(left)


def write_plan(home: Path, plan: Plan) -> Plan:
    """Write a plan, and return it."""
    files.write_if_changed(home / NAME, msgspec.json.encode(plan))
    return plan


def sized(plan: Plan, trials: Sequence[Unit], home: Path, slots: int, pairs: int) -> Plan:
    """The plan with all units of methods whose trial is done: each takes some ten minutes, the last ones less."""
    costs: dict[str, float] = {}
    for unit in (unit for unit in trials if unit.finished()):
        of = plan.units[unit.method][0][2]
        attempt, fair = read_attempt(unit), LONGEST * UNITS_PER_SLOT * slots / of  # where no cost is known: equal units
        known = attempt.seconds_per_pair if attempt is not None else None
        costs[unit.method] = fair if known is None else known * pairs / of
    left = sum(cost * (plan.units[name][0][2] - 1) for name, cost in costs.items())
    found = dict(plan.units)
    for name, cost in costs.items():
        of = plan.units[name][0][2]
        found[name] = [(1, 1, of), *((*cut, of) for cut in cuts(2, of, cost, left, slots))]
        left -= cost * (of - 1)
    return write_plan(home, msgspec.structs.replace(plan, units=found))


def trials_of(plan: Plan, units: Sequence[Unit]) -> list[Unit]:
    """The units whose method has no others yet, and pairs for more."""
    return [unit for unit in units if plan.units[unit.method][-1][1] < plan.units[unit.method][-1][2]]


def cuts(first: int, last: int, cost: float, left: float, slots: int) -> Iterator[tuple[int, int]]:
    """Shards from the first to the last, in units: each (first, last).

    A shard costs `cost` seconds, and `left` seconds of work are still to do, with other methods that come after. A unit
    is LONGEST, and towards the end half of what each of so many slots still has to do, but SHORTEST at least.
    """
    while first <= last:
        length = min(LONGEST, max(SHORTEST, left / (2 * slots)))
        rest = last - first + 1
        count = rest if cost * rest <= length else max(1, int(length / cost))
        yield first, first + count - 1
        first, left = first + count, left - count * cost


def units_of(pipeline: "Pipeline", methods: "Sequence[Method]", plan: Plan, home: Path) -> list[Unit]:
    """The units of methods, each with a file that says what it does; written again only where that has changed."""
    found = []
    for method in methods:
        common = spec_of(pipeline, method, plan.device)
        for shard in plan.units[method.name]:
            here = method.name + (part_of(shard).suffix or ".whole")
            options = {**common, "shard": shard, "out": str(home / here)}
            found.append(written(home, here, method.name, options, plan.threads))
    return found


def written(home: Path, here: str, method: str, options: Mapping[str, object], threads: int) -> Unit:
    """A unit of a name, with its file."""
    spec = files.within(home, f"{here}.json", str(home))
    facts = {name: value for name, value in options.items() if name not in NO_OUTPUT}
    key = files.sha256(json.dumps(facts, sort_keys=True).encode())
    files.write_if_changed(spec, json.dumps({**options, "key": key}, indent=1, sort_keys=True).encode())
    command = (sys.executable, "-m", "inpaint_bench.api.unit", str(spec))
    return Unit(here, method, key, spec, command, work, threads)


def spec_of(pipeline: "Pipeline", method: "Method", device: str) -> dict[str, Any]:
    """What the units of a method are given, but for their pairs and their folder."""
    name = method.name
    given = {
        field.name: _plain(getattr(pipeline, field.name))
        for field in dataclasses.fields(pipeline)
        if field.name not in OF_DRIVER
    }
    given |= {"methods": {name: _entry(pipeline, name)}, "device": device, "quiet": True}
    given["offload"] = pipeline.offload and method.offloads
    for what in ("weights", "options"):
        stated = getattr(pipeline, what)
        given[what] = {key: _plain(value) for key, value in stated.items() if key in (name, "*")}
    return given


def paths_of_units(home: Path, name: str) -> list[Path]:
    """The files and folders of a method's units."""
    own = re.compile(rf"{re.escape(name)}\.(whole|[0-9]+(-[0-9]+)?of[0-9]+)(\.(json|log|done|attempt|job))?")
    return [path for path in home.iterdir() if own.fullmatch(path.name)]  # not those of NAME.OTHER


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
