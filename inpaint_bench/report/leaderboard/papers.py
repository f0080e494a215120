"""The rows of what papers report, from results/reported/."""

from collections.abc import Mapping, Sequence

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.reported import Reported
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.metrics.registry import KNOWN, ORDER
from inpaint_bench.report.leaderboard.board import BoardNumber, Column, Row
from inpaint_bench.report.leaderboard.submission import Time


def reported_rows(cells: Sequence[Reported]) -> list[Row]:
    """A row for each row of a printed table and dataset; what a method costs is that of the same paper."""
    cards = {name: card for name, (_, card) in find_baselines().items()}
    of_row: dict[tuple[str, str, str, str], list[Reported]] = {}
    for cell in cells:
        if cell.dataset and cell.over != "method":
            of_row.setdefault((cell.paper, cell.table, cell.dataset, cell.row), []).append(cell)
    return [_row(several, cards.get(several[0].method), _costs(cells, several[0])) for several in of_row.values()]


def _costs(cells: Sequence[Reported], of: Reported) -> dict[str, Reported]:
    """The costs of a method by name, as its paper prints them."""
    same = [cell for cell in cells if cell.cost and (cell.paper, cell.method) == (of.paper, of.method)]
    return {cell.cost: cell for cell in reversed(same)}  # the first counts


def _row(cells: Sequence[Reported], card: MethodCard | None, costs: Mapping[str, Reported]) -> Row:
    first = cells[0]
    numbers = [_number(cell) for cell in cells]
    time, millions = costs.get("time"), costs.get("parameters")
    printed = None if millions is None else int(millions.our_value * 1_000_000)
    return Row(
        id=".".join(_plain(text) for text in (first.dataset, first.row, first.paper, f"table {first.table}")),
        protocol=first.dataset,
        name=first.row,
        tier="reported",
        card=None,
        title=f"{card.title if card else first.row}, as {first.source} prints it",
        year=card.year if card else None,
        licences=(card.licence if card else "not stated", "not stated"),
        parameters=printed,
        time=None if time is None else Time(float(time.our_value), f"{time.source}: {time.note}", ""),
        numbers={(number.bucket, number.column.key): number for number in numbers},
    )


def _plain(text: str) -> str:
    """A text as part of a file's name."""
    return "-".join("".join(letter if letter.isalnum() and letter.isascii() else " " for letter in text).split())


def _number(cell: Reported) -> BoardNumber:
    if cell.ours:
        metric = KNOWN[cell.ours]
        label = metric_label(cell.ours, Reduction.parse(cell.samples or "none"))
        column = Column(cell.ours, cell.signature, label, metric.better, metric.unit, ORDER[cell.ours])
    else:  # of which metric of ours it is is not known: a column of its own
        column = Column(
            cell.metric, f"as {cell.paper} prints it", f"{cell.heading} printed", cell.better, "", len(ORDER)
        )
    value = cell.our_value
    return BoardNumber(cell.bucket, column, float(value), f"{value:f}", "printed", cell.n, source=cell.source)
