"""A run in units: each method on some of the pairs in a folder of its own, and all of them in one run again."""

import dataclasses
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench import decode, files
from inpaint_bench.api.arguments import as_names
from inpaint_bench.api.outcome import incomplete
from inpaint_bench.api.planning import (
    forget_units,
    planned,
    read_plan,
    refuse_other_device,
    sized,
    spec_of,
    trials_of,
    units_folder,
    units_of,
    written,
)
from inpaint_bench.api.probe import question
from inpaint_bench.api.progress import note, progress_bar
from inpaint_bench.api.status import count_pairs, write_states
from inpaint_bench.data.parts import shard_of as shard_of
from inpaint_bench.errors import BenchError, HashError, IncompleteError, InputError, NotComparableError
from inpaint_bench.executors.select import open_executor as open_executor
from inpaint_bench.executors.units import Executor, State, Unit, last_lines
from inpaint_bench.runner import folder, merge
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.made_by import refuse_other
from inpaint_bench.runner.merge_scores import merge_scores

if TYPE_CHECKING:
    from inpaint_bench.api.pipeline import Pipeline
    from inpaint_bench.methods.base import Method

BETWEEN = 2.0  # seconds between looks at how far the units are


def predict_in_units(
    pipeline: "Pipeline",
    executor: Executor,
    started: RunFolder,
    methods: "Sequence[Method]",
) -> tuple[RunFolder, list[BenchError]]:
    """Work on methods that a run does not hold whole, and gather them there; the run, and the failures of units.

    Units predict and score. One that is done is not done again, whoever did it: its file says so, and what is hashed
    agrees. What failed units finished is gathered too, and they go on from there with the next command. The units of
    methods that are whole are removed.
    """
    for method in methods:
        if method.source.startswith("callable:"):
            raise InputError(f"{method.name}: a function cannot be sent to another process: give python:MODULE:LOAD.")
    home = units_folder(started.path)
    with files.only_one(home, sweep=False):
        if fresh := as_names(pipeline.fresh):
            forget_units(home, fresh)
        states = _worked_on(pipeline, executor, methods, home, started)
        failures: list[BenchError] = [_failure(one) for one in states if one.state == "failed"]
        for method in methods:
            parts = _parts(method, [one.unit for one in states])
            try:
                started = merge.gather(parts, started, method.name, pipeline.allow_mixed)
                merge_scores(parts, started)
            except NotComparableError as error:  # of this method alone
                failures.append(error)
        failures += incomplete(started, [method.name for method in methods])
        lacking = {one.unit.method for one in states if one.state == "failed"}
        whole = [one.name for one in methods if one.name not in lacking and not incomplete(started, [one.name])]
        others = forget_units(home, whole)
    if not others:
        shutil.rmtree(home, ignore_errors=True)
    return started, failures


def _parts(method: "Method", units: Iterable[Unit]) -> list[RunFolder]:
    """The run folders that units of a method have begun.

    Raises InputError where other code, weights or options made what lies there.
    """
    here = [unit.part for unit in units if unit.method == method.name and (unit.part / "run.json").is_file()]
    parts = [folder.open_run(part) for part in here]
    for part in parts:
        refuse_other(part, method)
    return parts


def _worked_on(
    pipeline: "Pipeline",
    executor: Executor,
    methods: "Sequence[Method]",
    home: Path,
    started: RunFolder,
) -> list[State]:
    """The states of all units at the end: those of a trial of each method first, where they are to be sized."""
    pairs = len(started.pairs)
    device = _device(pipeline, executor, methods, home)
    plan = planned(home, pipeline, executor, methods, pairs, device)
    units = units_of(pipeline, methods, plan, home)
    for method in methods:
        _parts(method, units)
    failed: list[State] = []
    if trials := trials_of(plan, units):
        failed = [one for one in _run(trials, executor, home, started, pipeline) if one.state == "failed"]
        plan = sized(plan, trials, home, executor.slots, pairs)
        lost = {one.unit.method for one in failed}
        units = units_of(pipeline, [method for method in methods if method.name not in lost], plan, home)
    return [*_run(units, executor, home, started, pipeline), *failed]


def _device(pipeline: "Pipeline", executor: Executor, methods: "Sequence[Method]", home: Path) -> str:
    """The device that units are to use: of a remote executor what a probe finds on one of its machines.

    The probe is sent for methods that none has looked at. Raises InputError where that machine has not what they
    need or another device was begun with, IncompleteError where the probe has no answer.
    """
    plan = read_plan(home)
    if plan is not None:
        refuse_other_device(home, plan, pipeline.device)
    known = plan.units if plan is not None and (plan.remote or not executor.remote) else {}
    new = [method for method in methods if method.name not in known]
    device = plan.device if plan is not None else pipeline.device
    return _probed(pipeline, executor, new, home, device) if executor.remote and new else device


def _probed(pipeline: "Pipeline", executor: Executor, methods: "Sequence[Method]", home: Path, device: str) -> str:
    """What a probe answers: the device that is used for methods on a machine of the executor."""
    specs = [spec_of(pipeline, method, device) for method in methods]
    name = f"probe.{secrets.token_hex(4)}"
    unit = written(home, name, "", {"probe": question(specs)}, executor.threads)
    note(f"a probe is sent by {executor.name}: do its machines have what the units need?")
    try:
        (state,) = executor.run([dataclasses.replace(unit, tries=1)], lambda _: None)
    except InputError:  # it was not even sent: nothing is to be looked at here
        if read_plan(home) is None:
            shutil.rmtree(home)
        raise
    words = last_lines(unit.log)
    if state.state != "done" and state.code == InputError.exit_code:
        raise InputError(words.removeprefix("Error: "))
    if state.state != "done":
        raise IncompleteError(
            f"{executor.name}: the probe {unit.name} gave no answer: {words} Do its machines see {home}, and can they "
            f"start {unit.command[0]}? Its log: {unit.log}."
        )
    found: dict[str, str] = decode.json(files.read_bytes(unit.spec.with_suffix(".answer")), dict[str, str])
    for path in home.glob(f"{name}.*"):
        path.unlink()
    note(f"{found['host']} answers: device {found['device']}.")
    return found["device"]


def _run(
    units: Sequence[Unit], executor: Executor, home: Path, started: RunFolder, pipeline: "Pipeline"
) -> list[State]:
    """The states of units at the end, with a bar over all pairs, which are counted in their folders."""
    todo = [unit for unit in units if not _is_done(unit)]
    done = [State(unit, "done") for unit in units if unit not in todo]
    if done:
        note(f"{len(done)} of {len(units)} units are done already.")
    if not todo:
        return done
    counted: dict[str, int] = {}  # pairs by unit
    looked, latest = 0.0, [State(unit, "waiting") for unit in todo]
    total = len(started.pairs) * len({unit.method for unit in todo})

    def look(states: Sequence[State]) -> None:
        nonlocal looked, latest
        latest, now = list(states), time.monotonic()
        if now - looked < BETWEEN:
            return
        looked, before = now, sum(counted.values())
        write_states(home, [*states, *done])
        at_work = [one.unit for one in states if one.state == "running" or one.unit.name not in counted]
        counted.update({unit.name: count_pairs(unit) for unit in at_work})
        advance(sum(counted.values()) - before)

    try:
        with progress_bar("units", total, pipeline.quiet) as advance:
            latest = executor.run(todo, look)
    finally:
        if not executor.detaches:  # what ran has ended with this
            latest = [dataclasses.replace(one, state="waiting") if one.state == "running" else one for one in latest]
        write_states(home, [*latest, *done])
    return [*latest, *done]


def _is_done(unit: Unit) -> bool:
    """Whether a unit is finished, and its folder holds every pair; else it is not, whatever its file says."""
    if unit.finished() and not incomplete(folder.open_run(unit.part), [unit.method]):
        return True
    unit.done.unlink(missing_ok=True)
    return False


def _failure(state: State) -> BenchError:
    """What became of a failed unit, as the error that it ended with."""
    unit, times = state.unit, f"{state.tries} times" if state.tries > 1 else "once"
    kinds = {kind.exit_code: kind for kind in (InputError, HashError, NotComparableError)}
    kind = kinds.get(state.code, IncompleteError)
    return kind(f"{unit.name} failed {times}: {last_lines(unit.log)} Its log: {unit.log}.")
