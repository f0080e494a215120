"""A table as HTML, and as LaTeX with booktabs to be included in a paper with \\\\input."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from inpaint_bench.escape import latex, latex_heading, latex_note
from inpaint_bench.tables.formats import Around, interval_of

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from inpaint_bench.tables.table import Table

Text = Callable[[str], str]
HTML: Around = {"best": ("<b>", "</b>"), "not separable": ("<u>", "</u>"), "": ("", "")}
LATEX: Around = {"best": (r"\textbf{", "}"), "not separable": (r"\underline{", "}"), "": ("", "")}
TEMPLATES = Path(__file__).with_name("templates")


def styled(
    table: "Table", name: Text, heading: Text, pairs: Text, cell: Callable[[Any], str], missing: str
) -> "Styler":
    """A Styler that prints names, headings of numbers, numbers of pairs and cells with these functions."""
    from pandas.io.formats.style import Styler  # slow to import, and not needed where no table is written

    rows, columns, cells = table.heads("row"), table.heads("column"), table.cells(cell, missing)
    blocks, groups, numbers = pd.factorize(rows["block"])[0], pd.factorize(columns["group"]), range(len(columns))
    cells.index = pd.MultiIndex.from_arrays([blocks, range(len(rows))])
    cells.columns = pd.MultiIndex.from_arrays([groups[0], numbers, numbers])
    labels = [heading(label) for label in rows["label"][~rows["block"].duplicated()]]
    above = [[name(group) for group in groups[1]], columns["title"].map(heading), columns["pairs"].map(pairs)]
    style = Styler(cells, uuid="inpaint_bench", cell_ids=False)
    printed: Any = ((0, [labels, rows["name"].map(name)]), (1, above))
    for axis, levels in printed:
        style.hide(axis=axis, level=[level for level, texts in enumerate(levels) if not any(texts)])
        for level, texts in enumerate(levels):
            style.format_index(texts.__getitem__, axis=axis, level=level)
    return style


def _filled(template: str, *texts: str) -> str:
    """A template with texts in the places that it marks."""
    parts = (TEMPLATES / template).read_text(encoding="utf-8").split("@@")
    return "".join(part + text for part, text in zip(parts, [*texts, ""], strict=True))


def as_html(table: "Table") -> str:
    """A page of HTML with the table, which loads nothing else."""
    return _filled("page.html", escape(table.title), as_html_part(table))


def as_html_part(table: "Table") -> str:
    """The table and its notes as a part of a page: best in bold, its like underlined, reported rows in grey."""

    def cell(number: Any) -> str:
        small = [f" <small>{part}</small>" for part in (interval_of(number), number.n) if part]
        return f"{number.digits.join(HTML[number.rank])}{number.mark}{''.join(small)}"

    def heading(label: str) -> str:
        return re.sub(r"10\^(-?\d+)", r"10<sup>\1</sup>", escape(label))

    rows, style = table.heads("row"), styled(table, escape, heading, escape, cell, "-")
    again_and_grey = zip(rows["block"].duplicated(), rows["grey"], strict=True)
    classes = ["first " * (not again) + "reported" * grey for again, grey in again_and_grey]
    style.set_td_classes(pd.DataFrame(dict.fromkeys(style.columns, classes), index=style.index))
    text = style.set_caption(escape(table.title)).to_html()
    notes = "".join(f"<li>{escape(note)}</li>\n" for note in [*table.legend(), *table.notes])
    return _filled("table.html", text, notes)


def as_latex(table: "Table", cite: Mapping[str, Sequence[str]] | None = None) -> str:
    """A tabular of booktabs with the notes under it, in one box; reported rows are grey.

    `cite` has the keys of BibTeX by method: measured rows then cite them.
    """
    rows, columns = table.heads("row"), table.heads("column")
    stub = 2 if rows["label"].any() else 1
    cited = _cited(rows, cite or {})
    style = styled(
        table, lambda name: latex(name) + cited.get(name, ""), latex_heading,
        lambda n: rf"{{\scriptsize ${n}$}}" if n else "", _latex_cell, "--",
    )  # fmt: skip
    layout = "l" * stub + "r" * len(columns)
    text = style.to_latex(column_format=layout, hrules=True, multicol_align="c", multirow_align="naive")
    head, rule, body = text.partition("\\midrule\n")
    if columns["group"].any():
        ends = columns.groupby("group", sort=False)["column"].agg(["min", "max"]) + stub + 1
        rules = "".join(rf"\cmidrule(lr){{{first}-{last}}}" for first, last in ends.itertuples(index=False))
        head = head.replace("\\\\\n", f"\\\\\n{rules}\n", 1)
    lines = body.splitlines()
    for number, grey, again in zip(rows.index, rows["grey"], rows["block"].duplicated(), strict=True):
        lines[number] = re.sub(r"^|(?<=& )", r"\\color{gray}", lines[number]) if grey else lines[number]
        lines[number] = lines[number] if again or number == 0 else f"\\midrule\n{lines[number]}"
    notes = "".join(f"{latex_note(note)}\\par\n" for note in [table.title, *table.legend(), *table.notes])
    return _filled("table.tex", head + rule + "\n".join(lines), notes)


def _cited(rows: pd.DataFrame, cite: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What cites the keys of a row's method, by the name that the row has; nothing for a row that a paper reports."""
    measured = rows[rows["source"] == ""]
    keys = {name: cite.get(method, ()) for name, method in zip(measured["name"], measured["method"], strict=True)}
    return {name: rf"~\cite{{{','.join(found)}}}" for name, found in keys.items() if found}


def _latex_cell(number: Any) -> str:
    digits: str = {"-": "--", "inf": r"$\infty$"}.get(number.digits, number.digits.replace("-", "$-$"))
    small = [latex(interval_of(number)).replace("-", "$-$"), f"${number.n}$" if number.n else ""]
    small = [rf" {{\scriptsize {part}}}" for part in small if part]
    return digits.join(LATEX[number.rank]) + latex(number.mark) + "".join(small)
