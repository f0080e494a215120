"""A table as a page of HTML that needs nothing else."""

import re
from html import escape
from itertools import groupby

from inpaint_bench.tables.table import BEST, NEAR, Cell, Row, Table

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; border-block: 2px solid; }
caption { text-align: start; padding-block-end: .6rem; }
th { font-weight: normal; text-align: start; vertical-align: top; }
th, td { padding: .15rem .7rem; }
td, .number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.group { text-align: center; border-block-end: 1px solid; }
tbody { border-block-start: 1px solid; }
small, .reported, ul { color: #777; }
ul { padding: 0; list-style: none; font-size: 13px; max-width: 60rem; overflow-wrap: anywhere; }
"""


def as_html(table: Table) -> str:
    """A page with the table: best in bold, its like underlined, reported rows in grey."""
    title = escape(table.title)
    bodies = [_body(list(rows), table.blocks) for _, rows in groupby(table.rows, key=lambda row: row.block)]
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{STYLE}</style>\n</head>\n<body>\n<table>\n<caption>{title}</caption>",
            *_head(table),
            *bodies,
            "</table>\n<ul>",
            *(f"<li>{_note(note)}</li>" for note in table.notes),
            "</ul>\n</body>\n</html>\n",
        ]
    )


def _head(table: Table) -> list[str]:
    stub = f'<th colspan="{2 if table.blocks else 1}"></th>'
    groups = ""
    if len(table.groups) > 1:
        widths = [(group, len(list(columns))) for group, columns in groupby(table.columns, key=lambda one: one.group)]
        cells = [f'<th class="group" scope="colgroup" colspan="{n}">{escape(group)}</th>' for group, n in widths]
        groups = f"<tr>{stub}{''.join(cells)}</tr>\n"
    heads = [
        f'<th class="number" scope="col">{_heading(one.heading)}'
        + ("" if one.n is None else f"<br><small>n={one.n}</small>")
        + "</th>"
        for one in table.columns
    ]
    return [f"<thead>\n{groups}<tr>{stub}{''.join(heads)}</tr>\n</thead>"]


def _body(rows: list[Row], blocks: bool) -> str:
    lines = []
    for number, row in enumerate(rows):
        label = f'<th scope="rowgroup" rowspan="{len(rows)}">{_heading(row.label)}</th>'
        stub = label if blocks and not number else ""
        cells = "".join(f"<td>{_cell(cell)}</td>" for cell in row.cells)
        lines.append(f'<tr>{stub}<th scope="row">{escape(row.name)}</th>{cells}</tr>')
    shade = ' class="reported"' if rows[0].shaded else ""
    return "\n".join([f"<tbody{shade}>", *lines, "</tbody>"])


def _heading(label: str) -> str:
    return re.sub(r"10\^(-?\d+)", r"10<sup>\1</sup>", escape(label))


def _cell(cell: Cell) -> str:
    number = escape(cell.value)
    around = {"best": f"<b>{number}</b>", "not separable": f"<u>{number}</u>", "": number}
    small = [f"[{', '.join(cell.interval)}]"] if cell.interval else []
    small += [] if cell.n is None else [f"n={cell.n}"]
    return around[cell.rank] + cell.mark + "".join(f" <small>{part}</small>" for part in small)


def _note(note: str) -> str:
    return escape(note).replace(BEST, "<b>bold</b>").replace(NEAR, "<u>underlined</u>")
