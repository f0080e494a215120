"""What a report is made from: the results of a run, what they rest on, and the score of every picture."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inpaint_bench.analysis.per_pair import PairValues, PerPairData
from inpaint_bench.analysis.results import REFERENCES, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner.folder import MethodInfo

SampleTable = Float64[np.ndarray, "pairs samples"]


@dataclass(frozen=True, eq=False)
class Samples:
    """The scores of every sample of a stochastic method by metric, and which sample of each pair was chosen."""

    chosen: tuple[int, ...]
    tables: dict[str, SampleTable]


@dataclass(frozen=True, eq=False)
class ReportedMethod:
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

    run: RunData
    results: tuple[Result, ...]
    methods: tuple[ReportedMethod, ...]
    left_out: tuple[str, ...]  # methods of the run that have no results


def read_contents(run: RunData) -> Contents:
    """What there is to report of a run.

    Raises InputError when it has no results, and HashError when scores are not those that the results were made from.
    """
    names = sorted({result.method for result in run.result_list} - set(REFERENCES))
    if not names:
        raise InputError(f"{run.path}: no method has results to report. Run it again; finished pairs are kept.")
    if strangers := [name for name in names if name not in run.info.methods]:
        raise InputError(
            f"{run.path}: run.json says nothing of {strangers[0]}, which has results. Score the run again."
        )
    kept = tuple(result for result in run.result_list if result.metric not in RECORDED)
    methods = tuple(_method(run, name, [one for one in kept if one.method == name]) for name in names)
    return Contents(run, kept, methods, tuple(sorted(run.info.methods.keys() - {*names})))


def _method(run: RunData, name: str, results: list[Result]) -> ReportedMethod:
    per_pair = {(one.metric, one.signature): run.data_of(one) for one in results if one.main}
    shown = {metric for metric, _ in per_pair}
    tables = {metric: table for metric, table in run.tables(name) if metric in shown}
    chosen = [sample for sample in run.chosen_samples(name) if sample is not None]
    samples = Samples(tuple(chosen), tables) if chosen else None
    return ReportedMethod(name, run.info.methods[name], per_pair, samples, run.pictures_of(name))
