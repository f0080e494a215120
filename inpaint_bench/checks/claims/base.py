"""What a check of claims finds."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from inpaint_bench.analysis.reported import Reported

Level: TypeAlias = Literal["contradiction", "suspicion"]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with some cells, or may be; at least one of them is meant."""

    level: Level
    check: str
    cells: tuple[Reported, ...]
    text: str


def listed(cells: tuple[Reported, ...]) -> str:
    """Cells in words, those of one table, row and place together."""
    by_place: dict[str, list[str]] = {}
    for cell in cells:
        place, _, number = cell.name.partition(": ")
        by_place.setdefault(place, []).append(number)
    return "; ".join(f"{place}: {', '.join(numbers)}" for place, numbers in by_place.items())
