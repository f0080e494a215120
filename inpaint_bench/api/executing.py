"""A run in units: each method on some of the pairs in a folder of its own, and all of them in one run again."""

import dataclasses
import secrets
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench import decode, files
from inpaint_bench.api.arguments import as_names
from inpaint_bench.api.measuring import incomplete
from inpaint_bench.api.planning import (
    paths_of_units,
    planned,
    read_plan,
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
from inpaint_bench.api.unit import seal
from inpaint_bench.data.parts import shard_of as shard_of
from inpaint_bench.errors import BenchError, IncompleteError, InputError
from inpaint_bench.executors.select import open_executor as open_executor
from inpaint_bench.executors.units import INPUT_ERROR, Executor, State, Unit, last_lines
from inpaint_bench.runner import folder, merge, sums
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.score import merge_scores

if TYPE_CHECKING:
    from inpaint_bench.api.pipeline import Pipeline
    from inpaint_bench.methods.base import Method


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
    with files.only_one(home, sweep=False):
        for name in as_names(pipeline.fresh):
            for path in paths_of_units(home, name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        states = _worked_on(pipeline, executor, methods, home, started)
        for method in methods:
            parts = [folder.open_run(part) for one in states if one.unit.method == method.name for part in _begun(one)]
            started = merge.gather(parts, started, method.name, pipeline.allow_mixed)
            merge_scores(parts, started)
        failures: list[BenchError] = [_failure(one) for one in states if one.state == "failed"]
        if failures:
            failures += incomplete(started, [method.name for method in methods])
    if not failures:
        shutil.rmtree(home, ignore_errors=True)
    return started, failures


def _worked_on(
    pipeline: "Pipeline", executor: Executor, methods: "Sequence[Method]", home: Path, started: RunFolder
) -> list[State]:
    """The states of all units at the end: those of a trial of each method first, where they are to be sized."""
    pairs = len(started.pairs)
    before = read_plan(home)
    device = before.device if before else _device(pipeline, executor, methods, home)
    plan = planned(home, pipeline, executor, methods, pairs, device)
    units = units_of(pipeline, methods, plan, home)
    failed: list[State] = []
    if trials := trials_of(plan, units):
        failed = [one for one in _run(trials, executor, home, started, pipeline) if one.state == "failed"]
        plan = sized(plan, trials, home, executor.slots, pairs)
        lost = {one.unit.method for one in failed}
        units = units_of(pipeline, [method for method in methods if method.name not in lost], plan, home)
    return [*_run(units, executor, home, started, pipeline), *failed]


def _device(pipeline: "Pipeline", executor: Executor, methods: "Sequence[Method]", home: Path) -> str:
    """The device that units are to use: of a remote executor what a probe finds on one of its machines.

    Raises InputError where that machine has not what they need, IncompleteError where the probe has no answer.
    """
    if not executor.remote:
        return pipeline.device
    specs = [spec_of(pipeline, method, pipeline.device) for method in methods]
    name = f"probe.{secrets.token_hex(4)}"
    unit = written(home, name, "", {"probe": question(specs)}, executor.threads)
    note(f"a probe is sent by {executor.name}: do its machines have what the units need?")
    try:
        (state,) = executor.run([dataclasses.replace(unit, tries=1)], lambda _: None)
    except InputError:  # it was not even sent: nothing is to be looked at here
        shutil.rmtree(home)
        raise
    words = last_lines(unit.log)
    if state.state != "done" and state.code == INPUT_ERROR:
        raise InputError(words.removeprefix("Error: "))
    if state.state != "done":
        raise IncompleteError(
            f"{executor.name}: the probe {unit.name} gave no answer: {words} Do its machines see {home}, and can they "
            f"start {unit.command[0]}? Its log: {unit.log}."
        )
    found: dict[str, str] = decode.json(files.read_bytes(unit.done), dict[str, str])
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
    shown = 0
    total = len(started.pairs) * len({unit.method for unit in todo})
    with progress_bar("units", total, pipeline.quiet) as advance:

        def look(states: Iterable[State]) -> None:
            nonlocal shown
            states = [*states, *done]
            write_states(home, states)
            now = sum(count_pairs(one.unit) for one in states)
            advance(now - shown)
            shown = now

        worked = executor.run(todo, look)
    write_states(home, [*worked, *done])
    return [*worked, *done]


def _is_done(unit: Unit) -> bool:
    """Whether a unit's file says so, of what is to be done now and of what lies in its folder."""
    if not unit.done.is_file():
        return False
    if (unit.part / sums.FILE).is_file() and files.read_bytes(unit.done) == seal(
        unit.part, files.read_bytes(unit.spec)
    ):
        return True
    unit.done.unlink()
    return False


def _begun(state: State) -> list[Path]:
    """The run folder of a unit, if it has begun one."""
    part = state.unit.part
    return [part] if (part / "run.json").is_file() else []


def _failure(state: State) -> IncompleteError:
    unit, times = state.unit, f"{state.tries} times" if state.tries > 1 else "once"
    return IncompleteError(f"{unit.name} failed {times}: {last_lines(unit.log)} Its log: {unit.log}.")
