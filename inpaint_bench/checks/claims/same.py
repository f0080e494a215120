"""A quantity that is printed twice: the same system has the same numbers."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims.base import ClaimFinding

Key = tuple[str, ...]
DIGITS = 3  # equal numbers with fewer printed digits prove nothing


def groups(cells: Sequence[Reported]) -> list[list[Reported]]:
    """The cells that print one quantity several times: one system and metric, and one bucket where it has one."""
    by_quantity: dict[Key, list[Reported]] = {}
    for cell in cells:
        where = () if cell.over == "method" else (cell.dataset, cell.bucket, cell.samples)
        by_quantity.setdefault((cell.paper, cell.method, cell.metric, *where), []).append(cell)
    return [group for group in by_quantity.values() if len(group) > 1]


def check_same(cells: Sequence[Reported]) -> Iterator[ClaimFinding]:
    """A contradiction for every quantity whose printed values are not roundings of one number.

    The finding names the cells outside the largest set of agreeing ones; all of them where two sets are equally large.
    """
    for group in groups(cells):
        sets = _agreeing(group)
        if len(sets[0]) == len(group):
            continue
        alone = len(sets) == 1 or len(sets[1]) < len(sets[0])
        wrong = [cell for cell in group if not alone or cell not in sets[0]]
        others = [cell for cell in group if cell not in wrong] or wrong
        values = "; ".join(f"{cell.value} in Table {cell.table} ({cell.row})" for cell in others)
        which = "one of these is wrong" if not alone else f"Table {', '.join(cell.table for cell in wrong)} disagrees"
        text = f"{group[0].metric} of {group[0].method} is {values}: the same system, so {which}."
        yield ClaimFinding("contradiction", "same quantity", tuple(wrong), text)


def _agreeing(group: Sequence[Reported]) -> list[list[Reported]]:
    """The sets of cells that are roundings of one number, the largest first; none is part of another."""
    sets = [
        [c for c in group if c.low * c.unit_size <= one.low * one.unit_size < c.high * c.unit_size] for one in group
    ]
    sets.sort(key=len, reverse=True)
    largest: list[list[Reported]] = []
    for one in sets:
        if not any(set(one) <= set(other) for other in largest):
            largest.append(one)
    return largest


def check_twins(cells: Sequence[Reported]) -> Iterator[ClaimFinding]:
    """A suspicion for two rows of different systems that share two or more numbers, and at least half, but not all.

    It finds one system under two names where the paper does not say so, and numbers copied from the wrong row.
    """
    rows: dict[Key, dict[str, Reported]] = {}
    for cell in cells:
        if cell.over != "method":
            row: Key = (cell.paper, cell.dataset, cell.bucket, cell.samples, cell.table, cell.row)
            rows.setdefault(row, {})[cell.metric] = cell
    reported: set[Key] = set()
    for (key, one), (other_key, other) in combinations(rows.items(), 2):
        common = [(one[metric], other[metric]) for metric in one if metric in other]
        if key[:4] != other_key[:4] or not common or common[0][0].method == common[0][1].method:
            continue
        like = [pair for pair in common if pair[0].value == pair[1].value]
        telling = [pair for pair in like if len(pair[0].value.as_tuple().digits) >= DIGITS]
        a, b = common[0]
        pair_of_rows = (a.method, *other_key)
        if max(2, len(common) - len(like)) <= len(telling) < len(common) and pair_of_rows not in reported:
            reported.add(pair_of_rows)
            names, others = (
                ", ".join(p[0].metric for p in common if (p in like) == wanted) for wanted in (True, False)
            )
            text = (
                f"{a.row} of Table {a.table} and {b.row} of Table {b.table} have the same {names} to the last digit, "
                f"but not {others}: one system under two names, or numbers of the wrong row."
            )
            yield ClaimFinding("suspicion", "same quantity", tuple(cell for pair in common for cell in pair), text)
