"""What the gate finds about one expected result."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.verdicts import Verdict

State: TypeAlias = Literal["incomparable", "drift", "missing", "improved", "pass"]
STATES: dict[State, int] = {"incomparable": 4, "drift": 1, "missing": 3, "improved": 0, "pass": 0}  # exit codes


@dataclass(frozen=True)
class MovedPair:
    """A pair that moved, with its score in the run and the expected one."""

    pair: str
    image: str
    score: float
    expected: float


@dataclass(frozen=True)
class GateFinding:
    """An expected result, the verdict on it, and the pairs that moved most in the same direction."""

    result: Result
    verdict: Verdict
    state: State
    worst: tuple[MovedPair, ...] = ()

    @property
    def size(self) -> float:
        """The difference as a multiple of the tolerance."""
        moved = abs(self.verdict.difference or 0.0)
        return moved / self.verdict.tolerance if self.verdict.tolerance else math.inf if moved else 0.0
