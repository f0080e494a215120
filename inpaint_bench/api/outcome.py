"""What a command that runs, scores or merges ended with."""

from dataclasses import dataclass

from inpaint_bench.api.run import Run
from inpaint_bench.errors import BenchError, HashError, IncompleteError, InputError, NotComparableError
from inpaint_bench.runner.metrics import ChosenMetrics


@dataclass(frozen=True)
class Outcome:
    """What a pipeline ended with: the run, what was requested, and the methods that failed, each in one error."""

    run: Run
    methods: tuple[str, ...]
    metrics: ChosenMetrics
    failures: tuple[BenchError, ...] = ()
    synthetic: tuple[str, ...] = ()  # methods with synthetic weights, which get no numbers
    unmeasured: tuple[BenchError, ...] = ()  # metrics of one's own that failed, each in one error

    def raise_failures(self) -> None:
        """All failures as one error: InputError if any is one, HashError, NotComparableError, else IncompleteError."""
        if failures := (*self.failures, *self.unmeasured):
            kinds = (InputError, HashError, NotComparableError, BenchError)
            first = next(kind for kind in kinds if any(isinstance(one, kind) for one in failures))
            kind = IncompleteError if first is BenchError else first
            kept = "Finished pairs are kept; run the same command again to go on."
            raise kind(" ".join([*dict.fromkeys(map(str, failures)), kept]))
