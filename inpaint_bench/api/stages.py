"""A run in one process: its methods in turn, and results of what is known so far where somebody watches."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from inpaint_bench import disk
from inpaint_bench.api.outcome import Outcome
from inpaint_bench.api.progress import note, progress_bar
from inpaint_bench.api.run import Run
from inpaint_bench.api.writing import write_results_of
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import BenchError, IncompleteError, InputError
from inpaint_bench.methods.base import Method
from inpaint_bench.metrics import RECORDED
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.made_by import refuse_other
from inpaint_bench.runner.metrics import ChosenMetrics, still_measurable
from inpaint_bench.runner.pending import pending
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_pairs import score_run
from inpaint_bench.runner.scorer import quick_names, scores_when_saved
from inpaint_bench.weights import NO_WEIGHTS, SYNTHETIC

PAUSE = 10.0  # seconds between two tables, at least

OnResults = Callable[[Outcome], None]


@dataclass
class FirstResults:
    """Results in the quick image metrics, of the methods that are finished, while others are still at work.

    They are written, and `on_results` is called with them, when a method is finished and some seconds have passed. What
    cannot be scored is left for the end of the run, where the error is raised.
    """

    dataset: Dataset
    methods: Sequence[Method]
    chosen: ChosenMetrics
    runtime: RuntimeOptions
    quiet: bool
    on_results: OnResults
    unscored: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    latest: float = field(default_factory=time.monotonic)

    def finished(self, run: RunFolder, method: Method) -> None:
        """A method is finished."""
        if method.weights.sha256 == SYNTHETIC:
            return
        self.unscored.append(method.name)
        quick = quick_names(self.chosen.names)
        last = method is self.methods[-1] and len(quick) == len(self.chosen.names)  # the end of the run is next
        if last or not quick or time.monotonic() - self.latest < PAUSE:
            return
        with contextlib.suppress(BenchError), disk.names_synced_once(run.path):
            found = self._results(run)
            self.on_results(Outcome(found, tuple(self.shown), ChosenMetrics(tuple(quick))))
            rest = [one.name for one in self.methods if one.name not in self.shown]
            slow = [name for name in self.chosen.names if name not in quick]
            note(f"to come: {', '.join([*rest, *slow])}.")
        self.latest = time.monotonic()

    def _results(self, run: RunFolder) -> Run:
        """The results so far, written with their tables."""
        names = quick_names(still_measurable(self.chosen.names, Run(run).measured()))
        while self.unscored:
            method = self.unscored[0]
            score_run(run, self.dataset, method, names, self.runtime, partial(progress_bar, quiet=self.quiet))
            self.shown.append(self.unscored.pop(0))
        return write_results_of(Run(run), names)


def has_other_results(run: RunFolder) -> bool:
    """Whether an earlier command ended with results in other metrics than the quick ones: they stay to the end."""
    measured = sorted(Run(run).measured() - set(RECORDED))
    return len(quick_names(measured)) < len(measured)


def classical_first(methods: Sequence[Method]) -> list[Method]:
    """Methods without weights before the others, which take longer; else in their order."""
    return sorted(methods, key=lambda method: method.weights != NO_WEIGHTS)


def predict_in_turn(
    run: RunFolder,
    dataset: Dataset,
    methods: Sequence[Method],
    metrics: Sequence[str],
    runtime: RuntimeOptions,
    quiet: bool,
    first: FirstResults | None = None,
) -> list[BenchError]:
    """The composites of each method in turn, and their scores in those of the metrics that are of pixels.

    Returns the failures: a method that fails keeps what it finished, and the others go on.
    """
    failures: list[BenchError] = []
    for method in methods:
        try:
            left = len(pending(run, method))
            if reused := len(run.pairs) - left:
                note(f"{method.name}: {reused} pairs reused; --fresh {method.name} computes them anew.")
            if reused and not left:
                refuse_other(run, method)
            else:
                with progress_bar(method.name, left, quiet) as advance:
                    run = _predict(run, dataset, method, metrics, runtime, lambda: advance(1))
        except (IncompleteError, InputError) as error:
            failures.append(error)
        else:
            if first:
                first.finished(run, method)
    return failures


def _predict(
    run: RunFolder,
    dataset: Dataset,
    method: Method,
    metrics: Sequence[str],
    runtime: RuntimeOptions,
    on_progress: Callable[[], None],
) -> RunFolder:
    """The composites of a method, scored when they are saved where metrics are wanted."""
    from inpaint_bench.runner.predict import predict_pairs  # heavy

    if not metrics or method.weights.sha256 == SYNTHETIC:
        return predict_pairs(run, dataset, method, runtime, on_progress)
    with scores_when_saved(run, method.name, metrics, runtime) as on_saved:
        return predict_pairs(run, dataset, method, runtime, on_progress, on_saved)
