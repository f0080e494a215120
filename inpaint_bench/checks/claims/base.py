"""The finding of a check of reported numbers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from inpaint_bench.analysis.reported import Reported

Level: TypeAlias = Literal["contradiction", "suspicion"]


@dataclass(frozen=True)
class ClaimFinding:
    """A contradiction or a suspicion: at least one of these cells is wrong, or may be."""

    level: Level
    check: str
    cells: tuple[Reported, ...]
    text: str


def listed(cells: tuple[Reported, ...]) -> str:
    """Cells as text, grouped by table, row, dataset and bucket."""
    groups: dict[str, list[str]] = {}
    for cell in cells:
        where, _, number = cell.name.partition(": ")
        groups.setdefault(where, []).append(number)
    return "; ".join(f"{where}: {', '.join(numbers)}" for where, numbers in groups.items())
