"""The findings of a gate: every expected result passes, drifted, improved, is missing, or cannot be compared."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inpaint_bench.analysis.results import Result, Value
from inpaint_bench.analysis.verdicts import Verdict, compare_numbers
from inpaint_bench.checks.gate import formats, messages
from inpaint_bench.checks.gate.base import STATES, GateFinding, MovedPair, State
from inpaint_bench.checks.gate.policy import DEFAULT, GatePolicy
from inpaint_bench.checks.gate.sides import GateSide, choose, key_of, numbers
from inpaint_bench.errors import BenchError, InputError

if TYPE_CHECKING:
    import pandas as pd

WORST = 5  # pairs that are named


@dataclass(frozen=True)
class Findings:
    """The findings of a gate, by how much they matter: what is not comparable first, what passes last."""

    run: str
    expected: str
    dataset: str
    findings: tuple[GateFinding, ...]
    unexpected: tuple[Result, ...]  # results of the run without an expected value; they are not checked

    def of(self, state: State) -> list[GateFinding]:
        """The findings of one state."""
        return [finding for finding in self.findings if finding.state == state]

    @property
    def exit_code(self) -> int:
        """0 if all pass or improved, else 4 (not comparable), 1 (drift) or 3 (missing), the first that occurs."""
        found = {finding.state for finding in self.findings}
        return next(code for state, code in STATES.items() if state in found)

    def error(self) -> BenchError | None:
        """The exception to raise, with the exit code and one sentence; None if the gate passes."""
        return messages.error(self)

    @property
    def frame(self) -> "pd.DataFrame":
        """One row for each expected result, in the order of the findings.

        Columns: method, metric, bucket, state, expected, run, difference, tolerance, p (adjusted; NaN where no paired
        test was made), reason (the fact that differs, where results are not comparable) and worst_pairs.
        """
        import pandas as pd

        columns = ["method", "metric", "bucket", "state", "expected", "run", "difference", "tolerance", "p"]
        return pd.DataFrame([_row(one) for one in self.findings], columns=[*columns, "reason", "worst_pairs"])

    def to_text(self) -> str:
        """A line for every result that does not pass, the counts, and notes."""
        return formats.as_text(self)

    def to_markdown(self) -> str:
        """A summary for a pull request: a heading, a table of what moved, and notes."""
        return formats.as_markdown(self)

    def to_junit(self) -> str:
        """JUnit XML: a test case for every expected result, in a suite for every method."""
        return formats.as_junit(self)

    def annotations(self) -> list[str]:
        """Commands for GitHub's runner, one a line: errors for what fails the gate, notices for what improved."""
        return list(formats.as_annotations(self))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        """The counts, and a table of the results that do not pass."""
        frame = self.frame
        counts = f"<p>{html.escape(f'{self.dataset}: {messages.counts(self)}')}.</p>"
        failed = frame[frame["state"] != "pass"]
        return counts if failed.empty else counts + failed.to_html(index=False, na_rep="")


def _row(finding: GateFinding) -> list[object]:
    result, verdict = finding.result, finding.verdict
    expected, found = (_number(value) for value in (verdict.b, verdict.a))
    difference = np.nan if verdict.difference is None else verdict.difference
    p = verdict.adjusted if verdict.test else np.nan
    head = [result.method, result.metric, result.bucket, finding.state]
    pairs = " ".join(one.pair for one in finding.worst)
    return [*head, expected, found, difference, verdict.tolerance, p, verdict.because, pairs]


def _number(value: Value) -> float:
    return np.nan if value is None else float(value)


def find(
    run: GateSide,
    expected: GateSide,
    policy: GatePolicy = DEFAULT,
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> Findings:
    """A finding for every expected result, or for those of some methods and metrics.

    Raises InputError for a method or a metric that has no expected result, and where there is nothing to check.
    """
    results = choose(expected, methods, metrics)
    if not results:
        chosen = " of these methods and metrics" if methods or metrics else ""
        raise InputError(
            f"{expected.run.path}: there is no expected result{chosen} here, so there is nothing to check."
        )
    ours = numbers(run, expected, run.results.values())
    verdicts = compare_numbers(ours, numbers(expected, run, results), policy.by_key(results))
    found = []
    for result, verdict in zip(results, verdicts, strict=True):
        state = _state(verdict, policy.refuses_better(result))
        worst = _worst(run, expected, verdict) if state in ("drift", "improved") else ()
        found.append(GateFinding(result, verdict, state, worst))
    found.sort(key=lambda finding: (list(STATES).index(finding.state), -finding.size))  # stable
    known = set(expected.results)
    unexpected = tuple(result for result in run.results.values() if key_of(result) not in known)
    names = (str(run.run.path), str(expected.run.path), expected.run.info.protocol.name)
    return Findings(*names, tuple(found), unexpected)


def _state(verdict: Verdict, refuses_better: bool) -> State:
    if verdict.state == "better":
        return "drift" if refuses_better else "improved"
    states: dict[str, State] = {"same": "pass", "worse": "drift", "missing": "missing"}
    return states.get(verdict.state, "incomparable")


def _worst(run: GateSide, expected: GateSide, verdict: Verdict) -> tuple[MovedPair, ...]:
    """The pairs that moved most in the direction of the mean; none where either side lacks the scores."""
    method, metric, bucket = verdict.key
    if (method, metric) not in run.values or (method, metric) not in expected.values or not verdict.difference:
        return ()
    a, b = run.values[method, metric].values, expected.values[method, metric].values
    both = expected.run.buckets[bucket] & np.isfinite(a) & np.isfinite(b)
    moves = np.zeros(len(both))
    moves[both] = (a[both] - b[both]) * np.sign(verdict.difference)
    largest = [number for number in np.argsort(-moves, kind="stable")[:WORST] if moves[number] > 0]
    pairs = expected.run.pairs
    return tuple(MovedPair(pairs[i].pair, pairs[i].image, float(a[i]), float(b[i])) for i in largest)
