"""The regression gate: a run against expected results, and a run accepted as the expected one."""

from pathlib import Path

from inpaint_bench import files
from inpaint_bench.api.arguments import AnyPath, Names, as_names
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.checks.gate.accept import accept as accept_run
from inpaint_bench.checks.gate.findings import Findings


def gate(
    run: "Run | AnyPath",
    expected: AnyPath | None = None,
    policy: AnyPath | None = None,
    methods: Names = None,
    metrics: Names = None,
) -> Findings:
    """A run against expected results; see `Run.gate`."""
    opened = as_run(run)
    return opened.gate(expected, policy, _methods(methods), _all(metrics))


def write_reports(found: Findings, junit: AnyPath | None = None, summary: AnyPath | None = None) -> None:
    """Write what the gate found as JUnit XML and as Markdown."""
    if junit:
        files.write_whole(Path(junit), found.to_junit().encode())
    if summary:
        files.write_whole(Path(summary), found.to_markdown().encode())


def accept(run: "Run | AnyPath", expected: AnyPath, reason: str, methods: Names = None, metrics: Names = None) -> str:
    """Make the results of a run the expected ones; says what changed, a line a result.

    Raises IncompleteError where a result that is expected so far would be lost.
    """
    opened, folder = as_run(run), Path(expected)
    found = accept_run(opened, folder, reason, _methods(methods), _all(metrics))
    if found is None:
        return f"{folder}: holds exactly these results already; nothing is written.\n"
    lines = [f"{folder}: {found.results} results accepted, {found.new} new, {len(found.changes)} changed: {reason}"]
    for change in found.changes:
        because = f" ({change.because} changed)" if change.because else ""
        lines.append(f"{change.method}, {change.metric}, {change.bucket}: {change.before} → {change.after}{because}")
    return "\n".join([*lines, ""])


def _methods(names: Names) -> list[str]:
    """The names of entries of --methods, which may bring a folder or a program."""
    from inpaint_bench.methods.entries import split_methods

    entries = split_methods(names) if isinstance(names, str) else as_names(names)
    return [entry.partition("=")[0] for entry in entries]


def _all(names: Names) -> list[str]:
    """The names; none where all are meant."""
    listed = as_names(names)
    return [] if "all" in listed else listed
