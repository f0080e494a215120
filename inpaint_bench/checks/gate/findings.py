"""What the gate finds: of every expected result whether it passes, drifted, got better, or cannot be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.verdicts import Verdict, compare_numbers
from inpaint_bench.checks.gate.policy import DEFAULT, GatePolicy
from inpaint_bench.checks.gate.sides import Side, choose, key_of, numbers
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import KNOWN

WORST = 5  # pairs that are named

State: TypeAlias = Literal["incomparable", "drift", "missing", "improved", "pass"]
STATES: dict[State, int] = {"incomparable": 4, "drift": 1, "missing": 3, "improved": 0, "pass": 0}  # exit codes


@dataclass(frozen=True)
class Moved:
    """A pair that moved, with its score in the run and the expected one."""

    pair: str
    image: str
    score: float
    expected: float


@dataclass(frozen=True)
class Finding:
    """An expected result, the verdict on it, and the pairs that moved most in the same direction."""

    result: Result
    verdict: Verdict
    state: State
    worst: tuple[Moved, ...] = ()

    @property
    def size(self) -> float:
        """How far it moved, in tolerances."""
        moved = abs(self.verdict.difference or 0.0)
        return moved / self.verdict.tolerance if self.verdict.tolerance else np.inf if moved else 0.0


@dataclass(frozen=True)
class Findings:
    """All of a gate, what counts most first."""

    run: str
    expected: str
    protocol: str
    findings: tuple[Finding, ...]
    unexpected: tuple[Result, ...]  # of the run, and not decided

    @property
    def exit_code(self) -> int:
        """That of the state that counts most: incomparable, drift, missing, in this order."""
        found = {finding.state for finding in self.findings}
        return next(code for state, code in STATES.items() if state in found)

    def of(self, state: State) -> list[Finding]:
        """The findings of one state."""
        return [finding for finding in self.findings if finding.state == state]


def find(
    run: Side,
    expected: Side,
    policy: GatePolicy = DEFAULT,
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> Findings:
    """A finding for every expected result, or for those of some methods and metrics.

    Raises InputError for a method or a metric that is not expected, and where nothing is left to decide.
    """
    results = choose(expected, methods, metrics)
    if not results:
        requested = " of these methods and metrics" if methods or metrics else ""
        raise InputError(f"{expected.run.path}: no result{requested} is expected here, so there is nothing to decide.")
    ours = numbers(run, expected, run.results.values())
    verdicts = compare_numbers(ours, numbers(expected, run, results), policy.by_key(results))
    found = []
    for result, verdict in zip(results, verdicts, strict=True):
        state = _state(verdict, policy.refuses_better(result))
        worst = _worst(run, expected, verdict) if state in ("drift", "improved") else ()
        found.append(Finding(result, verdict, state, worst))
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


def _worst(run: Side, expected: Side, verdict: Verdict) -> tuple[Moved, ...]:
    """The pairs that moved most in the direction of the mean; none where either side lacks the scores."""
    method, metric, bucket = verdict.key
    if (method, metric) not in run.values or (method, metric) not in expected.values or not verdict.difference:
        return ()
    a, b = run.values[method, metric].values, expected.values[method, metric].values
    both = expected.run.buckets[bucket] & np.isfinite(a) & np.isfinite(b)
    moves = np.zeros(len(both))
    moves[both] = (a[both] - b[both]) * np.sign(verdict.difference)
    places = [place for place in np.argsort(-moves, kind="stable")[:WORST] if moves[place] > 0]
    pairs = expected.run.pairs
    return tuple(Moved(pairs[i].pair, pairs[i].image, float(a[i]), float(b[i])) for i in places)


def unit(metric: str) -> str:
    """The metric's unit behind a number: ' dB', or nothing."""
    return f" {KNOWN[metric].unit}" if KNOWN[metric].unit else ""
