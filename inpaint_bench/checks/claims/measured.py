"""Reported numbers against the results of a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.analysis.results import REFERENCES, Result, Value
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.verdicts import Number, Policy, Verdict, compare_numbers
from inpaint_bench.errors import InputError, some

Results = Mapping[tuple[str, str, str], Sequence[Result]]  # by method, bucket and metric


@dataclass(frozen=True)
class Compared:
    """A reported cell and the measured number, in the units of the cell, with its 95% interval."""

    cell: Reported
    run: str
    measured: Value
    low: float | None
    high: float | None
    outcome: str  # agrees, differs by …, not comparable because …, not measured


def compare_with_run(cells: Sequence[Reported], run: RunData) -> list[Compared]:
    """Every cell of the dataset and methods of a run against its results.

    They agree where some number that rounds to the printed one lies in the measured 95% interval: the pairs of the
    paper are not known, and other pairs move a mean by as much. Raises InputError where there is nothing to compare.
    """
    found: dict[tuple[str, str, str], list[Result]] = {}
    for result in run.result_list:
        if result.method not in REFERENCES:
            found.setdefault((result.method, result.bucket, result.metric), []).append(result)
    methods = {method for method, _, _ in found}
    here = [c for c in cells if c.dataset == run.info.protocol.name and c.method in methods and c.over != "method"]
    if not here:
        reported = sorted({f"{cell.method} on {cell.dataset}" for cell in cells if cell.over != "method"})
        measured = some(sorted(methods)) if methods else "no method"
        raise InputError(
            f"{run.path}: no reported number is of {measured} on {run.info.protocol.name}. "
            f"Reported: {some(reported, 40)}."
        )
    return list(_compared(here, run, found))


def _compared(cells: Sequence[Reported], run: RunData, found: Results) -> Iterator[Compared]:
    results = {cell: _result(cell, found) for cell in cells}
    numbers = [_ours(cell, result) for cell, result in results.items() if result]
    policies = {_key(cell): _policy(cell, results[cell]) for cell in cells}
    reported = [_theirs(cell) for cell in cells]
    for cell, verdict in zip(cells, compare_numbers(numbers, reported, lambda one: policies[one.key]), strict=True):
        result = results[cell]
        size = float(cell.unit_size)
        value, low, high = (result.value, result.low, result.high) if result else (None, None, None)
        scaled = value / size if isinstance(value, float) else value
        low, high = (None if end is None else end / size for end in (low, high))
        yield Compared(cell, str(run.path), scaled, low, high, _outcome(cell, result, verdict))


def _result(cell: Reported, found: Results) -> Result | None:
    """The result with the same signature, else the one that tables show; None if there is none."""
    results = found.get((cell.method, cell.bucket, cell.ours), [])
    alike = [one for one in results if one.signature == cell.signature]
    return next(iter([*alike, *(one for one in results if one.main)]), None)


def _key(cell: Reported) -> tuple[str, ...]:
    return (cell.paper, cell.table, cell.dataset, cell.row, cell.bucket, cell.metric, cell.samples)


def _ours(cell: Reported, result: Result) -> Number:
    pairs = result.n + result.infinite + result.undefined
    facts = {"part": str(result.part) or "the whole", "signature": result.signature, "n": str(pairs)}
    return Number(_key(cell), result.value, facts)


def _theirs(cell: Reported) -> Number:
    facts = {"part": "the whole", "signature": cell.signature}
    if cell.n is not None:
        facts["n"] = str(cell.n)
    return Number(_key(cell), float(cell.value * cell.unit_size), facts)


def _policy(cell: Reported, result: Result | None) -> Policy:
    """The rounding of the reported number, plus the measured interval on its side of the value, as the tolerance."""
    tolerance = float(cell.half * cell.unit_size)
    if result and isinstance(result.value, float) and result.low is not None and result.high is not None:
        above = float(cell.value * cell.unit_size) > result.value
        tolerance += result.high - result.value if above else result.value - result.low
    return Policy(cell.better, absolute=tolerance, paired=False)


def _outcome(cell: Reported, result: Result | None, verdict: Verdict) -> str:
    if not cell.ours:
        return f"not comparable because metric: {cell.note or 'none of ours is certain to be the same'}"
    if result is None:
        return "not measured"
    if verdict.state == "not comparable":
        measured, reported = verdict.facts
        return f"not comparable because {verdict.because}: measured {measured}, reported {reported}"
    if verdict.state == "same":
        return "agrees"
    assert verdict.difference is not None
    digits = max(0, -int(str(cell.half.as_tuple().exponent)))
    return f"differs by {verdict.difference / float(cell.unit_size):+.{digits}f}: measured is {verdict.state}"
