"""Scores of a run folder that has composites, and what follows from them."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from inpaint_bench.analysis.statistics.samples import chosen_samples
from inpaint_bench.api.outcome import warn_of_strays
from inpaint_bench.api.progress import progress_bar
from inpaint_bench.api.run import Run
from inpaint_bench.api.writing import write_derived
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.runner import hashes
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.metrics import ChosenMetrics, still_measurable
from inpaint_bench.runner.pictures import ALL, Samples
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score import Choose, score_method, score_targets


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
    hashes.save()  # which frees memory for the bootstrap
    return write_derived(Run(started), chosen, keep), failures


def choose_by(samples: str) -> Choose:
    """What says which samples have features and objects. Raises InputError unless it is 'chosen' or 'all'."""
    if samples not in CHOICES:
        raise InputError(f"samples is '{samples}'. Allowed: {', '.join(CHOICES)}.")
    return CHOICES[samples]


def counted_samples(started: RunFolder, method: str) -> Samples:
    """By pair the best sample by the protocol's metric, the first on ties; nothing for one output a pair."""
    page, scores = started.info.protocol, Run(started).scores_of(method)
    found = scores.table.of(page.choose) if scores else None
    if found is None:
        return ALL
    rows = found.frame()
    table = rows[rows["sample"] >= 0].pivot(index="pair", columns="sample", values="value").dropna()
    best = chosen_samples(table.to_numpy(), KNOWN[page.choose].better) if len(table) else np.zeros(0, np.int64)
    return dict(zip(table.index.tolist(), table.columns[best].tolist(), strict=True))


CHOICES: dict[str, Choose] = {"chosen": counted_samples, "all": lambda run, method: ALL}
