"""Expected records: what a run gave, less what names a machine, and a history of why it was accepted."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from inpaint_bench import __version__, files
from inpaint_bench.errors import IncompleteError, InputError, some
from inpaint_bench.evidence.kinds import Value
from inpaint_bench.gate.sides import Side, choose, key_of, numbers, open_side
from inpaint_bench.judge import Policy, judge
from inpaint_bench.pairs import lists
from inpaint_bench.protocols import Spec
from inpaint_bench.records import REFERENCES, Record, records_path
from inpaint_bench.run.folder import MethodInfo, RunFolder, RunInfo, to_json
from inpaint_bench.score.rows import scores_path

HISTORY = "history.jsonl"


class Change(Spec, frozen=True):
    """A record that was another one before."""

    method: str
    metric: str
    bucket: str
    before: Value
    after: Value
    because: str = ""  # the fact that changed with it: fingerprint, weights, signature or n


class Acceptance(Spec, frozen=True):
    """One line of the history. The first of a folder changes nothing: it has all its records anew."""

    schema: Literal[1]
    date: str
    reason: str
    code: str
    records: int
    new: int
    changes: tuple[Change, ...] = ()


def open_expected(path: Path) -> Side:
    """Expected records. Raises InputError when there are none."""
    if not (path / "run.json").is_file():
        raise InputError(
            f"{path}: no expected records lie here. "
            f"`inpaint-bench gate RUN --expected {path} --accept --reason TEXT` writes those of a run."
        )
    return open_side(path)


def shipped_expected(protocol: str) -> Path:
    """Where the expected records of a protocol's classical methods ship. Raises InputError for one that has none."""
    every = files.shipped("results") / "expected"
    if not (every / protocol / "run.json").is_file():
        known = sorted(path.parent.name for path in every.glob("*/run.json"))
        raise InputError(f"no expected records of {protocol} ship: {some(known)} only. Give yours with --expected.")
    return every / protocol


def accept(
    run: Side, path: Path, reason: str, date: str, methods: Sequence[str] = (), metrics: Sequence[str] = ()
) -> Acceptance | None:
    """Make the records of a run, or those of some methods and metrics, the expected ones; none if they are already.

    Writes pairs, records and the scores that they name, and adds a line to the history. Raises IncompleteError when
    a record that is expected so far would be lost.
    """
    records = choose(run, methods, metrics)
    if not records:
        raise IncompleteError(f"{run.run.path}: holds no record to accept: no method has finished every pair.")
    before = open_expected(path) if (path / "run.json").is_file() else None
    if before:
        _refuse_loss(before, records)
    if not _write(run, path, records):
        return None
    changes = tuple(_changes(run, before, records)) if before else ()
    new = len({key_of(record) for record in records} - (before.records.keys() if before else set()))
    found = Acceptance(1, date, reason, __version__, len(records), new, changes)
    history = path / HISTORY
    lines = history.read_bytes() if history.is_file() else b""
    files.write_whole(history, lines + msgspec.json.encode(found) + b"\n")
    return found


def _refuse_loss(before: Side, records: Sequence[Record]) -> None:
    now = {key_of(record) for record in records}
    if lost := [" ".join(key) for key in before.records if key not in now]:
        raise IncompleteError(
            f"{before.run.path}: {len(lost)} expected records would be lost: {some(lost)}. "
            "Run and accept everything that is expected, or delete the folder to begin anew."
        )


def _write(run: Side, path: Path, records: Sequence[Record]) -> bool:
    """Write all files; whether one of them changed."""
    info = run.run.info
    names = sorted({record.method for record in records} - set(REFERENCES))
    methods = {name: _without_machine(info.methods[name]) for name in names}
    kept = RunInfo(1, info.protocol, info.fingerprint, info.part, info.pairs, methods)
    expected = RunFolder(path, kept, run.run.pairs)
    held = {
        path / "pairs.csv": lists.to_csv(run.run.pairs),
        records_path(expected): b"".join(msgspec.json.encode(record) + b"\n" for record in records),
        path / "run.json": to_json(kept),
    }
    for name in names:
        if (scores := scores_path(run.run, name)).is_file():
            held[scores_path(expected, name)] = scores.read_bytes()
    changed = {file: data for file, data in held.items() if not (file.is_file() and file.read_bytes() == data)}
    for file, data in changed.items():
        files.write_whole(file, data)
    return bool(changed)


def _without_machine(info: MethodInfo) -> MethodInfo:
    return MethodInfo("", info.code, info.weights, "", (), {}, {})


def _changes(run: Side, before: Side, records: Sequence[Record]) -> Iterator[Change]:
    """What is not to the last digit what it was."""
    old = [before.records[key_of(record)] for record in records if key_of(record) in before.records]
    exact = Policy("higher", paired=False)
    for one in judge(numbers(run, before, records), numbers(before, run, old), lambda _: exact):
        if one.state != "same":
            method, metric, bucket = one.key
            yield Change(method, metric, bucket, one.b, one.a, "" if one.because == "value" else one.because)
