"""A run that is there, scored again."""

from collections.abc import Mapping
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.analysis.results import refuse_few
from inpaint_bench.api.arguments import JOBS, AnyPath, Metrics, Names, as_metrics, as_path
from inpaint_bench.api.logging import log_outcome, refuse_loggers
from inpaint_bench.api.measuring import choose_by, measure
from inpaint_bench.api.outcome import Outcome, incomplete
from inpaint_bench.api.progress import warn
from inpaint_bench.data import datasets
from inpaint_bench.runner import folder
from inpaint_bench.runner.metrics import choose_metrics
from inpaint_bench.runner.runtime import RuntimeOptions


def score_run(
    path: AnyPath,
    metrics: Metrics = None,
    *,
    data: AnyPath | None = None,
    targets: AnyPath | None = None,
    masks: AnyPath | None = None,
    device: str = "auto",
    batch: int = 8,
    jobs: int = JOBS,
    strict: bool = False,
    quiet: bool = False,
    better: Mapping[str, str] | None = None,
    code: AnyPath | None = None,
    timeout: float | None = None,
    samples: str = "chosen",
    log: Names = None,
) -> Outcome:
    """Score the composites of a run folder again: what changed, and metrics that are new.

    Of a stochastic method the features and objects of the chosen samples are computed, or with `samples="all"` of all.
    The loggers `log` get what `Run.log` gives them; one that fails is a failure of the outcome.

    The methods that lack a composite of some pair are the failures of the outcome: they have no results.

    Raises InputError where it is no run or its data are not found, HashError where a target is not what it was, and
    NotComparableError if `strict` and a Fréchet distance of few pictures is among the results.
    """
    refuse_loggers(log)
    requested = as_metrics(metrics, better, code)
    choose = choose_by(samples)
    started = folder.open_run(Path(path))
    dataset = datasets.of_run(started.info.protocol, started.pairs, as_path(data), (as_path(targets), as_path(masks)))
    chosen = choose_metrics(requested, started.info.protocol, str(path), started.pairs)
    for sentence in chosen.notes():
        warn(sentence)
    runtime = RuntimeOptions(device, batch, jobs, timeout)
    with files.only_one(started.path), disk.names_synced_once(started.path):
        names = list(started.info.methods)
        started = started.with_metrics(chosen.own())
        scored, unmeasured = measure(started, dataset, names, chosen, runtime, quiet, choose)
    if strict and scored.info.part.kind != "shard":
        refuse_few(result for result in scored.result_list if result.metric in chosen.names)
    failures = tuple(incomplete(started, names))
    return log_outcome(Outcome(scored, tuple(names), chosen, failures, unmeasured=tuple(unmeasured)), log)
