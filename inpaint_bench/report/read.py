"""What a report is made from: the results of a run, what they rest on, and the score of every picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from inpaint_bench.analysis.gather import checked, gather
from inpaint_bench.analysis.per_pair import PairValues, PerPairData
from inpaint_bench.analysis.results import REFERENCES, Result, read_results, results_path
from inpaint_bench.analysis.statistics.samples import chosen_samples
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import KNOWN, ORDER
from inpaint_bench.runner.folder import MethodInfo, RunFolder, open_run
from inpaint_bench.runner.scores import Score, read_scores, scores_path

Table = Float64[np.ndarray, "pairs samples"]


@dataclass(frozen=True, eq=False)
class Samples:
    """The scores of every sample of a stochastic method by metric, and which sample of each pair was chosen."""

    chosen: tuple[int, ...]
    tables: dict[str, Table]


@dataclass(frozen=True, eq=False)
class Shown:
    """A method with results: what made it, what its results rest on, and what was scored."""

    name: str
    info: MethodInfo
    per_pair: dict[tuple[str, str], PerPairData]  # by metric and signature
    samples: Samples | None
    pictures: dict[tuple[str, int | None], str]  # pair and sample → the start of the hash of the file that was scored

    def values(self) -> dict[str, PairValues]:
        """A value of every pair by metric; of a stochastic method that of the chosen sample."""
        main = [one for one in self.per_pair.values() if isinstance(one, PairValues)]
        return {one.metric.name: one for one in sorted(main, key=lambda one: ORDER[one.metric.name])}


@dataclass(frozen=True, eq=False)
class Contents:
    """A run as a report shows it."""

    run: RunFolder
    results: tuple[Result, ...]
    methods: tuple[Shown, ...]
    left_out: tuple[str, ...]  # methods of the run that have no results


def read_contents(path: Path) -> Contents:
    """What there is to report of a run folder.

    Raises InputError when it has no results, and HashError when scores are not those that the results were made from.
    """
    run = open_run(path)
    results = read_results(results_path(run))
    names = sorted({result.method for result in results} - set(REFERENCES))
    if not names:
        raise InputError(f"{path}: no method has results to report. Run it again; finished pairs are kept.")
    if strangers := [name for name in names if name not in run.info.methods]:
        raise InputError(f"{path}: run.json says nothing of {strangers[0]}, which has results. Score the run again.")
    methods = tuple(_shown(run, name, [one for one in results if one.method == name]) for name in names)
    left_out = tuple(sorted(run.info.methods.keys() - {*names}))
    kept = [result for result in results if result.metric not in RECORDED]
    return Contents(run, tuple(kept), methods, left_out)


def _shown(run: RunFolder, name: str, results: list[Result]) -> Shown:
    main = [result for result in results if not result.aside and result.metric not in RECORDED]
    found = {(one.metric.name, one.signature): one for one in gather(run, name, {one.metric for one in main})}
    per_pair = {
        (one.metric, one.signature): checked(
            run.path, name, one.metric, one.scores, found.get((one.metric, one.signature))
        )
        for one in main
    }
    scores = read_scores(scores_path(run, name))
    pictures = {(score.pair, score.sample): score.composite for score in scores if score.metric in RECORDED}
    return Shown(name, run.info.methods[name], per_pair, _samples(run, scores, per_pair), pictures)


def _samples(run: RunFolder, scores: list[Score], per_pair: dict[tuple[str, str], PerPairData]) -> Samples | None:
    values = {(one.metric, one.pair, one.sample): one.value for one in scores if one.sample is not None}
    if not values:
        return None
    page, shown = run.info.protocol, {metric for metric, _ in per_pair}
    by_metric = {
        metric: np.array([[values[metric, pair.pair, k] for k in range(page.samples)] for pair in run.pairs])
        for metric in sorted({one.metric for one in scores if one.sample is not None}, key=ORDER.__getitem__)
        if metric in shown or metric == page.choose
        if all((metric, pair.pair, k) in values for pair in run.pairs for k in range(page.samples))
    }
    chosen = chosen_samples(by_metric[page.choose], KNOWN[page.choose].better)
    return Samples(tuple(chosen.tolist()), {name: table for name, table in by_metric.items() if name in shown})
