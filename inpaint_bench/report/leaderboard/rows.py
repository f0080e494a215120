"""Rows of a leaderboard as text to copy: LaTeX, BibTeX and badges."""

from collections.abc import Sequence

from inpaint_bench.escape import latex, latex_heading
from inpaint_bench.report.leaderboard.badge import badge
from inpaint_bench.report.leaderboard.board import BoardNumber, Column, Row


def latex_head(columns: Sequence[Column]) -> str:
    """The heading of the rows of `latex_row`."""
    return " & ".join(["method", *(latex_heading(column.label) for column in columns)]) + r" \\"


def latex_row(row: Row, bucket: str, columns: Sequence[Column]) -> str:
    """A row of a booktabs table: its numbers as tables print them, '-' where it has none."""
    numbers = [row.numbers.get((bucket, column.key)) for column in columns]
    name = row.name if row.tier != "reported" else f"{row.name} (reported)"
    return " & ".join([latex(name), *(latex(number.text) if number else "-" for number in numbers)]) + r" \\"


def badge_of(row: Row, number: BoardNumber) -> str:
    """The badge of a number of a row."""
    bucket = "" if number.bucket == "all" else f" {number.bucket}"
    unit = f" {number.column.unit}" if number.column.unit else ""
    return badge(f"{row.protocol}{bucket} {number.column.metric}", number.text + unit, row.tier)
