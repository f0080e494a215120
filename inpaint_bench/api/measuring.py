"""Scores, results and tables of a run folder that has composites."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import REFERENCES, missing_pairs, read_results, results_path, write_results
from inpaint_bench.analysis.statistics.samples import chosen_samples
from inpaint_bench.analysis.votes import stale_methods
from inpaint_bench.api import derived
from inpaint_bench.api.progress import progress_bar, warn
from inpaint_bench.api.run import Run
from inpaint_bench.api.tables import absent_metrics, write_plain_tables
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import IncompleteError, InputError, MethodError, some
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.registry import KNOWN, SAMPLES_METRICS
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.metrics import ChosenMetrics, still_measurable
from inpaint_bench.runner.pictures import ALL, Samples
from inpaint_bench.runner.predict import RuntimeOptions
from inpaint_bench.runner.score import Choose, score_method, score_targets
from inpaint_bench.study.stored import read_votes, votes_path


def measure(
    started: RunFolder,
    dataset: Dataset,
    methods: Sequence[str],
    chosen: ChosenMetrics,
    runtime: RuntimeOptions,
    quiet: bool,
    choose: Choose,
    keep: bool = False,
) -> tuple[Run, list[MethodError]]:
    """Score the composites of some methods; write results and tables unless the run is a shard.

    `choose` says which samples of a stochastic method have features and objects, and `keep` that results and tables
    that are up to date are not made again. Returns the run, and the failures of metrics of one's own: what else was
    measured is kept.
    """
    failures: list[MethodError] = []
    bar = partial(progress_bar, quiet=quiet)
    warn_of_strays(started, methods)
    names = still_measurable(chosen.names, Run(started).measured())
    if methods:
        score_targets(started, dataset, names, runtime, bar)
    for method in methods:
        failures += score_method(started, dataset, method, names, runtime, bar, choose)
    return write_derived(Run(started), chosen, keep), failures


def choose_by(samples: str) -> Choose:
    """What says which samples have features and objects. Raises InputError unless it is 'chosen' or 'all'."""
    if samples not in CHOICES:
        raise InputError(f"samples is '{samples}'. Allowed: {', '.join(CHOICES)}.")
    return CHOICES[samples]


def counted_samples(started: RunFolder, method: str) -> Samples:
    """By pair the best sample by the protocol's metric, the first on ties; nothing for one output a pair."""
    page, scores = started.info.protocol, Run(started).scores_of(method)
    rows = scores.by_metric.get(page.choose) if scores else None
    if rows is None:
        return ALL
    table = rows[rows["sample"] >= 0].pivot(index="pair", columns="sample", values="value").dropna()
    best = chosen_samples(table.to_numpy(), KNOWN[page.choose].better) if len(table) else np.zeros(0, np.int64)
    return dict(zip(table.index.tolist(), table.columns[best].tolist(), strict=True))


CHOICES: dict[str, Choose] = {"chosen": counted_samples, "all": lambda run, method: ALL}


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


def write_derived(run: Run, chosen: ChosenMetrics, keep: bool = False) -> Run:
    """Write the results and tables of a run and return it with them; a shard has none before it is merged.

    With `keep`, those that are up to date are not made again.
    """
    if run.info.part.kind == "shard":
        return run
    if write_results_of(run, chosen.names, keep).result_list:
        for sentence in (*_lacking(run, chosen), *_undefined(run, chosen), *_stale_study(run)):
            warn(sentence)
    return run


def write_results_of(run: Run, names: Sequence[str], keep: bool = False) -> Run:
    """Write the results and tables of what is scored, in these metrics and others; the run with them.

    With `keep`, those that are up to date are not made again.
    """
    absent = absent_metrics([run])
    sources = derived.hash_of_sources(run, names, absent) if keep else ""
    if keep and derived.up_to_date(run, sources):
        run.set_results(read_results(results_path(run.folder)))
        return run
    results = derive_results(run, names)
    write_results(run.folder, results)
    run.set_results(results)
    if results:
        write_plain_tables(run, absent)
        if keep:
            derived.note_made(run, sources)
    return run


def _undefined(run: Run, chosen: ChosenMetrics) -> Iterator[str]:
    """The pairs for which an image metric is not defined, because of the size of their image or of their hole."""
    for name in chosen.names:
        concerned = [one.method for one in run.result_list if one.metric == name and one.undefined and name in METRICS]
        scores = [found for method in dict.fromkeys(concerned) if (found := run.scores_of(method))]
        frames = [one.by_metric[name] for one in scores if name in one.by_metric]
        if pairs := sorted({pair for frame in frames for pair in frame["pair"][frame["value"].isna()]}):
            yield f"{run.path}: {name} is not defined for {len(pairs)} of {len(run.pairs)} pairs: {some(pairs)}."


def _stale_study(run: Run) -> Iterator[str]:
    """That people saw other composites than those that are here now."""
    path = votes_path(run.path)
    if path.is_file() and run.study is None:
        yield (
            f"{path}: people saw other composites of {some(stale_methods(run, read_votes(path)[0]))} than those here "
            "now: there is no preference. Delete the file, and make a new study."
        )


def _lacking(run: Run, chosen: ChosenMetrics) -> Iterator[str]:
    """What was requested and has no result of a finished method."""
    for method in dict.fromkeys(one.method for one in run.result_list if one.method not in REFERENCES):
        here = {one.metric for one in run.result_list if one.method == method} | set(SAMPLES_METRICS)
        if lacking := [name for name in chosen.names if name not in here]:
            again = f"`inpaint-bench score {run.path} --metrics {','.join(lacking)}`"
            yield (
                f"{run.path}: {method} was not measured on every pair in {', '.join(lacking)}. {again} measures "
                "what is missing."
            )
