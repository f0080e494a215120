"""The data of a report: the results of a run, the per-pair data behind them, and the hash of every scored image."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inpaint_bench.analysis.per_pair import PairValues, PerPairData
from inpaint_bench.analysis.results import REFERENCES, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner.run_info import MethodInfo

SampleTable = Float64[np.ndarray, "pairs samples"]


@dataclass(frozen=True, eq=False)
class SampleScores:
    """The scores of every sample of a stochastic method, by metric, and the chosen sample of each pair."""

    chosen: tuple[int, ...]
    tables: dict[str, SampleTable]


@dataclass(frozen=True, eq=False)
class MethodData:
    """A method with results: how its outputs were made, its per-pair data, and the images that were scored."""

    name: str
    info: MethodInfo
    per_pair: dict[tuple[str, str], PerPairData]  # by metric and signature
    samples: SampleScores | None
    pictures: dict[tuple[str, int | None], str]  # by pair and sample, the start of the hash of the scored file

    def values(self) -> dict[str, PairValues]:
        """By metric a value for every pair; for a stochastic method that of the chosen sample."""
        main = [one for one in self.per_pair.values() if isinstance(one, PairValues)]
        return {one.metric.name: one for one in sorted(main, key=lambda one: ORDER[one.metric.name])}


@dataclass(frozen=True, eq=False)
class ReportData:
    """The data that a report shows."""

    run: RunData
    results: tuple[Result, ...]
    methods: tuple[MethodData, ...]
    left_out: tuple[str, ...]  # methods without results


def read_report_data(run: RunData) -> ReportData:
    """The data of a report of a run.

    Raises InputError when it has no results, and HashError when scores are not those that the results were made from.
    """
    names = sorted({result.method for result in run.result_list} - set(REFERENCES))
    if not names:
        raise InputError(f"{run.path}: no method has results to report. Run it again; finished pairs are kept.")
    if strangers := [name for name in names if name not in run.info.methods]:
        raise InputError(f"{run.path}: run.json does not list {strangers[0]}, which has results. Score the run again.")
    kept = tuple(result for result in run.result_list if result.metric not in RECORDED)
    methods = tuple(_method(run, name, [one for one in kept if one.method == name]) for name in names)
    return ReportData(run, kept, methods, tuple(methods_left_out(run)))


def methods_left_out(run: RunData) -> list[str]:
    """The methods that a report leaves out: pairs are missing or not scored, or the weights are synthetic."""
    return sorted(run.info.methods.keys() - {result.method for result in run.result_list})


def _method(run: RunData, name: str, results: list[Result]) -> MethodData:
    per_pair = {(one.metric, one.signature): run.data_of(one) for one in results if one.main}
    shown = {metric for metric, _ in per_pair}
    tables = {metric: table for metric, table in run.tables(name) if metric in shown}
    chosen = [sample for sample in run.chosen_samples(name) if sample is not None]
    samples = SampleScores(tuple(chosen), tables) if chosen else None
    return MethodData(name, run.info.methods[name], per_pair, samples, run.pictures_of(name))
