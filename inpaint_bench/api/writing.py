"""Results and tables of a run, written from its scores."""

from collections.abc import Iterator, Sequence

import numpy as np

from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import REFERENCES, read_results, results_path, write_results
from inpaint_bench.analysis.votes import stale_methods
from inpaint_bench.api import derived
from inpaint_bench.api.progress import warn
from inpaint_bench.api.run import Run
from inpaint_bench.api.tables import absent_metrics, write_plain_tables
from inpaint_bench.errors import some
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.registry import SAMPLES_METRICS
from inpaint_bench.runner.metrics import ChosenMetrics
from inpaint_bench.study.stored import read_votes, votes_path


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
        tables = [table for one in scores if (table := one.table.of(name))]
        numbers = {number for table in tables for number in table.pair[np.isnan(table.value)].tolist()}
        if pairs := sorted(run.pairs[number].pair for number in numbers):
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
