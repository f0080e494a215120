"""Tables from records: what each number is printed as, which columns there are, and what is said beneath."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from inpaint_bench.errors import InputError, NotComparableError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.catalogue import KNOWN, biased, few, refuse_marked
from inpaint_bench.records import ALL, HALVES, REFERENCES, Record
from inpaint_bench.reported import Reported
from inpaint_bench.standings import Standings
from inpaint_bench.tables import papers
from inpaint_bench.tables.kinds import Cell, Entry, Look, Place, Table
from inpaint_bench.tables.layout import lay_out
from inpaint_bench.tables.notes import notes_of, said, title_of
from inpaint_bench.tables.quantities import chosen_buckets, in_tenths, quantity, ranks_of, style_of
from inpaint_bench.tables.quantities import label as label

PLAIN = Look()


def make_table(
    records: Sequence[Record],
    look: Look = PLAIN,
    standings: Standings = MappingProxyType({}),
    absent: Mapping[str, str] = MappingProxyType({}),
    reported: Sequence[Reported] = (),
) -> Table:
    """The records of one or more runs as one table; `absent` names metrics that could not be computed, and why.

    `reported` are printed cells of papers; those of the same datasets and buckets stand beside. Raises InputError
    when there is nothing to put in it, two numbers for one cell, or a bucket or style that is not known, and
    NotComparableError when runs of one protocol have other pairs, or, if the look is strict, for a number that says
    little at its n.
    """
    style = style_of(look)
    if not records:
        raise InputError("there are no records to make a table of: no method has finished every pair.")
    records = [record for record in records if record.metric not in RECORDED] or list(records)
    records = [record for record in records if look.asides or not record.aside]
    cells, places = _cells(records), _places(records, look)
    if look.strict:
        refuse_few(record for record in cells.values() if (record.protocol, record.bucket) in places)
    ranks = ranks_of(look)
    entries = [
        Entry(quantity(one.metric, one.signature, style, ranks), place, one.method, _cell(one, places, look, standings))
        for one in sorted(cells.values(), key=lambda record: _method_order(record.method, look))
        if (place := (one.protocol, one.bucket)) in places
    ]
    lacking = {name: why for name, why in absent.items() if name not in {record.metric for record in records}}
    if style.columns == "buckets":
        entries += [
            Entry(quantity(name, "", style, ranks), place, "(every method)", Cell("absent"))
            for name in lacking
            for place in places
        ]
    beside, meanings = papers.beside(reported, look, places) if reported else ([], [])
    notes = [*notes_of(records, entries), *meanings, *said(lacking)]
    return lay_out(title_of(records), [*entries, *beside], places, style.columns, notes)


def _cells(records: Sequence[Record]) -> dict[tuple[str, ...], Record]:
    """The record of every cell; runs of one protocol must have the same pairs, and agree where they overlap."""
    marks: dict[str, str] = {}
    cells: dict[tuple[str, ...], Record] = {}
    for record in records:
        if (mark := marks.setdefault(record.protocol, record.fingerprint)) != record.fingerprint:
            raise NotComparableError(
                f"two runs of {record.protocol} have other pairs: fingerprints {mark} and {record.fingerprint}. "
                "Make a table of each."
            )
        key = (record.metric, record.signature, record.method, record.protocol, record.bucket)
        if cells.setdefault(key, record).value != record.value:
            raise InputError(
                f"two runs of {record.protocol} hold different numbers for {record.method}. "
                "Make a table of each, or give one of the methods another name."
            )
    return cells


def _places(records: Sequence[Record], look: Look) -> dict[Place, int | None]:
    """Datasets as they come, of each the buckets that are shown, with the number of their pairs."""
    found: dict[Place, int] = {}
    for record in records:
        if record.method == HALVES:
            continue
        pairs = record.n + record.infinite + record.undefined
        if found.setdefault((record.protocol, record.bucket), pairs) != pairs:
            raise InputError(f"{record.protocol}: two records of bucket {record.bucket} count different pairs.")
    datasets = list(dict.fromkeys(dataset for dataset, _ in found))
    shown = chosen_buckets(look, (bucket for _, bucket in found))
    places = sorted(found, key=lambda place: (datasets.index(place[0]), place[1] == ALL, place[1]))
    return {place: found[place] for place in places if place[1] in shown}


def _method_order(method: str, look: Look) -> tuple[bool, int, str]:
    """Those that were named in their order, then the others by name, references last."""
    return method in REFERENCES, look.methods.index(method) if method in look.methods else len(look.methods), method


def _cell(record: Record, places: Mapping[Place, int | None], look: Look, standings: Standings) -> Cell:
    if record.value is None:
        return Cell()
    interval = None
    if look.intervals and record.low is not None and record.high is not None:
        interval = _printed(record.low, record.metric, look), _printed(record.high, record.metric, look)
    n = places[record.protocol, record.bucket]
    own = (record.n != n and record.value != "inf") or biased(record.metric)
    return Cell(
        record.value if isinstance(record.value, str) else _printed(record.value, record.metric, look),
        few(record.metric, record.n),
        interval,
        record.n if own else None,
        _standing(record, standings),
    )


def _printed(value: float, metric: str, look: Look) -> str:
    """The digits of a number; in 10^-1 they are the same, and only the point moves."""
    text = f"{value:.{KNOWN[metric].decimals}f}"
    return f"{Decimal(text).scaleb(1):f}" if in_tenths(metric, style_of(look)) else text


def _standing(record: Record, standings: Standings) -> Literal["", "best", "not separable"]:
    found = standings.get((record.protocol, record.bucket, record.metric, record.signature))
    standing = found.standing.get(record.method, "worse") if found and found.n else "worse"
    if found is None or standing == "worse" or len(found.standing) < 2:
        return ""
    return "best" if found.alone else "not separable"


def refuse_few(records: Iterable[Record]) -> None:
    """Raise NotComparableError where a record would bear a mark."""
    marked = [
        one for one in records if one.value is not None and few(one.metric, one.n) and one.method not in REFERENCES
    ]
    refuse_marked(sorted({f"{one.metric} of {one.n} pictures in bucket {one.bucket}" for one in marked}))
