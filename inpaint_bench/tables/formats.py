"""A table as text, Markdown or CSV, and every format by its name."""

import csv
import io
import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.tables.html import as_html
from inpaint_bench.tables.latex import as_latex
from inpaint_bench.tables.table import BEST, NEAR, Column, Table

TEXT_MARKS = {"best": "*", "not separable": "~", "": " "}


def _header(table: Table) -> list[str]:
    stub = ["metric", "method"] if table.blocks else ["method"]
    return [*stub, *(_head(table, column, column.heading) for column in table.columns)]


def _head(table: Table, column: Column, words: str) -> str:
    """What stands above a column in one line."""
    group = f"{column.group} " if column.group and len(table.groups) > 1 else ""
    return f"{group}{words}" + ("" if column.n is None else f" (n={column.n})")


def unshaded(line: str) -> str:
    """A line as it is."""
    return line


def as_text(table: Table, shade: Callable[[str], str] = unshaded) -> str:
    """Columns padded with blanks, a line between blocks; marks stand behind the numbers. Rows are shaded by `shade`."""
    lines = [_header(table)]
    marked = any(cell.rank for row in table.rows for cell in row.cells)
    for block, rows in groupby(table.rows, key=lambda row: row.block):
        for number, row in enumerate(rows):
            cells = [cell.text + (TEXT_MARKS[cell.rank] if marked else "") for cell in row.cells]
            stub = ["" if number else block[0], row.name] if table.blocks else [row.name]
            lines.append([*stub, *cells])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    left = len(lines[0]) - len(table.columns)
    padded = [
        "  ".join(cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in enumerate(pairs)).rstrip()
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    text = [table.title, "", padded[0]]
    for number, row in enumerate(table.rows):
        if not number or row.block != table.rows[number - 1].block:
            text.append("-" * (sum(widths) + 2 * len(widths) - 2))
        text.append(shade(padded[number + 1]) if row.shaded else padded[number + 1])
    return "\n".join([*text, "", *[note.replace(BEST, "*").replace(NEAR, "~") for note in table.notes], ""])


def as_markdown(table: Table) -> str:
    """A table of GitHub's Markdown: bold and underlined as in a paper, reported rows in italics."""
    around = {"best": ("**", "**"), "not separable": ("<u>", "</u>"), "": ("", "")}
    header = [_plain(head) for head in _header(table)]
    lines = [header, [*["---"] * (len(header) - len(table.columns)), *["---:"] * len(table.columns)]]
    for row in table.rows:
        cells = [cell.text.join(around[cell.rank]) for cell in row.cells]
        stub = [_plain(row.label), _plain(row.name)] if table.blocks else [_plain(row.name)]
        lines.append([cell.join(("*", "*")) if cell and row.shaded else cell for cell in (*stub, *cells)])
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(f"- {_plain(note).replace(BEST, 'bold').replace(NEAR, 'underlined')}" for note in table.notes)
    return f"{_plain(table.title)}\n\n{body}\n\n{notes}\n"


def _plain(text: str) -> str:
    """Text in which Markdown sees nothing but text; an underscore within a word is none to it."""
    return re.sub(r"([\\`*|<>\[\]~&$])|(?<!\w)_|_(?!\w)", lambda found: "\\" + found[0], " ".join(text.split()))


def as_csv(table: Table) -> str:
    """One line a row, with the signature, which heads the column where columns are metrics; no title, notes, marks.

    Where a paper's numbers stand too, `source` says whose each row is.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    blocks, sourced = table.blocks, bool(table.sources)
    stub = ["metric", "signature", "method"] if blocks else ["method"]
    writer.writerow([*stub, *(["source"] if sourced else []), *(_head(table, one, one.name) for one in table.columns)])
    for row in table.rows:
        names = [row.metric, row.signature, row.method] if blocks else [row.method]
        writer.writerow([*names, *([row.source or "measured"] if sourced else []), *(cell.text for cell in row.cells)])
    return out.getvalue()


FORMATS: dict[str, Callable[[Table], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "csv": as_csv,
    "latex": as_latex,
    "html": as_html,
}
SUFFIX = {"text": "txt", "markdown": "md", "csv": "csv", "latex": "tex", "html": "html"}


def write_tables(run: Path, table: Table) -> None:
    """The table of a run in every format, under tables/."""
    for name, format_ in FORMATS.items():
        files.write_if_changed(run / "tables" / f"plain.{SUFFIX[name]}", format_(table).encode())
