"""The sentences of the gate: the same ones on a terminal, in a pull request and in a test report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inpaint_bench.analysis.results import ALL, Result, Value
from inpaint_bench.checks.gate.base import GateFinding, State
from inpaint_bench.errors import BenchError, IncompleteError, NotComparableError, some
from inpaint_bench.metrics.registry import KNOWN

if TYPE_CHECKING:
    from inpaint_bench.checks.gate.findings import Findings

LONGEST = 80  # characters of a fact that are shown
LABELS: dict[State, str] = {
    "incomparable": "not comparable",
    "drift": "drifted",
    "missing": "missing",
    "improved": "improved",
}


def number(value: Value, metric: str) -> str:
    """A value with two more digits than tables print."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else f"{value:.{KNOWN[metric].decimals + 2}f}"


def name_of(result: Result) -> str:
    """How sentences name a result: 'telea, psnr, bucket 0.2-0.4'."""
    return f"{result.method}, {result.metric}, {'all pairs' if result.bucket == ALL else f'bucket {result.bucket}'}"


def sentence(finding: GateFinding) -> str:
    """The sentence on one result."""
    result, verdict = finding.result, finding.verdict
    if finding.state == "missing":
        return f"{name_of(result)}: {_why(finding)}; expected {number(result.value, result.metric)}."
    if finding.state == "incomparable":
        return f"{name_of(result)}: {_why(finding)}."
    numbers = f"{number(verdict.a, result.metric)}, expected {number(verdict.b, result.metric)}"
    if finding.state == "pass":
        return f"{name_of(result)}: {numbers}."
    unit = f" {KNOWN[result.metric].unit}" if KNOWN[result.metric].unit else ""
    size = f"{abs(verdict.difference or 0):.3g}{unit}"
    return f"{name_of(result)}: {verdict.state} by {size}: {numbers}{_statistics(finding)}{_worst(finding)}."


def _worst(finding: GateFinding) -> str:
    """The pairs that moved most, and by how much."""
    if not finding.worst:
        return ""
    moves = (f"{one.pair} ({one.score - one.expected:+.3g})" for one in finding.worst)
    return f"; {'best' if finding.verdict.state == 'better' else 'worst'} pairs {', '.join(moves)}"


def _statistics(finding: GateFinding) -> str:
    """Tolerance, p and interval, as far as they are known."""
    verdict = finding.verdict
    parts = [f"tolerance {verdict.tolerance:.3g}"]
    if verdict.test:
        parts.append(f"adjusted p {verdict.adjusted:.2g}")
        if verdict.test.interval:
            low, high = verdict.test.interval
            parts.append(f"95% interval of the difference {low:+.3g} to {high:+.3g}")
    return f" ({', '.join(parts)})"


def grouped(findings: Sequence[GateFinding]) -> list[str]:
    """Sentences on missing or incomparable results, those of one method and one reason together."""
    groups: dict[tuple[str, str, tuple[str, str]], list[GateFinding]] = {}
    for one in findings:
        groups.setdefault((one.result.method, one.verdict.because, one.verdict.facts), []).append(one)
    lines = []
    for (method, *_), listed in groups.items():
        names = some([f"{one.result.metric} {one.result.bucket}" for one in listed], 4)
        many = f"{method}, {len(listed)} results ({names}): {_why(listed[0])}."
        lines.append(many if len(listed) > 1 else sentence(listed[0]))
    return lines


def _why(finding: GateFinding) -> str:
    """Why a result cannot be compared."""
    if finding.state == "missing":
        return "missing from the run"
    ours, theirs = (f"{fact[:LONGEST]}…" if len(fact) > LONGEST else fact or "none" for fact in finding.verdict.facts)
    return f"not comparable: {finding.verdict.because} is {ours}, not {theirs}"


def sentences(found: "Findings") -> list[str]:
    """A sentence for every result that does not pass, or for several together."""
    lines = grouped(found.of("incomparable"))
    lines += [sentence(one) for one in found.of("drift")]
    lines += grouped(found.of("missing"))
    return lines + [sentence(one) for one in found.of("improved")]


def counts(found: "Findings") -> str:
    """How many results are in each state."""
    parts = [f"{len(found.of(state))} {label}" for state, label in LABELS.items() if found.of(state)]
    return ", ".join([f"{len(found.of('pass'))} of {len(found.findings)} results pass", *parts])


def notes(found: "Findings") -> list[str]:
    """Remarks on results that pass although they moved, and on results that were not checked."""
    lines = []
    moved = [one for one in found.of("pass") if one.verdict.difference]
    if chance := [f"{name_of(one.result)} by {_briefly(one)}" for one in moved if one.verdict.moved]:
        lines.append(f"{len(chance)} moved beyond their tolerance, but no more than chance allows: {some(chance)}")
    if within := [one for one in moved if not one.verdict.moved]:
        farthest = max(within, key=lambda one: one.size)
        far = f"the farthest {name_of(farthest.result)} by {farthest.size:.2g} of it"
        lines.append(f"{len(within)} moved within their tolerance, {far}")
    if found.of("improved"):
        lines.append("improved results pass; `inpaint-bench gate --accept --reason TEXT` makes them the expected ones")
    if found.unexpected:
        names = dict.fromkeys(f"{result.method} {result.metric}" for result in found.unexpected)
        lines.append(
            f"{len(found.unexpected)} results of the run have no expected value and were not checked: {some(names, 4)}"
        )
    return lines


def _briefly(finding: GateFinding) -> str:
    return f"{finding.verdict.difference:+.2g} (p {finding.verdict.adjusted:.2g})"


def error(found: "Findings") -> BenchError | None:
    """The exception of a gate that does not pass, with one sentence; None if it passes."""
    state = next((one.state for one in found.findings if one.state not in ("improved", "pass")), None)
    if state is None:
        return None
    listed = found.of(state)
    first, *others = grouped(listed) if state != "drift" else [sentence(one) for one in listed]
    what = f"{found.run}: {counts(found)}. {first}" + (f" And {len(others)} more." if others else "")
    if state == "incomparable":
        return NotComparableError(
            f"{what} Run the same as expected, or accept the run as it is with --accept --reason TEXT."
        )
    if state == "missing":
        return IncompleteError(f"{what} Run what is missing, or check a part with --methods or --metrics.")
    return BenchError(f"{what} Fix the cause, or accept the new results with --accept --reason TEXT.")
