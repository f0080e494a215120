"""What a command that runs, scores or merges ended with, and what its run folder lacks, or holds beside the run."""

from collections.abc import Iterable
from dataclasses import dataclass

from inpaint_bench.analysis.results import missing_pairs
from inpaint_bench.api.progress import warn
from inpaint_bench.api.run import Run
from inpaint_bench.errors import BenchError, HashError, IncompleteError, InputError, NotComparableError, some
from inpaint_bench.runner.folder import RunFolder
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


def warn_of_strays(run: RunFolder, methods: Iterable[str]) -> None:
    """Name the files among the composites that the run did not make."""
    for method in methods:
        if strays := run.strays(method):
            kind = "is no composite" if len(strays) == 1 else "are no composites"
            warn(f"{run.composites(method)}: {some(strays)} {kind} of this run and counted for nothing.")


def incomplete(run: RunFolder, methods: Iterable[str]) -> list[IncompleteError]:
    """An error for each method that lacks a composite of some pair."""
    return [
        IncompleteError(
            f"{run.path}: {method} lacks {len(left)} of {len(run.pairs)} pairs: {some(left)}. "
            "`inpaint-bench run` makes what is missing."
        )
        for method in methods
        if (left := missing_pairs(run, method))
    ]
