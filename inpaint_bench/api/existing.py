"""What is done with runs that are there: scored again, and joined."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.analysis.results import refuse_few
from inpaint_bench.api.arguments import JOBS, AnyPath, Metrics, Names, as_metrics, as_names, as_path
from inpaint_bench.api.measuring import choose_by, incomplete, measure, warn_of_strays
from inpaint_bench.api.outcome import Outcome
from inpaint_bench.api.progress import warn
from inpaint_bench.api.run import Run
from inpaint_bench.api.writing import write_derived
from inpaint_bench.data import datasets
from inpaint_bench.methods.devices import open_device
from inpaint_bench.runner import folder
from inpaint_bench.runner import merge as merging
from inpaint_bench.runner.metrics import choose_metrics, choose_recorded
from inpaint_bench.runner.predict import RuntimeOptions
from inpaint_bench.runner.score import merge_scores


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
) -> Outcome:
    """Score the composites of a run folder again: what changed, and metrics that are new.

    Of a stochastic method the features and objects of the chosen samples are computed, or with `samples="all"` of all.

    The methods that lack a composite of some pair are the failures of the outcome: they have no results.

    Raises InputError where it is no run or its data are not found, HashError where a target is not what it was, and
    NotComparableError if `strict` and a Fréchet distance of few pictures is among the results.
    """
    requested = as_metrics(metrics, better, code)
    choose = choose_by(samples)
    started = folder.open_run(Path(path))
    dataset = datasets.of_run(started.info.protocol, started.pairs, as_path(data), (as_path(targets), as_path(masks)))
    chosen = choose_metrics(requested, started.info.protocol, str(path), started.pairs)
    for sentence in chosen.notes():
        warn(sentence)
    runtime = RuntimeOptions(open_device(device), batch, jobs, timeout)
    with files.only_one(started.path), disk.names_synced_once(started.path):
        names = list(started.info.methods)
        started = started.with_metrics(chosen.own())
        scored, unmeasured = measure(started, dataset, names, chosen, runtime, quiet, choose)
    if strict and scored.info.part.kind != "shard":
        refuse_few(result for result in scored.result_list if result.metric in chosen.names)
    failures = tuple(incomplete(started, names))
    return Outcome(scored, tuple(names), chosen, failures, unmeasured=tuple(unmeasured))


def merge(parts: Sequence[AnyPath], out: AnyPath, metrics: Names = None, *, allow_mixed: bool = False) -> Outcome:
    """Join the run folders of all shards into one run, in whatever order they come.

    With `allow_mixed`, shards of a method may come from machines that differ; the run records it, and tables note it.

    Raises IncompleteError where a shard or a pair is missing, NotComparableError where the parts were made
    differently, and InputError where a pair is there twice or `out` holds something else.
    """
    folders, into = [Path(part) for part in parts], Path(out)
    with files.only_one(into), disk.names_synced_once(into):
        for part in folders:
            opened = folder.open_run(part)
            warn_of_strays(opened, opened.info.methods)
        merged = merging.merge(folders, into, allow_mixed)
        chosen = choose_recorded(as_names(metrics), merged, str(out))
        merge_scores([folder.open_run(part) for part in folders], merged)
        joined = write_derived(Run(merged), chosen)
    return Outcome(joined, tuple(merged.info.methods), chosen, tuple(incomplete(merged, merged.info.methods)))
