"""Expected results: the results of a run without facts of its machine, and a history of why they were accepted."""

import datetime
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from inpaint_bench import __version__, files
from inpaint_bench.analysis.results import REFERENCES, Result, Value, encode_results, results_path
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.verdicts import Policy, compare_numbers
from inpaint_bench.checks.gate import journal
from inpaint_bench.checks.gate.sides import GateSide, choose, key_of, numbers, side_of
from inpaint_bench.data import pair_lists
from inpaint_bench.decode import Schema
from inpaint_bench.errors import IncompleteError, InputError, some
from inpaint_bench.metrics.registry import own_names
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder, to_json
from inpaint_bench.runner.run_info import MethodInfo, RunInfo
from inpaint_bench.runner.scores import MOST_SCORES, scores_path

HISTORY = "history.jsonl"


class Change(Schema, frozen=True):
    """A result that is not what it was before."""

    method: str
    metric: str
    bucket: str
    before: Value
    after: Value
    because: str = ""  # the fact that changed with it: fingerprint, pixels, weights, signature or n


class Acceptance(Schema, frozen=True):
    """A line of the history. In the first one of a folder every result is new and none is changed."""

    schema: Literal[1]
    date: str
    reason: str
    code: str
    results: int
    new: int
    changes: tuple[Change, ...] = ()


def open_expected(path: Path) -> GateSide:
    """The expected results in a folder, once a change that was killed is ended. Raises InputError for none."""
    journal.finish(path)
    return _open(path)


def _open(path: Path) -> GateSide:
    if not (path / "run.json").is_file():
        raise InputError(
            f"{path}: there are no expected results here. "
            f"`inpaint-bench gate RUN --expected {path} --accept --reason TEXT` makes them from a run."
        )
    return side_of(RunData.open(path))


def shipped_expected(dataset: str) -> Path:
    """The folder of the expected results that ship for a dataset. Raises InputError for a dataset that has none."""
    every = files.shipped("results") / "expected"
    if not (every / dataset / "run.json").is_file():
        known = sorted(path.parent.name for path in every.glob("*/run.json"))
        raise InputError(
            f"no expected results of {dataset} ship, only those of {some(known)}. Give yours with --expected."
        )
    return every / dataset


def accept(
    run: RunData, path: Path, reason: str, methods: Sequence[str] = (), metrics: Sequence[str] = ()
) -> Acceptance | None:
    """Make the results of a run, or those of some methods and metrics, the expected ones; None if they already are.

    Writes pairs, results and the scores that they name into the folder `path`, and adds a line with today's date and
    the reason to the history: all of it or, where it is interrupted, nothing. Raises IncompleteError when there are
    no results, or an expected one would be lost.
    """
    side = side_of(run)
    results = choose(side, methods, metrics)
    if not results:
        raise IncompleteError(f"{run.path}: there are no results to accept: no method has finished every pair.")
    with journal.alone(path):
        before = _open(path) if (path / "run.json").is_file() else None
        if before:
            _refuse_loss(before, results)
        held = _files(side.run, path, results)
        changed = {name: data for name, data in held.items() if not files.holds(path / name, data)}
        if not changed:
            return None
        found = _acceptance(side, reason, results, before)
        history = path / HISTORY
        lines = files.read_bytes(history) if os.path.lexists(history) else b""
        journal.write_together(path, changed | {HISTORY: lines + msgspec.json.encode(found) + b"\n"})
    return found


def _acceptance(side: GateSide, reason: str, results: Sequence[Result], before: GateSide | None) -> Acceptance:
    changes = tuple(_changes(side, before, results)) if before else ()
    new = len({key_of(result) for result in results} - (before.results.keys() if before else set()))
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return Acceptance(1, today, reason, __version__, len(results), new, changes)


def _refuse_loss(before: GateSide, results: Sequence[Result]) -> None:
    now = {key_of(result) for result in results}
    if lost := [" ".join(key) for key in before.results if key not in now]:
        raise IncompleteError(
            f"{before.run.path}: {len(lost)} expected results would be lost: {some(lost)}. "
            "Run and accept everything that is expected, or delete the folder to start over."
        )


def _files(run: RunData, path: Path, results: Sequence[Result]) -> dict[str, bytes]:
    """What the folder `path` is to hold beside the history, by the paths in it."""
    info = run.info
    names = sorted({result.method for result in results} - set(REFERENCES))
    methods = {name: _without_machine(info.methods[name]) for name in names}
    own = {name: info.metrics[name] for name in own_names(dict.fromkeys(one.metric for one in results))}
    kept = RunInfo(2, info.protocol, info.fingerprint, info.pixels, info.part, info.pairs, methods, metrics=own)
    expected = RunFolder(path, kept, run.pairs)
    held = {
        path / "pairs.csv": pair_lists.to_csv(run.pairs),
        results_path(expected): encode_results(results),
        path / "run.json": to_json(kept),
    }
    for name in names:
        if (scores := scores_path(run.folder, name)).is_file():
            held[scores_path(expected, name)] = files.read_bytes(scores, MOST_SCORES)
    by_name = {file.relative_to(path).as_posix(): data for file, data in held.items()}
    hashes = {name: files.sha256(data) for name, data in by_name.items()}
    return by_name | {sums.FILE: sums.to_text(hashes)}


def _without_machine(info: MethodInfo) -> MethodInfo:
    return MethodInfo("", info.code, info.weights, "", (), {}, {}, options=info.options)


def _changes(run: GateSide, before: GateSide, results: Sequence[Result]) -> Iterator[Change]:
    """The results that are not equal to the old ones, to the last digit."""
    old = [before.results[key_of(result)] for result in results if key_of(result) in before.results]
    exact = Policy("higher", paired=False)
    for verdict in compare_numbers(numbers(run, before, results), numbers(before, run, old), lambda _: exact):
        if verdict.state != "same":
            method, metric, bucket = verdict.key
            because = "" if verdict.because == "value" else verdict.because
            yield Change(method, metric, bucket, verdict.b, verdict.a, because)
