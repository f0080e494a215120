"""What the gate found, in sentences: the same ones on a terminal, in a pull request and in a test report."""

from collections.abc import Sequence

from inpaint_bench.analysis.results import ALL, Result, Value
from inpaint_bench.checks.gate.findings import Finding, Findings, State, unit
from inpaint_bench.errors import BenchError, IncompleteError, NotComparableError, some
from inpaint_bench.metrics.registry import KNOWN

LONG = 80  # letters of a fact that are shown
WORDS: dict[State, str] = {
    "incomparable": "not comparable",
    "drift": "drifted",
    "missing": "missing",
    "improved": "improved",
}


def number(value: Value, metric: str) -> str:
    """A value with two digits more than tables print."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else f"{value:.{KNOWN[metric].decimals + 2}f}"


def place(result: Result) -> str:
    """A result by its name: 'telea, psnr, bucket 0.2-0.4'."""
    return f"{result.method}, {result.metric}, {'all pairs' if result.bucket == ALL else f'bucket {result.bucket}'}"


def sentence(finding: Finding) -> str:
    """What is message of one result."""
    result, verdict = finding.result, finding.verdict
    if finding.state == "missing":
        return f"{place(result)}: {_why(finding)}; {number(result.value, result.metric)} is expected."
    if finding.state == "incomparable":
        return f"{place(result)}: {_why(finding)}."
    numbers = f"{number(verdict.a, result.metric)}, {number(verdict.b, result.metric)} is expected"
    if finding.state == "pass":
        return f"{place(result)}: {numbers}."
    size = f"{abs(verdict.difference or 0):.3g}{unit(result.metric)}"
    return f"{place(result)}: {verdict.state} by {size}: {numbers}{_surely(finding)}{worst(finding)}."


def worst(finding: Finding) -> str:
    """The pairs that moved most, each by how much."""
    if not finding.worst:
        return ""
    moves = (f"{one.pair} ({one.score - one.expected:+.3g})" for one in finding.worst)
    return f"; {'best' if finding.verdict.state == 'better' else 'worst'} pairs {', '.join(moves)}"


def _surely(finding: Finding) -> str:
    verdict = finding.verdict
    parts = [f"tolerance {verdict.tolerance:.3g}"]
    if verdict.test:
        parts.append(f"adjusted p {verdict.adjusted:.2g}")
        if verdict.test.interval:
            low, high = verdict.test.interval
            parts.append(f"95% interval of the difference {low:+.3g} to {high:+.3g}")
    return f" ({', '.join(parts)})"


def grouped(findings: Sequence[Finding]) -> list[str]:
    """Sentences about results that cannot be decided, those of one method and one reason together."""
    groups: dict[tuple[str, str, tuple[str, str]], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.result.method, one.verdict.because, one.verdict.facts), []).append(one)
    lines = []
    for (method, *_), listed in groups.items():
        names = some([f"{one.result.metric} {one.result.bucket}" for one in listed], 4)
        many = f"{method}, {len(listed)} results ({names}): {_why(listed[0])}."
        lines.append(many if len(listed) > 1 else sentence(listed[0]))
    return lines


def _why(finding: Finding) -> str:
    """Why a result cannot be decided."""
    if finding.state == "missing":
        return "missing in the run"
    ours, theirs = (f"{fact[:LONG]}…" if len(fact) > LONG else fact or "none" for fact in finding.verdict.facts)
    return f"not comparable: {finding.verdict.because} is {ours}, not {theirs}"


def sentences(found: Findings) -> list[str]:
    """What is message of every result that does not simply pass."""
    lines = grouped(found.of("incomparable"))
    lines += [sentence(one) for one in found.of("drift")]
    lines += grouped(found.of("missing"))
    return lines + [sentence(one) for one in found.of("improved")]


def counts(found: Findings) -> str:
    """How many results are in which state."""
    parts = [f"{len(found.of(state))} {word}" for state, word in WORDS.items() if found.of(state)]
    return ", ".join([f"{len(found.of('pass'))} of {len(found.findings)} results pass", *parts])


def notes(found: Findings) -> list[str]:
    """What is worth knowing of those that pass, and of what was not decided."""
    lines = []
    moved = [one for one in found.of("pass") if one.verdict.difference]
    if chance := [f"{place(one.result)} by {_briefly(one)}" for one in moved if one.verdict.moved]:
        lines.append(f"{len(chance)} moved beyond the tolerance as chance moves pairs: {some(chance)}")
    if within := [one for one in moved if not one.verdict.moved]:
        farthest = max(within, key=lambda one: one.size)
        far = f"the farthest {place(farthest.result)} by {farthest.size:.2g} of it"
        lines.append(f"{len(within)} moved within their tolerance, {far}")
    if found.of("improved"):
        lines.append("what improved passes; `inpaint-bench gate --accept --reason TEXT` makes it the expected value")
    if found.unexpected:
        names = dict.fromkeys(f"{result.method} {result.metric}" for result in found.unexpected)
        lines.append(f"{len(found.unexpected)} results of the run are not expected, and not decided: {some(names, 4)}")
    return lines


def _briefly(finding: Finding) -> str:
    return f"{finding.verdict.difference:+.2g} (p {finding.verdict.adjusted:.2g})"


def error(found: Findings) -> BenchError | None:
    """What ends the command, in one sentence; none if the gate is passed."""
    state = next((one.state for one in found.findings if one.state not in ("improved", "pass")), None)
    if state is None:
        return None
    listed = found.of(state)
    first, *others = grouped(listed) if state != "drift" else [sentence(one) for one in listed]
    what = f"{found.run}: {counts(found)}. {first}" + (f" And {len(others)} more." if others else "")
    if state == "incomparable":
        return NotComparableError(
            f"{what} Run what is expected, or accept the run as it is with --accept --reason TEXT."
        )
    if state == "missing":
        return IncompleteError(f"{what} Run what is missing, or decide a part of it with --methods or --metrics.")
    return BenchError(f"{what} Mend what moved it, or accept it with --accept --reason TEXT.")
