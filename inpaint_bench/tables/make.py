"""Tables from results: what each number is printed as, which columns there are, and what is message beneath."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.reported import Reported
from inpaint_bench.analysis.results import ALL, REAL_VS_REAL, REFERENCES, Result
from inpaint_bench.analysis.significance import SignificanceTable, key_of, rank_of
from inpaint_bench.errors import InputError, NotComparableError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import KNOWN, biased, few, refuse_marked
from inpaint_bench.tables import papers
from inpaint_bench.tables.layout import lay_out
from inpaint_bench.tables.notes import absent_notes, notes_of, title_of
from inpaint_bench.tables.quantities import chosen_buckets, in_tenths, quantity, ranks_of, style_of
from inpaint_bench.tables.table import Cell, Entry, Table, TableKey, TableOptions

PLAIN = TableOptions()


def make_table(
    results: Sequence[Result],
    options: TableOptions = PLAIN,
    significance: SignificanceTable = MappingProxyType({}),
    absent: Mapping[str, str] = MappingProxyType({}),
    reported: Sequence[Reported] = (),
) -> Table:
    """The results of one or more runs as one table; `absent` names metrics that could not be computed, and why.

    `reported` are printed cells of papers; those of the same datasets and buckets stand beside. Raises InputError
    when there is nothing to put in it, two numbers for one cell, or a bucket or style that is not known, and
    NotComparableError when runs of one protocol have other pairs, or, if the options is strict, for a number that says
    little at its n.
    """
    style = style_of(options)
    if not results:
        raise InputError("there are no results to make a table of: no method has finished every pair.")
    results = [result for result in results if result.metric not in RECORDED] or list(results)
    results = [result for result in results if options.asides or result.main]
    cells, places = _cells(results), _places(results, options)
    if options.strict:
        refuse_few(result for result in cells.values() if (result.dataset, result.bucket) in places)
    ranks = ranks_of(options)
    entries = [
        Entry(
            quantity(one.metric, one.signature, Reduction.parse(one.reduction), style, ranks),
            place,
            one.method,
            _cell(one, places, options, significance),
        )
        for one in sorted(cells.values(), key=lambda result: _method_order(result.method, options))
        if (place := (one.dataset, one.bucket)) in places
    ]
    lacking = {name: why for name, why in absent.items() if name not in {result.metric for result in results}}
    if style.columns == "buckets":
        entries += [
            Entry(quantity(name, "", NONE, style, ranks), place, "(every method)", Cell("absent"))
            for name in lacking
            for place in places
        ]
    beside, meanings = papers.beside(reported, options, places) if reported else ([], [])
    notes = [*notes_of(results, entries), *meanings, *absent_notes(lacking)]
    return lay_out(title_of(results), [*entries, *beside], places, style.columns, notes)


def _cells(results: Sequence[Result]) -> dict[tuple[str, ...], Result]:
    """The result of every cell; runs of one protocol must have the same pairs, and agree where they overlap."""
    marks: dict[str, str] = {}
    cells: dict[tuple[str, ...], Result] = {}
    for result in results:
        if (mark := marks.setdefault(result.dataset, result.fingerprint)) != result.fingerprint:
            raise NotComparableError(
                f"two runs of {result.dataset} have other pairs: fingerprints {mark} and {result.fingerprint}. "
                "Make a table of each."
            )
        key = (result.metric, result.signature, result.method, result.dataset, result.bucket)
        if cells.setdefault(key, result).value != result.value:
            raise InputError(
                f"two runs of {result.dataset} hold different numbers for {result.method}. "
                "Make a table of each, or give one of the methods another name."
            )
    return cells


def _places(results: Sequence[Result], options: TableOptions) -> dict[TableKey, int | None]:
    """Datasets as they come, of each the buckets that are shown, with the number of their pairs."""
    found: dict[TableKey, int] = {}
    for result in results:
        if result.method == REAL_VS_REAL:
            continue
        pairs = result.n + result.infinite + result.undefined
        if found.setdefault((result.dataset, result.bucket), pairs) != pairs:
            raise InputError(f"{result.dataset}: two results of bucket {result.bucket} count different pairs.")
    datasets = list(dict.fromkeys(dataset for dataset, _ in found))
    shown = chosen_buckets(options, (bucket for _, bucket in found))
    places = sorted(found, key=lambda place: (datasets.index(place[0]), place[1] == ALL, place[1]))
    return {place: found[place] for place in places if place[1] in shown}


def _method_order(method: str, options: TableOptions) -> tuple[bool, int, str]:
    """Those that were named in their order, then the others by name, references last."""
    return (
        method in REFERENCES,
        options.methods.index(method) if method in options.methods else len(options.methods),
        method,
    )


def _cell(
    result: Result, places: Mapping[TableKey, int | None], options: TableOptions, significance: SignificanceTable
) -> Cell:
    if result.value is None:
        return Cell()
    interval = None
    if options.intervals and result.low is not None and result.high is not None:
        interval = _printed(result.low, result.metric, options), _printed(result.high, result.metric, options)
    n = places[result.dataset, result.bucket]
    own = (result.n != n and result.value != "inf") or biased(result.metric)
    return Cell(
        result.value if isinstance(result.value, str) else _printed(result.value, result.metric, options),
        few(result.metric, result.n),
        interval,
        result.n if own else None,
        _rank(result, significance),
    )


def _printed(value: float, metric: str, options: TableOptions) -> str:
    """The digits of a number; in 10^-1 they are the same, and only the point moves."""
    text = f"{value:.{KNOWN[metric].decimals}f}"
    return f"{Decimal(text).scaleb(1):f}" if in_tenths(metric, style_of(options)) else text


def _rank(result: Result, significance: SignificanceTable) -> Literal["", "best", "not separable"]:
    rank = rank_of(significance.get(key_of(result)), result.method)
    return "" if rank == "worse" else rank


def refuse_few(results: Iterable[Result]) -> None:
    """Raise NotComparableError where a result would bear a mark."""
    marked = [
        one for one in results if one.value is not None and few(one.metric, one.n) and one.method not in REFERENCES
    ]
    refuse_marked(sorted({f"{one.metric} of {one.n} pictures in bucket {one.bucket}" for one in marked}))
