"""A table as text, Markdown or CSV."""

import csv
import io
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.tables.make import Table, label


def _header(table: Table) -> list[str]:
    several = len({column.dataset for column in table.columns}) > 1
    heads = [f"{column.dataset} {column.heading}" if several else column.heading for column in table.columns]
    return [
        "metric",
        "method",
        *[f"{head} (n={column.n})" for head, column in zip(heads, table.columns, strict=True)],
    ]


TEXT_MARKS = {"best": "*", "not separable": "~", "": " "}


def as_text(table: Table) -> str:
    """Columns padded with blanks, a line between metrics; marks stand behind the numbers."""
    lines = [_header(table)]
    marked = any(cell.standing for row in table.rows for cell in row.cells)
    for key, rows in groupby(table.rows, key=lambda row: (row.metric, row.signature)):
        for number, row in enumerate(rows):
            cells = [cell.text + (TEXT_MARKS[cell.standing] if marked else "") for cell in row.cells]
            lines.append([label(*key) if number == 0 else "", row.method, *cells])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [table.title, ""]
    for line in lines:
        if line[0] and text[-1]:
            text.append("-" * (sum(widths) + 2 * len(widths) - 2))
        padded = [
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(padded).rstrip())
    return "\n".join([*text, "", *[note.format(best="*", near="~") for note in table.notes], ""])


def as_markdown(table: Table) -> str:
    """A table of GitHub's Markdown: bold and underlined as in a paper."""
    around = {"best": ("**", "**"), "not separable": ("<u>", "</u>"), "": ("", "")}
    header = _header(table)
    lines = [header, ["---", "---", *["---:"] * len(table.columns)]]
    for row in table.rows:
        cells = [cell.text.join(around[cell.standing]) for cell in row.cells]
        lines.append([label(row.metric, row.signature), row.method, *cells])
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(f"- {note.format(best='bold', near='underlined')}" for note in table.notes)
    return f"{table.title}\n\n{body}\n\n{notes}\n"


def as_csv(table: Table) -> str:
    """One line a row, with the signature; no title, no notes, and no marks of standing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    metric, method, *columns = _header(table)
    writer.writerow([metric, "signature", method, *columns])
    for row in table.rows:
        writer.writerow([row.metric, row.signature, row.method, *(cell.text for cell in row.cells)])
    return out.getvalue()


FORMATS: dict[str, Callable[[Table], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}
SUFFIX = {"text": "txt", "markdown": "md", "csv": "csv"}


def write_tables(run: Path, table: Table) -> None:
    """The table of a run in every format, under tables/."""
    for name, format_ in FORMATS.items():
        files.write_if_changed(run / "tables" / f"plain.{SUFFIX[name]}", format_(table).encode())
