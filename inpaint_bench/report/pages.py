"""The data of pairs in files that the page loads when it needs them, so that a report of any length opens fast.

An index lists all pairs; a page holds what is shown of some pairs in a row; a column holds the scores of one method in
one metric, to sort by.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from inpaint_bench.analysis.results import ALL, json_value
from inpaint_bench.data.protocols import bucket_names
from inpaint_bench.report.read import MethodData, ReportData

PER_PAGE = 100  # pairs
PER_LIST = 500  # pairs that are listed together
Scores = list[float | str | None]  # as JSON holds them


def summary(data: ReportData) -> dict[str, Any]:
    """What the page knows of pairs before it loads a file of them."""
    scored: dict[str, list[str]] = {}
    for method in data.methods:
        for metric in method.values():
            scored.setdefault(metric, []).append(method.name)
    samples = data.run.info.protocol.samples
    return {
        "count": len(data.run.pairs),
        "per_page": PER_PAGE,
        "per_list": PER_LIST,
        "scored": scored,
        "samples": {method.name: samples for method in data.methods if method.samples},
    }


def files_of_pairs(
    data: ReportData, buckets: Sequence[str], sizes: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[str, Any]]:
    """Every file of the data of pairs by its name: `index`, `page.3`, `scores.0.1` of metric 0 and method 1.

    Metrics are counted in the order of `summary`. `sizes` gives the height and width of the images of each pair.
    """
    yield "index", _index(data, buckets)
    pairs = data.run.pairs
    for number, start in enumerate(range(0, len(pairs), PER_PAGE)):
        rows = slice(start, start + PER_PAGE)
        yield (
            f"page.{number}",
            {
                "sizes": [sizes[name] for name in pairs[rows].names],
                "scores": _scores(data.methods, rows),
                "samples": {method.name: _samples(method, rows) for method in data.methods if method.samples},
            },
        )
    for column, scored in enumerate(summary(data)["scored"]):
        for number, method in enumerate(data.methods):
            if (one := method.values().get(scored)) is not None:
                yield f"scores.{column}.{number}", json_values(one.values.tolist())


def _index(data: ReportData, buckets: Sequence[str]) -> dict[str, list[Any]]:
    """By fact a list of all pairs; buckets by their number among those shown, -1 outside all of them."""
    numbers = {name: number for number, name in enumerate(buckets)}
    found: dict[str, list[Any]] = {"pair": [], "image": [], "mask": [], "ratio": [], "bucket": []}
    for one in data.run.pairs:
        facts = (one.pair, one.image, one.mask, float(one.ratio), numbers.get(one.bucket, -1))
        for column, fact in zip(found.values(), facts, strict=True):
            column.append(fact)
    return found


def shown_buckets(data: ReportData, sizes: Mapping[str, int]) -> list[str]:
    """The buckets that hold a pair, all of them first; `sizes` counts the pairs of each."""
    return [name for name in (ALL, *bucket_names(data.run.info.protocol)) if sizes[name]]


def _scores(methods: Sequence[MethodData], rows: slice) -> dict[str, dict[str, Scores]]:
    """By metric and method the score of every pair, in their order."""
    found: dict[str, dict[str, Scores]] = {}
    for method in methods:
        for name, one in method.values().items():
            found.setdefault(name, {})[method.name] = json_values(one.values[rows].tolist())
    return found


def _samples(method: MethodData, rows: slice) -> dict[str, Any]:
    assert method.samples is not None
    tables = {name: [json_values(row) for row in table[rows].tolist()] for name, table in method.samples.tables.items()}
    return {"chosen": list(method.samples.chosen[rows]), "scores": tables}


def json_values(values: Iterable[float]) -> Scores:
    """Scores as JSON holds them."""
    return [json_value(value) for value in values]
