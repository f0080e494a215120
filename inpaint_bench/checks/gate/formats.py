"""Findings of the gate as text, as Markdown for a pull request, as JUnit XML and as annotations for GitHub."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from inpaint_bench.analysis.results import ALL
from inpaint_bench.checks.gate import messages
from inpaint_bench.checks.gate.base import GateFinding
from inpaint_bench.escape import markdown
from inpaint_bench.metrics.registry import KNOWN

if TYPE_CHECKING:
    from inpaint_bench.checks.gate.findings import Findings

ANNOTATIONS = 10  # of each kind that GitHub shows for one step


def as_text(found: "Findings") -> str:
    """A line for every result that does not pass, the counts, and notes."""
    lines = [f"{found.dataset}: {found.run}, expected {found.expected}", ""]
    if sentences := messages.sentences(found):
        lines += [*sentences, ""]
    return "\n".join([*lines, f"{messages.counts(found)}.", *(f"{note}." for note in messages.notes(found)), ""])


ENDINGS = {0: "passed", 1: "drift", 3: "incomplete", 4: "not comparable"}
HEAD = ["state", "method", "metric", "bucket", "expected", "run", "difference", "tolerance", "p", "moved most"]


def as_markdown(found: "Findings") -> str:
    """A heading with the outcome, a table of what moved with the pairs behind it, and notes."""
    parts = [
        f"## inpaint-bench gate: {ENDINGS[found.exit_code]}",
        f"{markdown(found.dataset)}: {messages.counts(found)}.",
    ]
    moved = [*found.of("drift"), *found.of("improved")]
    if moved:
        table = [HEAD, ["---"] * 4 + ["---:"] * 5 + ["---"], *(_row(one) for one in moved)]
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in table))
    listed = [*messages.grouped(found.of("incomparable")), *messages.grouped(found.of("missing"))]
    listed += [f"{note}." for note in messages.notes(found)]
    if listed:
        parts.append("\n".join(f"- {markdown(line)}" for line in listed))
    return "\n\n".join(parts) + "\n"


def _row(finding: GateFinding) -> list[str]:
    result, verdict = finding.result, finding.verdict
    arrow = "↑" if KNOWN[result.metric].better == "higher" else "↓"
    return [
        finding.state,
        markdown(result.method),
        f"{result.metric} {arrow}",
        "All" if result.bucket == ALL else result.bucket,
        messages.number(verdict.b, result.metric),
        messages.number(verdict.a, result.metric),
        f"{verdict.difference or 0:+.3g}",
        f"{verdict.tolerance:.3g}",
        f"{verdict.adjusted:.2g}" if verdict.test else "-",
        ", ".join(f"{one.pair} {markdown(one.image)} ({one.score - one.expected:+.3g})" for one in finding.worst)
        or "-",
    ]


def as_junit(found: "Findings") -> str:
    """A test case for every expected result, in a suite for every method."""
    kinds = {"drift": "failure", "incomparable": "error", "missing": "error"}
    root = ElementTree.Element("testsuites", {"name": "inpaint-bench gate", **_tally(found.findings)})
    for method in dict.fromkeys(finding.result.method for finding in found.findings):
        listed = [finding for finding in found.findings if finding.result.method == method]
        suite = ElementTree.SubElement(root, "testsuite", {"name": f"{found.dataset}: {method}", **_tally(listed)})
        for finding in listed:
            result = finding.result
            named = {"classname": f"{found.dataset}.{method}", "name": f"{result.metric} {result.bucket}", "time": "0"}
            case = ElementTree.SubElement(suite, "testcase", named)
            message = messages.sentence(finding)
            if finding.state in kinds:
                ElementTree.SubElement(case, kinds[finding.state], type=finding.state, message=message).text = message
            elif finding.state == "improved":
                ElementTree.SubElement(case, "system-out").text = message
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text.decode() + "\n"


def _tally(findings: Sequence[GateFinding]) -> dict[str, str]:
    states = [finding.state for finding in findings]
    errors = states.count("incomparable") + states.count("missing")
    return {"tests": str(len(states)), "failures": str(states.count("drift")), "errors": str(errors), "time": "0"}


def as_annotations(found: "Findings") -> Iterator[str]:
    """Commands for GitHub's runner: as many errors and notices as it shows, what matters most first."""
    errors = [*messages.grouped(found.of("incomparable")), *(messages.sentence(one) for one in found.of("drift"))]
    errors += messages.grouped(found.of("missing"))
    yield from _annotations("error", errors)
    yield from _annotations("notice", [messages.sentence(one) for one in found.of("improved")])


def _annotations(kind: str, sentences: list[str]) -> Iterator[str]:
    shown = sentences if len(sentences) <= ANNOTATIONS else sentences[: ANNOTATIONS - 1]
    rest = [f"And {len(sentences) - len(shown)} more: see the summary."] if len(shown) < len(sentences) else []
    for text in [*shown, *rest]:
        escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        yield f"::{kind} title=inpaint-bench gate::{escaped}"
