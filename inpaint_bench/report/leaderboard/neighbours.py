"""Whether methods next to each other in a ranking differ: paired tests over the scores of their submissions."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from inpaint_bench.analysis.per_pair import PairValues, compared, significance_of
from inpaint_bench.analysis.results import PairMask
from inpaint_bench.analysis.statistics import ALPHA, holm
from inpaint_bench.report.leaderboard.board import Column, Row, ranked

Tested = dict[str, Any]  # as JSON holds it


def tested(rows: Sequence[Row], bucket: str, column: Column) -> Tested:
    """The ranks of the rows that have scores, and by row the test against the next one.

    Ranks are those of tables. The tests of neighbours are two-sided sign-flip tests, adjusted by Holm over the column.
    """
    able = [row for row in ranked(rows, bucket, column) if column.key in row.values]
    data = {row.id: row.values[column.key] for row in able}
    if len(able) < 2:
        return {"ranks": {}, "next": {}}
    first = able[0].submission
    assert first is not None
    mask, text = first.run.buckets[bucket], f"{column.metric}:{bucket}"
    found = significance_of(data, mask, text)
    ranks = {
        name: "not separable" if rank == "best" and not found.alone else rank for name, rank in found.ranks.items()
    }
    pairs = list(pairwise(able))
    differences = [_difference(data[a.id], data[b.id], mask, text) for a, b in pairs]
    adjusted = holm([one["p"] for one in differences])
    for one, p, (_, b) in zip(differences, adjusted, pairs, strict=True):
        one |= {"p": p, "differs": p <= ALPHA, "other": b.id}
    return {"ranks": ranks, "next": {a.id: one for (a, _), one in zip(pairs, differences, strict=True)}}


def _difference(a: PairValues, b: PairValues, rows: PairMask, seed_text: str) -> Tested:
    _, _, found = compared(a, b, rows, seed_text)
    low, high = found.interval or (None, None)
    return {"difference": found.mean, "low": low, "high": high, "n": found.n, "p": found.p}
