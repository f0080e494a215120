"""A table as LaTeX with booktabs, to be taken into a paper with \\\\input."""

import re
from itertools import groupby

from inpaint_bench.tables.table import BEST, NEAR, Cell, Column, Row, Table

ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\ttfamily\char34}",
    "'": r"{\ttfamily\char39}",
    "`": r"{\ttfamily\char96}",
    "[": "{[}",  # after a line's end LaTeX would take it for a length
    "]": "{]}",
    "*": "{*}",
    "--": "-{}-",  # else a dash
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"$^{\dagger}$",
    "‡": r"$^{\ddagger}$",
    "·": r"$\cdot$",
    "…": r"\dots{}",
}
TOKEN = re.compile("|".join(re.escape(token) for token in sorted(ESCAPED, key=len, reverse=True)))

ACRONYMS = {"ssim", "psnr", "mae", "mse", "lpips", "fid", "kid", "fd"}
GREY = r"\color{gray}"

OPENING = r"""% Needs \usepackage{booktabs,xcolor}. Made by inpaint-bench: made again, not edited.
\ifdefined\benchtable\else\newsavebox\benchtable\fi
\begingroup
\sbox\benchtable{%
"""
CLOSING = r"""}%
\ifdim\wd\benchtable<24em \wd\benchtable=24em\fi
\begin{minipage}{\wd\benchtable}
\usebox\benchtable\par\smallskip
\raggedright\scriptsize
"""
END = r"""\end{minipage}%
\endgroup
"""


def as_latex(table: Table) -> str:
    """A tabular of booktabs and the notes under it, as one box; reported rows are grey."""
    stub = 2 if table.blocks else 1
    lines = [
        OPENING + rf"\begin{{tabular}}{{{'l' * stub}{'r' * len(table.columns)}}}",
        r"\toprule",
        *_head(table, stub),
    ]
    for block, rows in groupby(table.rows, key=lambda row: row.block):
        lines.append(r"\midrule")
        lines += [_row(row, "" if number else block[0], table.blocks) for number, row in enumerate(rows)]
    lines += [r"\bottomrule", r"\end{tabular}" + CLOSING.rstrip("\n")]
    lines += [rf"{_breakable(note)}\par" for note in (table.title, *table.notes)]
    return "\n".join([*lines, END])


def escape(text: str) -> str:
    """Text in which TeX sees nothing but text."""
    return TOKEN.sub(lambda found: ESCAPED[found[0]], " ".join(text.split()))


def heading(label: str) -> str:
    """What heads numbers: an acronym with what makes it particular below it, a power, an arrow."""
    name, blank, rest = label.partition(" ")
    word, _, particular = name.partition("_")
    if word in ACRONYMS:
        below = rf"\textsubscript{{{escape(particular.replace('_', ' '))}}}" if particular else ""
        label = word.upper() + below + blank + escape(rest)
    else:
        label = escape(label)
    return re.sub(r"(?<=\d)-(?=\d+\.)", "--", _powers(label))  # an interval of mask ratios


def _powers(escaped: str) -> str:
    return re.sub(r"10\\textasciicircum\{\}(-?\d+)", r"$10^{\1}$", escaped)


def _head(table: Table, stub: int) -> list[str]:
    blank = "& " * (stub - 1)
    lines = [_groups(table, stub)] if len(table.groups) > 1 else []
    lines.append(blank + "".join(f" & {heading(column.heading)}" for column in table.columns) + r" \\")
    if any(column.n is not None for column in table.columns):
        lines.append(blank + "".join(f" & {_pairs(column)}" for column in table.columns) + r" \\")
    return lines


def _pairs(column: Column) -> str:
    return "" if column.n is None else rf"{{\scriptsize $n={column.n}$}}"


def _groups(table: Table, stub: int) -> str:
    cells, rules, start = [], [], stub + 1
    for group, columns in groupby(table.columns, key=lambda column: column.group):
        width = len(list(columns))
        cells.append(rf"\multicolumn{{{width}}}{{c}}{{{escape(group)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}" if group else "")
        start += width
    return "& " * (stub - 1) + "& " + " & ".join(cells) + r" \\" + "\n" + "".join(rules)


def _row(row: Row, label: str, blocks: bool) -> str:
    cells = [*([heading(label)] if blocks else []), escape(row.name), *(_cell(cell) for cell in row.cells)]
    return " & ".join(f"{GREY}{cell}" if cell and row.shaded else cell for cell in cells) + r" \\"


def _cell(cell: Cell) -> str:
    number = {"-": "--", "inf": r"$\infty$"}.get(cell.value, escape(cell.value).replace("-", "$-$"))
    number = {"best": rf"\textbf{{{number}}}", "not separable": rf"\underline{{{number}}}", "": number}[cell.rank]
    small = [f"{{[}}{', '.join(cell.interval)}{{]}}".replace("-", "$-$")] if cell.interval else []
    small += [] if cell.n is None else [f"$n={cell.n}$"]
    return number + escape(cell.mark) + "".join(rf" {{\scriptsize {part}}}" for part in small)


def _breakable(note: str) -> str:
    """A note whose signatures may break at their colons."""
    marks = ((BEST, r"\textbf{bold}"), (NEAR, r"\underline{underlined}"))
    text = _powers(escape(note))
    for token, mark in marks:
        text = text.replace(escape(token), mark)
    return re.sub(r":(?=\S)", r":\\allowbreak{}", text)
